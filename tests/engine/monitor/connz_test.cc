#include "engine/monitor/connz.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "engine/monitor/conn_json.h"
#include "engine/monitor/sorted_rows.h"
#include "tests/engine/monitor/fake_source.h"

namespace dunlin::monitor {
namespace {

namespace json = boost::json;

FakeSource Server() {
  FakeSource source;
  source.facts_.server_id = "ID";
  AccountFacts account;
  account.name = kGlobalAccount;
  source.facts_.accounts.push_back(account);
  return source;
}

std::unique_ptr<Job> Begin(std::string_view query_text) {
  Query query(query_text);
  ConnzOptions options = ReadConnzQuery(&query);
  ReadConnzSort(&query, &options);
  EXPECT_FALSE(query.failed()) << query.error();
  return MakeConnzJob(std::move(options));
}

std::string Finish(Job* job, Source& source, size_t budget) {
  std::string text;
  for (bool done = false; !done;) {
    size_t left = budget;
    done = job->Continue(source, &left, &text);
  }
  return text;
}

json::object List(Source& source, std::string_view query, size_t budget = kSliceBudget) {
  return json::parse(Finish(Begin(query).get(), source, budget)).as_object();
}

std::vector<int64_t> Cids(const json::object& listing) {
  std::vector<int64_t> cids;
  for (const json::value& conn : listing.at("connections").as_array()) {
    cids.push_back(conn.at("cid").as_int64());
  }
  return cids;
}

TEST(Connz, CutsAPageWithoutOverflowing) {
  constexpr int64_t kMax = INT64_MAX;
  const auto page = [](uint64_t count, int64_t offset, int64_t limit) {
    const PageBounds bounds = ChoosePage(count, offset, limit);
    return std::pair(bounds.first, bounds.size);
  };
  EXPECT_EQ(page(10, 0, 1024), std::pair(uint64_t{0}, uint64_t{10}));
  EXPECT_EQ(page(10, 3, 4), std::pair(uint64_t{3}, uint64_t{4}));
  EXPECT_EQ(page(10, 8, 4), std::pair(uint64_t{8}, uint64_t{2}));
  EXPECT_EQ(page(10, 1, kMax), std::pair(uint64_t{1}, uint64_t{9}));
  EXPECT_EQ(page(10, kMax, kMax), std::pair(uint64_t{10}, uint64_t{0}));
  EXPECT_EQ(page(10, INT64_MIN, INT64_MIN), std::pair(uint64_t{0}, uint64_t{0}));
  EXPECT_EQ(page(0, 0, kMax), std::pair(uint64_t{0}, uint64_t{0}));
}

TEST(Connz, SortsByEveryKeyInItsDirection) {
  FakeSource source = Server();
  // Three connections; each key orders them 2, 3, 1 when the largest comes first.
  const int64_t value[] = {10, 30, 20};
  for (uint64_t i = 0; i < 3; ++i) {
    FakeConn& conn = source.Add(i + 1);
    ConnInfo& info = conn.info;
    conn.subs.resize(static_cast<size_t>(value[i]));
    info.pending_bytes = info.out_msgs = info.in_msgs = info.out_bytes = info.in_bytes = value[i];
    info.last_activity = {value[i]};
    info.idle = info.uptime = info.rtt = Millis(value[i]);
  }
  for (const char* descending : {"subs", "pending", "msgs_to", "msgs_from", "bytes_to",
                                 "bytes_from", "last", "idle", "rtt"}) {
    EXPECT_EQ(Cids(List(source, "sort=" + std::string(descending))),
              (std::vector<int64_t>{2, 3, 1}))
        << descending;
  }
  for (const char* by_cid : {"cid", "start", ""}) {
    EXPECT_EQ(Cids(List(source, "sort=" + std::string(by_cid))), (std::vector<int64_t>{1, 2, 3}));
  }
  EXPECT_EQ(Cids(List(source, "sort=uptime")), (std::vector<int64_t>{1, 3, 2}));
  source.Close(0, CloseReason::kReadError, {10});
  source.Close(1, CloseReason::kClientClosed, {30});
  source.Close(2, CloseReason::kWriteError, {20});
  EXPECT_EQ(Cids(List(source, "state=closed&sort=stop")), (std::vector<int64_t>{2, 3, 1}));
  EXPECT_EQ(Cids(List(source, "state=closed&sort=reason")), (std::vector<int64_t>{2, 1, 3}));
}

TEST(Connz, SortsTheSmallestNumbersToo) {
  FakeSource source = Server();
  source.Add(1).info.in_msgs = INT64_MIN;
  source.Add(2).info.in_msgs = INT64_MAX;
  EXPECT_EQ(Cids(List(source, "sort=msgs_from")), (std::vector<int64_t>{2, 1}));
}

TEST(Connz, IdleOfAClosedConnectionGoesOnGrowing) {
  FakeSource source = Server();
  source.facts_.now.wall = {100};
  source.Add(1).info.last_activity = {10};
  source.Add(2).info.last_activity = {5};
  source.Close(0);
  source.Close(1);
  EXPECT_EQ(Cids(List(source, "state=closed&sort=idle")), (std::vector<int64_t>{2, 1}));
}

TEST(Connz, WantsARoundTripTimeOfThoseThatItShows) {
  FakeSource source = Server();
  for (uint64_t cid = 1; cid <= 4; ++cid) source.Add(cid).info.lang = "go";
  source.slots_[1]->info.lang = "";        // A person with telnet.
  source.slots_[2]->info.rtt = Millis(1);  // Known already.
  (void)List(source, "limit=3");
  EXPECT_EQ(source.rtt_wanted_, std::vector<uint64_t>{1});
}

TEST(Connz, ShowsARowForAConnectionThatClosesMeanwhile) {
  for (const char* subs : {"", "&subs=1"}) {
    FakeSource here = Server();
    for (uint64_t cid = 1; cid <= 3; ++cid) {
      here.Add(cid).info.name = "someone";
      here.slots_.back()->subs.push_back({"foo", "", "1"});
    }
    const auto job = Begin("limit=9" + std::string(subs));
    std::string text;
    while (text.find("\"cid\": 1") == std::string::npos) {
      size_t one = 1;
      ASSERT_FALSE(job->Continue(here, &one, &text));
    }
    here.Close(1);
    here.Close(2);
    here.Add(9);  // Nobody that the listing has met.
    text += Finish(job.get(), here, 1);
    const json::object listing = json::parse(text).as_object();
    EXPECT_EQ(listing.at("num_connections"), 3);
    EXPECT_EQ(Cids(listing), (std::vector<int64_t>{1, 2, 3}));
    const json::object& last = listing.at("connections").at(2).as_object();
    EXPECT_EQ(last.at("name"), "someone");
    EXPECT_FALSE(last.contains("reason"));
  }
}

TEST(Connz, EndsTheListOfSubscriptionsOfAConnectionThatCloses) {
  FakeSource source = Server();
  source.Add(1).subs.resize(1000, {"foo", "", "1"});
  const auto job = Begin("subs=detail");
  std::string text;
  while (text.find("subscriptions_list_detail") == std::string::npos) {
    size_t one = 1;
    ASSERT_FALSE(job->Continue(source, &one, &text));
  }
  source.slots_[0].reset();
  const json::object listing = json::parse(text + Finish(job.get(), source, 1)).as_object();
  const size_t listed =
      listing.at("connections").at(0).at("subscriptions_list_detail").as_array().size();
  EXPECT_GT(listed, 0u);
  EXPECT_LT(listed, 1000u);
}

TEST(Connz, AHugeListOfSubscriptionsIsWrittenInSlices) {
  FakeSource source = Server();
  source.Add(1).subs.resize(20'000, {"some.subject", "", "12345"});
  const auto job = Begin("subs=detail");
  size_t slices = 0, largest = 0;
  for (bool done = false; !done; ++slices) {
    std::string text;
    size_t budget = kSliceBudget;
    done = job->Continue(source, &budget, &text);
    largest = std::max(largest, text.size());
  }
  EXPECT_GE(slices, 20'000 * kSubCost / kSliceBudget);
  EXPECT_LT(largest, 300'000u);
}

TEST(Connz, ListsFiftyThousandInSlicesOfBoundedWork) {
  FakeSource source = Server();
  for (uint64_t cid = 1; cid <= 50'000; ++cid) {
    source.Add(cid).info.in_msgs = static_cast<int64_t>(cid * 7919 % 50'021);
  }
  const auto job = Begin("sort=msgs_from&limit=50000");
  size_t slices = 0, largest = 0, total = 0;
  for (bool done = false; !done; ++slices) {
    std::string text;
    size_t budget = kSliceBudget;
    done = job->Continue(source, &budget, &text);
    largest = std::max(largest, text.size());
    total += text.size();
  }
  EXPECT_GE(slices, 50'000 * kConnCost / kSliceBudget);
  EXPECT_LT(largest, 200'000u);
  EXPECT_GT(total, 10'000'000u);
}

// --- Against a dumb twin
// --------------------------------------------------------------------------

FakeConn RandomConn(uint64_t cid) {
  static constexpr const char* kUsers[] = {"", "bob", "eve"};
  FakeConn conn;
  const auto small = [] { return *rc::gen::inRange<int64_t>(0, 4); };
  conn.info.cid = cid;
  conn.info.account = kGlobalAccount;
  conn.info.user = kUsers[*rc::gen::inRange(0, 3)];
  conn.info.pending_bytes = small();
  conn.info.in_msgs = small();
  conn.info.out_msgs = small();
  conn.info.in_bytes = small();
  conn.info.out_bytes = small();
  conn.info.last_activity = {small()};
  conn.info.idle = Seconds(small());
  conn.info.uptime = Seconds(small());
  conn.info.rtt = Millis(small());
  conn.subs.resize(static_cast<size_t>(small()) * 30, {"foo.bar", "q", "7"});
  return conn;
}

FakeSource RandomServer() {
  FakeSource source = Server();
  source.facts_.now.wall = {10};
  const auto count = *rc::gen::inRange<uint64_t>(0, 12);
  for (uint64_t cid = 1; cid <= count; ++cid) {
    source.slots_.emplace_back(RandomConn(cid));
    if (*rc::gen::inRange(0, 3) == 0) {
      const auto reason = static_cast<CloseReason>(*rc::gen::inRange(0, kCloseReasonCount));
      source.Close(source.slots_.size() - 1, reason, {*rc::gen::inRange<int64_t>(0, 4)});
    }
  }
  return source;
}

struct TwinRow {
  ConnInfo info;
  const ClosedConn* closed;
};

// The order as the words of sort= say it, with everything at hand.
bool Before(const std::string& sort, const TwinRow& a, const TwinRow& b, int64_t now) {
  const auto idle = [&](const TwinRow& row) {
    return row.closed ? now - row.info.last_activity.ns : row.info.idle.ns;
  };
  const ConnInfo &x = a.info, &y = b.info;
  if (sort == "subs" && x.subscriptions != y.subscriptions)
    return x.subscriptions > y.subscriptions;
  if (sort == "pending" && x.pending_bytes != y.pending_bytes)
    return x.pending_bytes > y.pending_bytes;
  if (sort == "msgs_to" && x.out_msgs != y.out_msgs) return x.out_msgs > y.out_msgs;
  if (sort == "msgs_from" && x.in_msgs != y.in_msgs) return x.in_msgs > y.in_msgs;
  if (sort == "bytes_to" && x.out_bytes != y.out_bytes) return x.out_bytes > y.out_bytes;
  if (sort == "bytes_from" && x.in_bytes != y.in_bytes) return x.in_bytes > y.in_bytes;
  if (sort == "last" && x.last_activity != y.last_activity)
    return x.last_activity > y.last_activity;
  if (sort == "idle" && idle(a) != idle(b)) return idle(a) > idle(b);
  if (sort == "uptime" && x.uptime != y.uptime) return x.uptime < y.uptime;
  if (sort == "rtt" && x.rtt != y.rtt) return x.rtt > y.rtt;
  if (sort == "stop" && a.closed->stop() != b.closed->stop())
    return a.closed->stop() > b.closed->stop();
  if (sort == "reason") {
    const auto p = CloseReasonText(a.closed->reason()), q = CloseReasonText(b.closed->reason());
    if (p != q) return p < q;
  }
  return x.cid < y.cid;
}

std::string Twin(const FakeSource& source, const std::string& state, const std::string& sort,
                 const std::string& user, size_t offset, size_t limit, bool subs) {
  std::vector<TwinRow> rows;
  size_t total = 0;
  for (uint64_t place = 0; state != "closed" && place < source.slots_.size(); ++place) {
    ConnInfo info;
    if (!source.ConnAt(place, &info)) continue;
    ++total;
    if (user.empty() || info.user == user) rows.push_back({info, nullptr});
  }
  for (uint64_t n = 0; state != "open" && n < source.closed_.total(); ++n) {
    const ClosedConn* closed = source.closed_.Find(n);
    ++total;
    if (user.empty() || closed->info().user == user) rows.push_back({closed->info(), closed});
  }
  std::sort(rows.begin(), rows.end(), [&](const TwinRow& a, const TwinRow& b) {
    return Before(sort, a, b, source.facts_.now.wall.ns);
  });
  rows.erase(rows.begin(), rows.begin() + static_cast<long>(std::min(offset, rows.size())));
  rows.resize(std::min(limit, rows.size()), {ConnInfo{}, nullptr});
  std::string text;
  JsonOut out(&text, JsonStyle::kIndent2);
  out.BeginObject();
  out.String("server_id", "ID");
  out.String("now", FormatRfc3339(source.facts_.now.wall));
  out.Uint("num_connections", rows.size());
  out.Uint("total", total);
  out.Uint("offset", offset);
  out.Uint("limit", limit);
  out.BeginArray("connections");
  for (const TwinRow& row : rows) {
    BeginConn(row.info, row.closed, ShowAuth::kYes, &out);
    if (subs && row.info.subscriptions > 0) {
      out.BeginArray("subscriptions_list");
      for (uint32_t i = 0; i < row.info.subscriptions; ++i) out.String("foo.bar");
      out.EndArray();
    }
    EndConn(row.info, row.closed, ShowAuth::kYes, &out);
  }
  out.EndArray();
  out.EndObject();
  return text;
}

RC_GTEST_PROP(ConnzProperty, SlicedListingEqualsAPlainOne, ()) {
  FakeSource source = RandomServer();
  const std::string state = *rc::gen::element<std::string>("open", "closed", "all");
  std::string sort = *rc::gen::element<std::string>("cid", "start", "subs", "pending", "msgs_to",
                                                    "msgs_from", "bytes_to", "bytes_from", "last",
                                                    "idle", "uptime", "rtt", "stop", "reason");
  if (state != "closed" && (sort == "stop" || sort == "reason")) sort = "cid";
  const std::string user = *rc::gen::element<std::string>("", "", "bob", "nobody");
  const auto offset = *rc::gen::inRange<size_t>(0, 6), limit = *rc::gen::inRange<size_t>(1, 8);
  const bool subs = *rc::gen::arbitrary<bool>();
  const std::string query = "auth=1&state=" + state + "&sort=" + sort + "&user=" + user +
                            "&offset=" + std::to_string(offset) +
                            "&limit=" + std::to_string(limit) + (subs ? "&subs=1" : "");
  const size_t budget = *rc::gen::element<size_t>(1, 7, 50, 100'000);
  RC_ASSERT(Finish(Begin(query).get(), source, budget) ==
            Twin(source, state, sort, user, offset, limit, subs));
}

// Whatever comes and goes between slices, the listing is JSON and keeps its promises.
RC_GTEST_PROP(ConnzProperty, StaysWholeWhileConnectionsComeAndGo, ()) {
  FakeSource source = RandomServer();
  uint64_t next_cid = 100;
  const auto job = Begin(*rc::gen::element<std::string>(
      "subs=detail&state=all&sort=subs", "sort=idle&auth=1&limit=5",
      "state=closed&subs=1&sort=stop", "cid=3&state=all", "offset=2&subs=1"));
  std::string text;
  for (bool done = false; !done;) {
    size_t budget = 1;
    done = job->Continue(source, &budget, &text);
    const auto what = *rc::gen::inRange(0, 4);
    if (what == 0 && source.slots_.size() < 30) source.slots_.emplace_back(RandomConn(next_cid++));
    if (what == 1 && !source.slots_.empty()) {
      source.Close(*rc::gen::inRange<size_t>(0, source.slots_.size()));
    }
  }
  const json::object listing = json::parse(text).as_object();
  RC_ASSERT(listing.at("num_connections").to_number<size_t>() == Cids(listing).size());
}

RC_GTEST_PROP(SortedRowsProperty, TakesOutWhatWasPutInInOrder, ()) {
  const size_t count = *rc::gen::element<size_t>(0, 1, 2047, 2048, 2049, 10'000);
  uint64_t state = *rc::gen::arbitrary<uint64_t>();
  SortedRows rows;
  std::vector<Row> twin;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    twin.push_back({static_cast<int64_t>(state >> 58) - 32, state >> 40, Row::Where::kOpen, i});
    (void)rows.Add(twin.back());
  }
  rows.Seal();
  std::sort(twin.begin(), twin.end());
  RC_ASSERT(rows.size() == twin.size());
  for (const Row& row : twin) RC_ASSERT((rows.Pop() == row));
  RC_ASSERT(rows.size() == 0u);
}

}  // namespace
}  // namespace dunlin::monitor
