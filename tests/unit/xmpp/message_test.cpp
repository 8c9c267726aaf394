#include "xmpp/message.h"

#include <gtest/gtest.h>

#include <string>

#include "parse.h"

namespace xmpp {
namespace {

StanzaRef message(const std::string& inside, const std::string& type = "chat") {
  return Stanza::parse(parsed("<message xmlns='jabber:client' type='" + type + "'>" + inside + "</message>")).value();
}

constexpr const char* kBody = "<body>hi</body>";
constexpr const char* kComposing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
constexpr const char* kStore = "<store xmlns='urn:xmpp:hints'/>";

TEST(Message, HintsAreReadUnlessItIsAnError) {
  const std::string all =
      "<store xmlns='urn:xmpp:hints'/><no-store xmlns='urn:xmpp:hints'/>"
      "<no-copy xmlns='urn:xmpp:hints'/><no-permanent-store xmlns='urn:xmpp:hints'/>";
  const Hints hints = hints_of(*message(all));
  EXPECT_TRUE(hints.store && hints.no_store && hints.no_copy && hints.no_permanent_store);
  const Hints of_error = hints_of(*message(all, "error"));
  EXPECT_FALSE(of_error.store || of_error.no_store || of_error.no_copy || of_error.no_permanent_store);
  EXPECT_FALSE(hints_of(*message("<store xmlns='urn:other'/>")).store);
}

TEST(Message, AChatStateAloneSaysNothingThatLasts) {
  EXPECT_TRUE(is_chat_state_only(*message(kComposing)));
  EXPECT_TRUE(is_chat_state_only(*message(std::string(kComposing) + "<thread>t</thread>" + kStore)));
  EXPECT_FALSE(is_chat_state_only(*message(std::string(kComposing) + kBody)));
  EXPECT_FALSE(is_chat_state_only(*message(std::string(kComposing) + "<received xmlns='urn:xmpp:receipts'/>")));
  EXPECT_FALSE(is_chat_state_only(*message("")));
}

TEST(Message, BodyPayloadAndInvitation) {
  EXPECT_TRUE(has_body(*message(kBody)));
  EXPECT_FALSE(has_body(*message("<body xmlns='http://www.w3.org/1999/xhtml'/>")));
  EXPECT_TRUE(has_chat_payload(*message("<received xmlns='urn:xmpp:receipts' id='1'/>")));
  EXPECT_TRUE(has_chat_payload(*message("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>")));
  EXPECT_TRUE(has_chat_payload(*message(kComposing)));
  EXPECT_FALSE(has_chat_payload(*message(kBody)));
  EXPECT_TRUE(is_invitation(*message("<x xmlns='jabber:x:conference' jid='room@muc.example.org'/>", "normal")));
  EXPECT_TRUE(is_invitation(*message("<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>", "normal")));
  EXPECT_TRUE(is_about_call(*message("<invite xmlns='urn:xmpp:call-invites:0'/>", "normal")));
  EXPECT_TRUE(is_about_call(*message("<reject xmlns='urn:xmpp:call-invites:0' id='m1'/>", "normal")));
  EXPECT_FALSE(is_about_call(*message(kBody)));
  EXPECT_FALSE(is_invitation(*message("<x xmlns='http://jabber.org/protocol/muc#user'/>")));
  EXPECT_TRUE(is_from_room(*message("<x xmlns='http://jabber.org/protocol/muc#user'/>")));
}

}  // namespace
}  // namespace xmpp
