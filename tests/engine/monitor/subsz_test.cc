#include "engine/monitor/subsz.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>

#include "engine/subject/subject.h"
#include "tests/engine/monitor/fake_source.h"

namespace dunlin::monitor {
namespace {

namespace json = boost::json;

json::object List(Source& source, std::string_view query_text, size_t budget = kSliceBudget) {
  Query query(query_text);
  SubszOptions options = ReadSubszQuery(&query);
  EXPECT_FALSE(query.failed()) << query.error();
  const auto job = MakeSubszJob(std::move(options));
  std::string text;
  for (bool done = false; !done;) {
    size_t left = budget;
    done = job->Continue(source, &left, &text);
  }
  return json::parse(text).as_object();
}

std::vector<std::string> Sids(const json::object& page) {
  std::vector<std::string> sids;
  if (!page.contains("subscriptions_list")) return sids;
  for (const json::value& sub : page.at("subscriptions_list").as_array()) {
    sids.emplace_back(sub.at("sid").as_string());
  }
  return sids;
}

FakeSource Server() {
  FakeSource source;
  AccountFacts account;
  account.name = kGlobalAccount;
  source.facts_.accounts.push_back(account);
  return source;
}

TEST(Subsz, PagesOverTheSubscriptionsOfAllConnections) {
  FakeSource source = Server();
  for (int conn = 0; conn < 3; ++conn) {
    for (int i = 0; i < 2; ++i) {
      if (i == 0) source.Add(static_cast<uint64_t>(conn) + 1);
      source.slots_.back()->subs.push_back({"foo", "", std::to_string(conn * 2 + i)});
    }
  }
  const json::object page = List(source, "subs=1&offset=1&limit=3");
  EXPECT_EQ(page.at("total"), 6);
  EXPECT_EQ(Sids(page), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(page.at("subscriptions_list").at(0).at("account"), "$G");
  EXPECT_EQ(Sids(List(source, "subs=1&offset=5")), std::vector<std::string>{"5"});
  EXPECT_TRUE(Sids(List(source, "subs=1&offset=6")).empty());
  EXPECT_EQ(List(source, "offset=1").at("total"), 0) << "no list is asked for";
}

TEST(Subsz, TestsASubjectAgainstEachSubscription) {
  FakeSource source = Server();
  FakeConn& conn = source.Add(1);
  for (int i = 0; i < 200; ++i) {
    conn.subs.push_back({i % 2 == 0 ? "foo.*" : "bar", "", std::to_string(i)});
  }
  const json::object page = List(source, "subs=1&test=foo.a&offset=90&limit=5");
  EXPECT_EQ(page.at("total"), 100);
  EXPECT_EQ(Sids(page), (std::vector<std::string>{"180", "182", "184", "186", "188"}));
}

TEST(Subsz, SumsTheIndexesOfTheAccountsThatAreAskedFor) {
  FakeSource source = Server();
  AccountFacts other;
  other.name = "OTHER";
  other.subs.num_subscriptions = 5;
  source.facts_.accounts[0].subs.num_subscriptions = 3;
  source.facts_.accounts.push_back(other);
  EXPECT_EQ(List(source, "").at("num_subscriptions"), 8);
  EXPECT_EQ(List(source, "acc=OTHER").at("num_subscriptions"), 5);
  EXPECT_EQ(List(source, "acc=nope").at("num_subscriptions"), 0);
}

RC_GTEST_PROP(SubszProperty, SlicedListingEqualsAPlainOne, ()) {
  FakeSource source = Server();
  std::vector<std::string> twin;
  const std::string test = *rc::gen::element<std::string>("", "foo.a", "x");
  const auto conns = *rc::gen::inRange<uint64_t>(0, 5);
  for (uint64_t cid = 1; cid <= conns; ++cid) {
    FakeConn& conn = source.Add(cid);
    const int count = *rc::gen::inRange(0, 200);
    for (int i = 0; i < count; ++i) {
      const char* subject = i % 3 == 0 ? "foo.*" : i % 3 == 1 ? ">" : "bar";
      conn.subs.push_back({subject, "", std::to_string(cid) + ":" + std::to_string(i)});
      if (test.empty() || subject::MatchesLiteral(test, subject)) {
        twin.push_back(conn.subs.back().sid);
      }
    }
  }
  const size_t total = twin.size();
  const auto offset = *rc::gen::inRange<size_t>(0, 300), limit = *rc::gen::inRange<size_t>(1, 300);
  twin.erase(twin.begin(), twin.begin() + static_cast<long>(std::min(offset, twin.size())));
  twin.resize(std::min(limit, twin.size()));
  const json::object page = List(source,
                                 "subs=1&test=" + test + "&offset=" + std::to_string(offset) +
                                     "&limit=" + std::to_string(limit),
                                 *rc::gen::element<size_t>(1, 100, 100'000));
  RC_ASSERT(page.at("total").to_number<size_t>() == total);
  RC_ASSERT(Sids(page) == twin);
}

}  // namespace
}  // namespace dunlin::monitor
