// Where files are put and got over HTTP (XEP-0363 7, 9).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certs/store.h"
#include "net/http_server.h"
#include "store/values.h"
#include "web/uploads.h"

namespace web {

/// On the thread of `uploads`, which it is destroyed before.
class Site {
 public:
  Site(Uploads& uploads, net::HttpLimits limits = {.answer = std::chrono::seconds(60)});

  /// For connections with TLS from now on.
  void use(base::Ref<certs::Store> certificates) { certificates_ = std::move(certificates); }
  void accept(std::unique_ptr<net::Transport> transport, bool tls);
  std::size_t connections() const { return server_.connections(); }
  /// Answers what was asked, and ends; `done` once nobody is left.
  void stop(base::Fn<void()> done) { server_.stop(std::move(done)); }

 private:
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50U;  // each slot says how many it takes

  std::vector<net::HttpRoute> routes();
  std::unique_ptr<net::HttpSink> put(net::HttpResponder responder);
  void get(net::HttpResponder responder);
  void found(net::HttpResponder responder, const store::UploadRecord& file);
  void open(net::HttpResponder responder, net::HttpResponse head, const std::string& hash, std::uint64_t first,
            std::uint64_t count);

  Uploads& uploads_;
  base::Ref<certs::Store> certificates_;
  net::HttpServer server_;
};

/// May a browser show it in place of saving it? Nothing that can hold a script.
bool is_shown(std::string_view type);

}  // namespace web
