#include "engine/config/startup.h"

#include <gtest/gtest.h>

#include "tests/engine/config/fake_source.h"

namespace dunlin::config {
namespace {

Startup Start(std::vector<std::string_view> args, const std::string& file = "") {
  FakeSource source;
  source.files["t.conf"] = file;
  return Prepare("dunlin", args, source);
}

TEST(Startup, ServesWithDefaultsWithoutArguments) {
  const Startup startup = Start({});
  EXPECT_EQ(startup.next, Startup::Next::kServe);
  EXPECT_EQ(startup.options.port, 4222);
  EXPECT_EQ(startup.options.http_host, "0.0.0.0");
  EXPECT_EQ(startup.standard_error + startup.standard_output, "");
}

TEST(Startup, LetsFlagsOverrideTheFile) {
  const Startup startup = Start({"-c", "t.conf", "-p", "5222", "-DV=false"},
                                "port: 4242\nhost: localhost\ntrace: true\ndebug: true\n");
  EXPECT_EQ(startup.next, Startup::Next::kServe);
  EXPECT_EQ(startup.options.port, 5222);
  EXPECT_EQ(startup.options.host, "localhost");
  EXPECT_FALSE(startup.options.trace || startup.options.debug);
}

TEST(Startup, PrintsTheVersionThatToolsLookFor) {
  const Startup startup = Start({"-v"});
  EXPECT_EQ(startup.next, Startup::Next::kExit);
  EXPECT_EQ(startup.exit_code, 0);
  EXPECT_EQ(startup.standard_output, "nats-server: v2.14.5\n");
}

TEST(Startup, ShowsTheUsageAfterAWrongFlag) {
  const Startup startup = Start({"-x"});
  EXPECT_EQ(startup.exit_code, 0);
  EXPECT_EQ(startup.standard_error, "flag provided but not defined: -x\n");
  EXPECT_TRUE(startup.standard_output.starts_with("\nUsage: dunlin [options]\n"));
}

TEST(Startup, ChecksAFile) {
  const Startup good = Start({"-t", "-c", "t.conf"}, "port: 4222\n");
  EXPECT_EQ(good.next, Startup::Next::kExit);
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.standard_error,
            "dunlin: configuration file t.conf is valid "
            "(sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e)\n");
  const Startup bad = Start({"-t", "-c", "t.conf"}, "port: x\nprt: 1\n");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.standard_error,
            "dunlin: t.conf:1:0: interface conversion: interface {} is string, not int64\n"
            "t.conf:2:1: unknown field \"prt\"\n\n");
}

TEST(Startup, StopsAtWarningsOnlyWhenChecking) {
  const std::string warning =
      "t.conf:1:0: invalid use of field \"ping_interval\": ping_interval should be converted to a "
      "duration\n";
  const Startup check = Start({"-t", "-c", "t.conf"}, "ping_interval: 5\n");
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_EQ(check.standard_error, "dunlin: " + warning + "\n");
  const Startup serve = Start({"-c", "t.conf"}, "ping_interval: 5\n");
  EXPECT_EQ(serve.next, Startup::Next::kServe);
  EXPECT_EQ(serve.standard_error, warning);
}

TEST(Startup, RefusesOptionsThatDoNotGoTogether) {
  const Startup startup = Start({"-c", "t.conf"}, "ping_interval: 5\nmax_pending: 1000\n");
  EXPECT_EQ(startup.next, Startup::Next::kExit);
  EXPECT_EQ(startup.exit_code, 1);
  EXPECT_TRUE(startup.standard_error.ends_with(
      "duration\ndunlin: max_payload (1048576) cannot be higher than max_pending (1000)\n"));
}

TEST(Startup, HandsOnASignalWhateverElseIsWrong) {
  const Startup startup = Start({"-js", "-c", "nope.conf", "--signal", "ldm=1"});
  EXPECT_EQ(startup.next, Startup::Next::kSignal);
  EXPECT_EQ(startup.signal, "ldm=1");
}

}  // namespace
}  // namespace dunlin::config
