#include "transcript/prosody_stage.h"

#include <fstream>
#include <optional>

#include "transcript/process.h"

namespace transcript {
namespace {

constexpr const char* kProgram = "/usr/bin/prosody";

class ProsodyStage final : public Stage {
 public:
  ProsodyStage() : port_(free_port()) {
    std::filesystem::create_directories(accounts());
    std::ofstream(config()) << "data_path = '" << folder_.path().string() << "'\n"
                            << "pidfile = '" << (folder_.path() / "pid").string() << "'\n"
                            << "run_as_root = true\nlog = { info = '*console' }\n"
                            << "interfaces = { '127.0.0.1' }\nc2s_ports = { " << port_ << " }\ns2s_ports = {}\n"
                            << "c2s_direct_tls_ports = {}\nhttp_ports = {}\nhttps_ports = {}\n"
                            << "c2s_require_encryption = false\nallow_unencrypted_plain_auth = true\n"
                            << "authentication = 'internal_plain'\nallow_registration = true\nstorage = 'internal'\n"
                            << "modules_disabled = { 's2s', 'tls' }\n"
                            << "contact_info = { admin = { 'mailto:admin@example.org' } }\n"
                            << "modules_enabled = { 'roster', 'saslauth', 'disco', 'ping', 'private', 'vcard',"
                               " 'pep', 'version', 'time', 'uptime', 'lastactivity', 'register', 'blocklist', 'smacks',"
                               " 'carbons', 'mam', 'csi', 'csi_simple', 'server_contact_info', 'offline' }\n"
                            << "VirtualHost 'example.org'\nComponent 'conference.example.org' 'muc'\n";
  }

  void add_account(std::string_view bare, std::string_view password) override {
    const auto local = std::string(bare.substr(0, bare.find('@')));
    std::ofstream(accounts() / (local + ".dat")) << "return { password = '" << password << "' };\n";
  }
  void start() override {
    process_.emplace(std::vector<std::string>{kProgram, "-F", "--config", config().string()}, folder_.path() / "log");
  }
  std::unique_ptr<Wire> connect() override { return connect_to(port_, *process_); }

 private:
  std::filesystem::path config() const { return folder_.path() / "prosody.cfg.lua"; }
  std::filesystem::path accounts() const { return folder_.path() / "example%2eorg" / "accounts"; }

  TemporaryFolder folder_;
  std::uint16_t port_;
  std::optional<Process> process_;
};

}  // namespace

std::unique_ptr<Stage> prosody_stage() {
  if (!std::filesystem::exists(kProgram)) return nullptr;
  return std::make_unique<ProsodyStage>();
}

}  // namespace transcript
