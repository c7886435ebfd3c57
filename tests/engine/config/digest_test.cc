#include "engine/config/digest.h"

#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

std::string DigestOf(std::string_view text, FakeSource source = {}) {
  const auto parsed = ParseText(text, source);
  return parsed.ok() ? Digest(parsed->root) : "error: " + parsed.error().text;
}

// All digests here were printed by the reference.

TEST(Digest, DoesNotDependOnSpelling) {
  const char* const digest =
      "sha256:226e49e13d16e5e8aa0d62e58cd63361bf097d3e2b2444aa3044334628a2e8de";
  EXPECT_EQ(DigestOf("foo = bar"), digest);
  EXPECT_EQ(DigestOf("# Comments and white space count for nothing\n     foo = bar\n    "), digest);
  EXPECT_EQ(DigestOf("# nor do separators\n 'foo': 'bar'\n"), digest);
  EXPECT_EQ(DigestOf("# nor braces\n { 'foo': 'bar' }\n"), digest);
  EXPECT_NE(DigestOf("foo = baz"), digest);
}

TEST(Digest, CoversVariablesAndWhatTheyStandFor) {
  EXPECT_EQ(DigestOf("BAR_USERS = { users = [ {user = \"bar\"} ]}\nhello = 'world'\naccounts {\n"
                     "  QUUX_USERS = [ { user: quux }]\n  bar = $BAR_USERS\n"
                     "  quux = { users = $QUUX_USERS }\n}\n"
                     "very { nested { env { VAR = 'NESTED', quux = $VAR }}}\n"),
            "sha256:bddb282343249c26d3edcef9bfaa9d2711505fc67210380e871405ba394a9186");
  EXPECT_EQ(DigestOf("hello = 'world'\naccounts {\n  bar  = { users = [ { user = \"bar\" } ]}\n"
                     "  quux = { users = [ { user: quux   } ]}\n}\n"
                     "very { nested { env { quux = 'NESTED' }}}\n"),
            "sha256:34f8faf3f269fe7509edc4742f20c8c4a7ad51fe21f8b361764314b533ac3ab5");
  EXPECT_EQ(DigestOf("BAR_USERS = { users = [ {user = \"foo\"} ]}\nbar = $BAR_USERS\naccounts {\n"
                     "  users = $BAR_USERS\n}\n"),
            "sha256:b0e2ba0b8ec2cb75681b5c5d61789cda0c9942c2f9fe16cdb7f6703364485360");
  EXPECT_EQ(DigestOf("bar = { users = [ {user = \"foo\"} ]}\naccounts {\n"
                     "  users = { users = [ {user = \"foo\"} ]}\n}\n"),
            "sha256:f5d943b4ed22b80c6199203f8a7eaa8eb68ef7b2d46ef6b1b26f05e21f8beb13");
}

TEST(Digest, DoesNotSeeWhetherAnEntryWasIncluded) {
  const char* const digest =
      "sha256:e72d70c91b64b0f880f86decb95ec2600cbdcf8bdcd2355fce5ebc54a84a77e9";
  FakeSource source;
  source.files = {{"foo.conf", " users = [{user = \"foo\"}]"},
                  {"bar.conf", " users = [{user = \"bar\"}]"},
                  {"quux.conf", " users = [{user = \"quux\"}]"}};
  EXPECT_EQ(
      DigestOf("accounts {\n  foo { include 'foo.conf'}\n  bar { users = [{user = \"bar\"}] }\n"
               "  quux { include 'quux.conf'}\n}\n",
               source),
      digest);
  EXPECT_EQ(DigestOf("accounts {\n  foo { include 'foo.conf'}\n  bar { include 'bar.conf'}\n"
                     "  quux { include 'quux.conf'}\n}\n",
                     source),
            digest);
}

TEST(Digest, KeepsAKeyThatIsUsedAsAVariable) {
  EXPECT_EQ(Parsed("port = 4222\nmonitor_port = $port\n"), R"({"monitor_port":4222,"port":4222})");
}

TEST(Digest, HashesWhatTheReferencesEncoderWrites) {
  EXPECT_EQ(
      DigestOf("a = {b: \"<\\x08\\x0c\", t: 2016-05-04T18:53:41Z, f: 1.5, n: -1}\n port = $a\n"
               " port = 4222\n"),
      "sha256:cee9322b828044546fdc9819be97539d42ab1fafbcd42cca6f4a34235164242d");
}

TEST(CanonicalJson, SortsKeysByTheirBytes) {
  EXPECT_EQ(Parsed("b=1, a=2, B=3, \"\xc3\xa9\"=4, aa=5"),
            "{\"B\":3,\"a\":2,\"aa\":5,\"b\":1,\"\xc3\xa9\":4}");
}

TEST(CanonicalJson, WritesScalarsAsTheReferenceDoes) {
  EXPECT_EQ(Parsed("a = \"<&>\\x01\\n\\xff\""), R"({"a":"\u003c\u0026\u003e\u0001\n\ufffd"})");
  EXPECT_EQ(Parsed("a = -9223372036854775808"), R"({"a":-9223372036854775808})");
  EXPECT_EQ(Parsed("a = 0.0000001, b = 100000000000000000000000.0, c = -0.0, d = 2.50"),
            R"({"a":1e-7,"b":1e+23,"c":-0,"d":2.5})");
  EXPECT_EQ(Parsed("a = 0000-02-29T00:00:00Z"), R"({"a":"0000-02-29T00:00:00Z"})");
}

TEST(CanonicalJson, EndsInALineEnd) { EXPECT_EQ(CanonicalJson(Value()), "{}\n"); }

}  // namespace
}  // namespace dunlin::config
