#include "transcript/exedra_stage.h"

#include <charconv>
#include <fstream>
#include <optional>
#include <vector>

#include <poll.h>

#include "transcript/process.h"
#include "transcript/script.h"
#include "transcript/token_settings.h"

namespace transcript {
namespace {

constexpr std::string_view kConfig = R"(<exedra xmlns="urn:exedra:config:1" shards="4">
  <clients address="127.0.0.1" port="0" plaintext-login="true"/>
  <host domain="example.org" registration="true"><contact admin="mailto:admin@example.org"/></host>
  <host domain="archiveless.example.org" archive="false"/>
  <rooms domain="conference.archiveless.example.org" occupants="3" room-occupants="4" rooms-per-owner="2"
         room-total-messages-per-second="1" room-total-presences-per-second="1"/>
  <proxy65 domain="proxy.example.org">
    <listen address="127.0.0.1" port="0"/>
    <public host="files.example.org" port="7777"/>
  </proxy65>
  <upload domain="upload.example.org" url="https://upload.example.org" max-file-bytes="20000" daily-bytes-per-user="30000">
    <listen port="0"/>
  </upload>
  <tokens>
    <key algorithm="HS256" secret-file="jwt.secret"/>
    <caller name="chat" issuer="verona" subject="meet.example.org" channels="*" moderate="true"/>
    <meetings domain="conference.example.org" caller="chat" url="https://meet.example.org/"/>
    <meetings domain="example.org" caller="chat" url="https://meet.example.org/"/>
  </tokens>
</exedra>
)";

class ExedraStage final : public Stage {
 public:
  explicit ExedraStage(std::filesystem::path programs) : programs_(std::move(programs)) {
    std::ofstream(folder_.path() / "exedra.xml") << kConfig;
    const auto secret = folder_.path() / "jwt.secret";
    std::ofstream(secret) << kTokenSecret;
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    launch();
  }

  void add_account(std::string_view bare, std::string_view password) override {
    run({(programs_ / "exedractl").string(), "--data", folder_.path().string(), "account", "add", "--password-stdin",
         std::string(bare)},
        std::string(password) + "\n");
  }
  void start() override {}
  std::unique_ptr<Wire> connect() override { return connect_to(port_, *process_); }

  bool can_die() const override { return true; }
  void die_and_restart() override {
    process_->kill();
    launch();
  }
  void finish() override { process_->stop(); }

 private:
  void launch() {
    const auto log = folder_.path() / ("log-" + std::to_string(++launches_));
    process_.emplace(std::vector<std::string>{(programs_ / "exedra").string(), "--data", folder_.path().string()}, log);
    await_port();
  }

  /// The program prints where it listens: "… 127.0.0.1:PORT …".
  void await_port() {
    constexpr std::string_view kBefore = "127.0.0.1:";
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline && process_->running()) {
      const std::string output = process_->output();
      const auto at = output.find(kBefore);
      if (at != std::string::npos && output.find('\n', at) != std::string::npos) {
        const char* begin = output.data() + at + kBefore.size();
        if (std::from_chars(begin, output.data() + output.size(), port_).ec == std::errc{} && port_ != 0) return;
      }
      ::poll(nullptr, 0, 10);  // it can only be seen by looking again
    }
    throw Failure("exedra does not say where it listens: " + process_->output());
  }

  TemporaryFolder folder_;
  std::filesystem::path programs_;
  std::optional<Process> process_;
  std::uint16_t port_ = 0;
  int launches_ = 0;
};

}  // namespace

std::unique_ptr<Stage> exedra_stage(const std::string& programs) {
  if (!std::filesystem::exists(std::filesystem::path(programs) / "exedra")) return nullptr;
  return std::make_unique<ExedraStage>(programs);
}

}  // namespace transcript
