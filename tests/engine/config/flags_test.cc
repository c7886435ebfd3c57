#include "engine/config/flags.h"

#include <gtest/gtest.h>

namespace dunlin::config {
namespace {

CommandLine Parse(std::vector<std::string_view> args) { return ParseCommandLine(args); }

// The given flags over 'options'.
Options Applied(std::vector<std::string_view> args, Options options = {}) {
  const CommandLine command_line = Parse(std::move(args));
  EXPECT_EQ(command_line.request, Request::kServe) << command_line.error;
  ApplyFlags(command_line, options);
  return options;
}

TEST(Flags, SetOptionsByEachOfTheirNames) {
  for (const std::string_view flag : {"-p", "--p", "-port", "--port"}) {
    EXPECT_EQ(Applied({flag, "1234"}).port, 1234);
  }
  for (const std::string_view flag : {"-a", "--addr", "--net"}) {
    EXPECT_EQ(Applied({flag, "localhost"}).host, "localhost");
  }
  for (const std::string_view flag : {"-n", "--name", "--server_name"}) {
    EXPECT_EQ(Applied({flag, "s1"}).server_name, "s1");
  }
  for (const std::string_view flag : {"-m", "--http_port"}) {
    EXPECT_EQ(Applied({flag, "8222"}).http_port, 8222);
  }
  for (const std::string_view flag : {"-P", "--pid"}) {
    EXPECT_EQ(Applied({flag, "a.pid"}).pid_file, "a.pid");
  }
  for (const std::string_view flag : {"-l", "--log"}) {
    EXPECT_EQ(Applied({flag, "a.log"}).log_file, "a.log");
  }
  for (const std::string_view flag : {"-r", "--remote_syslog"}) {
    EXPECT_EQ(Applied({flag, "udp://h:514"}).remote_syslog, "udp://h:514");
  }
  for (const std::string_view flag : {"-s", "--syslog"}) EXPECT_TRUE(Applied({flag}).syslog);
  for (const std::string_view flag : {"-D", "--debug"}) EXPECT_TRUE(Applied({flag}).debug);
  for (const std::string_view flag : {"-V", "--trace"}) EXPECT_TRUE(Applied({flag}).trace);
  for (const std::string_view flag : {"-T=0", "--logtime=0"}) EXPECT_FALSE(Applied({flag}).logtime);
  EXPECT_TRUE(Applied({"--logtime_utc"}).logtime_utc);
  EXPECT_EQ(Applied({"--ports_file_dir", "d"}).ports_file_dir, "d");
  EXPECT_EQ(Applied({"--client_advertise", "h:1"}).client_advertise, "h:1");
  EXPECT_EQ(Applied({"--log_size_limit", "5000000000"}).log_size_limit, 5'000'000'000);
  EXPECT_EQ(Applied({"--max_traced_msg_len", "64"}).max_traced_msg_len, 64);
  const Options user = Applied({"--user", "u", "--pass", "p"});
  EXPECT_EQ(user.username + user.password, "up");
  EXPECT_EQ(Applied({"--auth", "t"}).authorization, "t");
}

TEST(Flags, OverrideTheFileAlsoWithNothing) {
  Options file;
  file.port = 5222;
  file.server_name = "file";
  file.debug = true;
  EXPECT_EQ(Applied({"-p", "0"}, file).port, 0);  // Finish() makes it the default.
  EXPECT_EQ(Applied({"-n", ""}, file).server_name, "");
  EXPECT_EQ(Applied({"-D=false"}, file).debug, false);
  EXPECT_EQ(Applied({}, file).port, 5222);
}

TEST(Flags, TheLastOfTheSameCounts) {
  EXPECT_EQ(Applied({"-p", "1", "--port=2"}).port, 2);
  EXPECT_FALSE(Applied({"-D", "--debug=false"}).debug);
}

TEST(Flags, CombinedOnesWinOverPlainOnesWhereverTheyStand) {
  Options traced;
  traced.trace = true;
  Options options = Applied({"-DV=false", "-D", "-V"}, traced);
  EXPECT_FALSE(options.debug || options.trace);
  options = Applied({"-DV"});
  EXPECT_TRUE(options.debug && options.trace && !options.trace_verbose);
  options = Applied({"-VV"});
  EXPECT_TRUE(!options.debug && options.trace && options.trace_verbose);
  options = Applied({"-DVV"});
  EXPECT_TRUE(options.debug && options.trace && options.trace_verbose);
  options = Applied({"-VV=false", "-DVV", "-DV=false"});
  EXPECT_TRUE(options.debug && !options.trace && !options.trace_verbose);
}

TEST(Flags, APortThatIsNoneIsKeptForTheComplaint) {
  EXPECT_EQ(Applied({"-p", "4294971518"}).port, 4294971518);  // Not 4222.
}

TEST(Flags, AskForOneThing) {
  EXPECT_EQ(Parse({"-v", "-h"}).request, Request::kShowVersion);
  EXPECT_EQ(Parse({"-h"}).request, Request::kShowUsage);
  EXPECT_EQ(Parse({"-h=false"}).request, Request::kServe);
  EXPECT_EQ(Parse({"-t", "-c", "x"}).request, Request::kCheckConfig);
  EXPECT_EQ(Parse({"-c", "x"}).config_file, "x");
  const CommandLine signal = Parse({"-sl", "quit=1", "-c", "x"});
  EXPECT_EQ(signal.request, Request::kSignal);
  EXPECT_EQ(signal.signal, "quit=1");
  EXPECT_EQ(Parse({"--signal", ""}).request, Request::kServe);
}

TEST(Flags, OfMissingFeaturesAreRefusedByName) {
  const std::vector<std::pair<std::vector<std::string_view>, std::string>> refused = {
      {{"-js"}, "-js: this version has no JetStream yet"},
      {{"--jetstream"}, "-jetstream: this version has no JetStream yet"},
      {{"-sd", "/tmp"}, "-sd: this version has no JetStream yet"},
      {{"--store_dir=x"}, "-store_dir: this version has no JetStream yet"},
      {{"-ms", "8443"}, "-ms: this version has no TLS yet"},
      {{"--https_port", "1"}, "-https_port: this version has no TLS yet"},
      {{"--tls"}, "-tls: this version has no TLS yet"},
      {{"--tlsverify"}, "-tlsverify: this version has no TLS yet"},
      {{"--tlscert", "x"}, "-tlscert: this version has no TLS yet"},
      {{"--tlskey", "x"}, "-tlskey: this version has no TLS yet"},
      {{"--tlscacert", "x"}, "-tlscacert: this version has no TLS yet"},
      {{"--help_tls"}, "-help_tls: this version has no TLS yet"},
      {{"--routes", "x"}, "-routes: this version has no clusters yet"},
      {{"--cluster", "x"}, "-cluster: this version has no clusters yet"},
      {{"--cluster_listen", "x"}, "-cluster_listen: this version has no clusters yet"},
      {{"--cluster_advertise", "x"}, "-cluster_advertise: this version has no clusters yet"},
      {{"--cluster_name", "x"}, "-cluster_name: this version has no clusters yet"},
      {{"--no_advertise"}, "-no_advertise: this version has no clusters yet"},
      {{"--connect_retries", "1"}, "-connect_retries: this version has no clusters yet"},
      {{"--profile", "1"}, "-profile: this version has no profiling yet"},
  };
  for (const auto& [args, text] : refused) {
    const CommandLine command_line = Parse(args);
    EXPECT_EQ(command_line.request, Request::kRefused) << text;
    EXPECT_EQ(command_line.error, "unsupported flag " + text);
  }
}

TEST(Flags, OfMissingFeaturesMaySwitchThemOff) {
  const CommandLine off = Parse({"-js=false", "--tls=false", "--routes", "", "--profile", "0"});
  EXPECT_EQ(off.request, Request::kServe) << off.error;
}

TEST(Flags, UsageNamesTheProgramAndMarksWhatIsMissing) {
  const std::string usage = UsageText("dunlin");
  EXPECT_NE(usage.find("\nUsage: dunlin [options]\n"), std::string::npos);
  EXPECT_NE(usage.find("JetStream Options (not supported yet):\n"), std::string::npos);
  EXPECT_EQ(usage.find('@'), std::string::npos);
}

}  // namespace
}  // namespace dunlin::config
