#include "engine/config/host_port.h"

#include <gtest/gtest.h>

#include <climits>

namespace dunlin::config {
namespace {

std::string Split(std::string_view text) {
  const Result<HostPort> split = SplitHostPort(text);
  return split.ok() ? '<' + split->host + "> <" + split->port + '>' : split.error().text;
}

TEST(SplitHostPort, TakesTheLastColon) {
  EXPECT_EQ(Split("localhost:4222"), "<localhost> <4222>");
  EXPECT_EQ(Split(":4222"), "<> <4222>");
  EXPECT_EQ(Split("host:"), "<host> <>");
  EXPECT_EQ(Split("[::1]:4222"), "<::1> <4222>");
  EXPECT_EQ(Split("[fe80::1%eth0]:x"), "<fe80::1%eth0> <x>");
  EXPECT_EQ(Split("[]:1"), "<> <1>");
}

TEST(SplitHostPort, SaysWhatIsWrong) {
  EXPECT_EQ(Split("host"), "address host: missing port in address");
  EXPECT_EQ(Split(""), "missing port in address");
  EXPECT_EQ(Split("[::1]"), "address [::1]: missing port in address");
  EXPECT_EQ(Split("[::1]x:1"), "address [::1]x:1: missing port in address");
  EXPECT_EQ(Split("[::1]:1:2"), "address [::1]:1:2: too many colons in address");
  EXPECT_EQ(Split("addr:::123"), "address addr:::123: too many colons in address");
  EXPECT_EQ(Split("[::1:1"), "address [::1:1: missing ']' in address");
  EXPECT_EQ(Split("a[b:1"), "address a[b:1: unexpected '[' in address");
  EXPECT_EQ(Split("[a[b]:1"), "address [a[b]:1: unexpected '[' in address");
  EXPECT_EQ(Split("a]b:1"), "address a]b:1: unexpected ']' in address");
  EXPECT_EQ(Split("[a]:1]"), "address [a]:1]: unexpected ']' in address");
}

TEST(ParseDecimal, ReadsSignsAndRefusesTheRest) {
  EXPECT_EQ(ParseDecimal("42").value(), 42);
  EXPECT_EQ(ParseDecimal("-1").value(), -1);
  EXPECT_EQ(ParseDecimal("+7").value(), 7);
  EXPECT_EQ(ParseDecimal("9223372036854775807").value(), INT64_MAX);
  for (const std::string_view text : {"", "-", "+", "+-1", "1x", "x", " 1", "0x1", "1_0"}) {
    ASSERT_FALSE(ParseDecimal(text).ok()) << text;
    EXPECT_EQ(ParseDecimal(text).error().text,
              "strconv.Atoi: parsing \"" + std::string(text) + "\": invalid syntax");
  }
  EXPECT_EQ(ParseDecimal("9223372036854775808").error().text,
            "strconv.Atoi: parsing \"9223372036854775808\": value out of range");
}

TEST(SaturateToInt, StopsAtTheEnds) {
  EXPECT_EQ(SaturateToInt(4222), 4222);
  EXPECT_EQ(SaturateToInt(int64_t{INT_MAX} + 1), INT_MAX);
  EXPECT_EQ(SaturateToInt(INT64_MIN), INT_MIN);
}

std::string Advertise(std::string_view text) {
  const Result<Advertised> parsed = ParseAdvertised(text, 4222);
  return parsed.ok() ? parsed->host + " " + std::to_string(parsed->port) : parsed.error().text;
}

TEST(ParseAdvertised, FillsInThePort) {
  EXPECT_EQ(Advertise("nats.example.com"), "nats.example.com 4222");
  EXPECT_EQ(Advertise("nats.example.com:7777"), "nats.example.com 7777");
  EXPECT_EQ(Advertise("host:0"), "host 4222");
  EXPECT_EQ(Advertise("host:-1"), "host 4222");
  EXPECT_EQ(Advertise("[::1]"), "::1 4222");
  EXPECT_EQ(Advertise(" host : 7777 "), "host 7777");
  EXPECT_EQ(Advertise(" host "), "host 4222");
  EXPECT_EQ(Advertise(" host : -1 "), "host 4222");
  EXPECT_EQ(Advertise(" host : 0 "), "host 4222");
  EXPECT_EQ(Advertise("addr:::123"), "address addr:::123: too many colons in address");
  EXPECT_EQ(Advertise("host:x"), "strconv.Atoi: parsing \"x\": invalid syntax");
}

}  // namespace
}  // namespace dunlin::config
