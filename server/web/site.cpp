#include "web/site.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "net/fd.h"
#include "net/http_target.h"
#include "web/byte_range.h"
#include "web/put.h"

namespace web {
namespace {

using net::HttpResponder;
using net::HttpResponse;

/// Whatever a browser is told to do here, from whichever page: nobody is known by a cookie.
const std::vector<net::HttpField> kAlways{
    {"Access-Control-Allow-Origin", "*"},
    {"Access-Control-Allow-Methods", "OPTIONS, HEAD, GET, PUT"},
    {"Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, If-Range, Range"},
    {"Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag"},
    {"Cross-Origin-Resource-Policy", "cross-origin"}};

/// No file may run anything. Sound and films that are opened by themselves are put into a page by the browser, which
/// holds to the same policy and gets the file once more from there.
constexpr std::string_view kNothing = "default-src 'none'; frame-ancestors 'none'; sandbox";
constexpr std::string_view kPlayed = "default-src 'none'; media-src 'self'; frame-ancestors 'none'";

std::vector<net::HttpField> fields(std::string_view policy = kNothing) {
  std::vector<net::HttpField> all = kAlways;
  all.push_back({"Content-Security-Policy", std::string(policy)});
  return all;
}

HttpResponse page(int status, std::string_view why) {
  HttpResponse response = net::plain_error_page(status, why);
  std::ranges::move(fields(), std::back_inserter(response.fields));
  return response;
}

/// Images, sound and pictures that move, whose formats have no scripts; and plain text.
constexpr std::array<std::string_view, 21> kShown{
    "application/ogg", "audio/aac",  "audio/flac",  "audio/mp4",  "audio/mpeg", "audio/ogg",       "audio/opus",
    "audio/wav",       "audio/webm", "audio/x-m4a", "image/avif", "image/gif",  "image/jpeg",      "image/png",
    "image/webp",      "image/heic", "text/plain",  "video/mp4",  "video/ogg",  "video/quicktime", "video/webm"};

bool is_played(std::string_view type) {
  const std::string_view kind = type.substr(0, type.find('/'));
  return is_shown(type) && (net::same_field_name(kind, "audio") || net::same_field_name(kind, "video"));
}

/// RFC 6266 4.
std::string disposition_of(const store::UploadRecord& file) {
  return std::string(is_shown(file.type) ? "inline" : "attachment") + "; filename*=UTF-8''" +
         net::percent_encoded(file.name);
}

/// Lists of entity tags (RFC 9110 13.1.2), which none of ours has a comma in; compared weakly.
bool names_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

/// No cache keeps it longer than we do.
std::string cache_control(const store::UploadRecord& file, base::WallTime now) {
  constexpr std::chrono::seconds kMost = std::chrono::hours(1);
  const auto left = std::chrono::floor<std::chrono::seconds>(file.expires - now);
  return "private, max-age=" + std::to_string(std::min(kMost, left).count());
}

/// Has it the form of those that Uploads gives: 16 bytes in base64url?
bool can_be_id(std::string_view text) {
  constexpr std::size_t kLetters = 22;
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return text.size() == kLetters && std::ranges::all_of(text, is_letter);
}

/// The body comes in pieces, which Put takes.
class PutSink final : public net::HttpSink {
 public:
  explicit PutSink(std::shared_ptr<Put> put) : put_(std::move(put)) {}
  ~PutSink() override { put_->abandon(); }
  bool take(std::string_view piece) override { return put_->take(piece); }
  void end() override { put_->end(); }

