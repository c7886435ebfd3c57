#include "engine/monitor/monitor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/monitor/pages.h"
#include "tests/engine/monitor/fake_source.h"

namespace dunlin::monitor {
namespace {

FakeSource Server(uint64_t conns = 0) {
  FakeSource source;
  AccountFacts account;
  account.name = kGlobalAccount;
  source.facts_.accounts.push_back(account);
  for (uint64_t cid = 1; cid <= conns; ++cid) source.Add(cid);
  return source;
}

TEST(Monitor, AnswersInTheOrderOfTheRequestsAndWithWholeReplies) {
  FakeSource source = Server(500);
  Monitor monitor({});
  for (uint64_t i = 1; i <= 4; ++i) {
    monitor.OnRequest({i}, i % 2 == 1 ? "/connz" : "/healthz");
  }
  MonitorOutput out;
  while (monitor.HasWork()) monitor.Work(source, &out, 100);
  uint64_t ticket = 0;
  bool ended = true;
  for (const ReplyPart& part : out.replies) {
    EXPECT_EQ(part.first, ended);
    if (part.first) ++ticket;
    EXPECT_EQ(part.ticket.value, ticket);
    ended = part.last;
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(ticket, 4u);
}

TEST(Monitor, PassesALongPageOnInPiecesAndAShortOneWhole) {
  FakeSource source = Server(1000);
  Monitor monitor({});
  MonitorOutput out;
  monitor.OnRequest({1}, "/connz");
  while (monitor.HasWork()) monitor.Work(source, &out, 1000);
  EXPECT_GT(out.replies.size(), 5u);
  out.Clear();
  monitor.OnRequest({2}, "/connz?limit=1");
  while (monitor.HasWork()) monitor.Work(source, &out, 1);
  ASSERT_EQ(out.replies.size(), 1u);
  EXPECT_TRUE(out.replies[0].first && out.replies[0].last);
}

TEST(Monitor, StopsWorkingForAnAskerWhoIsGone) {
  FakeSource source = Server(500);
  Monitor monitor({});
  MonitorOutput out;
  for (uint64_t i = 1; i <= 3; ++i) monitor.OnRequest({i}, "/connz");
  monitor.Work(source, &out, 600);
  monitor.OnGone({1});  // Half of its page is made.
  monitor.OnGone({3});  // Its turn has not come.
  monitor.OnGone({9});  // Never heard of.
  out.Clear();
  while (monitor.HasWork()) monitor.Work(source, &out);
  ASSERT_FALSE(out.replies.empty());
  EXPECT_TRUE(out.replies.front().first);
  EXPECT_TRUE(out.replies.back().last);
  for (const ReplyPart& part : out.replies) EXPECT_EQ(part.ticket.value, 2u);
}

TEST(Monitor, RefusesMoreRequestsThanMayWait) {
  FakeSource source = Server();
  Monitor monitor({.requests_max = 2});
  for (uint64_t i = 1; i <= 4; ++i) monitor.OnRequest({i}, "/healthz");
  monitor.OnGone({4});
  MonitorOutput out;
  while (monitor.HasWork()) monitor.Work(source, &out);
  ASSERT_EQ(out.replies.size(), 3u);
  for (const ReplyPart& part : out.replies) {
    EXPECT_EQ(part.status, part.ticket.value == 3 ? 503 : 200);
    EXPECT_TRUE(part.first && part.last);
  }
}

TEST(Monitor, RefusesATargetThatIsTooLong) {
  FakeSource source = Server();
  Monitor monitor({.target_bytes_max = 20});
  monitor.OnRequest({1}, "/connz?user=" + std::string(100, 'x'));
  MonitorOutput out;
  while (monitor.HasWork()) monitor.Work(source, &out);
  ASSERT_EQ(out.replies.size(), 1u);
  EXPECT_EQ(out.replies[0].status, 414);
}

TEST(Monitor, CountsRequestsByPage) {
  FakeSource source = Server();
  Monitor monitor({});
  MonitorOutput out;
  for (const char* target :
       {"/", "/varz", "/connz", "/connz?sort=x", "/connz?auth=x", "/routez", "/routez?subs=x",
        "/subsz?subs=x", "/subscriptionsz", "/stacksz", "/ipqueuesz", "/raftz", "/debug/vars",
        "/healthz?details=x", "/jsz?raft=x", "/nope"}) {
    monitor.OnRequest({1}, target);
  }
  monitor.OnRequest({2}, "/varz");
  while (monitor.HasWork()) monitor.Work(source, &out);
  const std::string body = out.replies.back().text;
  EXPECT_NE(body.find("  \"http_req_stats\": {\n"
                      "    \"/\": 1,\n    \"/connz\": 2,\n    \"/healthz\": 1,\n    \"/jsz\": 1,\n"
                      "    \"/routez\": 1,\n    \"/subsz\": 2,\n    \"/varz\": 2\n  },"),
            std::string::npos)
      << body;
}

TEST(Monitor, PassesWarningsOnToTheLog) {
  FakeSource source = Server();
  source.facts_.accepts_clients = false;
  Monitor monitor({});
  monitor.OnRequest({1}, "/healthz");
  MonitorOutput out;
  monitor.Work(source, &out);
  EXPECT_EQ(out.warnings.size(), 1u);
}

TEST(Monitor, EveryEndpointAnswers) {
  FakeSource source = Server();
  Monitor monitor({});
  MonitorOutput out;
  for (const std::string_view path : Endpoints()) monitor.OnRequest({1}, path);
  while (monitor.HasWork()) monitor.Work(source, &out);
  ASSERT_EQ(out.replies.size(), Endpoints().size());
  for (size_t i = 0; i < out.replies.size(); ++i) {
    EXPECT_EQ(out.replies[i].status, Endpoints()[i] == "/raftz" ? 404 : 200) << Endpoints()[i];
    EXPECT_FALSE(out.replies[i].text.empty());
  }
}

// Whatever stands in a request, it is answered once, by a whole reply.
RC_GTEST_PROP(MonitorProperty, EveryRequestIsAnsweredOnce, (const std::string& junk)) {
  static constexpr const char* kNames[] = {
      "sort=", "limit=", "offset=", "cid=",    "state=", "subs=", "auth=", "acc=",
      "test=", "user=",  "unused=", "stream=", "%",      "a;",    ""};
  static constexpr const char* kValues[] = {
      "1", "-1", "stop", "closed", "detail", "%00", "%ff", "$G", "9223372036854775807", "x"};
  FakeSource source = Server(3);
  source.Close(1);
  std::string target(Endpoints()[*rc::gen::inRange<size_t>(0, Endpoints().size())]);
  target += '?';
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    target += kNames[*rc::gen::inRange<size_t>(0, std::size(kNames))];
    target += kValues[*rc::gen::inRange<size_t>(0, std::size(kValues))];
    target += '&';
  }
  Monitor monitor({});
  MonitorOutput out;
  monitor.OnRequest({1}, target + junk);
  while (monitor.HasWork()) monitor.Work(source, &out);
  RC_ASSERT(!out.replies.empty() && out.replies.front().first && out.replies.back().last);
  for (size_t i = 1; i < out.replies.size(); ++i) RC_ASSERT(!out.replies[i].first);
}

}  // namespace
}  // namespace dunlin::monitor
