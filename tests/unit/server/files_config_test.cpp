// <proxy65> and <upload>: what is read, what is refused, and with which words.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "config.h"
#include "settings.h"

namespace {

base::Result<Config> parse(const std::string& element, const std::string& host = "<host domain='example.org'/>") {
  return parse_config("<exedra xmlns='urn:exedra:config:1'><clients/>" + host +
                          "<rooms domain='conference.example.org'/>\n" + element + "</exedra>",
                      "exedra.xml");
}

const std::string kListen = "<listen port='5443'/>";

std::string upload(const std::string& inner, const std::string& attributes = "domain='upload.example.org'") {
  return "<upload " + attributes + ">" + inner + "</upload>";
}
std::string proxy(const std::string& inner, const std::string& attributes = "domain='proxy.example.org'") {
  return "<proxy65 " + attributes + ">" + inner + "</proxy65>";
}

TEST(UploadConfig, HasDefaults) {
  const auto config = parse(upload("<listen/>"));
  ASSERT_TRUE(config) << config.error().what;
  const UploadListener& entrance = config->upload->listeners.at(0);
  EXPECT_EQ(entrance.address, "127.0.0.1");
  EXPECT_EQ(entrance.port, 5443);
  EXPECT_TRUE(entrance.tls);
  const web::Terms& terms = config->upload->terms;
  EXPECT_EQ(terms.message_days.count(), 30);
  EXPECT_FALSE(terms.permanent);
  EXPECT_EQ(served(terms, {5443})->url, "https://upload.example.org:5443");
  EXPECT_EQ(served(terms, {443, 5443})->url, "https://upload.example.org");
  EXPECT_EQ(make_settings(*config, 1024)->services().at(0).str(), "upload.example.org");
}

// XEP-0363 4: what a client gets is a URL (RFC 3986).
TEST(UploadConfig, AnAddressOfTheWebIsAscii) {
  const auto config = parse(upload("<listen/>", "domain='dateien.müller.example'"));
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(served(config->upload->terms, {443})->url, "https://dateien.xn--mller-kva.example");
}

TEST(UploadConfig, ReadsEverySetting) {
  const auto config = parse(upload("<listen address='::1' port='0' tls='false'/>",
                                   "domain='Upload.example.org' name='Files' url='https://files.example.org/up/'"
                                   " max-file-bytes='1' bytes-per-user='2' daily-bytes-per-user='3' message-days='4'"
                                   " profile-days='5' permanent='true' certificate='c' key='k'"));
  ASSERT_TRUE(config) << config.error().what;
  const web::Terms& terms = config->upload->terms;
  EXPECT_EQ(terms.domain.str(), "upload.example.org");
  EXPECT_EQ(terms.name, "Files");
  EXPECT_EQ(terms.file_bytes, 1U);
  EXPECT_EQ(terms.user_bytes, 2U);
  EXPECT_EQ(terms.user_daily_bytes, 3U);
  EXPECT_EQ(terms.message_days.count(), 4);
  EXPECT_EQ(terms.profile_days.count(), 5);
  EXPECT_TRUE(terms.permanent);
  EXPECT_EQ(config->upload->certificate, "c");
  EXPECT_FALSE(config->upload->has_tls());
  EXPECT_EQ(served(terms, {1})->url, "https://files.example.org/up");
}

TEST(UploadConfig, AnotherServersSecretIsRead) {
  char name[] = "/tmp/server_test.XXXXXX";
  const std::string folder = mkdtemp(name);
  const auto config = parse(upload("<external url='https://share.example.net/x' secret-file='s'/>"));
  ASSERT_TRUE(config) << config.error().what;
  const auto missing = load_upload(*config->upload, folder);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().what.starts_with("exedra.xml:2: <external>: reading ")) << missing.error().what;
  std::ofstream(folder + "/s") << "too short\n";
  chmod((folder + "/s").c_str(), 0600);
  EXPECT_NE(load_upload(*config->upload, folder).error().what.find("shorter than 16"), std::string::npos);
  std::ofstream(folder + "/s") << "a secret of two servers\n";
  const auto terms = load_upload(*config->upload, folder);
  ASSERT_TRUE(terms) << terms.error().what;
  EXPECT_EQ(terms->external->url, "https://share.example.net/x/");
  EXPECT_EQ(terms->external->secret->reveal(), "a secret of two servers");
  std::filesystem::remove_all(folder);
}

