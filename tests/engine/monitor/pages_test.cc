// Every page against what the reference said in the same situation: recorded.txt, made by
// record.py.
#include "engine/monitor/pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/monitor/monitor.h"
#include "tests/engine/monitor/fake_source.h"

namespace dunlin::monitor {
namespace {

constexpr WallTime kTime{1'795'303'608'500'000'000};  // 2026-11-21T23:26:48.5Z

// The situation that record.py makes, and what it puts in the place of what changes.
FakeSource Recorded() {
  FakeSource source;
  source.options_.host = "127.0.0.1";
  source.options_.port = -1;
  source.options_.http_port = -1;
  source.options_.config_digest =
      "sha256:b896a3a0fa71e4a46a62065a60742032626d0cabfd317119541e3651c003c08e";
  for (uint64_t cid = 1; cid <= 3; ++cid) {
    ConnInfo& info = source.Add(cid).info;
    info.port = 7;
    info.start = info.last_activity = kTime;
    info.rtt = Micros(1500);
    info.uptime = info.idle = Seconds(3);
    info.pending_bytes = 7;
  }
  FakeConn& first = *source.slots_[0];
  first.info.name = "<n>";
  first.info.lang = "x";
  first.info.version = "1";
  first.info.out_msgs = 1;
  first.info.out_bytes = 3;
  first.subs.push_back({.subject = "foo.*", .queue = "q", .sid = "1", .msgs = 1});
  FakeConn& second = *source.slots_[1];
  second.info.user = "bob";
  second.info.in_msgs = 1;
  second.info.in_bytes = 3;
  second.subs.push_back({.subject = "x", .queue = "", .sid = "9", .max = 5});
  FakeConn& third = *source.slots_[2];
  third.info.user = "[REDACTED]";
  third.subs.push_back({.subject = "y", .queue = "", .sid = "1", .max = 3});
  source.Close(2, CloseReason::kClientClosed, kTime);

  ServerFacts& facts = source.facts_;
  facts.server_id = facts.server_name = "ID";
  facts.version = "2.14.5";
  facts.go_version = "go1";
  facts.port = facts.mem = facts.cores = facts.max_procs = 7;
  facts.cpu = 7;
  facts.now.wall = facts.start = facts.config_load_time = kTime;
  facts.uptime = Seconds(3);
  facts.connections = 2;
  facts.total_connections = 3;
  facts.in = facts.in_client = facts.out = facts.out_client = {1, 3};
  AccountFacts account;
  account.name = kGlobalAccount;
  account.updated = kTime;
  account.connections = account.total_connections = 2;
  account.subs.num_subscriptions = 2;
  account.sent = account.received = {1, 3};
  facts.accounts.push_back(account);
  return source;
}

struct Block {
  std::string head, target, body;
};

std::vector<Block> ReadRecorded() {
  std::vector<Block> blocks;
  std::ifstream file(SOURCE_ROOT "/tests/engine/monitor/recorded.txt", std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      std::istringstream words(line.substr(4));
      std::string status, type, target;
      words >> status >> type >> target;
      blocks.push_back({status + " " + type, target, ""});
    } else {
      blocks.back().body += line + "\n";
    }
  }
  return blocks;
}

// Asks for one page; the parts of the answer are put together.
Block Ask(Monitor* monitor, Source* source, std::string_view target) {
  Block answer{"", std::string(target), ""};
  MonitorOutput out;
  monitor->OnRequest({1}, target);
  while (monitor->HasWork()) monitor->Work(*source, &out);
  for (const ReplyPart& part : out.replies) {
    answer.body += part.text;
    if (!part.first) continue;
    std::string type = part.content_type;
    std::erase(type, ' ');
    answer.head = std::to_string(part.status) + " " + type;
  }
  return answer;
}

TEST(MonitorPages, SayWhatTheReferenceSaid) {
  FakeSource source = Recorded();
  Monitor monitor({});
  const std::vector<Block> blocks = ReadRecorded();
  ASSERT_GT(blocks.size(), 150u);
  for (const Block& block : blocks) {
    const Block ours = Ask(&monitor, &source, block.target);
    EXPECT_EQ(ours.head, block.head) << block.target;
    std::string body = ours.body + "\n";
    if (block.target == "/varz") {
      // The recording polled /connz before it began.
      const size_t count = body.find("\"/connz\": ") + 10;
      body.replace(count, body.find(',', count) - count, "0");
    }
    EXPECT_EQ(body, block.body) << block.target;
  }
}

TEST(MonitorPages, RootIsAsciiAndLinksToEveryPage) {
  FakeSource source = Recorded();
  for (const auto& [base, prefix] : {std::pair{"", "\"./"},
                                     {"/", "\"./"},
                                     {"nats", "\"./nats/"},
                                     {"/a/b/", "\"./a/b/"},
                                     {"/<x>", "\"./"}}) {
    Monitor monitor({.base_path = base});
    const Block page = Ask(&monitor, &source, "/");
    EXPECT_EQ(page.head, "200 text/html;charset=utf-8");
    for (const char c : page.body) ASSERT_LT(static_cast<uint8_t>(c), 0x80);
    for (const char* name :
         {"varz\"", "jsz\"", "connz\"", "accountz\"", "accstatz\"", "subsz\"", "routez\"",
          "leafz\"", "gatewayz\"", "raftz\"", "healthz\"", "debug/vars\""}) {
      EXPECT_NE(page.body.find(std::string(prefix) + name), std::string::npos) << name;
    }
  }
}

TEST(MonitorPages, ExpvarDoesNotTellTheCommandLine) {
  FakeSource source = Recorded();
  const Page page = ExpvarPage(source.Facts());
  EXPECT_EQ(page.content_type, std::string("application/json; charset=utf-8"));
  EXPECT_EQ(page.body,
            "{\n\"cmdline\": [],\n\"memstats\": "
            "{\"Alloc\":7,\"Sys\":7,\"HeapAlloc\":7,\"HeapSys\":7}\n}\n");
}

TEST(MonitorPages, VarzShowsWhatTheConfigSets) {
  FakeSource source = Recorded();
  source.options_.max_subscriptions = 9;
  source.options_.auth_timeout = Millis(1100);
  source.options_.http_host = "h";
  source.options_.http_base_path = "/nats";
  source.options_.write_timeout = config::WriteTimeoutPolicy::kRetry;
  source.options_.tags = {"b", "a"};
  source.options_.metadata = {{"z", "1"}, {"k", "2"}};
  source.options_.feature_flags = {{"js_ack_fc_v2", true}, {"unknown", true}};
  source.facts_.auth_required = true;
  source.facts_.connect_urls = {"a:1", "b:2"};
  source.facts_.git_commit = "abc";
  source.facts_.ip = "nats://1.2.3.4:5";
  source.facts_.memory_limit_bytes = 77;
  source.facts_.system_account = "$SYS";
  source.facts_.slow_consumer_stats = {1, 2, 3, 4};
  source.facts_.stale_connection_stats = {5, 6, 7, 8};
  const std::string body = VarzPage(source.Facts(), {}).body;
  for (const char* piece :
       {"  \"git_commit\": \"abc\",\n  \"go\"",
        "\"port\": 7,\n  \"auth_required\": true,\n  \"ip\": \"nats://1.2.3.4:5\",\n"
        "  \"connect_urls\": [\n    \"a:1\",\n    \"b:2\"\n  ],\n  \"max_connections\"",
        "\"max_connections\": 65536,\n  \"max_subscriptions\": 9,\n  \"ping_interval\"",
        "\"http_host\": \"h\"", "\"http_base_path\": \"/nats\"", "\"auth_timeout\": 1.1,",
        "\"write_deadline\": 10000000000,\n  \"write_timeout\": \"retry\",\n  \"start\"",
        "\"gomaxprocs\": 7,\n  \"gomemlimit\": 77,\n  \"cpu\"",
        "\"tags\": [\n    \"b\",\n    \"a\"\n  ],\n  \"metadata\": {\n    \"k\": \"2\",\n    "
        "\"z\": \"1\"\n  },\n"
        "  \"feature_flags\": {\n    \"js_ack_fc_v2\": true,\n    \"js_raft_delete_range\": "
        "false\n  },\n"
        "  \"system_account\": \"$SYS\",\n  \"slow_consumer_stats\": {\n    \"clients\": 1,\n"
        "    \"routes\": 2,\n    \"gateways\": 3,\n    \"leafs\": 4\n  },\n  "
        "\"stale_connection_stats\": {\n"
        "    \"clients\": 5,"}) {
    EXPECT_NE(body.find(piece), std::string::npos) << piece << "\n" << body;
  }
}

TEST(MonitorPages, HealthzFailsWhileClientsCannotConnect) {
  FakeSource source = Recorded();
  source.facts_.accepts_clients = false;
  Query plain(""), detailed("details=1"), deprecated("js-enabled=1");
  const Page page = HealthzPage(source.Facts(), &plain);
  EXPECT_EQ(page.status, 500);
  EXPECT_EQ(page.body,
            R"({"status":"error","error":"failed to be ready for connections after 1ms: server"})");
  ASSERT_EQ(page.warnings.size(), 1u);
  EXPECT_EQ(page.warnings[0],
            R"(Healthcheck failed: "failed to be ready for connections after 1ms: server")");
  const Page details = HealthzPage(source.Facts(), &detailed);
  EXPECT_EQ(details.status, 500);
  EXPECT_EQ(details.body, R"({"status":"error","errors":[{"type":"CONNECTION",)"
                          R"("error":"failed to be ready for connections after 1ms: server"}]})");
  EXPECT_EQ(details.warnings, std::vector<std::string>{"Healthcheck failed: 1 errors"});
  source.facts_.accepts_clients = true;
  EXPECT_EQ(
      HealthzPage(source.Facts(), &deprecated).warnings,
      std::vector<std::string>{"Healthcheck: js-enabled deprecated, use js-enabled-only instead"});
}

}  // namespace
}  // namespace dunlin::monitor
