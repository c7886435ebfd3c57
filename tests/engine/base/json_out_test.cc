#include "engine/base/json_out.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <boost/json.hpp>
#include <cstdlib>

namespace dunlin {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string Number(double value) {
  std::string out;
  AppendJsonDouble(value, &out);
  return out;
}

TEST(JsonOut, EscapesStringsAsGoDoes) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("a<b>&c"), R"("a\u003cb\u003e\u0026c")");
  EXPECT_EQ(Quoted(R"("\/)"), R"("\"\\/")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x1f\b\f\n\r\t\x7f", 9)),
            "\"\\u0000\\u0001\\u001f\\b\\f\\n\\r\\t\x7f\"");
  EXPECT_EQ(Quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  EXPECT_EQ(Quoted("\xe2\x80\xa8\xe2\x80\xa9"), R"("\u2028\u2029")");
}

TEST(JsonOut, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Quoted("\xff\xc0\x80x"), R"("\ufffd\ufffd\ufffdx")");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // A surrogate.
  EXPECT_EQ(Quoted("a\xe2\x82"), R"("a\ufffd\ufffd")");
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // Above U+10FFFF.
  EXPECT_EQ(Quoted("\xf0\x80\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // Overlong.
}

// Bits and text as Go 1.26 printed them.
TEST(JsonOut, PrintsDoublesAsGoDoes) {
  const struct {
    uint64_t bits;
    const char* text;
  } cases[] = {
      {0, "0"},
      {0x8000000000000000, "-0"},
      {0x3ff0000000000000, "1"},
      {0xbff0000000000000, "-1"},
      {0x4004000000000000, "2.5"},
      {0x3fb999999999999a, "0.1"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x3eb0c2ac1dbbe3d8, "9.99e-7"},
      {0x3e7ad7f29abcaf48, "1e-7"},
      {0x3de49da7e361ce4c, "1.5e-10"},
      {0x4415af1d78b58c40, "100000000000000000000"},
      {0x441ac53a7e04bcda, "123456789012345680000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {1, "5e-324"},
      {0x3fc5555555555555, "0.16666666666666666"},
      {0x4059000000000000, "100"},
      {0x4132d68720000000, "1234567.125"},
      {0xbe112e0be826d695, "-1e-9"},
      {0x2b2bff2ee48e0530, "1e-100"},
      {0x4008000000000001, "3.0000000000000004"},
      {0x4345ee2a2eb5a5c4, "12345678901234568"},
      {0x7ff0000000000000, "null"},
      {0x7ff8000000000000, "null"},
  };
  for (const auto& c : cases) EXPECT_EQ(Number(std::bit_cast<double>(c.bits)), c.text);
}

TEST(JsonOut, IndentsAndKeepsEmptyContainersOnOneLine) {
  std::string text;
  JsonOut json(&text, JsonStyle::kIndent2);
  json.BeginObject();
  json.BeginObject("a");
  json.EndObject();
  json.BeginArray("b");
  json.EndArray();
  json.BeginArray("c");
  json.Int(1);
  json.BeginArray();
  json.EndArray();
  json.BeginObject();
  json.BeginArray("x");
  json.String("y");
  json.EndArray();
  json.EndObject();
  json.EndArray();
  json.String("d", "z");
  json.EndObject();
  EXPECT_EQ(text, R"({
  "a": {},
  "b": [],
  "c": [
    1,
    [],
    {
      "x": [
        "y"
      ]
    }
  ],
  "d": "z"
})");
}

TEST(JsonOut, CompactHasNoWhiteSpace) {
  std::string text;
  JsonOut json(&text, JsonStyle::kCompact);
  json.BeginObject();
  json.Int("min", INT64_MIN);
  json.Uint("max", UINT64_MAX);
  json.Bool("yes", true);
  json.Double("half", 0.5);
  json.Null("none");
  json.Raw("raw", "[1]");
  json.BeginArray("list");
  json.Bool(false);
  json.Null();
  json.Uint(7);
  json.Double(1e21);
  json.Raw("{}");
  json.EndArray();
  json.EndObject();
  EXPECT_EQ(text, R"({"min":-9223372036854775808,"max":18446744073709551615,"yes":true,"half":0.5,)"
                  R"("none":null,"raw":[1],"list":[false,null,7,1e+21,{}]})");
}

TEST(JsonOut, GoesOnAfterTheTextWasTakenAway) {
  std::string text, all;
  JsonOut json(&text, JsonStyle::kIndent2);
  json.BeginArray();
  for (int i = 0; i < 3; ++i) {
    json.Int(i);
    all += text;
    text.clear();
  }
  json.EndArray();
  EXPECT_EQ(all + text, "[\n  0,\n  1,\n  2\n]");
}

TEST(JsonOutDeathTest, RefusesAMemberInsideAnArray) {
  std::string text;
  JsonOut json(&text, JsonStyle::kCompact);
  json.BeginArray();
  EXPECT_DEATH(json.Int("key", 1), "CHECK failed");
}

// Whatever the bytes, the result is JSON, and reads back as the input where that was UTF-8.
RC_GTEST_PROP(JsonOutProperty, AnyBytesGiveValidJson, (const std::string& bytes)) {
  const std::string quoted = Quoted(bytes);
  const boost::json::value value = boost::json::parse(quoted);
  RC_ASSERT(value.is_string());
  if (quoted.find("\\ufffd") == std::string::npos) RC_ASSERT(value.as_string() == bytes);
}

RC_GTEST_PROP(JsonOutProperty, DoublesReadBackAsTheyWere, (uint64_t bits)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(value == value && value - value == 0);
  RC_ASSERT(std::strtod(Number(value).c_str(), nullptr) == value);
}

}  // namespace
}  // namespace dunlin
