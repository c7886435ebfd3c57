#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

std::string ParsedFile(FakeSource source, const std::string& path = "d/main.conf") {
  return Show(ParseFile(path, source));
}

TEST(Includes, PutTheEntriesOfAFileInTheirPlace) {
  FakeSource source;
  source.files["d/main.conf"] =
      "listen: 127.0.0.1:4222\n\nauthorization {\n  include 'inc/users.conf' # Pull in\n"
      "  timeout: 0.5\n}\n";
  source.files["d/inc/users.conf"] =
      "# Users\n\ninclude ./pass.conf;\n\nusers = [\n  {user: alice, password: $ALICE}\n"
      "  {user: bob,   password: $BOB}\n]\n";
  source.files["d/inc/pass.conf"] = "ALICE: $2a$10$UHR6GhotWhp\nBOB: $2a$11$dZM98SpGeI7\n";
  EXPECT_EQ(ParsedFile(source),
            R"({"authorization":{"ALICE":"$2a$10$UHR6GhotWhp","BOB":"$2a$11$dZM98SpGeI7",)"
            R"("timeout":0.5,"users":[{"password":"$2a$10$UHR6GhotWhp","user":"alice"},)"
            R"({"password":"$2a$11$dZM98SpGeI7","user":"bob"}]},"listen":"127.0.0.1:4222"})");
}

TEST(Includes, MakeTheirEntriesVariables) {
  FakeSource source;
  source.files["inc/p.conf"] = "ALICE: one\nBOB: two\n";
  EXPECT_EQ(
      Parsed("\nauthorization {\n\n  include \"./inc/p.conf\"\n\n  CAROL: three\n\n  users = [\n"
             "   {user: alice, password: $ALICE}\n   {user: carol, password: $CAROL}\n  ]\n}\n",
             source),
      R"({"authorization":{"ALICE":"one","BOB":"two","CAROL":"three","users":[)"
      R"({"password":"one","user":"alice"},{"password":"three","user":"carol"}]}})");
}

TEST(Includes, DoNotSeeTheVariablesAroundThem) {
  FakeSource source;
  source.files["i.conf"] = "b = $a";
  EXPECT_EQ(Parsed("a = 1\ninclude i.conf", source),
            "error: error parsing include file 'i.conf', variable reference for 'a' on line 1 can "
            "not be found");
}

TEST(Includes, AreRelativeToTheIncludingFile) {
  FakeSource source;
  source.files = {{"/etc/n/main.conf", "include '../m/a.conf'\n"},
                  {"/etc/m/a.conf", "include 'b.conf'\n"},
                  {"/etc/m/b.conf", "x = 1\n"}};
  EXPECT_EQ(ParsedFile(source, "/etc/n/main.conf"), R"({"x":1})");
}

// A rooted path is not: the reference joins it all the same.
TEST(Includes, AreRelativeEvenIfTheyAreRooted) {
  FakeSource source;
  source.files = {{"d/main.conf", "include '/a.conf'\n"}, {"d/a.conf", "x = 1\n"}};
  EXPECT_EQ(ParsedFile(source), R"({"x":1})");
}

TEST(Includes, MayBeJson) {
  FakeSource source;
  source.files = {{"d/main.conf",
                   "accounts {\n foo  { include 'foo.json'  }\n bar  { include 'bar.json'  }\n"
                   " quux { include 'quux.json' }\n}\n"},
                  {"d/foo.json", "{ \"users\": [ {\"user\": \"foo\"} ] }"},
                  {"d/bar.json", "{\n  \"users\": [ {\"user\": \"bar\"} ]\n}"},
                  {"d/quux.json", "{}"}};
  EXPECT_EQ(ParsedFile(source),
            R"({"accounts":{"bar":{"users":[{"user":"bar"}]},"foo":{"users":[{"user":"foo"}]},)"
            R"("quux":{}}})");
}

TEST(Includes, PassOnTheirErrors) {
  FakeSource source;
  source.files = {{"d/main.conf",
                   "accounts {\n foo { include 'foo.conf'}\n bar { users = [{user = \"bar\"}] }\n"
                   " quux { include 'quux.conf'}\n}\n"},
                  {"d/foo.conf", ""},
                  {"d/quux.conf", "?????????????"}};
  EXPECT_EQ(ParsedFile(source),
            "error: error parsing include file 'quux.conf', config is invalid (d/quux.conf:1:13)");
  source.files["d/quux.conf"] = "\n  # just some comments,\n  # and no key values also ok.\n";
  EXPECT_EQ(ParsedFile(source),
            R"({"accounts":{"bar":{"users":[{"user":"bar"}]},"foo":{},"quux":{}}})");
  source.files["d/foo.conf"] = std::string(34, 'A');
  EXPECT_EQ(ParsedFile(source),
            "error: error parsing include file 'foo.conf', config is invalid (d/foo.conf:1:34)");
}

TEST(Includes, MustBeReadable) {
  FakeSource source;
  EXPECT_EQ(ParsedFile(source), "error: open d/main.conf: no such file or directory");
  source.files["d/main.conf"] = "\n include 'none.conf'";
  EXPECT_EQ(ParsedFile(source),
            "error: error parsing include file 'none.conf', open d/none.conf: no such file or "
            "directory");
  source.files["d/main.conf"] = "a = $E";
  source.env["E"] = "{ include 'none.conf' }";
  EXPECT_EQ(
      ParsedFile(source),
      "error: variable reference for 'E' on line 1 could not be parsed: error parsing include "
      "file 'none.conf', error opening config file: open none.conf: no such file or "
      "directory");
}

// The reference recurses until its stack is gone.
TEST(Includes, MayNotFormACycle) {
  FakeSource source;
  source.files = {{"./d/main.conf", "include 'a.conf'"},
                  {"d/main.conf", "include 'a.conf'"},
                  {"d/a.conf", "x { include './main.conf' }"}};
  EXPECT_EQ(ParsedFile(source, "./d/main.conf"),
            "error: error parsing include file 'a.conf', error parsing include file './main.conf', "
            "include cycle for 'd/main.conf'");
  source.files["d/a.conf"] = "x = $E";
  source.env["E"] = "{ include 'd/main.conf' }";
  EXPECT_EQ(
      ParsedFile(source),
      "error: error parsing include file 'a.conf', variable reference for 'E' on line 1 could "
      "not be parsed: error parsing include file 'd/main.conf', include cycle for "
      "'d/main.conf'");
}

TEST(Includes, MayComeTwice) {
  FakeSource source;
  source.files = {{"d/main.conf", "a { include x.conf }\nb { include x.conf }\n"},
                  {"d/x.conf", "k = v"}};
  EXPECT_EQ(ParsedFile(source), R"({"a":{"k":"v"},"b":{"k":"v"}})");
}

TEST(Includes, ListTheFilesOfTheDocument) {
  FakeSource source;
  source.files = {{"d/main.conf", "include x.conf\ninclude y.conf\n"},
                  {"d/x.conf", "k = v"},
                  {"d/y.conf", "include x.conf"}};
  const auto parsed = ParseFile("d/main.conf", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->files,
            (std::vector<std::string>{"d/main.conf", "d/x.conf", "d/y.conf", "d/x.conf"}));
}

}  // namespace
}  // namespace dunlin::config
