#include "engine/config/load.h"

#include <gtest/gtest.h>

#include "engine/config/schema.h"
#include "tests/engine/config/fake_source.h"

namespace dunlin::config {
namespace {

LoadResult Loaded(const std::string& text) {
  FakeSource source;
  source.files["t.conf"] = text;
  return LoadFile("t.conf", source);
}

// The options of a text that must be right, before Finish().
Options Read(const std::string& text) {
  LoadResult loaded = Loaded(text);
  EXPECT_EQ(loaded.Complaint(), "");
  return std::move(loaded.options);
}

Options Finished(const std::string& text) {
  Options options = Read(text);
  const auto error = Finish(options);
  EXPECT_FALSE(error) << error->text;
  return options;
}

TEST(Load, SetsEveryOptionOfTheFile) {
  const Options o = Read(R"(
    listen: "127.0.0.1:4242"
    server_name: "s1"
    client_advertise: "example.com"
    http: "localhost:8222"
    http_base_path: "/nats"
    trace_headers: true
    logtime: false
    logtime_utc: true
    log_file: "a.log"
    log_size_limit: 1MB
    log_max_num: 5
    syslog: true
    remote_syslog: "udp://foo.com:33"
    max_traced_msg_len: 1024
    pid_file: "a.pid"
    ports_file_dir: "/ports"
    max_conn: 100
    max_subs: 1000
    max_sub_tokens: 16
    max_control_line: 2048
    max_payload: 65536
    max_pending: 10000000
    max_closed_clients: 10
    ping_interval: "60s"
    ping_max: 3
    write_deadline: "3s"
    write_timeout: retry
    lame_duck_duration: "4m30s"
    lame_duck_grace_period: "11s"
    no_header_support: true
    no_fast_producer_stall: true
    no_sublist_cache: true
    server_tags: ["A", " b ", "a"]
    server_metadata {k1: "v1", k2: "v2"}
    feature_flags {f1: true, f2: false})");
  EXPECT_EQ(o.host, "127.0.0.1");
  EXPECT_EQ(o.port, 4242);
  EXPECT_EQ(o.server_name, "s1");
  EXPECT_EQ(o.client_advertise, "example.com");
  EXPECT_EQ(o.http_host, "localhost");
  EXPECT_EQ(o.http_port, 8222);
  EXPECT_EQ(o.http_base_path, "/nats");
  EXPECT_TRUE(o.trace && o.trace_headers && !o.trace_verbose && !o.debug);
  EXPECT_TRUE(!o.logtime && o.logtime_utc && o.syslog);
  EXPECT_EQ(o.log_file, "a.log");
  EXPECT_EQ(o.log_size_limit, 1024 * 1024);
  EXPECT_EQ(o.log_max_files, 5);
  EXPECT_EQ(o.remote_syslog, "udp://foo.com:33");
  EXPECT_EQ(o.max_traced_msg_len, 1024);
  EXPECT_EQ(o.pid_file, "a.pid");
  EXPECT_EQ(o.ports_file_dir, "/ports");
  EXPECT_EQ(o.max_connections, 100);
  EXPECT_EQ(o.max_subscriptions, 1000);
  EXPECT_EQ(o.max_subscription_tokens, 16);
  EXPECT_EQ(o.max_control_line, 2048);
  EXPECT_EQ(o.max_payload, 65536);
  EXPECT_EQ(o.max_pending, 10'000'000);
  EXPECT_EQ(o.max_closed_clients, 10);
  EXPECT_EQ(o.ping_interval, Minutes(1));
  EXPECT_EQ(o.ping_max, 3);
  EXPECT_EQ(o.write_deadline, Seconds(3));
  EXPECT_EQ(o.write_timeout, WriteTimeoutPolicy::kRetry);
  EXPECT_EQ(o.lame_duck_duration, Seconds(270));
  EXPECT_EQ(o.lame_duck_grace_period, Seconds(11));
  EXPECT_TRUE(o.no_header_support && o.no_fast_producer_stall && o.no_sublist_cache);
  EXPECT_EQ(o.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(o.metadata, (std::map<std::string, std::string>{{"k1", "v1"}, {"k2", "v2"}}));
  EXPECT_EQ(o.feature_flags, (std::map<std::string, bool>{{"f1", true}, {"f2", false}}));
}

TEST(Load, KnowsEachOptionByAllItsNames) {
  EXPECT_EQ(Read("net: a").host, "a");
  EXPECT_EQ(Read("HOST: a").host, "a");
  EXPECT_EQ(Read("monitor_port: 1").http_port, 1);
  EXPECT_EQ(Read("http_port: 1").http_port, 1);
  EXPECT_EQ(Read("logfile: a").log_file, "a");
  EXPECT_EQ(Read("logfile_size_limit: 7").log_size_limit, 7);
  EXPECT_EQ(Read("logfile_max_num: 7").log_max_files, 7);
  EXPECT_EQ(Read("pidfile: a").pid_file, "a");
  EXPECT_EQ(Read("max_connections: 7").max_connections, 7);
  EXPECT_EQ(Read("max_subscriptions: 7").max_subscriptions, 7);
  EXPECT_EQ(Read("max_subscription_tokens: 7").max_subscription_tokens, 7);
  EXPECT_TRUE(Read("disable_sublist_cache: true").no_sublist_cache);
  EXPECT_EQ(Read("server_tags: One").tags, std::vector<std::string>{"one"});
  EXPECT_EQ(Read("write_timeout: close").write_timeout, WriteTimeoutPolicy::kClose);
  EXPECT_TRUE(Read("trace_verbose: true").trace_verbose);
  EXPECT_TRUE(Read("trace_verbose: true").trace);
  EXPECT_FALSE(Read("trace: true\ntrace_verbose: false").trace);
  EXPECT_TRUE(Read("debug: true").debug);
}

TEST(Load, ListensOnAllHostsWhenOnlyAPortIsGiven) {
  EXPECT_EQ(Finished("listen: 8922").host, "0.0.0.0");
  EXPECT_EQ(Finished("listen: 8922").port, 8922);
  EXPECT_EQ(Finished("listen: \":8922\"").host, "0.0.0.0");
  EXPECT_EQ(Finished("listen: \"[::1]:8922\"").host, "::1");
  EXPECT_EQ(Finished("listen: \":0\"").port, 4222);
  EXPECT_EQ(Finished("listen: \":-1\"").port, -1);
  EXPECT_EQ(Finished("http: \":-1\"").http_port, -1);
  EXPECT_EQ(Finished("host: \"127.0.0.1\"\nhttp_port: 8222").http_host, "127.0.0.1");
  EXPECT_EQ(Finished("listen: \"10.0.1.22:4222\"\nhttp: \":8222\"").http_host, "10.0.1.22");
}

TEST(Load, ReadsTheAuthorizationBlock) {
  Options o = Finished("authorization {user: derek, password: porkchop, timeout: 1}");
  EXPECT_EQ(o.username, "derek");
  EXPECT_EQ(o.password, "porkchop");
  EXPECT_EQ(o.auth_timeout, Seconds(1));
  o = Finished("authorization {USERNAME: a, Pass: b}");
  EXPECT_EQ(o.username + o.password, "ab");
  o = Finished("authorization {token: s3cr3t}");
  EXPECT_EQ(o.authorization, "s3cr3t");
  EXPECT_EQ(o.auth_timeout, Seconds(2));
}

TEST(Load, ReadsTheAuthorizationTimeout) {
  const auto timeout = [](const std::string& value) {
    LoadResult loaded = Loaded("authorization { timeout: " + value + " }");
    EXPECT_TRUE(loaded.ok()) << loaded.Complaint();
    const auto error = Finish(loaded.options);
    EXPECT_FALSE(error);
    return loaded.options.auth_timeout;
  };
  EXPECT_EQ(timeout("0"), Seconds(2));
  EXPECT_EQ(timeout("1"), Seconds(1));
  EXPECT_EQ(timeout("10s"), Seconds(10));
  EXPECT_EQ(timeout("1m"), Seconds(1'000'000));  // A number with a suffix.
  EXPECT_EQ(timeout("\"1m\""), Minutes(1));
  EXPECT_EQ(timeout("\"10m5s30ms\""), Millis(605'030));
  EXPECT_EQ(timeout("0.091"), Millis(91));
}

TEST(Load, TakesNumbersOfSecondsWithAWarning) {
  const LoadResult loaded = Loaded("ping_interval: 5\nwrite_deadline: 6\n");
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.options.ping_interval, Seconds(5));
  EXPECT_EQ(loaded.options.write_deadline, Seconds(6));
  EXPECT_EQ(
      loaded.Complaint(),
      "t.conf:1:0: invalid use of field \"ping_interval\": ping_interval should be converted "
      "to a duration\n"
      "t.conf:2:1: invalid use of field \"write_deadline\": write_deadline should be converted "
      "to a duration\n");
}

TEST(Load, SaysAllAtOnceWarningsFirstInTheOrderOfTheFile) {
  const LoadResult loaded = Loaded("zz: 1\nport: x\nping_interval: 5\ncluster {}\naa: 1\n");
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.Complaint(),
            "t.conf:3:1: invalid use of field \"ping_interval\": ping_interval should be converted "
            "to a duration\n"
            "t.conf:1:0: unknown field \"zz\"\n"
            "t.conf:2:1: interface conversion: interface {} is string, not int64\n"
            "t.conf:4:1: unsupported field \"cluster\": this version has no clusters yet\n"
            "t.conf:5:1: unknown field \"aa\"\n");
}

TEST(Load, WarnsOfAnEmptyFile) {
  EXPECT_TRUE(Loaded("").ok());
  EXPECT_EQ(Loaded("# nothing\n").Complaint(), "t.conf: config has no values or is empty\n");
}

TEST(Load, SaysWhyAFileCannotBeRead) {
  FakeSource source;
  const LoadResult missing = LoadFile("nope.conf", source);
  EXPECT_FALSE(missing.ok());
  EXPECT_EQ(missing.Complaint(), "open nope.conf: no such file or directory");
  EXPECT_EQ(missing.options.config_digest, "");
}

TEST(Load, RemembersTheFileAndItsDigest) {
  const Options options = Read("port: 4222\n");
  EXPECT_EQ(options.config_file, "t.conf");
  EXPECT_EQ(options.config_digest,
            "sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e");
}

TEST(Load, ReadsATextWithoutAFile) {
  FakeSource source;
  EXPECT_EQ(LoadText("port: 4242", source).options.port, 4242);
  EXPECT_EQ(LoadText("port: 4242", source).options.config_digest, "");
  EXPECT_EQ(LoadText("prt: 4242", source).Complaint(), ":1:0: unknown field \"prt\"\n");
}

TEST(Load, TakesValuesFromVariablesAndTheEnvironment) {
  FakeSource source;
  source.env = {{"E1", "$E2"}, {"E2", "7890"}, {"P1", "$P"}, {"SELF", "$SELF"}, {"I", "include x"}};
  source.files["other.conf"] = "TEST_PORT: $E1";
  const auto port = [&](const std::string& text) {
    source.files["t.conf"] = text;
    const LoadResult loaded = LoadFile("t.conf", source);
    return loaded.ok() ? std::to_string(loaded.options.port) : loaded.Complaint();
  };
  EXPECT_EQ(port("A: 7890\nB: $A\nC: $B\nport: $C"), "7890");
  EXPECT_EQ(port("A: $E1\nB: $A\nport: $B"), "7890");
  EXPECT_EQ(port("include \"./other.conf\"\nport: $TEST_PORT"), "7890");
  EXPECT_EQ(port("A: $A"), "variable reference for 'A' on line 1 can not be found");
  // What an environment value refers to is sought in the environment only.
  EXPECT_NE(
      port("P: 8080\nport: $P1").find("variable reference for 'P' on line 1 can not be found"),
      std::string::npos);
  EXPECT_NE(port("port: $SELF").find("variable reference cycle"), std::string::npos);
  EXPECT_NE(
      port("port: $I").find("Expected a top-level value to end with a new line, comment or EOF"),
      std::string::npos);
}

TEST(Load, RefusesAllConnectionsForZero) {
  EXPECT_EQ(Finished("max_connections: 0").max_connections, -1);
  EXPECT_EQ(Finished("max_connections: 5").max_connections, 5);
}

TEST(Load, NumbersTooLargeForAnOptionStopAtItsEnd) {
  EXPECT_EQ(Read("max_subs: 4294967297").max_subscriptions, INT32_MAX);  // Not 1.
  EXPECT_EQ(Read("max_subs: -9000000000").max_subscriptions, INT32_MIN);
}

TEST(Load, KeepsAPortThatIsNoneForTheComplaint) {
  EXPECT_EQ(Read("port: 4294971518").port, 4294971518);  // Not 4222.
  EXPECT_EQ(Read("http: \"127.0.0.1:-7\"").http_port, -7);
}

TEST(Schema, RefusesEveryMissingFeatureByName) {
  size_t missing_count = 0;
  for (const Field& field : Fields()) {
    const auto* missing = std::get_if<MissingFeature>(&field.target);
    if (missing == nullptr) continue;
    ++missing_count;
    EXPECT_EQ(Loaded("\n" + std::string(field.key) + " { x: y }").Complaint(),
              "t.conf:2:1: unsupported field \"" + std::string(field.key) +
                  "\": this version has no " + std::string(missing->feature) + " yet\n");
  }
  EXPECT_GE(missing_count, 40u);
}

TEST(Schema, LetsMissingFeaturesBeSwitchedOff) {
  EXPECT_EQ(Loaded("jetstream: false\nhttps_port: 0\nallow_non_tls: false\nocsp: false\n"
                   "proxy_protocol: false\nprof_port: 0\n")
                .Complaint(),
            "");
  EXPECT_EQ(Loaded("jetstream: disabled").Complaint(), "");
  EXPECT_FALSE(Loaded("jetstream: true").ok());
  EXPECT_FALSE(Loaded("cluster: false").ok());
}

TEST(Schema, NamesEachKeyOnceInLowerCase) {
  std::map<std::string_view, int> seen;
  for (const Field& field : Fields()) {
    EXPECT_EQ(++seen[field.key], 1) << field.key;
    for (const char c : field.key) EXPECT_TRUE(c == '_' || (c >= 'a' && c <= 'z')) << field.key;
  }
}

TEST(Finish, TurnsZeroIntoTheDefault) {
  Options zero;
  zero.host = "";
  zero.port = zero.max_connections = zero.ping_max = zero.max_closed_clients = 0;
  zero.max_control_line = zero.max_payload = 0;
  zero.max_pending = 0;
  zero.ping_interval = zero.auth_timeout = zero.write_deadline = Duration{};
  zero.lame_duck_duration = zero.lame_duck_grace_period = Duration{};
  ASSERT_FALSE(Finish(zero));
  EXPECT_EQ(zero.host, "0.0.0.0");
  EXPECT_EQ(zero.http_host, "0.0.0.0");
  EXPECT_EQ(zero.port, 4222);
  EXPECT_EQ(zero.max_connections, 64 * 1024);
  EXPECT_EQ(zero.ping_interval, Minutes(2));
  EXPECT_EQ(zero.ping_max, 2);
  EXPECT_EQ(zero.auth_timeout, Seconds(2));
  EXPECT_EQ(zero.max_control_line, 4096);
  EXPECT_EQ(zero.max_payload, 1024 * 1024);
  EXPECT_EQ(zero.max_pending, 64 * 1024 * 1024);
  EXPECT_EQ(zero.write_deadline, Seconds(10));
  EXPECT_EQ(zero.max_closed_clients, 10'000);
  EXPECT_EQ(zero.lame_duck_duration, Minutes(2));
  EXPECT_EQ(zero.lame_duck_grace_period, Seconds(10));
}

TEST(Finish, RefusesWhatDoesNotGoTogether) {
  Options options;
  options.lame_duck_duration = Seconds(5);
  EXPECT_EQ(Finish(options)->text,
            "lame duck grace period (10s) should be strictly lower than lame duck duration (5s)");
  options = {};
  options.max_pending = 100;
  EXPECT_EQ(Finish(options)->text, "max_payload (1048576) cannot be higher than max_pending (100)");
  options = {};
  options.server_name = "a b";
  EXPECT_EQ(Finish(options)->text, "server name cannot contain spaces");
  options = {};
  EXPECT_FALSE(Finish(options));
}

}  // namespace
}  // namespace dunlin::config
