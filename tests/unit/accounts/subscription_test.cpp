// RFC 6121 appendix A, row by row.
#include "accounts/subscription.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace accounts {
namespace {

using xmpp::Type;

// A.1, in the RFC's order.
constexpr Subscription kNone{};
constexpr Subscription kNoneOut{.ask = true};
constexpr Subscription kNoneIn{.request = true};
constexpr Subscription kNoneOutIn{.ask = true, .request = true};
constexpr Subscription kTo{.to = true};
constexpr Subscription kToIn{.to = true, .request = true};
constexpr Subscription kFrom{.from = true};
constexpr Subscription kFromOut{.from = true, .ask = true};
constexpr Subscription kBoth{.to = true, .from = true};

constexpr Subscription approved(Subscription state) {
  state.approved = true;
  return state;
}

struct Row {
  std::string_view state;
  Subscription before;
  bool forward;
  Subscription after;
};
using Table = std::array<Row, 9>;

using Step = Transition (*)(const Subscription&, Type);

void expect(const Table& table, Step step, Type type) {
  for (const Row& row : table) {
    const Transition got = step(row.before, type);
    EXPECT_EQ(got.forward, row.forward) << row.state;
    EXPECT_EQ(got.after, row.after) << row.state;
  }
}

TEST(Subscription, A21SendingSubscribe) {
  constexpr Table kTable{{{"None", kNone, true, kNoneOut},
                          {"None + Pending Out", kNoneOut, true, kNoneOut},
                          {"None + Pending In", kNoneIn, true, kNoneOutIn},
                          {"None + Pending Out+In", kNoneOutIn, true, kNoneOutIn},
                          {"To", kTo, true, kTo},
                          {"To + Pending In", kToIn, true, kToIn},
                          {"From", kFrom, true, kFromOut},
                          {"From + Pending Out", kFromOut, true, kFromOut},
                          {"Both", kBoth, true, kBoth}}};
  expect(kTable, outbound, Type::subscribe);
}

TEST(Subscription, A22SendingUnsubscribe) {
  constexpr Table kTable{{{"None", kNone, true, kNone},
                          {"None + Pending Out", kNoneOut, true, kNone},
                          {"None + Pending In", kNoneIn, true, kNoneIn},
                          {"None + Pending Out+In", kNoneOutIn, true, kNoneIn},
                          {"To", kTo, true, kNone},
                          {"To + Pending In", kToIn, true, kNoneIn},
                          {"From", kFrom, true, kFrom},
                          {"From + Pending Out", kFromOut, true, kFrom},
                          {"Both", kBoth, true, kFrom}}};
  expect(kTable, outbound, Type::unsubscribe);
}

// Where the RFC says "no state change" for want of a request, its note [1] refers to pre-approval (3.4).
TEST(Subscription, A23SendingSubscribed) {
  constexpr Table kTable{{{"None", kNone, false, approved(kNone)},
                          {"None + Pending Out", kNoneOut, false, approved(kNoneOut)},
                          {"None + Pending In", kNoneIn, true, kFrom},
                          {"None + Pending Out+In", kNoneOutIn, true, kFromOut},
                          {"To", kTo, false, approved(kTo)},
                          {"To + Pending In", kToIn, true, kBoth},
                          {"From", kFrom, false, kFrom},
                          {"From + Pending Out", kFromOut, false, kFromOut},
                          {"Both", kBoth, false, kBoth}}};
  expect(kTable, outbound, Type::subscribed);
}

TEST(Subscription, A24SendingUnsubscribed) {
  constexpr Table kTable{{{"None", kNone, false, kNone},
                          {"None + Pending Out", kNoneOut, false, kNoneOut},
                          {"None + Pending In", kNoneIn, true, kNone},
                          {"None + Pending Out+In", kNoneOutIn, true, kNoneOut},
                          {"To", kTo, false, kTo},
                          {"To + Pending In", kToIn, true, kTo},
                          {"From", kFrom, true, kNone},
                          {"From + Pending Out", kFromOut, true, kNoneOut},
                          {"Both", kBoth, true, kTo}}};
  expect(kTable, outbound, Type::unsubscribed);
}

TEST(Subscription, A31ReceivingSubscribe) {
  constexpr Table kTable{{{"None", kNone, true, kNoneIn},
                          {"None + Pending Out", kNoneOut, true, kNoneOutIn},
                          {"None + Pending In", kNoneIn, false, kNoneIn},
                          {"None + Pending Out+In", kNoneOutIn, false, kNoneOutIn},
                          {"To", kTo, true, kToIn},
                          {"To + Pending In", kToIn, false, kToIn},
                          {"From", kFrom, false, kFrom},
                          {"From + Pending Out", kFromOut, false, kFromOut},
                          {"Both", kBoth, false, kBoth}}};
  expect(kTable, inbound, Type::subscribe);
}

TEST(Subscription, A32ReceivingUnsubscribe) {
  constexpr Table kTable{{{"None", kNone, false, kNone},
                          {"None + Pending Out", kNoneOut, false, kNoneOut},
                          {"None + Pending In", kNoneIn, true, kNone},
                          {"None + Pending Out+In", kNoneOutIn, true, kNoneOut},
                          {"To", kTo, false, kTo},
                          {"To + Pending In", kToIn, true, kTo},
                          {"From", kFrom, true, kNone},
                          {"From + Pending Out", kFromOut, true, kNoneOut},
                          {"Both", kBoth, true, kTo}}};
  expect(kTable, inbound, Type::unsubscribe);
}

TEST(Subscription, A33ReceivingSubscribed) {
  constexpr Table kTable{{{"None", kNone, false, kNone},
                          {"None + Pending Out", kNoneOut, true, kTo},
                          {"None + Pending In", kNoneIn, false, kNoneIn},
                          {"None + Pending Out+In", kNoneOutIn, true, kToIn},
                          {"To", kTo, false, kTo},
                          {"To + Pending In", kToIn, false, kToIn},
                          {"From", kFrom, false, kFrom},
                          {"From + Pending Out", kFromOut, true, kBoth},
                          {"Both", kBoth, false, kBoth}}};
  expect(kTable, inbound, Type::subscribed);
}

TEST(Subscription, A34ReceivingUnsubscribed) {
  constexpr Table kTable{{{"None", kNone, false, kNone},
                          {"None + Pending Out", kNoneOut, true, kNone},
                          {"None + Pending In", kNoneIn, false, kNoneIn},
                          {"None + Pending Out+In", kNoneOutIn, true, kNoneIn},
                          {"To", kTo, true, kNone},
                          {"To + Pending In", kToIn, true, kNoneIn},
                          {"From", kFrom, false, kFrom},
                          {"From + Pending Out", kFromOut, true, kFrom},
                          {"Both", kBoth, true, kFrom}}};
  expect(kTable, inbound, Type::unsubscribed);
}

TEST(Subscription, WhoIsSubscribedIsAnsweredAtOnce) {
  for (const Subscription& state : {kFrom, kFromOut, kBoth})
    EXPECT_EQ(inbound(state, Type::subscribe).reply, Type::subscribed);
  for (const Subscription& state : {kNone, kNoneOut, kNoneIn, kNoneOutIn, kTo, kToIn})
    EXPECT_EQ(inbound(state, Type::subscribe).reply, std::nullopt);
}

// Section 3.4.2: approved unseen, and the approval stays.
TEST(Subscription, APreApprovedContactIsSubscribedAtOnce) {
  struct Case {
    Subscription before, after;
  };
  for (const Case& c : {Case{kNone, kFrom}, Case{kNoneOut, kFromOut}, Case{kTo, kBoth}}) {
    const Transition got = inbound(approved(c.before), Type::subscribe);
    EXPECT_EQ(got, (Transition{.after = approved(c.after), .forward = false, .reply = Type::subscribed}));
    EXPECT_EQ(presence_flow(approved(c.before), got.after), PresenceFlow::starts);
    EXPECT_TRUE(differs_in_roster(approved(c.before), got.after));
  }
}

TEST(Subscription, UnsubscribedCancelsThePreApproval) {
  for (const Subscription& state : {kNone, kNoneOut, kTo}) {
    const Transition got = outbound(approved(state), Type::unsubscribed);
    EXPECT_EQ(got, (Transition{.after = state, .forward = false}));
    EXPECT_TRUE(differs_in_roster(approved(state), got.after));
  }
  EXPECT_EQ(outbound(approved(kBoth), Type::unsubscribed), (Transition{.after = kTo, .forward = true}));
}

TEST(Subscription, OnlyOutboundUnsubscribedCancelsThePreApproval) {
  EXPECT_EQ(inbound(approved(kFrom), Type::unsubscribe).after, approved(kNone));
  EXPECT_EQ(inbound(approved(kTo), Type::unsubscribed).after, approved(kNone));
  EXPECT_EQ(outbound(approved(kTo), Type::unsubscribe).after, approved(kNone));
}

TEST(Subscription, PresenceFollowsFrom) {
  EXPECT_EQ(presence_flow(kToIn, kBoth), PresenceFlow::starts);
  EXPECT_EQ(presence_flow(kBoth, kTo), PresenceFlow::stops);
  EXPECT_EQ(presence_flow(kNoneOut, kTo), PresenceFlow::unchanged);
}

TEST(Subscription, APendingRequestIsNotShown) {
  EXPECT_FALSE(differs_in_roster(kTo, kToIn));
  EXPECT_FALSE(differs_in_roster(kNoneIn, kNone));
  EXPECT_TRUE(differs_in_roster(kNone, kNoneOut));
  EXPECT_TRUE(differs_in_roster(kNoneIn, kFrom));
}

}  // namespace
}  // namespace accounts