TEST(FilesConfig, MistakesAreNamedWithLineElementAndRemedy) {
  const std::string external = "<external url='https://share.example.net/' secret-file='s'/>";
  const struct {
    std::string element, complaint;
  } rows[] = {
      {upload(kListen, ""), "<upload>: the attribute 'domain' is missing; add it"},
      {upload(""), "<upload>: give either <listen"},
      {upload(kListen + external), "<upload>: give either <listen"},
      {upload(external + external), "<external>: <external> stands twice; remove one"},
      {upload("<external url='http://share.example.net/' secret-file='s'/>"),
       "<external>: 'http://share.example.net/'"},
      {upload("<external secret-file='s'/>"), "<external>: 'url' is missing"},
      {upload("<external url='https://a/'/>"), "<external>: the attribute 'secret-file' is missing"},
      {upload("<listen address='0.0.0.0' tls='false'/>"),
       "<listen>: files would pass through the network in the clear"},
      {upload("<listen tls='false'/>"),
       "<upload>: the files' addresses begin with https, and the first <listen> has no TLS"},
      {upload("<listen port='65536'/>"), "<listen>: 'port' is '65536'"},
      {upload("<listen colour='red'/>"), "<listen>: unknown attribute 'colour'"},
      {upload(kListen, "domain='example.org'"), "<upload>: 'example.org' is taken already; give another 'domain'"},
      {upload(kListen, "domain='conference.example.org'"), "<upload>: 'conference.example.org' is taken already"},
      {upload(kListen, "domain='tokens.invalid'"), "<upload>: 'tokens.invalid' is taken already"},
      {upload(kListen, "domain='proxy.example.org'") + proxy("<listen/>"), "<upload>: 'proxy.example.org' is taken"},
      {upload(kListen, "domain='u.example.org' url='ftp://a'"), "<upload>: 'ftp://a' is no address of the web"},
      {upload(kListen, "domain='u.example.org' max-file-bytes='0'"), "<upload>: 'max-file-bytes' is '0'"},
      {upload(kListen, "domain='u.example.org' certificate='c'"), "<upload>: 'certificate' and 'key' belong together"},
      {upload(kListen) + upload(kListen), "<upload>: <upload> stands twice; remove one"},
      {proxy(""), "<proxy65>: nobody can connect; add <listen"},
      {proxy("<listen/>", "domain='tokens.invalid'"), "<proxy65>: 'tokens.invalid' is taken already"},
      {proxy("<listen/>", "domain='example.org'"), "<proxy65>: 'example.org' is taken already"},
      {proxy("<listen/>", "domain='p.example.org' domains='a@b'"), "<proxy65>: 'a@b' in 'domains' is no domain"},
      {proxy("<listen/>", "domain='p.example.org' bytes-per-second='1023'"), "is less than 1024 bytes a second"},
      {proxy("<listen/><public/>"), "<public>: the attribute 'host' is missing; add it"},
      {proxy("<listen/>") + proxy("<listen/>"), "<proxy65>: <proxy65> stands twice; remove one"},
  };
  for (const auto& [element, complaint] : rows) {
    const auto config = parse(element);
    ASSERT_FALSE(config) << element;
    EXPECT_TRUE(config.error().what.starts_with("exedra.xml:2: ")) << config.error().what;
    EXPECT_NE(config.error().what.find(complaint), std::string::npos) << config.error().what << "\n  and not\n"
                                                                      << complaint;
  }
}

}  // namespace
