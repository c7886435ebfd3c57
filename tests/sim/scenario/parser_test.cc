#include "sim/scenario/parser.h"

#include <gtest/gtest.h>

namespace dunlin::scenario {
namespace {

// What an editor would be shown for a file: its problems, one a line.
std::string ProblemsOf(std::string_view text) {
  std::vector<Problem> problems;
  const auto script = ParseScript(text, "f.scn", &problems);
  EXPECT_EQ(script.has_value(), problems.empty());
  std::string all;
  for (const Problem& problem : problems) all += FormatProblem("f.scn", problem) + "\n";
  return all;
}

struct Mistake {
  const char* name;
  const char* text;      // Behind '# story', 'server', 'connect alice'.
  const char* expected;  // The part of the message that tells.
};

std::string Around(const char* text) {
  return std::string("# story\nserver\nconnect alice\n") + text + "\n";
}

class ScenarioMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ScenarioMistake, IsReportedWithItsPlace) {
  const std::string problems = ProblemsOf(Around(GetParam().text));
  EXPECT_EQ(problems, std::string("f.scn:") + GetParam().expected + "\n");
}

constexpr Mistake kMistakes[] = {
    {"UnknownVerb", "conect bob",
     "4:1: unknown verb 'conect' (did you mean 'connect'?); expected a verb, or CLIENT followed by "
     "'>', '>>', '<' or 'share'"},
    {"UnknownClient", "alcie > PING",
     "4:1: no client 'alcie' has been opened above (did you mean 'alice'?)"},
    {"UnknownServer", "stop s2", "4:6: no server 's2' has been started above"},
    {"NoOperator", "alice PING", "4:7: expected '>', '>>', '<' or 'share' after the client's name"},
    {"NothingExpected", "alice <", "4:8: expected what the client receives, 'nothing' or 'closed'"},
    {"UnknownVariable", "alice > PUB $reply 0 |",
     "4:13: nothing above gives 'reply' a value; write '\\$' for a dollar sign"},
    {"MistypedVariable", "let inbox = a\nalice > PUB $inbxo 0 |",
     "5:13: nothing above gives 'inbxo' a value (did you mean 'inbox'?); write '\\$' for a dollar "
     "sign"},
    {"UnknownField", "alice > PUB ${alice.pid} 0 |", "4:13: a client has .cid and .port"},
    {"UnknownServerField", "alice > PUB ${s.cid} 0 |",
     "4:13: a server has .port, .http, .pid, .id and .name"},
    {"FieldOfNobody", "alice > PUB ${bob.cid} 0 |", "4:13: no client or server 'bob' stands above"},
    {"OpenBraces", "alice > PUB ${x 0 |", "4:13: '${' without its '}'"},
    {"StrangeExpression", "alice > PUB ${1x} 0 |",
     "4:13: '${1x}' is not understood; there are ${name}, ${name.field}, ${name+1}, ${text*100}"},
    {"RangeSent", "alice > PUB foo ${1..2} |",
     "4:17: a range of numbers can be expected, not sent"},
    {"TooLongRepetition", "alice > PUB foo # | ${xx*100000000}",
     "4:21: a repeated text has at most 134217728 bytes"},
    {"RepetitionOfNothingKnown", "alice > PUB foo # | ${x*}",
     "4:21: '*' in '${...}' takes a number or a variable's name after it"},
    {"UnknownEscape", "alice > PUB a\\q 0 |",
     "4:14: unknown escape '\\q'; there are \\r \\n \\t \\0 \\s \\xHH \\\\ \\| \\$ \\* \\# \\. "
     "\\\""},
    {"EscapeAtTheEnd", "alice > PUB foo 1 | \\",
     "4:21: a '\\' at the end; write '\\\\' for a backslash"},
    {"HalfAHexEscape", "alice >> \"\\x1\"", "4:11: '\\x' takes two hexadecimal digits"},
    {"BytesWithoutQuotes", "alice >> PING", "4:10: expected bytes in double quotes after '>>'"},
    {"OptionOfConnect", "connect bob verbos=true",
     "4:13: 'verbos' is no field of CONNECT (did you mean 'verbose'?)"},
    {"OptionOfOpen", "open bob verbose=true",
     "4:10: 'verbose' is no option of 'open'; there are pings=show and rcvbuf=N"},
    {"WordOfConnect", "connect bob loud",
     "4:13: expected 'connect NAMES [on SERVER] [pings=show] [FIELD=VALUE ...]'"},
    {"WordOfOpen", "open bob loud",
     "4:10: expected 'open NAMES [on SERVER] [monitor] [pings=show] [rcvbuf=N]'"},
    {"PingsOtherwise", "open bob pings=no", "4:16: expected 'pings=show'"},
    {"ReceiveBuffer", "open bob rcvbuf=x", "4:17: a receive buffer is a number of bytes"},
    {"ClientNamedAsServer", "connect s", "4:9: 's' is taken; choose another name for the client"},
    {"ClientNamedAsVerb", "connect sync",
     "4:9: 'sync' is taken; choose another name for the client"},
    {"NoName", "connect 1a", "4:9: '1a' is no name for a client"},
    {"MissingName", "close", "4:6: expected a client's name"},
    {"RangeBackwards", "connect c5..c1", "4:9: expected a range of clients such as c1..c50"},
    {"RangeOfTwoStems", "connect c1..d5", "4:9: expected a range of clients such as c1..c50"},
    {"ServerTwice", "server",
     "4:7: server 's' has been started above; use 'restart', or another name"},
    {"ServerNamedAsClient", "server alice",
     "4:8: 'alice' is taken; choose another name for the server"},
    {"WordOfServer", "server s2 loud",
     "4:11: expected 'server [NAME] [monitor] [bare] [args=\"...\"] [{ config }]'"},
    {"WhichServer", "server s2\nget /varz { }", "5:5: say which server: s, s2"},
    {"OpenConfig", "server s2 {\n  port: 1", "4:11: this '{' has no '}' as far left as its line"},
    {"HalfAnInlineConfig", "server s2 { port: 1",
     "4:11: expected a line break behind '{', or '}' at the end of the line"},
    {"ConfigWithoutText", "config s", "4:9: expected the new config in '{ ... }'"},
    {"UnknownVariableInConfig", "server s2 {\n  a: \"${nowhere}/x\"\n}",
     "5:7: nothing above gives 'nowhere' a value; write '\\$' for a dollar sign"},
    {"Signal", "signal s KILL", "4:10: expected a signal: TERM, INT, HUP, USR1, USR2 or QUIT"},
    {"RunUnjudged", "run args=\"-t\"", "4:14: expected 'exit=N', the exit code that must come"},
    {"RunOption", "run code=1",
     "4:5: expected 'run [args=\"...\"] exit=N [stdout=\"...\"] [stderr=\"...\"] [{ config }]'"},
    {"ExitCode", "stop s exit=999", "4:13: an exit code is a number from 0 to 255"},
    {"EndOption", "stop s code=9", "4:8: expected 'exit=N'"},
    {"LogWord", "log s shows \"x\"", "4:7: expected 'has \"...\"' or 'never \"...\"'"},
    {"LogWithoutText", "log s never x", "4:13: expected what the line holds, in double quotes"},
    {"LogCountWithoutOf", "log s has 2 \"x\"", "4:13: expected 'of \"...\"' after the number"},
    {"FileName", "write a/b { x }",
     "4:7: expected a file name without '/'; the file is made in the scenario's folder"},
    {"FileWithoutContent", "write a", "4:8: expected the file's content in '{ ... }'"},
    {"FileWord", "file a b", "4:8: expected 'is \"...\"', 'has \"...\"' or 'absent'"},
    {"FileText", "file a is b", "4:11: expected the content in double quotes"},
    {"FilesPattern", "files a 5", "4:7: expected a pattern for file names in double quotes"},
    {"GetWithoutPath", "get s varz { }", "4:7: expected a path such as /varz"},
    {"GetUnjudged", "get /varz",
     "4:10: expected what the page must be: { json }, status=N, header= or body="},
    {"GetOption", "get /varz code=4",
     "4:11: expected 'get [SERVER] /PATH [status=N] [header=\"...\"] [body=\"...\"] "
     "[lacks=\"...\"] [{ json }]'"},
    {"GetStatus", "get /varz status=ok", "4:18: a status is a number such as 404"},
    {"JsonOpen", "get /varz {\n  a: 1", "4:11: this '{' has no '}'"},
    {"JsonArrayOpen", "get /varz { a: [1", "4:16: this '[' has no ']'"},
    {"JsonNoColon", "get /varz { a 1 }", "4:15: expected ':' after the field 'a'"},
    {"JsonNoName", "get /varz { = }", "4:13: expected a field name or '}'"},
    {"JsonNoValue", "get /varz { a: strnig }",
     "4:16: 'strnig' is no value; expected a number, \"text\", true, false, null, {...}, [...], a "
     "comparison "
     "(> 5, 1..9), $name, or one of any, absent, string, int, number, bool, object, array, time, "
     "duration"},
    {"JsonComparison", "get /varz { a: > x }",
     "4:16: expected a whole number after the comparison"},
    {"JsonSize", "get /varz { a: string(x) }",
     "4:22: a size is a number or a comparison, such as (56) or (>2)"},
    {"JsonSizeOfInt", "get /varz { a: int(4) }", "4:19: only 'string' and 'array' have a size"},
    {"JsonOpenString", "get /varz { a: \"x }", "4:16: a string without its closing '\"'"},
    {"JsonAfterDots", "get /varz { a: [1, ..., 2] }", "4:25: expected ']' after '...'"},
    {"JsonExactly", "get /varz { a: exactly 5 }", "4:24: expected '{' after 'exactly'"},
    {"JsonAnyOrder", "get /varz { a: any order 5 }", "4:26: expected '[' after 'any order'"},
    {"BehindJson", "get /varz { a: 1 } x", "4:20: expected the end of the line instead of 'x'"},
    {"RepeatCount", "repeat x {\n}", "4:8: expected a number up to 10000000 instead of 'x'"},
    {"RepeatName", "repeat 2 as 5 {\n}", "4:13: expected a name after 'as'"},
    {"RepeatWithoutBlock", "repeat 2", "4:9: expected '{' at the end of the line"},
    {"OpenBlock", "repeat 2 {\n  sync", "5:1: the file ends within a block; expected '}'"},
    {"CaptureOfARound", "repeat 2 {\n  alice < MSG $a\n}\nalice > PUB $a",
     "7:13: nothing above gives 'a' a value; write '\\$' for a dollar sign"},
    {"LetWithoutName", "let 5 = 6", "4:5: expected 'let NAME = TEXT'"},
    {"LetWithoutEquals", "let a 6", "4:7: expected '=' after the name"},
    {"WithinWhat", "within 5s", "4:10: expected what must happen within that time"},
    {"WithinLength", "within 5 alice < PONG",
     "4:8: expected a length of time such as 200ms, 5s, 2m, 1h"},
    {"AdvanceLength", "advance soon", "4:9: expected a length of time such as 200ms, 5s, 2m, 1h"},
    {"OnWhom", "on windows because \"x\" {\n}",
     "4:4: expected a target (sim, daemon, reference) instead of 'windows'"},
    {"OnWithoutReason", "on reference {\n}",
     "4:14: expected 'because \"...\"': a difference needs its reason"},
    {"OnWithEmptyReason", "on reference because \"\" {\n}",
     "4:22: expected the reason in double quotes"},
    {"HeaderBelow", "only sim because \"x\"",
     "4:1: 'only' stands at the top, before the first statement"},
    {"LoneBrace", "}", "4:1: '}' without a block that it ends"},
    {"AnyOrderOfNothing", "alice < any order {\n}",
     "4:19: expected at least one line between '{' and '}'"},
    {"OpenSend", "alice > {\n  PING", "4:9: this '{' has no '}' as far left as its line"},
    {"ShareEach", "alice share 5 each x of MSG",
     "4:20: expected a range such as 5..20 or >=5 after 'each'"},
    {"ShareOf", "alice share 5 MSG",
     "4:15: expected 'NAMES share N [each A..B] [by $NAME] of LINE'"},
    {"ShareBy", "alice share 5 by sid of MSG",
     "4:18: expected a new name after 'by', such as $sid"},
    {"ChopCount", "chop alice x", "4:12: expected a number up to 10000000 instead of 'x'"},
    {"MoreBehind", "sync alice bob", "4:12: expected the end of the line instead of 'bob'"},
    {"AdvanceInRealTime", "advance 2m",
     "4:1: 'advance' moves virtual time, which only sim has; say so at the top: 'only sim because "
     "\"...\"'"},
};

INSTANTIATE_TEST_SUITE_P(All, ScenarioMistake, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ScenarioParser, AsksForAStory) {
  EXPECT_EQ(ProblemsOf("server\n"),
            "f.scn:1:1: the file must begin with a comment ('# ...') that says what must hold\n");
}

TEST(ScenarioParser, AsksForAServerFirst) {
  EXPECT_EQ(ProblemsOf("# story\nconnect alice\n"),
            "f.scn:2:14: no server has been started above; write 'server' first\n");
}

TEST(ScenarioParser, RefusesAnEmptyStory) {
  EXPECT_EQ(ProblemsOf("# story\n"), "f.scn:1:1: nothing happens in this scenario\n");
}

TEST(ScenarioParser, ReportsEveryMistakeOfAFileOnce) {
  EXPECT_EQ(
      ProblemsOf("# story\nserver s {\n  a: ${b}\n}\nrepeat x {\n  nonsense here\n}\nstop s9\n"),
      "f.scn:3:6: nothing above gives 'b' a value; write '\\$' for a dollar sign\n"
      "f.scn:5:8: expected a number up to 10000000 instead of 'x'\n"
      "f.scn:8:6: no server 's9' has been started above\n");
}

TEST(ScenarioParser, TakesIndentationOutOfAConfig) {
  std::vector<Problem> problems;
  const auto script =
      ParseScript("# story\nserver s {\n    a: {\n      b: 1\n    }\n}\n", "f.scn", &problems);
  ASSERT_TRUE(script.has_value());
  const auto& start = std::get<ServerStart>(script->body[0].what);
  ASSERT_TRUE(start.config.has_value());
  EXPECT_EQ(start.config->pieces[0].text, "a: {\n  b: 1\n}\n");
}

TEST(ScenarioParser, ReadsAHeader) {
  std::vector<Problem> problems;
  const auto script =
      ParseScript("# story\nskip reference because \"we differ\"\nserver\n", "f.scn", &problems);
  ASSERT_TRUE(script.has_value());
  EXPECT_TRUE(script->header.runs[static_cast<int>(TargetName::kSim)]);
  EXPECT_FALSE(script->header.runs[static_cast<int>(TargetName::kReference)]);
  EXPECT_EQ(script->header.because[static_cast<int>(TargetName::kReference)], "we differ");
}

}  // namespace
}  // namespace dunlin::scenario
