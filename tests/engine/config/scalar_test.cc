#include "engine/config/scalar.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dunlin::config {
namespace {

int64_t Integer(std::string_view text) {
  const auto parsed = ParseInteger(text);
  EXPECT_TRUE(parsed.ok() && parsed.value()) << text;
  return parsed.ok() ? parsed.value().value_or(-1) : -1;
}

template <typename T>
std::string ErrorOf(const Result<T>& result) {
  return result.ok() ? "" : result.error().text;
}

TEST(Scalar, MultipliesBySizeSuffixes) {
  EXPECT_EQ(Integer("8k"), 8'000);
  EXPECT_EQ(Integer("4kb"), 4 << 10);
  EXPECT_EQ(Integer("3ki"), 3 << 10);
  EXPECT_EQ(Integer("4kib"), 4 << 10);
  EXPECT_EQ(Integer("1m"), 1'000'000);
  EXPECT_EQ(Integer("2MB"), 2 << 20);
  EXPECT_EQ(Integer("2Mi"), 2 << 20);
  EXPECT_EQ(Integer("64MiB"), 64 << 20);
  EXPECT_EQ(Integer("2g"), 2'000'000'000);
  EXPECT_EQ(Integer("22GB"), int64_t{22} << 30);
  EXPECT_EQ(Integer("22Gi"), int64_t{22} << 30);
  EXPECT_EQ(Integer("22GiB"), int64_t{22} << 30);
  EXPECT_EQ(Integer("22t"), 22'000'000'000'000);
  EXPECT_EQ(Integer("22TB"), int64_t{22} << 40);
  EXPECT_EQ(Integer("22Ti"), int64_t{22} << 40);
  EXPECT_EQ(Integer("22TiB"), int64_t{22} << 40);
  EXPECT_EQ(Integer("22p"), 22'000'000'000'000'000);
  EXPECT_EQ(Integer("22PB"), int64_t{22} << 50);
  EXPECT_EQ(Integer("22Pi"), int64_t{22} << 50);
  EXPECT_EQ(Integer("22PiB"), int64_t{22} << 50);
  EXPECT_EQ(Integer("3e"), 3'000'000'000'000'000'000);
  EXPECT_EQ(Integer("3EiB"), int64_t{3} << 60);
  EXPECT_EQ(Integer("-1Gb"), -(int64_t{1} << 30));
}

TEST(Scalar, KnowsTheEdgesOfIntegers) {
  EXPECT_EQ(Integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(Integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(Integer("-0"), 0);
  EXPECT_EQ(ErrorOf(ParseInteger("9223372036854775808")),
            "integer '9223372036854775808' is out of the range");
  EXPECT_EQ(ErrorOf(ParseInteger("-9223372036854775809")),
            "integer '-9223372036854775809' is out of the range");
  EXPECT_EQ(ErrorOf(ParseInteger("99999999999999999999kb")),
            "integer '99999999999999999999kb' is out of the range");
}

// The reference does not look whether the product fits.
TEST(Scalar, WrapsAroundWithALargeSuffix) {
  EXPECT_EQ(Integer("9223372036854775807k"), -1000);
  EXPECT_EQ(Integer("16EiB"), 0);
}

TEST(Scalar, HasNoValueForAnUnknownSuffix) {
  for (const std::string_view text : {"1kbb", "1kbi", "1kii", "1mibb"}) {
    const auto parsed = ParseInteger(text);
    EXPECT_TRUE(parsed.ok() && !parsed.value()) << text;
  }
}

TEST(Scalar, RefusesDigitsOfOtherScripts) {
  EXPECT_EQ(ErrorOf(ParseInteger("\xd9\xa3")), "expected integer, but got '\xd9\xa3'");
  EXPECT_EQ(ErrorOf(ParseInteger("1\xd9\xa3")), "expected integer, but got '1\xd9\xa3'");
  EXPECT_EQ(ErrorOf(ParseFloat("1.\xd9\xa3")), "expected float, but got '1.\xd9\xa3'");
}

TEST(Scalar, ParsesFloats) {
  EXPECT_EQ(ParseFloat("22.2").value(), 22.2);
  EXPECT_EQ(ParseFloat("-0.5").value(), -0.5);
  EXPECT_TRUE(std::signbit(ParseFloat("-0.0").value()));
  const std::string zeros(400, '0');
  EXPECT_EQ(ErrorOf(ParseFloat('1' + zeros + ".0")),
            "float '1" + zeros + ".0' is out of the range");
  EXPECT_EQ(ParseFloat("0." + zeros + '1').value(), 0.0);
  EXPECT_EQ(ParseFloat("0." + zeros.substr(0, 310) + "123").value(), 1.23e-311);
}

TEST(Scalar, ParsesDatesThatExist) {
  EXPECT_EQ(ParseDateTime("2016-02-29T23:59:59Z").value(), (DateTime{2016, 2, 29, 23, 59, 59}));
  EXPECT_EQ(ParseDateTime("0000-01-01T00:00:00Z").value(), (DateTime{0, 1, 1, 0, 0, 0}));
  for (const std::string text :
       {"2015-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2016-13-01T00:00:00Z",
        "2016-00-01T00:00:00Z", "2016-04-31T00:00:00Z", "2016-04-00T00:00:00Z",
        "2016-04-01T24:00:00Z", "2016-04-01T00:60:00Z", "2016-04-01T00:00:60Z"}) {
    EXPECT_EQ(ErrorOf(ParseDateTime(text)),
              "expected Zulu formatted DateTime, but got '" + text + "'");
  }
}

}  // namespace
}  // namespace dunlin::config
