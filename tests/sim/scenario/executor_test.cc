// What a scenario must not let pass: each story here is wrong, and must fail with the right words.
#include "sim/scenario/executor.h"

#include <gtest/gtest.h>

#include "sim/scenario/parser.h"
#include "sim/scenario/sim_run.h"

namespace dunlin::scenario {
namespace {

Outcome Told(const std::string& story) {
  std::vector<Problem> problems;
  const auto script = ParseScript(story, "f.scn", &problems);
  for (const Problem& problem : problems) ADD_FAILURE() << FormatProblem("f.scn", problem);
  if (!script) return {};
  return RunInSimulator(*script, 1).outcome;
}

// Behind a server and two connected clients. Empty if it passed.
std::string FailureOf(const std::string& story) {
  const Outcome outcome = Told("# story\nserver s monitor\nconnect alice\nconnect bob\n" + story);
  return outcome.verdict == Verdict::kFailed ? outcome.text : "";
}

struct Wrong {
  const char* name;
  const char* story;
  const char* expected;  // How the failure starts.
};

class ScenarioFailure : public testing::TestWithParam<Wrong> {};

TEST_P(ScenarioFailure, IsSeenAndTold) {
  const std::string failure = FailureOf(std::string(GetParam().story) + "\n");
  EXPECT_EQ(failure.substr(0, std::string(GetParam().expected).size()), GetParam().expected);
}

constexpr Wrong kWrong[] = {
    {"AnotherLine", "alice > PING\nalice < +OK",
     "f.scn:6:1: client alice expected\n    +OK\n  but got\n    PONG"},
    {"NoLine", "within 1s alice < PONG",
     "f.scn:5:1: client alice expected\n    PONG\n  but nothing came"},
    {"LineInTheWrongOrder", "alice > {\n  SUB a 1\n  PUB a 0 |\n  PING\n}\nalice < PONG",
     "f.scn:10:1: client alice expected\n    PONG\n  but got\n    MSG a 1 0 | "},
    {"SomethingLeft", "alice > PING",
     "f.scn:5:1: at the end: nothing expected that alice received\n    PONG"},
    {"MessageLeft", "alice > SUB a 1\nbob > PUB a 0 |\nsync bob",
     "f.scn:7:1: at the end: nothing expected that alice received\n    MSG a 1 0 | "},
    {"NotNothing", "alice > PING\nalice < nothing",
     "f.scn:6:1: client alice expected nothing, but got\n    PONG"},
    {"NotClosed", "within 1s alice < closed", "f.scn:5:1: client alice is still open"},
    {"ClosedUnseen", "alice > CONNECT x", "f.scn:5:1: at the end: the server has closed alice"},
    {"ClosedTooEarly", "alice > CONNECT x\nalice < PONG",
     "f.scn:6:1: client alice expected\n    PONG\n  but the connection was closed"},
    {"NothingButClosed", "alice > CONNECT x\nalice < nothing",
     "f.scn:6:1: client alice expected nothing, but was closed"},
    {"ErrorBeforeTheEnd", "alice > X\nalice < closed",
     "f.scn:6:1: client alice expected the end of the connection, but got\n    -ERR 'Unknown "
     "Protocol Operation'"},
    {"ClosedTwice", "close alice\nalice > PING", "f.scn:6:1: client alice is closed"},
    {"OpenTwice", "connect alice", "f.scn:5:1: client alice is open already"},
    {"TooFew", "alice > PING\nwithin 1s alice < 2 of PONG",
     "f.scn:6:1: client alice expected\n    PONG\n  but nothing came"},
    {"NoneOfThese", "alice > {\n  PING\n  PING\n}\nalice < any order {\n  PONG\n  +OK\n}",
     "f.scn:9:1: client alice expected one of\n    +OK\n  but got\n    PONG"},
    {"UntilNever", "alice > PING\nwithin 1s alice < until +OK",
     "f.scn:6:1: client alice expected\n    +OK\n  but nothing came"},
    {"ShareOfOthers", "alice, bob > {\n  PING\n}\nalice, bob share 2 of +OK",
     "f.scn:8:1: expected\n    +OK\n  but client alice got\n    PONG"},
    {"ShareOfFewer", "alice, bob > {\n  PING\n}\nwithin 1s alice, bob share 3 of PONG",
     "f.scn:8:1: expected 3 in all, got 2"},
    {"ShareUnevenly", "alice > {\n  PING\n  PING\n}\nalice, bob share 2 each 1..1 of PONG",
     "f.scn:9:1: alice got 2 of 2"},
    {"CaptureThatDiffers",
     "alice > {\n  SUB a.> 1\n  PUB a.b 0 |\n  PUB a.c 0 |\n}\nalice < MSG $x 1 0 |\nalice < MSG "
     "$x 1 0 |",
     "f.scn:11:1: client alice expected\n    MSG a.b 1 0 | \n  but got\n    MSG a.c 1 0 | "},
    {"JsonThatDiffers", "get /varz { connections: 3 }",
     "f.scn:5:1: GET /varz: connections: expected 3, got a number: 2"},
    {"JsonThatNeverFits", "within 1s get /varz { connections: 3 }",
     "f.scn:5:1: GET /varz: connections: expected 3, got a number: 2"},
    {"Status", "get /varz status=404", "f.scn:5:1: GET /varz: expected status 404, got 200"},
    {"Body", "get /healthz body=\"x\"", "f.scn:5:1: GET /healthz: expected the body x, got "},
    {"BodyWith", "get /healthz lacks=\"status\"",
     "f.scn:5:1: GET /healthz: the body must not hold status, got "},
    {"HttpHeader", "get /healthz header=\"X: y\"",
     "f.scn:5:1: GET /healthz: expected the header X: y, got"},
    {"LogWithout", "within 1s log has \"nonsense\"",
     "f.scn:5:1: expected 1 log lines of server s with: nonsense"},
    {"LogWith", "log never \"Server is ready\"",
     "f.scn:5:1: server s has logged what it must never: Server is ready"},
    {"LogWithLater", "log never \"Shutdown\"\nstop s\nalice < closed\nbob < closed",
     "f.scn:5:1: server s has logged what it must never: Shutdown"},
    {"ExitCode", "stop s exit=3", "f.scn:5:1: expected exit code 3 of server s, got 0"},
    {"NoEnd", "within 1s await s", "f.scn:5:1: server s has not ended"},
    {"EndUnseen", "signal s TERM\nawait s\nrestart s\nconnect carl\nkill s\nstop s",
     "f.scn:10:1: server s does not run"},
    {"BadConfig", "server s2 {\n  prot: 1\n}",
     "f.scn:5:1: server s2 ended with exit code 1 instead of getting ready"},
    {"RunExit", "run exit=1 args=\"-v\"", "f.scn:5:1: expected exit code 1, got 0"},
    {"RunErrors", "run exit=0 args=\"-v\" stderr=\"x\"", "f.scn:5:1: stderr is not as expected: x"},
    {"FileContent", "write a { b }\nwithin 1s file a is \"c\"",
     "f.scn:6:1: file a: expected c, got b\\n"},
    {"FileThere", "write a { b }\nwithin 1s file a absent",
     "f.scn:6:1: file a: expected absent, got b\\n"},
    {"FilesNamed", "write ab { c }\nwithin 1s files \"a...\" 2",
     "f.scn:6:1: expected 2 files named a..., there are ab"},
    {"Unrecorded", "alice < ?",
     "f.scn:5:1: '?' stands for what has not been recorded; run with --update"},
};

INSTANTIATE_TEST_SUITE_P(All, ScenarioFailure, testing::ValuesIn(kWrong),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ScenarioExecutor, PassesAStoryThatIsTrue) {
  EXPECT_EQ(FailureOf("alice > SUB a.> 1\nsync\nrepeat 3 {\n  bob > PUB a.${i} # | ${x*i}\n}\n"
                      "alice < MSG a.1 1 1 | x\nalice < any order {\n  MSG a.3 1 # | xxx\n  MSG $s "
                      "1 2 | ...\n}\n"
                      "bob > PUB $s 0 |\nalice < until MSG a.2 1 0 |\nalice < nothing\nclose bob\n"
                      "within 5s get /varz { connections: 1 }\n"),
            "");
}

TEST(ScenarioExecutor, SkipsWithTheReasonGiven) {
  const Outcome outcome = Told("# story\nskip sim because \"it rains\"\nserver\n");
  EXPECT_EQ(outcome.verdict, Verdict::kSkipped);
  EXPECT_EQ(outcome.text, "it rains");
}

TEST(ScenarioExecutor, MovesVirtualTime) {
  const Outcome outcome = Told(
      "# story\nonly sim because \"two minutes\"\nserver {\n  ping_interval: \"2m\"\n}\n"
      "connect alice pings=show\nalice < PING\nadvance 119s\nalice < nothing\nadvance 2m\nalice < "
      "PING\n");
  EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.text;
}

TEST(ScenarioExecutor, PutsInWhatWasRecorded) {
  EXPECT_EQ(
      Replaced("# story\nserver\nalice < ?\nalice < +OK\n",
               {{{3, 9, 10}, "PONG", {"MSG a 1 0 |", "closed"}}, {{4, 9, 12}, "-ERR 'x'", {}}}),
      "# story\nserver\nalice < PONG\nalice < MSG a 1 0 |\nalice < closed\nalice < -ERR 'x'\n");
}

}  // namespace
}  // namespace dunlin::scenario
