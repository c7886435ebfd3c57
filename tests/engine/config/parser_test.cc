#include "engine/config/parser.h"

#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

TEST(Parser, GivesEachScalarItsType) {
  FakeSource source;
  const auto parsed =
      ParseText("foo='1'; bar=2.2; baz=true; boo=22; when=2016-05-04T18:53:41Z", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*Get(parsed.value(), "foo").IfString(), "1");
  EXPECT_EQ(*Get(parsed.value(), "bar").IfFloat(), 2.2);
  EXPECT_EQ(*Get(parsed.value(), "baz").IfBool(), true);
  EXPECT_EQ(*Get(parsed.value(), "boo").IfInteger(), 22);
  EXPECT_EQ(*Get(parsed.value(), "when").IfDateTime(), (DateTime{2016, 5, 4, 18, 53, 41}));
}

TEST(Parser, KnowsAllSpellingsOfABoolean) {
  for (const std::string word : {"true", "TRUE", "True", "yes", "Yes", "on", "ON"}) {
    EXPECT_EQ(Parsed("foo=" + word), R"({"foo":true})");
  }
  for (const std::string word : {"false", "FALSE", "False", "no", "No", "off", "OFF"}) {
    EXPECT_EQ(Parsed("foo=" + word), R"({"foo":false})");
  }
  EXPECT_EQ(Parsed("foo=y"), R"({"foo":"y"})");
}

TEST(Parser, ParsesMapsInMapsAndArrays) {
  EXPECT_EQ(
      Parsed("\nfoo  {\n  host {\n    ip   = '127.0.0.1'\n    port = 4242\n  }\n"
             "  servers = [ \"a.com\", \"b.com\", \"c.com\"]\n}\n"),
      R"({"foo":{"host":{"ip":"127.0.0.1","port":4242},"servers":["a.com","b.com","c.com"]}})");
  EXPECT_EQ(Parsed("\n  array [\n    { abc: 123 }\n    { xyz: \"word\" }\n  ]\n"),
            R"({"array":[{"abc":123},{"xyz":"word"}]})");
}

TEST(Parser, ParsesAClusterWithBothKindsOfComments) {
  EXPECT_EQ(
      Parsed(
          "\ncluster {\n  port: 4244\n\n  authorization {\n    user: route_user\n"
          "    password: top_secret\n    timeout: 1\n  }\n\n  # One style,\n  // and the other.\n"
          "\n  routes = [\n    nats-route://foo:bar@example.org:4245\n"
          "    nats-route://foo:bar@example.org:4246\n  ]\n}\n"),
      R"({"cluster":{"authorization":{"password":"top_secret","timeout":1,"user":"route_user"},)"
      R"("port":4244,"routes":["nats-route://foo:bar@example.org:4245",)"
      R"("nats-route://foo:bar@example.org:4246"]}})");
}

TEST(Parser, KeepsLineEndsInQuotes) {
  EXPECT_EQ(
      Parsed("\nfoo  {\n  expr = '(true == \"false\")'\n  text = 'This is a multi-line\n"
             "text block.'\n}\n"),
      R"json({"foo":{"expr":"(true == \"false\")","text":"This is a multi-line\ntext block."}})json");
}

TEST(Parser, ParsesDates) {
  EXPECT_EQ(Parsed("\n  now = 2016-05-04T18:53:41Z\n  gmt = false\n\n"),
            R"({"gmt":false,"now":"2016-05-04T18:53:41Z"})");
}

TEST(Parser, LetsTheLastOfTwoEqualKeysWin) {
  EXPECT_EQ(Parsed("a = 1\nb = 2\na = [x]\n"), R"({"a":["x"],"b":2})");
}

TEST(Parser, KeepsTheOrderOfKeys) {
  FakeSource source;
  const auto parsed = ParseText("z = 1\na = 2\nz = 3\nm = 4", source);
  ASSERT_TRUE(parsed.ok());
  std::string order;
  for (const Map::Entry& entry : parsed->root.IfMap()->entries()) order += entry.key;
  EXPECT_EQ(order, "zam");
}

