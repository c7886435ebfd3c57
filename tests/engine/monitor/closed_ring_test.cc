#include "engine/monitor/closed_ring.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace dunlin::monitor {
namespace {

ConnInfo Named(uint64_t cid, std::string_view name) {
  ConnInfo info;
  info.cid = cid;
  info.name = name;
  return info;
}

TEST(ClosedRing, KeepsTheLastOnesAndCopiesTheirTexts) {
  ClosedRing ring({.conns_max = 2});
  for (uint64_t cid = 1; cid <= 3; ++cid) {
    std::string name = "client " + std::to_string(cid);
    std::string subject = "foo." + std::to_string(cid);
    const SubInfo sub{.subject = subject, .queue = "q", .sid = "1", .msgs = 4, .max = 9};
    ring.Add(Named(cid, name), {&sub, 1}, {5}, CloseReason::kReadError);
    name.assign(20, 'x');
    subject.assign(20, 'x');
  }
  EXPECT_EQ(ring.size(), 2u);
  EXPECT_EQ(ring.total(), 3u);
  EXPECT_EQ(ring.Find(0), nullptr);
  EXPECT_EQ(ring.Find(3), nullptr);
  EXPECT_EQ(ring.FindCid(1), nullptr);
  const ClosedConn* last = ring.FindCid(3);
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last, ring.Find(2));
  EXPECT_EQ(last->info().name, "client 3");
  EXPECT_EQ(last->stop(), WallTime{5});
  EXPECT_EQ(last->reason(), CloseReason::kReadError);
  ASSERT_EQ(last->subs().size(), 1u);
  EXPECT_EQ(last->subs()[0].subject, "foo.3");
  EXPECT_EQ(last->subs()[0].queue, "q");
  EXPECT_EQ(last->subs()[0].msgs, 4);
  EXPECT_EQ(last->subs()[0].max, 0) << "the reference forgets it";
}

TEST(ClosedRing, KeepsNoneIfTold) {
  ClosedRing ring({.conns_max = 0});
  ring.Add(Named(1, "x"), {}, {}, CloseReason::kKicked);
  EXPECT_EQ(ring.size(), 0u);
  EXPECT_EQ(ring.Find(0), nullptr);
  ring.CheckInvariants();
}

TEST(ClosedRing, CutsALongListOfSubscriptions) {
  ClosedRing ring({.subs_per_conn_max = 3});
  const std::vector<SubInfo> subs(10, SubInfo{.subject = "foo", .queue = "", .sid = "1"});
  ConnInfo info = Named(1, "x");
  info.subscriptions = 10;
  ring.Add(info, subs, {}, CloseReason::kClientClosed);
  EXPECT_EQ(ring.Find(0)->subs().size(), 3u);
  EXPECT_EQ(ring.Find(0)->info().subscriptions, 10u);
}

TEST(ClosedRing, DropsTheOldestListsWhenAllTogetherAreTooLong) {
  ClosedRing ring({.conns_max = 100, .subs_bytes_max = 2000});
  const std::vector<SubInfo> subs(10, SubInfo{.subject = "foo", .queue = "", .sid = "1"});
  for (uint64_t cid = 1; cid <= 10; ++cid) {
    ring.Add(Named(cid, "x"), subs, {}, CloseReason::kClientClosed);
    ring.CheckInvariants();
  }
  EXPECT_EQ(ring.size(), 10u);
  EXPECT_TRUE(ring.Find(0)->subs().empty());
  EXPECT_EQ(ring.Find(9)->subs().size(), 10u);
}

TEST(ClosedRing, AListThatIsTooLongAloneIsNotKept) {
  ClosedRing ring({.subs_bytes_max = 10});
  const SubInfo sub{.subject = "foo", .queue = "", .sid = "1"};
  ring.Add(Named(1, "x"), {&sub, 1}, {}, CloseReason::kClientClosed);
  EXPECT_TRUE(ring.Find(0)->subs().empty());
  ring.CheckInvariants();
}

RC_GTEST_PROP(ClosedRingProperty, HoldsTheLastConnectionsAndItsLimits, ()) {
  const auto conns_max = *rc::gen::inRange<size_t>(0, 6);
  const auto bytes_max = *rc::gen::inRange<size_t>(0, 3000);
  ClosedRing ring({.conns_max = conns_max, .subs_per_conn_max = 8, .subs_bytes_max = bytes_max});
  const auto counts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(0, 12));
  for (size_t i = 0; i < counts.size(); ++i) {
    const std::vector<SubInfo> subs(counts[i],
                                    SubInfo{.subject = "foo.bar", .queue = "", .sid = "1"});
    ring.Add(Named(i + 1, "x"), subs, {}, CloseReason::kClientClosed);
    ring.CheckInvariants();
  }
  RC_ASSERT(ring.size() == std::min(conns_max, counts.size()));
  bool kept = true;  // From the newest on: lists are there until one is not.
  for (size_t i = counts.size(); i-- > counts.size() - ring.size();) {
    const ClosedConn* conn = ring.Find(i);
    RC_ASSERT(conn != nullptr && conn->info().cid == i + 1);
    const size_t listed = conn->subs().size();
    RC_ASSERT(listed == 0u || (kept && listed == std::min<size_t>(counts[i], 8)));
    if (listed == 0 && counts[i] > 0) kept = false;
  }
}

TEST(CloseReason, RanksAsTheTextsSort) {
  std::vector<std::string_view> texts;
  for (int i = 0; i < kCloseReasonCount; ++i) {
    texts.push_back(CloseReasonText(static_cast<CloseReason>(i)));
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::unique(texts.begin(), texts.end()), texts.end());
  for (int i = 0; i < kCloseReasonCount; ++i) {
    const auto reason = static_cast<CloseReason>(i);
    EXPECT_EQ(texts[static_cast<size_t>(CloseReasonRank(reason))], CloseReasonText(reason));
  }
  EXPECT_EQ(CloseReasonText(CloseReason::kSlowConsumerPendingBytes),
            "Slow Consumer (Pending Bytes)");
  EXPECT_EQ(CloseReasonText(CloseReason::kProxyRequired), "Proxy Required");
}

}  // namespace
}  // namespace dunlin::monitor
