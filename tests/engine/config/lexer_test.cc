#include <gtest/gtest.h>

#include "tests/engine/config/lex_for_test.h"

namespace dunlin::config {
namespace {

// ------------------------------------------------------------------------------------------- Keys

TEST(Lexer, ReadsAKeyThatHasNoValue) { EXPECT_EQ(Lex("foo"), AfterFoo({})); }

TEST(Lexer, TakesEqualsColonOrSpaceBetweenKeyAndValue) {
  EXPECT_EQ(Lex("foo : 123"), AfterFoo({"1:6 integer 123"}));
  EXPECT_EQ(Lex("foo:123"), AfterFoo({"1:4 integer 123"}));
  EXPECT_EQ(Lex("foo: 123"), AfterFoo({"1:5 integer 123"}));
  EXPECT_EQ(Lex("foo:  123\r\n"), AfterFoo({"1:6 integer 123"}));
  EXPECT_EQ(Lex("foo=123"), AfterFoo({"1:4 integer 123"}));
  EXPECT_EQ(Lex("foo 123"), AfterFoo({"1:4 integer 123"}));
  EXPECT_EQ(Lex("foo\t123"), AfterFoo({"1:4 integer 123"}));
  EXPECT_EQ(Lex("foo\t\t123\r\n"), AfterFoo({"1:5 integer 123"}));
  EXPECT_EQ(Lex("foo\n\n123"), AfterFoo({"3:1 integer 123"}));
}

TEST(Lexer, ReadsQuotedKeysVerbatim) {
  for (const std::string quote : {"'", "\""}) {
    EXPECT_EQ(Lex(quote + "foo" + quote + " : 123"), Tokens({"1:1 key foo", "1:8 integer 123"}));
    EXPECT_EQ(Lex(quote + " foo" + quote + " : 123"), Tokens({"1:1 key  foo", "1:9 integer 123"}));
    EXPECT_EQ(Lex("foo = {" + quote + "bar" + quote + " = 4242}"),
              AfterFoo({"1:7 {", "1:8 key bar", "1:15 integer 4242", "1:20 }"}));
    EXPECT_EQ(Lex("foo = {" + quote + "bar-1.2.3" + quote + " = { port:4242 }}"),
              AfterFoo({"1:7 {", "1:8 key bar-1.2.3", "1:22 {", "1:23 key port",
                        "1:28 integer 4242", "1:34 }", "1:35 }"}));
  }
}

TEST(Lexer, RefusesASeparatorInPlaceOfAKey) {
  EXPECT_EQ(Lex(" :foo = 22"), Tokens({"1:1 error Unexpected key separator ':'"}));
  EXPECT_EQ(Lex("= 22"), Tokens({"1:0 error Unexpected key separator '='"}));
  EXPECT_EQ(Lex("foo {:a}"), AfterFoo({"1:5 {", "1:5 error Unexpected key separator ':'."}));
  EXPECT_EQ(Lex("foo {]"),
            AfterFoo({"1:5 {", "1:5 error Unexpected array end ']' processing map."}));
}

// --------------------------------------------------------------------------------------- Comments

TEST(Lexer, ReadsComments) {
  EXPECT_EQ(Lex("# This is a comment"), Tokens({"1:1 comment  This is a comment"}));
  EXPECT_EQ(Lex("# This is a comment\r\n"), Tokens({"1:1 comment  This is a comment"}));
  EXPECT_EQ(Lex("// This is a comment\r\n"), Tokens({"1:2 comment  This is a comment"}));
  EXPECT_EQ(Lex("foo = 123 // This is a comment"),
            AfterFoo({"1:6 integer 123", "1:12 comment  This is a comment"}));
  EXPECT_EQ(Lex("foo=123    # This is a comment"),
            AfterFoo({"1:4 integer 123", "1:12 comment  This is a comment"}));
}

// ----------------------------------------------------------------------------------------- Arrays

TEST(Lexer, ReadsArraysOnOneLine) {
  EXPECT_EQ(Lex("foo = [1, 2, 3, 'bar']"),
            AfterFoo({"1:7 [", "1:7 integer 1", "1:10 integer 2", "1:13 integer 3",
                      "1:17 string bar", "1:22 ]"}));
  EXPECT_EQ(Lex("foo = [1,2,3,'bar']"), AfterFoo({"1:7 [", "1:7 integer 1", "1:9 integer 2",
                                                  "1:11 integer 3", "1:14 string bar", "1:19 ]"}));
  EXPECT_EQ(Lex("foo = [1, 2,3,'bar']"), AfterFoo({"1:7 [", "1:7 integer 1", "1:10 integer 2",
                                                   "1:12 integer 3", "1:15 string bar", "1:20 ]"}));
}

TEST(Lexer, ReadsArraysOverSeveralLines) {
  EXPECT_EQ(Lex("\n# top level comment\nfoo = [\n 1, # One\n 2, // Two\n 3 # Three\n 'bar'     ,\n"
                " \"bar\"\n]\n"),
            Tokens({"2:2 comment  top level comment", "3:1 key foo", "3:8 [", "4:2 integer 1",
                    "4:6 comment  One", "5:2 integer 2", "5:7 comment  Two", "6:2 integer 3",
                    "6:5 comment  Three", "7:3 string bar", "8:3 string bar", "9:2 ]"}));
}

TEST(Lexer, TakesALineEndBetweenElements) {
  EXPECT_EQ(
      Lex("\n# top\nfoo = [\n 1 // foo\n 2\n 3\n 'bar'\n \"bar\"\n]\n"),
      Tokens({"2:2 comment  top", "3:1 key foo", "3:8 [", "4:2 integer 1", "4:6 comment  foo",
              "5:2 integer 2", "6:2 integer 3", "7:3 string bar", "8:3 string bar", "9:2 ]"}));
}

TEST(Lexer, RefusesMisplacedCommas) {
  EXPECT_EQ(Lex("foo = [,").back(), "1:8 error Unexpected array value terminator ','.");
  EXPECT_EQ(Lex("foo = {a = ,").back(), "1:12 error Unexpected map value terminator \",\".");
}

// ------------------------------------------------------------------------------------------- Maps

TEST(Lexer, ReadsMapsOnOneLine) {
  EXPECT_EQ(Lex("foo = {ip='127.0.0.1', port = 4242}"),
            AfterFoo({"1:7 {", "1:7 key ip", "1:11 string 127.0.0.1", "1:23 key port",
                      "1:30 integer 4242", "1:35 }"}));
}

TEST(Lexer, ReadsMapsOverSeveralLines) {
  EXPECT_EQ(
      Lex("\nfoo = {\n  ip = '127.0.0.1' # the IP\n  port= 4242 // the port\n}\n"),
      Tokens({"2:1 key foo", "2:8 {", "3:3 key ip", "3:9 string 127.0.0.1", "3:21 comment  the IP",
              "4:3 key port", "4:9 integer 4242", "4:16 comment  the port", "5:2 }"}));
}

TEST(Lexer, ReadsNestedMaps) {
  EXPECT_EQ(
      Lex("\nfoo = {\n  host = {\n    ip = '127.0.0.1'\n    port= 4242\n  }\n}\n"),
      Tokens({"2:1 key foo", "2:8 {", "3:3 key host", "3:11 {", "4:5 key ip",
              "4:11 string 127.0.0.1", "5:5 key port", "5:11 integer 4242", "6:4 }", "7:2 }"}));
  EXPECT_EQ(
      Lex("\nfoo  {\n  host  {\n    ip = '127.0.0.1'\n    port= 4242\n  }\n}\n"),
      Tokens({"2:1 key foo", "2:7 {", "3:3 key host", "3:10 {", "4:5 key ip",
              "4:11 string 127.0.0.1", "5:5 key port", "5:11 integer 4242", "6:4 }", "7:2 }"}));
  EXPECT_EQ(Lex("\nsystems {\n  allinone {\n    description: \"This is one.\"\n  }\n}\n"),
            Tokens({"2:1 key systems", "2:10 {", "3:3 key allinone", "3:13 {",
                    "4:5 key description", "4:19 string This is one.", "5:4 }", "6:2 }"}));
}

TEST(Lexer, ReadsArraysOfMaps) {
  EXPECT_EQ(Lex("\nauthorization {\n    users = [\n      {user: alice, password: foo}\n"
                "      {user: bob,   password: bar}\n    ]\n    timeout: 0.5\n}\n"),
            Tokens({"2:1 key authorization",
                    "2:16 {",
                    "3:5 key users",
                    "3:14 [",
                    "4:8 {",
                    "4:8 key user",
                    "4:14 string alice",
                    "4:21 key password",
                    "4:31 string foo",
                    "4:35 }",
                    "5:8 {",
                    "5:8 key user",
                    "5:14 string bob",
                    "5:21 key password",
                    "5:31 string bar",
                    "5:35 }",
                    "6:6 ]",
                    "7:5 key timeout",
                    "7:14 float 0.5",
                    "8:2 }"}));
}

TEST(Lexer, TakesASemicolonAfterAValue) {
  EXPECT_EQ(
      Lex("\nfoo = 123;\nbar = 'baz';\nbaz = 'boo'\nmap {\n id = 1;\n}\n"),
      Tokens({"2:1 key foo", "2:7 integer 123", "3:1 key bar", "3:8 string baz", "4:1 key baz",
              "4:8 string boo", "5:1 key map", "5:6 {", "6:2 key id", "6:7 integer 1", "7:2 }"}));
  EXPECT_EQ(Lex("foo='1'; bar=2.2; baz=true;"),
            AfterFoo({"1:5 string 1", "1:9 key bar", "1:13 float 2.2", "1:18 key baz",
                      "1:22 bool true"}));
}

TEST(Lexer, RefusesASecondValueForAKey) {
  EXPECT_EQ(Lex("foo = 1 x").back(),
            "1:9 error Expected a top-level value to end with a new line, comment or EOF, but got "
            "'x' instead.");
  EXPECT_EQ(Lex("{foo = 1 x").back(),
            "1:10 error Expected a block-level value to end with a new line, comment or EOF, but "
            "got 'x' instead.");
  EXPECT_EQ(Lex("foo {a = 1 x").back(),
            "1:12 error Expected a map value terminator \",\" or a map terminator \"}\", but got "
            "'x' instead.");
  EXPECT_EQ(Lex("{{} x").back(),
            "1:5 error Expected a block-level to end with a '}', but got 'x' instead.");
}

// ---------------------------------------------------------------------------- Unterminated things

TEST(Lexer, RefusesUnterminatedStrings) {
  for (const std::string quote : {"\"", "'"}) {
    EXPECT_EQ(Lex("\nlisten: " + quote + "localhost:4242\n\nhttp: localhost:8222\n"),
              Tokens({"2:1 key listen", "5:1 error Unexpected EOF."}));
    EXPECT_EQ(Lex("\nfoo = " + quote + "\nlisten: " + quote + "\n\nhttp: localhost:8222\n\n" +
                  quote + "\n"),
              Tokens({"2:1 key foo", "3:8 string \nlisten: ", "5:1 key http",
                      "5:7 string localhost:8222", "8:1 error Unexpected EOF."}));
    EXPECT_EQ(Lex(quote + "key").back(), "1:4 error Unexpected EOF.");
  }
}

TEST(Lexer, RefusesUnterminatedMaps) {
  EXPECT_EQ(Lex("\nlisten = 4222\n\ncluster = {\n\n  foo = bar\n\n"),
            Tokens({"2:1 key listen", "2:10 integer 4222", "4:1 key cluster", "4:12 {",
                    "6:3 key foo", "6:9 string bar", "8:1 error Unexpected EOF processing map."}));
  EXPECT_EQ(Lex("foo {'bar").back(), "1:9 error Unexpected EOF processing quoted map key.");
  EXPECT_EQ(Lex("foo {\"bar").back(), "1:9 error Unexpected EOF processing double quoted map key.");
  EXPECT_EQ(Lex("foo {bar").back(), "1:8 error Unexpected EOF processing map key.");
}

TEST(Lexer, RefusesUnterminatedBlockStrings) {
  EXPECT_EQ(Lex("\nlisten = 4222\n\nquote = (\n\n  foo = bar\n\n"),
            Tokens({"2:1 key listen", "2:10 integer 4222", "4:1 key quote",
                    "8:1 error Unexpected EOF processing block."}));
}

TEST(Lexer, StopsAfterAnError) {
  Lexer lexer("=");
  EXPECT_EQ(lexer.Next().kind, TokenKind::kError);
  EXPECT_EQ(lexer.Next().kind, TokenKind::kEnd);
  EXPECT_EQ(lexer.Next().kind, TokenKind::kEnd);
}

// --------------------------------------------------------------------------------------- Includes

TEST(Lexer, ReadsIncludesAtTheTop) {
  EXPECT_EQ(Lex("include \"users.conf\""), Tokens({"1:9 include users.conf"}));
  EXPECT_EQ(Lex("include 'users.conf'"), Tokens({"1:9 include users.conf"}));
  EXPECT_EQ(Lex("include users.conf"), Tokens({"1:8 include users.conf"}));
  EXPECT_EQ(Lex("InClude users.conf;"), Tokens({"1:8 include users.conf"}));
  // Only a space makes it a keyword.
  EXPECT_EQ(Lex("include: x"), Tokens({"1:0 key include", "1:9 string x"}));
}

TEST(Lexer, ReadsIncludesInAMap) {
  EXPECT_EQ(Lex("foo { include users.conf }"),
            AfterFoo({"1:5 {", "1:14 include users.conf", "1:26 }"}));
  EXPECT_EQ(Lex("foo {include users.conf}"),
            AfterFoo({"1:5 {", "1:13 include users.conf", "1:24 }"}));
  EXPECT_EQ(Lex("foo { include 'users.conf' }"),
            AfterFoo({"1:5 {", "1:15 include users.conf", "1:28 }"}));
  EXPECT_EQ(Lex("foo { include \"users.conf\"}"),
            AfterFoo({"1:5 {", "1:15 include users.conf", "1:27 }"}));
}

TEST(Lexer, RefusesIncludesOfAnythingButAPath) {
  const auto error = [](const std::string& text) {
    const std::string token = Lex("include " + text).back();
    return token.substr(token.find(' ') + 1);
  };
  EXPECT_EQ(error("[a]"), "error Expected include value but found start of an array");
  EXPECT_EQ(error("{a}"), "error Expected include value but found start of a map");
  EXPECT_EQ(error("(a"), "error Expected include value but found start of a block");
  EXPECT_EQ(error("1"), "error Expected include value but found start of a number");
  EXPECT_EQ(error("-"), "error Expected include value but found start of a number");
  EXPECT_EQ(error("\\"), "error Expected include value but found escape sequence");
  EXPECT_EQ(error("\n"), "error Expected include value but found new line");
  EXPECT_EQ(error("'a"), "error Unexpected EOF in quoted include");
  EXPECT_EQ(error("\"a"), "error Unexpected EOF in double quoted include");
}

// ------------------------------------------------------------------------------------------- JSON

TEST(Lexer, LeavesOutTheOuterBracesOfJson) {
  EXPECT_EQ(Lex("\n  {\n    \"http_port\": 8223\n  }\n"),
            Tokens({"3:6 key http_port", "3:18 integer 8223"}));
  EXPECT_EQ(
      Lex("\n  {\n    \"http_port\": 8223,\n    \"port\": 4223,\n    \"max_payload\": \"5MB\",\n"
          "    \"debug\": true,\n    \"max_control_line\": 1024\n  }\n"),
      Tokens({"3:6 key http_port", "3:18 integer 8223", "4:6 key port", "4:13 integer 4223",
              "5:6 key max_payload", "5:21 string 5MB", "6:6 key debug", "6:14 bool true",
              "7:6 key max_control_line", "7:25 integer 1024"}));
  EXPECT_EQ(
      Lex("{\"http_port\": 8224,\"port\": 4224}\n  "),
      Tokens({"1:2 key http_port", "1:14 integer 8224", "1:20 key port", "1:27 integer 4224"}));
  EXPECT_EQ(
      Lex("{\"http_port\": 8225,\"port\": 4225\n  }\n"),
      Tokens({"1:2 key http_port", "1:14 integer 8225", "1:20 key port", "1:27 integer 4225"}));
}

TEST(Lexer, ReadsJsonWithInnerBlocks) {
  EXPECT_EQ(
      Lex("{\"a\": 8227,\"write_deadline\": \"1h\",\"cluster\": {\"port\": 6222,\"routes\": "
          "[\"nats://a:1\",\"nats://b:2\"]}}\n"),
      Tokens({"1:2 key a", "1:6 integer 8227", "1:12 key write_deadline", "1:30 string 1h",
              "1:35 key cluster", "1:46 {", "1:47 key port", "1:54 integer 6222", "1:60 key routes",
              "1:70 [", "1:71 string nats://a:1", "1:84 string nats://b:2", "1:96 ]", "1:97 }"}));
  EXPECT_EQ(
      Lex("{\n  \"jetstream\": {\n    \"store_dir\": \"/tmp/nats\"\n    \"max_mem\": 1000000,\n"
          "  },\n  \"port\": 4222,\n  \"server_name\": \"nats1\"\n}\n"),
      Tokens({"2:4 key jetstream", "2:17 {", "3:6 key store_dir", "3:19 string /tmp/nats",
              "4:6 key max_mem", "4:16 integer 1000000", "5:4 }", "6:4 key port",
              "6:11 integer 4222", "7:4 key server_name", "7:19 string nats1"}));
}

TEST(Lexer, TakesABraceTooManyForAKey) { EXPECT_EQ(Lex("foo { a = 1 }\n}\n").back(), "2:1 key }"); }

}  // namespace
}  // namespace dunlin::config
