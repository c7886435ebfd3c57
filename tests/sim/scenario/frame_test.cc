#include "sim/scenario/frame.h"

#include <gtest/gtest.h>

namespace dunlin::scenario {
namespace {

TEST(ScenarioFrame, AMessageIsWholeWithItsPayload) {
  EXPECT_FALSE(NextFrame("MSG foo 1 5\r\nhel", Framing::kNats, Stream::kOpen).has_value());
  const auto frame = NextFrame("MSG foo 1 5\r\nhel\r\n\r\nPING\r\n", Framing::kNats, Stream::kOpen);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->text, "MSG foo 1 5\r\nhel\r\n");
  EXPECT_EQ(frame->size, 20u);
  EXPECT_FALSE(frame->malformed);
}

TEST(ScenarioFrame, APayloadOfTheWrongSizeIsMalformed) {
  const auto frame = NextFrame("MSG foo 1 2\r\nhello\r\n", Framing::kNats, Stream::kOpen);
  ASSERT_TRUE(frame.has_value());
  EXPECT_TRUE(frame->malformed);
}

TEST(ScenarioFrame, WhatIsLeftAtTheEndIsMalformed) {
  EXPECT_FALSE(NextFrame("PIN", Framing::kNats, Stream::kOpen).has_value());
  const auto frame = NextFrame("PIN", Framing::kNats, Stream::kEnded);
  ASSERT_TRUE(frame.has_value());
  EXPECT_TRUE(frame->malformed);
}

TEST(ScenarioFrame, HttpComesLineByLine) {
  const auto frame = NextFrame("HTTP/1.1 200 OK\r\nA: b\r\n", Framing::kLines, Stream::kOpen);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->text, "HTTP/1.1 200 OK");
  EXPECT_EQ(NextFrame("rest", Framing::kLines, Stream::kEnded)->text, "rest");
}

TEST(ScenarioFrame, PingsAreCountedOutsideOfPayloads) {
  for (const size_t piece : {1u, 3u, 1000u}) {
    PingCounter counter;
    const std::string sent =
        "PING\r\npub foo 6\r\nPING\r\n\r\nping \r\nHPUB a b 12 "
        "18\r\nNATS/1.0\r\n\r\nPING\r\n\r\nPiNg\nSUB x 1\r\n";
    for (size_t at = 0; at < sent.size(); at += piece) counter.Add(sent.substr(at, piece));
    EXPECT_EQ(counter.pings(), 3);
  }
}

}  // namespace
}  // namespace dunlin::scenario
