#include "net/unbound.h"

#include <optional>

#include "net/asio.h"
#include "net/asio_loop.h"
#include "net/unbound_library.h"

namespace net {
namespace {

constexpr int kInternet = 1;
/// Of several lookups at once: libunbound's own 16 are soon taken by domains whose servers are slow (SECURITY F05).
constexpr const char* kMostSockets = "256";

/// Only where it is known to be there: once open() has asked.
const UnboundLibrary& library() { return *UnboundLibrary::get(); }

struct DeleteContext {
  void operator()(ub_ctx* context) const { library().ctx_delete(context); }
};
struct FreeResult {
  void operator()(ub_result* result) const { library().resolve_free(result); }
};

const char* words_for(int rcode) {
  switch (rcode) {
    case 1: return "a server found the question malformed";
    case 2: return "the servers did not answer or gave no sense";
    case 4: return "a server doesn't know such questions";
    case 5: return "a server refused to answer";
    default: return "a server answered with an error";
  }
}

Unbound::Answer read(int error, const ub_result* result) {
  Unbound::Answer answer;
  constexpr int no_error = 0, no_such_name = 3;
  if (error != UB_NOERROR || result == nullptr) {
    answer.why = library().strerror(error);
  } else if (result->bogus != 0) {
    answer.bogus = true;
    answer.why = result->why_bogus != nullptr ? result->why_bogus : "the signatures are wrong";
  } else if (result->rcode != no_error && result->rcode != no_such_name) {
    answer.why = words_for(result->rcode);
  } else {
    answer.known = true;
    answer.secure = result->secure != 0;
    for (std::size_t i = 0; i < Unbound::kMostRecords && result->data != nullptr && result->data[i] != nullptr; ++i)
      answer.data.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
  }
  return answer;
}

}  // namespace

/// Everything on home's thread.
class Unbound::Core final : public std::enable_shared_from_this<Core> {
 public:
  Core(AsioLoop& home, DnsOptions options) : home_(home), options_(std::move(options)) {}

  AsioLoop& home() { return home_; }
  const DnsOptions& options() const { return options_; }

  void ask(QuestionPtr question) {
    if (closed_) return;
    if (waiting_.size() >= options_.most_questions) return fail(question, "too many questions are under way");
    if (UnboundLibrary::get() == nullptr) return fail(question, "libunbound is not installed");
    if (context_ == nullptr) open();
    if (context_ == nullptr) return fail(question, "no memory");
    Waiting& waiting = waiting_[question.get()];
    waiting = {this, question, 0};
    const int error = library().resolve_async(context_.get(), question->name.c_str(), question->type, kInternet,
                                              &waiting, &Core::answered, &waiting.id);
    if (error == UB_NOERROR) return;
    waiting_.erase(question.get());
    fail(question, library().strerror(error));
  }

  void forget(const QuestionPtr& question) {
    const auto found = waiting_.find(question.get());
    if (found == waiting_.end()) return;
    library().cancel(context_.get(), found->second.id);
    waiting_.erase(found);
  }

  void close() {
    closed_ = true;
    drop();
    waiting_.clear();
  }

 private:
  struct Waiting {
    Core* core = nullptr;
    QuestionPtr question;
    int id = 0;  ///< libunbound's
  };

  /// Takes a millisecond or two: the thread begins only with the first question.
  void open() {
    context_.reset(library().ctx_create());
    ub_ctx* context = context_.get();
    if (context == nullptr) return;
    library().ctx_debugout(context, nullptr);  // what it has to say comes with the answers
    library().ctx_async(context, 1);
    library().ctx_set_option(context, "outgoing-range:", kMostSockets);
    if (options_.servers.empty()) library().ctx_resolvconf(context, nullptr);
    for (const auto& server : options_.servers)
      library().ctx_set_fwd(context, (server.address + "@" + std::to_string(server.port)).c_str());
    if (!options_.trust_anchors.empty()) library().ctx_add_ta_file(context, options_.trust_anchors.c_str());
    readable_.emplace(context_of(home_), library().fd(context));
    wait();
  }

  void wait() {
    readable_->async_wait(readable_->wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->closed_) return;
      if (library().process(self->context_.get()) != UB_NOERROR) return self->begin_anew();
      self->wait();
    });
  }

  void drop() {
    if (readable_) readable_->release();  // the descriptor is libunbound's
    readable_.reset();
    look_at_asio(home_);
    context_.reset();  // joins its thread, which is told to end
  }

  /// libunbound's thread is lost.
  void begin_anew() {
    drop();
    for (const auto& [pointer, waiting] : std::exchange(waiting_, {})) fail(waiting.question, "the resolver failed");
  }

  static void answered(void* at, int error, ub_result* result) {
    const std::unique_ptr<ub_result, FreeResult> freed(result);
    const Waiting waiting = *static_cast<Waiting*>(at);
    waiting.core->waiting_.erase(waiting.question.get());
    tell(waiting.question, read(error, result));
  }

  static void fail(const QuestionPtr& question, std::string why) {
    Answer answer;
    answer.why = std::move(why);
    tell(question, std::move(answer));
  }

  static void tell(const QuestionPtr& question, Answer answer) {
    question->loop.post([question, answer = std::move(answer)]() mutable {
      if (question->done) std::exchange(question->done, nullptr)(std::move(answer));
    });
  }

  AsioLoop& home_;
  const DnsOptions options_;
  std::unique_ptr<ub_ctx, DeleteContext> context_;
  std::optional<boost::asio::posix::stream_descriptor> readable_;
  std::map<const Question*, Waiting> waiting_;
  bool closed_ = false;
};

Unbound::Unbound(AsioLoop& home, DnsOptions options) : core_(std::make_shared<Core>(home, std::move(options))) {}
Unbound::~Unbound() { core_->close(); }

const DnsOptions& Unbound::options() const { return core_->options(); }

void Unbound::ask(QuestionPtr question) {
  core_->home().post([core = core_, question = std::move(question)] { core->ask(question); });
}

void Unbound::forget(const QuestionPtr& question) {
  core_->home().post([core = core_, question] { core->forget(question); });
}

}  // namespace net
