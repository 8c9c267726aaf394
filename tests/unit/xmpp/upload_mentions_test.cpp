// Which files a message speaks of (XEP-0363 4, XEP-0066).
#include "xmpp/upload_mentions.h"

#include <gtest/gtest.h>

#include "xml/element.h"

namespace {

constexpr std::string_view kClient = "jabber:client";
const std::string kId = "Zm9vYmFyYmF6cXV4MTIzNA", kOther = "0123456789-_abcdefghij";

std::vector<std::string> in_body(const std::string& text) {
  xml::Document message(kClient, "message");
  message.root().add_text_child("body", text);
  return xmpp::mentioned_uploads(message.root());
}

TEST(UploadMentions, Table) {
  const std::string url = "https://upload.example.org/" + kId + "/a.jpg", other = "https://u/x/y/" + kOther + "/b";
  const struct {
    std::string text;
    std::vector<std::string> ids;
  } rows[] = {{url, {kId}},
              {"look: " + url + " and\n" + other + ".", {kOther, kId}},
              {url + ' ' + url, {kId}},
              {"<" + url + ">", {kId}},
              {"http://upload.example.org/" + kId + "/a.jpg", {}},
              {"https://upload.example.org/" + kId, {}},
              {"https://upload.example.org/" + kId.substr(1) + "/a", {}},
              {"https://upload.example.org/" + kId.substr(1) + "%/a", {}},
              {"https://", {}},
              {"https:///", {}},
              {"", {}}};
  for (const auto& [text, ids] : rows) EXPECT_EQ(in_body(text), ids) << text;
}

TEST(UploadMentions, OutOfBandDataCountsToo) {
  xml::Document message(kClient, "message");
  message.root().add("x", "jabber:x:oob").add_text_child("url", "https://upload.example.org/" + kId + "/a.jpg");
  message.root().add("other", "urn:example").add_text("https://upload.example.org/" + kOther + "/a.jpg");
  EXPECT_EQ(xmpp::mentioned_uploads(message.root()), std::vector{kId});
}

TEST(UploadMentions, AreBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "https://u/" + kId.substr(4) + std::to_string(1000 + i) + "/a ";
  EXPECT_EQ(in_body(many).size(), 10U);
}

}  // namespace
