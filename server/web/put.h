// One file on its way from its connection to the disk (XEP-0363 7).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "web/file_store.h"
#include "web/uploads.h"

namespace web {

/// Everything on the loop of `uploads`. Shared with the jobs that it waits for; one at a time.
class Put final : public std::enable_shared_from_this<Put> {
 public:
  /// How an answer looks.
  using Page = net::HttpResponse (*)(int status, std::string_view why);

  /// The request's header was seen to be what `slot` allows, and nobody else puts this file.
  Put(Uploads& uploads, Slot slot, net::HttpResponder responder, Page page);

  void start();
  /// As net::HttpSink has them.
  bool take(std::string_view piece);
  void end();
  /// Nobody waits for an answer any more. A file that is whole is kept nevertheless.
  void abandon();

 private:
  static constexpr std::size_t kMostWaiting = 256 * 1024;  // bytes, besides those that are being written

  void looked_up(const base::Result<std::optional<store::UploadRecord>>& found);
  void create();
  void write();
  void go_on();
  void seal();
  void keep(const std::string& hash);
  void record();
  void recorded(const base::Result<void>& done);
  void answer(int status, std::string_view why);
  void failed(const base::Error& why);
  bool goes_on();
  void stop();
  void leave();
  template <class Outcome, class Job, class Then>
  void on_disk(base::Executor& executor, Job job, Then then);

  Uploads& uploads_;
  const Slot slot_;
  std::optional<net::HttpResponder> responder_;  ///< none once it has answered, or nobody waits
  const Page page_;
  std::unique_ptr<NewFile> file_;  ///< null while a job has it
  std::string waiting_, hash_;
  bool busy_ = true;  ///< with a job, behind which it goes on
  bool over_ = false, held_ = false, ended_ = false, holds_name_ = false, recorded_ = false;
};

}  // namespace web
