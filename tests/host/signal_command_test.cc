#include "host/signal_command.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <utility>

#include "tests/support/temp_dir.h"

namespace dunlin::host {
namespace {

struct Fake {
  std::vector<int> running = {};
  std::vector<std::pair<int, int>> sent = {};  // pid, signal
  int error = 0;

  ProcessTable Table() {
    return {"dunlin", [this] { return running; },
            [this](int pid, int signal) {
              sent.emplace_back(pid, signal);
              return error;
            }};
  }
  std::string Send(std::string_view argument) {
    const auto failed = SendSignal(argument, Table());
    return failed ? failed->text : "";
  }
};

using Sent = std::vector<std::pair<int, int>>;

TEST(SignalCommand, NeedsARunningServer) {
  EXPECT_EQ(Fake().Send("stop"), "no dunlin processes running");
  EXPECT_EQ(Fake().Send("stop=*"), "no dunlin processes running");
}

TEST(SignalCommand, FindsTheOneServer) {
  Fake fake{{123}};
  EXPECT_EQ(fake.Send("stop"), "");
  EXPECT_EQ(fake.sent, (Sent{{123, SIGKILL}}));
}

TEST(SignalCommand, DoesNotChooseAmongServers) {
  Fake fake{{123, 456}};
  EXPECT_EQ(fake.Send("stop"), "multiple dunlin processes running:\n123\n456");
  EXPECT_TRUE(fake.sent.empty());
}

TEST(SignalCommand, SendsToAllServersOnRequest) {
  Fake fake{{123, 456}};
  EXPECT_EQ(fake.Send("stop=*"), "");
  EXPECT_EQ(fake.sent, (Sent{{123, SIGKILL}, {456, SIGKILL}}));
}

TEST(SignalCommand, SendsToPidsThatStartSo) {
  Fake fake{{123, 124, 456}};
  EXPECT_EQ(fake.Send("quit=12*"), "");
  EXPECT_EQ(fake.sent, (Sent{{123, SIGINT}, {124, SIGINT}}));
}

TEST(SignalCommand, ListsWhatFailed) {
  Fake fake{{123, 456}, {}, ESRCH};
  EXPECT_EQ(fake.Send("stop=*"),
            "\nsignal \"stop\" 123: no such process\nsignal \"stop\" 456: no such process");
}

TEST(SignalCommand, KnowsTheCommands) {
  const std::pair<const char*, int> commands[] = {{"stop", SIGKILL},  {"quit", SIGINT},
                                                  {"term", SIGTERM},  {"reopen", SIGUSR1},
                                                  {"reload", SIGHUP}, {"ldm", SIGUSR2}};
  for (const auto& [name, signal] : commands) {
    Fake fake;
    EXPECT_EQ(fake.Send(std::string(name) + "=123"), "");
    EXPECT_EQ(fake.sent, (Sent{{123, signal}})) << name;
  }
  Fake fake;
  EXPECT_EQ(fake.Send("invalid=123"), "unknown signal \"invalid\"");
  EXPECT_TRUE(fake.sent.empty());
}

TEST(SignalCommand, RefusesWhatIsNoPid) {
  EXPECT_EQ(Fake().Send("stop=abc"), "invalid pid: abc");
  EXPECT_EQ(Fake().Send("stop=12a*"), "invalid pid: 12a");
  // Whole groups of processes, to kill(2).
  EXPECT_EQ(Fake().Send("stop=-1"), "invalid pid: -1");
  EXPECT_EQ(Fake().Send("stop=0"), "invalid pid: 0");
}

TEST(SignalCommand, RefusesASecondPid) {
  EXPECT_EQ(Fake().Send("stop=1=2=3"), "invalid signal parameters: [2 3]");
}

TEST(SignalCommand, TakesThePidFromAFile) {
  const testing::TempDir dir;
  std::ofstream(dir.File("pid")) << "321";
  Fake fake;
  EXPECT_EQ(fake.Send("reload=" + dir.File("pid")), "");
  EXPECT_EQ(fake.sent, (Sent{{321, SIGHUP}}));
  EXPECT_EQ(fake.Send("reload=" + dir.File("none")), "invalid pid: " + dir.File("none"));
}

}  // namespace
}  // namespace dunlin::host
