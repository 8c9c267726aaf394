#include "web/put.h"

#include <utility>

#include "base/log.h"

namespace web {

Put::Put(Uploads& uploads, Slot slot, net::HttpResponder responder, Page page)
    : uploads_(uploads), slot_(std::move(slot)), responder_(std::move(responder)), page_(page) {}

/// Runs `job(NewFile&)` on the disk's thread with the file, then `then(outcome)` here, unless it is over by then.
template <class Outcome, class Job, class Then>
void Put::on_disk(base::Executor& executor, Job job, Then then) {
  busy_ = true;
  executor.submit([self = shared_from_this(), &loop = uploads_.loop(), file = std::move(file_), job = std::move(job),
                   then]() mutable {
    auto outcome = std::make_unique<Outcome>(job(*file));
    loop.post([self = std::move(self), file = std::move(file), outcome = std::move(outcome), then]() mutable {
      self->file_ = std::move(file);
      if (!self->goes_on()) return;
      if (!*outcome) return self->failed(outcome->error());
      then(*self, *outcome);
    });
  });
}

/// Behind a job.
bool Put::goes_on() {
  busy_ = false;
  if (over_) leave();
  return !over_;
}

void Put::start() {
  uploads_.store().read(
      uploads_.loop(), [id = slot_.id](store::Reader& reader) { return reader.upload(id); },
      [self = shared_from_this()](const base::Result<std::optional<store::UploadRecord>>& found) {
        if (self->goes_on()) self->looked_up(found);
      });
}

void Put::looked_up(const base::Result<std::optional<store::UploadRecord>>& found) {
  if (!found) return failed(found.error());
  if (*found) return answer(409, "this slot was used");
  create();
}

void Put::create() {
  busy_ = true;
  uploads_.bytes().submit(
      [self = shared_from_this(), &loop = uploads_.loop(), files = uploads_.names().files()]() mutable {
        auto made = std::make_unique<base::Result<std::unique_ptr<NewFile>>>(files.create());
        loop.post([self = std::move(self), made = std::move(made)] {
          if (!self->goes_on()) return;
          if (!*made) return self->failed(made->error());
          self->file_ = std::move(**made);
          self->go_on();
        });
      });
}

bool Put::take(std::string_view piece) {
  if (over_) return true;
  waiting_ += piece;
  if (!busy_) write();
  held_ = waiting_.size() >= kMostWaiting;
  return !held_;
}

void Put::end() {
  ended_ = true;
  if (!over_ && !busy_) go_on();
}

void Put::abandon() {
  responder_.reset();
  if (!ended_) stop();
}

void Put::write() {
  on_disk<base::Result<void>>(
      uploads_.bytes(), [piece = std::exchange(waiting_, {})](NewFile& file) { return file.append(piece); },
      [](Put& put, const base::Result<void>&) { put.go_on(); });
}

/// The disk has all that it was given.
void Put::go_on() {
  if (!waiting_.empty()) {
    write();
  } else if (ended_) {
    return seal();
  }
  if (std::exchange(held_, false) && responder_) responder_->go_on();
}

void Put::seal() {
  on_disk<base::Result<std::string>>(
      uploads_.bytes(), [](NewFile& file) { return file.seal(); },
      [](Put& put, const base::Result<std::string>& hash) { put.keep(*hash); });
}

/// From here on the name stays until the row is there, or is not going to be.
void Put::keep(const std::string& hash) {
  hash_ = hash;
  holds_name_ = true;
  uploads_.names().hold(hash_);
  on_disk<base::Result<void>>(
      uploads_.names().executor(), [](NewFile& file) { return file.keep(); },
      [](Put& put, const base::Result<void>&) { put.record(); });
}

void Put::record() {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::UploadPut{{.id = slot_.id,
                              .owner = slot_.owner,
                              .name = slot_.name,
                              .type = slot_.type.empty() ? std::string(kUnknownType) : slot_.type,
                              .hash = hash_,
                              .bytes = static_cast<std::int64_t>(slot_.bytes),
                              .purpose = static_cast<std::uint8_t>(slot_.purpose),
                              .created = uploads_.loop().wall(),
                              .expires = uploads_.expiry_of(slot_)}});
  busy_ = true;
  uploads_.store().write(unit, uploads_.loop(),
                         [self = shared_from_this()](const base::Result<void>& done) { self->recorded(done); });
}

void Put::recorded(const base::Result<void>& done) {
  busy_ = false;
  if (!done) return failed(done.error());
  recorded_ = true;
  uploads_.fulfilled(slot_);
  base::log::info("upload", {{"owner", slot_.owner}, {"id", slot_.id}, {"bytes", slot_.bytes}, {"type", slot_.type}});
  answer(201, "the file is there");
}

void Put::answer(int status, std::string_view why) {
  if (responder_) responder_->send(page_(status, why));
  responder_.reset();
  stop();
}

/// The slot stays good: the next try may find the disk well.
void Put::failed(const base::Error& why) {
  base::log::error("upload_failed", {{"owner", slot_.owner}, {"id", slot_.id}, {"why", why.what}});
  answer(507, "the file could not be kept");
}

void Put::stop() {
  if (std::exchange(over_, true)) return;
  waiting_.clear();
  if (!busy_) leave();
}

/// Once, when it is over and no job has anything of it.
void Put::leave() {
  uploads_.leave(slot_);
  if (holds_name_) {
    uploads_.names().release(hash_);
    if (!recorded_) uploads_.names().remove_unused({hash_}, [] {});
  }
  // A file without a name goes as it is closed, which may take its time.
  if (file_ != nullptr) uploads_.bytes().submit([file = std::move(file_)] {});
}

}  // namespace web