 private:
  std::shared_ptr<Put> put_;
};

/// Nothing where the file is not what it was.
std::string piece_of(const net::Fd& file, std::uint64_t first, std::size_t count) {
  std::string piece(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t got = pread(file.get(), piece.data() + have, count - have, static_cast<off_t>(first + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      base::log::error("upload_not_read", {{"why", got == 0 ? "the file is too short" : std::strerror(errno)}});
      return {};
    }
    have += static_cast<std::size_t>(got);
  }
  return piece;
}

/// A part of a file on disk, a piece at a time.
class FileSource final : public net::HttpSource {
 public:
  FileSource(base::Loop& loop, base::Executor& executor, net::Fd file, std::uint64_t first)
      : loop_(loop), executor_(executor), file_(std::make_shared<net::Fd>(std::move(file))), at_(first) {}

  void next(std::size_t most, Given given) override {
    executor_.submit([&loop = loop_, file = file_, at = at_, most, given = std::move(given)]() mutable {
      loop.post([given = std::move(given), piece = piece_of(*file, at, most)]() mutable { given(std::move(piece)); });
    });
    at_ += most;
  }

 private:
  base::Loop& loop_;
  base::Executor& executor_;
  const std::shared_ptr<net::Fd> file_;  ///< shared with a read under way
  std::uint64_t at_;
};

}  // namespace

bool is_shown(std::string_view type) {
  if (type.contains(',')) return false;  // two types: browsers take the second (WHATWG Fetch, "extract a MIME type")
  type = type.substr(0, type.find(';'));
  type = type.substr(0, type.find_last_not_of(" \t") + 1);
  return std::ranges::any_of(kShown, [type](std::string_view shown) { return net::same_field_name(type, shown); });
}

Site::Site(Uploads& uploads, net::HttpLimits limits)
    : uploads_(uploads), server_(uploads.loop(), routes(), page, limits) {}

std::vector<net::HttpRoute> Site::routes() {
  net::HttpRoute upload{"PUT", "/**", nullptr, kMostBytes};
  upload.taker = [this](HttpResponder responder) { return put(std::move(responder)); };
  return {{"GET", "/**", [this](HttpResponder responder) { get(std::move(responder)); }},
          std::move(upload),
          {"OPTIONS", "/**", [](HttpResponder responder) { responder.send({204, fields(), {}}); }}};
}

void Site::accept(std::unique_ptr<net::Transport> transport, bool tls) {
  if (tls) transport->start_tls(certificates_, {});
  server_.accept(std::move(transport));
}

/// All that can be said of it is said before a byte of the file comes.
std::unique_ptr<net::HttpSink> Site::put(HttpResponder responder) {
  const net::HttpRequest& request = responder.request();
  const auto refuse = [&responder](int status, std::string_view why) -> std::unique_ptr<net::HttpSink> {
    responder.send(page(status, why));
    return nullptr;
  };
  auto slot = uploads_.read_slot(request.path, request.query);
  if (!slot) return refuse(403, slot.error().what);
  const std::string* length = request.field("Content-Length");
  if (length == nullptr) return refuse(411, "the Content-Length is needed");
  if (*length != std::to_string(slot->bytes)) return refuse(413, "the file has not the size that the slot is for");
  const std::string* type = request.field("Content-Type");
  if (!slot->type.empty() && (type == nullptr || !net::same_field_name(*type, slot->type)))
    return refuse(415, "the file has not the Content-Type that the slot is for");
  if (!uploads_.enter(*slot)) return refuse(409, "this file is being put");
  auto put = std::make_shared<Put>(uploads_, std::move(*slot), std::move(responder), page);
  put->start();
  return std::make_unique<PutSink>(std::move(put));
}

void Site::get(HttpResponder responder) {
  const std::string& path = responder.request().path;
  const std::size_t slash = path.find('/', 1);
  const std::string id = path.substr(1, slash - 1);
  // Strangers who look for other programs' pages are not worth a look into the store.
  if (slash == std::string::npos || !can_be_id(id)) return responder.send(page(404, "there is nothing here"));
  uploads_.store().read(
      uploads_.loop(), [id](store::Reader& reader) { return reader.upload(id); },
      [this, slash,
       responder = std::move(responder)](const base::Result<std::optional<store::UploadRecord>>& file) mutable {
        if (!file) {
          base::log::error("upload_not_read", {{"why", file.error().what}});
          return responder.send(page(503, "the store does not answer"));
        }
        const std::string_view name = std::string_view(responder.request().path).substr(slash + 1);
        if (!*file || (*file)->name != name || (*file)->expires <= uploads_.loop().wall())
          return responder.send(page(404, "there is no such file, or its time is over"));
        found(std::move(responder), **file);
      });
}

void Site::found(HttpResponder responder, const store::UploadRecord& file) {
  const net::HttpRequest& request = responder.request();
  const std::string tag = '"' + file.hash + '"';
  HttpResponse head{200, fields(is_played(file.type) ? kPlayed : kNothing), {}};  // 304 renews it (RFC 9111 3.2)
  head.fields.push_back({"ETag", tag});
  head.fields.push_back({"Cache-Control", cache_control(file, uploads_.loop().wall())});
  head.fields.push_back({"Accept-Ranges", "bytes"});
  if (const std::string* known = request.field("If-None-Match"); known != nullptr && names_tag(*known, tag)) {
    head.status = 304;
    return responder.send(head);
  }
  head.fields.push_back({"Content-Type", file.type});
  head.fields.push_back({"Content-Disposition", disposition_of(file)});
  head.fields.push_back({"Last-Modified", net::http_date(file.created)});
  const auto size = static_cast<std::uint64_t>(file.bytes);
  ByteRange wanted{0, size};
  const std::string *range = request.field("Range"), *condition = request.field("If-Range");
  const bool same = condition == nullptr ? request.count("If-Range") == 0 : *condition == tag;
  if (range != nullptr && same && request.method == "GET") {
    const RangeWish wish = read_range(*range, size);
    if (wish.kind == RangeKind::unsatisfiable) {
      HttpResponse refusal = page(416, "the file is shorter");
      refusal.fields.push_back({"Content-Range", "bytes */" + std::to_string(size)});
      return responder.send(refusal);
    }
    if (wish.kind == RangeKind::part) {
      wanted = wish.range;
      head.status = 206;
      head.fields.push_back({"Content-Range", "bytes " + std::to_string(wanted.first) + '-' +
                                                  std::to_string(wanted.first + wanted.count - 1) + '/' +
                                                  std::to_string(size)});
    }
  }
  open(std::move(responder), std::move(head), file.hash, wanted.first, wanted.count);
}

void Site::open(HttpResponder responder, HttpResponse head, const std::string& hash, std::uint64_t first,
                std::uint64_t count) {
  uploads_.asked_for();
  uploads_.bytes().submit([this, &loop = uploads_.loop(), files = uploads_.names().files(), hash, first, count,
                           head = std::move(head), responder = std::move(responder)]() mutable {
    auto file = std::make_unique<base::Result<net::Fd>>(files.read(hash));
    loop.post([this, first, count, file = std::move(file), head = std::move(head),
               responder = std::move(responder)]() mutable {
      if (!*file) {
        base::log::error("upload_not_read", {{"why", file->error().what}});
        return responder.send(page(503, "the file could not be read"));
      }
      responder.send(head, count,
                     std::make_unique<FileSource>(uploads_.loop(), uploads_.bytes(), std::move(**file), first));
    });
  });
}

}  // namespace web