TEST(Parser, AcceptsTextsWithoutAnyValue) {
  EXPECT_EQ(Parsed(""), "{}");
  EXPECT_EQ(Parsed("\n\n\n        "), "{}");
  EXPECT_EQ(Parsed("\n   # just comments with no values\n   # is still valid.\n  "), "{}");
  EXPECT_EQ(Parsed("{}"), "{}");
  EXPECT_EQ(Parsed("\n  {\n  # comments in the body\n  }\n  "), "{}");
}

TEST(Parser, RefusesAKeyWithoutAValueAtTheEnd) {
  EXPECT_EQ(Parsed("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "error: config is invalid (:1:41)");
  EXPECT_EQ(Parsed("              aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "error: config is invalid (:1:41)");
  EXPECT_EQ(Parsed("     aaaaaaaaaaaaaaaaaaaaaaaaaaa         "),
            "error: config is invalid (:1:41)");
  EXPECT_EQ(Parsed("\n  \t\t# a comment\n \t\t# and another one.\n \t\taaaaaaa\n        "),
            "error: config is invalid (:5:9)");
  EXPECT_EQ(Parsed("\n     a,a,a,a,a,a,a,a,a,a,a\n     "), "error: config is invalid (:3:6)");
}

TEST(Parser, ForgivesABraceTooManyAtTheEnd) {
  EXPECT_EQ(Parsed("\n  accounts { users = [{}]}\n  }\n  "), R"({"accounts":{"users":[{}]}})");
  EXPECT_EQ(Parsed("{\n  accounts { users = [{}]}\n  }\n  "), R"({"accounts":{"users":[{}]}})");
}

TEST(Parser, SaysTheLineOfALexicalError) {
  EXPECT_EQ(Parsed("a = 1\nfoo = .2"),
            "error: Parse error on line 2: 'Floats must start with a digit'");
  EXPECT_EQ(Parsed("A@@F\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8?\xcb\x9b\xc3\xb8:{"
                   "\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xcb\x99"),
            "error: Parse error on line 1: 'Unexpected EOF processing map key.'");
  EXPECT_EQ(Parsed("include \"9/\xef\xbf\xbd"),
            "error: Parse error on line 1: 'Unexpected EOF in double quoted include'");
}

TEST(Parser, ParsesJson) {
  const char* const expected =
      R"({"cluster":{"port":6222,"routes":["nats://127.0.0.1:4222","nats://127.0.0.1:4223"]},)"
      R"("http_port":8227,"write_deadline":"1h"})";
  EXPECT_EQ(
      Parsed(
          "\n  {\n    \"http_port\": 8227,\n    \"write_deadline\": \"1h\",\n    \"cluster\": {\n"
          "      \"port\": 6222,\n      \"routes\": [\n        \"nats://127.0.0.1:4222\",\n"
          "        \"nats://127.0.0.1:4223\"\n      ]\n    }\n  }\n  "),
      expected);
  EXPECT_EQ(Parsed("{\"http_port\": 8227,\"write_deadline\": \"1h\",\"cluster\": {\"port\": 6222,"
                   "\"routes\": [\"nats://127.0.0.1:4222\",\"nats://127.0.0.1:4223\"]}}"),
            expected);
  // Commas may be missing, or one too many.
  EXPECT_EQ(Parsed("{\n  \"jetstream\": {\n    \"store_dir\": \"/tmp/nats\"\n    \"max_mem\": "
                   "1000000,\n  },\n"
                   "  \"port\": 4222,\n  \"server_name\": \"nats1\"\n}\n"),
            R"({"jetstream":{"max_mem":1000000,"store_dir":"/tmp/nats"},"port":4222,)"
            R"("server_name":"nats1"})");
}

TEST(Parser, ParsesTextsWrappedInBraces) {
  const char* const listen = R"({"listen":"0.0.0.0:4222"})";
  EXPECT_EQ(Parsed("{ listen: 0.0.0.0:4222 }"), listen);
  EXPECT_EQ(Parsed("{\n  listen: 0.0.0.0:4222\n }"), listen);
  EXPECT_EQ(Parsed("\n{\n  listen: 0.0.0.0:4222\n}\n# wibble\n"), listen);
  EXPECT_EQ(
      Parsed(
          "\n{\n  {\n  listen: 0.0.0.0:4222 // random comment\n  }\n  # wibble1\n}\n# wibble2\n"),
      listen);
  EXPECT_EQ(Parsed("\n{\n  \"debug\":              False\n  \"prof_port\":          8221\n"
                   "  \"server_name\":        \"aws-useast2-natscj1-1\"\n}\n"),
            R"({"debug":false,"prof_port":8221,"server_name":"aws-useast2-natscj1-1"})");
  EXPECT_EQ(Parsed("\n{\n  \"debug\":              False\n  \"server_name\":        \"gcp-1\"\n\n"
                   "  # Profile port specification.\n  \"prof_port\":          8221\n}\n"),
            R"({"debug":false,"prof_port":8221,"server_name":"gcp-1"})");
}

// The reference's: the value of an unknown size suffix is dropped, its key names the next value
// out.
TEST(Parser, DropsAValueWithAnUnknownSizeSuffix) {
  EXPECT_EQ(Parsed("a = 1kbb\nb = 2\n"), R"({"b":2})");
  EXPECT_EQ(Parsed("x { a = 1kbb\n}\n"), R"({"a":{}})");
}

// ------------------------------------------------------------------------------------- Positions

std::string Located(const Document& document, std::string_view path) {
  return document.Locate(Get(document, path).where());
}

TEST(ParserPositions, AreThoseOfTheKey) {
  FakeSource source;
  source.files["d/x.conf"] = "foo = 1\n  bar: {\n    baz [\n 1, {}\n ]\n  }\n";
  const auto parsed = ParseFile("d/x.conf", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(Located(parsed.value(), "foo"), "d/x.conf:1:0");
  EXPECT_EQ(Located(parsed.value(), "bar"), "d/x.conf:2:3");
  EXPECT_EQ(Located(parsed.value(), "bar/baz"), "d/x.conf:3:5");
}

TEST(ParserPositions, OfElementsAreTheirOwnAndOfContainersTheirEnd) {
  FakeSource source;
  const auto parsed = ParseText("a = [\n 1, {\n } ]", source);
  ASSERT_TRUE(parsed.ok());
  const Value a = Get(parsed.value(), "a");
  EXPECT_EQ(parsed->Locate((*a.IfArray())[0].where()), ":2:2");
  EXPECT_EQ(parsed->Locate((*a.IfArray())[1].where()), ":3:3");
}

TEST(ParserPositions, NameTheIncludedFile) {
  FakeSource source;
  source.files["main.conf"] = "authorization {\n\n  include \"./p.conf\"\n\n  CAROL: foo\n}\n";
  source.files["p.conf"] = "# Passwords\nALICE: one\nBOB: two\n";
  const auto parsed = ParseFile("main.conf", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(Located(parsed.value(), "authorization"), "main.conf:1:0");
  EXPECT_EQ(Located(parsed.value(), "authorization/ALICE"), "p.conf:2:1");
  EXPECT_EQ(Located(parsed.value(), "authorization/BOB"), "p.conf:3:1");
  EXPECT_EQ(Located(parsed.value(), "authorization/CAROL"), "main.conf:5:3");
}

TEST(ParserPositions, OfAReferencedValueAreThoseOfTheReference) {
  FakeSource source;
  source.env["E"] = "{x: [1, 2, y]}";
  const auto parsed = ParseText("a = 1\nb = $a\nc = $E\nd = [ $E ]\n", source);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(Located(parsed.value(), "b"), ":2:1");
  EXPECT_EQ(Located(parsed.value(), "c"), ":3:1");
  EXPECT_EQ(Located(parsed.value(), "c/x"), ":3:1");
  EXPECT_EQ(parsed->Locate((*Get(parsed.value(), "d").IfArray())[0].where()), ":4:8");
}

}  // namespace
}  // namespace dunlin::config
