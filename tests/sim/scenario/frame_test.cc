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

}  // namespace
}  // namespace dunlin::scenario
