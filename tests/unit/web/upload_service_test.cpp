// What the address answers (XEP-0363 3 to 6), and to whom.
#include "web/upload_service.h"

#include <functional>

#include "hall.h"
#include "xmpp/stanza.h"
#include "xmpp/timestamp.h"

namespace web {
namespace {

constexpr std::string_view kNs = "urn:xmpp:http:upload:0";
constexpr std::string_view kPurpose = "urn:xmpp:http:upload:purpose:0";

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

class Mailbox final : public router::Component {
 public:
  void receive(router::PacketRef packet) override { got.push_back(std::move(packet)); }
  std::vector<router::PacketRef> got;
};

class UploadServiceTest : public Hall {
 protected:
  UploadServiceTest() {
    Terms few = terms();
    few.file_bytes = 20'000;
    few.user_daily_bytes = 30'000;
    service_ = std::make_unique<UploadService>(
        router(), registry_,
        UploadService::Seams{*store,
                             random,
                             {FileStore::open(folder + "/uploads").value(), bytes, names},
                             "a secret of the data folder"},
        base::make_ref<Settings>(few));
    router().claim("example.org", mailbox_);
    router().claim_rest(mailbox_);
    router().claim("upload.example.org", *service_);
    registry_.freeze();
    std::vector hosts{router::HostSettings{.domain = jid("example.org")}};
    router().use(base::make_ref<const router::Settings>(std::move(hosts), router::Limits{}));
  }
  router::Router& router() { return board_.router(0); }

  const xml::Element& answer(const std::function<void(xml::Element& request)>& fill,
                             std::string_view from = "romeo@example.org/garden") {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, "q1");
    fill(iq.root().add("request", kNs));
    mailbox_.got.clear();
    router().post(base::make_ref<const router::Packet>(xmpp::share(std::move(iq)), jid(from), jid("upload.example.org"),
                                                       router::Origin::session));
    world.advance(1s);
    EXPECT_EQ(mailbox_.got.size(), 1U);
    return mailbox_.got.at(0)->stanza().root();
  }
  const xml::Element& answer(std::string_view name, std::string_view size, std::string_view type = {},
                             std::string_view from = "romeo@example.org/garden") {
    return answer(
        [&](xml::Element& request) {
          if (!name.empty()) request.set_attr("filename", name);
          if (!size.empty()) request.set_attr("size", size);
          if (!type.empty()) request.set_attr("content-type", type);
        },
        from);
  }
  static std::string condition(const xml::Element& answer) {
    const xml::Element* error = answer.child("jabber:client", "error");
    return error == nullptr ? "result" : std::string(error->first_child()->name());
  }

 private:
  router::Switchboard board_{world.loops()};
  Mailbox mailbox_;
  router::Registry registry_;
  std::unique_ptr<UploadService> service_;
};

TEST_F(UploadServiceTest, GivesTwoUrls) {
  const xml::Element& got = answer("très cool.jpg", "23", "image/jpeg");
  const xml::Element* slot = got.child(kNs, "slot");
  ASSERT_NE(slot, nullptr);
  const std::string put(slot->child(kNs, "put")->attr("url")), get(slot->child(kNs, "get")->attr("url"));
  EXPECT_TRUE(get.starts_with("https://upload.example.org/") && get.ends_with("/tr%C3%A8s%20cool.jpg")) << get;
  EXPECT_TRUE(put.starts_with(get + "?")) << put;
}

TEST_F(UploadServiceTest, WhatIsNoRequestIsRefused) {
  const struct {
    std::string_view name, size, type;
  } rows[] = {{"", "1", ""},
              {"a", "", ""},
              {"a", "0", ""},
              {"a", "-1", ""},
              {"a", "1.5", ""},
              {"a", " 1", ""},
              {"a", "99999999999999999999", ""},
              {"a", "1", "text"},
              {"a", "1", "a/b\n"},
              {"a", "1", "text/plain;,text/html"},
              {"a", "1", "image/päng"}};
  for (const auto& [name, size, type] : rows)
    EXPECT_EQ(condition(answer(name, size, type)), "bad-request") << name << ' ' << size << ' ' << type;
  EXPECT_EQ(condition(answer(std::string(1025, 'a'), "1")), "bad-request");
  EXPECT_EQ(condition(answer("a", "1", "a/" + std::string(126, 'b'))), "bad-request");
}

TEST_F(UploadServiceTest, TooLargeIsToldWithTheBound) {
  const xml::Element& got = answer("a", "20001");
  EXPECT_EQ(condition(got), "not-acceptable");
  const xml::Element* detail = got.child("jabber:client", "error")->child(kNs, "file-too-large");
  ASSERT_NE(detail, nullptr);
  EXPECT_EQ(detail->child_text(kNs, "max-file-size"), "20000");
}

TEST_F(UploadServiceTest, AQuotaIsToldWithTheTimeToTryAgain) {
  EXPECT_EQ(condition(answer("a", "20000")), "result");
  const xml::Element& got = answer("a", "20000");
  EXPECT_EQ(condition(got), "resource-constraint");
  EXPECT_EQ(got.child("jabber:client", "error")->attr("type"), "wait");
  const xml::Element* detail = got.child("jabber:client", "error")->child(kNs, "retry");
  ASSERT_NE(detail, nullptr);
  EXPECT_TRUE(xmpp::parse_timestamp(detail->attr("stamp")));
}

TEST_F(UploadServiceTest, StrangersMayNot) {
  for (const std::string_view from : {"iago@venice.example/ship", "example.org", "venice.example"})
    EXPECT_EQ(condition(answer("a", "1", {}, from)), "forbidden") << from;
}

TEST_F(UploadServiceTest, PurposesAreUnderstood) {
  const auto with = [&](std::string_view purpose, std::string_view before = {}) {
    return condition(answer([&](xml::Element& request) {
      xml::Element& child = request.set_attr("filename", "a").set_attr("size", "1").add(purpose, kPurpose);
      if (!before.empty()) child.set_attr("expire-before", before);
    }));
  };
  EXPECT_EQ(with("message"), "result");
  EXPECT_EQ(with("profile"), "result");
  EXPECT_EQ(with("permanent"), "feature-not-implemented");
  EXPECT_EQ(with("ephemeral", "2100-09-10T23:08:25Z"), "result");
  EXPECT_EQ(with("ephemeral"), "bad-request");
  EXPECT_EQ(with("ephemeral", "tomorrow"), "bad-request");
  EXPECT_EQ(with("ephemeral", "1970-01-02T00:00:00Z"), "bad-request") << "that is over";
  EXPECT_EQ(with("of-a-later-version"), "result") << "it is a message's, as without any";
}

}  // namespace
}  // namespace web
