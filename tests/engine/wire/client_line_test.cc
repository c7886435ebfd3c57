#include "engine/wire/client_line.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace dunlin::wire {
namespace {

LineStatus Read(std::string_view input, ClientLine* line, size_t max = 4096) {
  return ReadClientLine(input, max, line);
}

TEST(ClientLine, ReadsVerbsInAnyCaseAndArgumentsBetweenRunsOfBlanks) {
  ClientLine line;
  ASSERT_EQ(Read("pUb \t foo  \t reply 5  \r\nhello\r\n", &line), LineStatus::kLine);
  EXPECT_EQ(line.verb, ClientVerb::kPub);
  EXPECT_EQ(line.args, "foo  \t reply 5  ");
  EXPECT_EQ(line.size, 24u);
  PubArgs pub;
  ASSERT_EQ(ReadPub(line.args, &pub), PubStatus::kOk);
  EXPECT_EQ(pub.subject, "foo");
  EXPECT_EQ(pub.reply, "reply");
  EXPECT_EQ(pub.size, 5);
  EXPECT_EQ(pub.header_size, -1);
}

TEST(ClientLine, TakesALineFeedAlone) {
  ClientLine line;
  ASSERT_EQ(Read("SUB foo 1\nPING\n", &line), LineStatus::kLine);
  EXPECT_EQ(line.args, "foo 1");
  EXPECT_EQ(line.size, 10u);
}

TEST(ClientLine, IgnoresWhatFollowsPingPongAndOk) {
  ClientLine line;
  ASSERT_EQ(Read("PING whatever\r\n", &line), LineStatus::kLine);
  EXPECT_EQ(line.size, 15u);
  ASSERT_EQ(Read("+OKAY\r\n", &line), LineStatus::kLine);
  EXPECT_EQ(line.verb, ClientVerb::kOk);
  // Unfinished: only the verb need be kept, however much follows.
  ASSERT_EQ(Read("PONG" + std::string(10'000, 'x'), &line), LineStatus::kPartial);
  EXPECT_EQ(line.size, 4u);
}

TEST(ClientLine, RefusesTheFirstByteThatFitsNoVerb) {
  ClientLine line;
  for (const char* input : {"X", "PX", "PUBX", "SUBS", "CONNEXT", "-ERRX", "MSG foo", "RS+ foo",
                            "\r\n", " PING\r\n", "UNSUB\r\n", "PUB\r\n"}) {
    EXPECT_EQ(Read(input, &line), LineStatus::kUnknown) << input;
  }
}

TEST(ClientLine, NumbersThePlaceOfAnErrorAsTheReferenceDoes) {
  const std::pair<const char*, int> cases[] = {
      {"X", 0},      {"+x", 1},    {"+Ox", 2}, {"-ERRX", 7},      {"CONNEXT", 14},
      {"HPUBx", 21}, {"HMx", 24},  {"PX", 29}, {"PUBX", 31},      {"PIx", 34},
      {"PONx", 38},  {"SUBS", 45}, {"Ux", 59}, {"UNSUB\r\n", 63}, {"INFx", 73},
  };
  for (const auto& [input, state] : cases) {
    ClientLine line;
    ASSERT_EQ(Read(input, &line), LineStatus::kUnknown) << input;
    EXPECT_EQ(line.reference_state, state) << input;
  }
}

TEST(ClientLine, EveryPrefixOfALineIsPartial) {
  for (const std::string whole : {"PUB foo 5\r\n", "HPUB foo 12 17\r\n", "CONNECT {}\r\n",
                                  "UNSUB 1 5\r\n", "-ERR 'x'\r\n", "+OK\r\n", "INFO {}\r\n"}) {
    ClientLine line;
    for (size_t n = 1; n + 1 < whole.size(); ++n) {
      EXPECT_EQ(Read(whole.substr(0, n), &line), LineStatus::kPartial) << whole.substr(0, n);
    }
    EXPECT_EQ(Read(whole, &line), LineStatus::kLine);
    EXPECT_EQ(line.size, whole.size());
  }
}

TEST(ClientLine, BoundsArgumentsWholeOrNot) {
  ClientLine line;
  EXPECT_EQ(Read("SUB " + std::string(8, 'a') + "\r\n", &line, 8), LineStatus::kLine);
  EXPECT_EQ(Read("SUB " + std::string(9, 'a') + "\r\n", &line, 8), LineStatus::kTooLong);
  EXPECT_EQ(Read("SUB " + std::string(9, 'a'), &line, 8), LineStatus::kPartial);
  EXPECT_EQ(Read("SUB " + std::string(10, 'a'), &line, 8), LineStatus::kTooLong);
}

TEST(ClientLine, ConnectNeedsNoBlank) {
  ClientLine line;
  ASSERT_EQ(Read("CONNECT{}\r\n", &line), LineStatus::kLine);
  EXPECT_EQ(line.args, "{}");
}

TEST(ClientLine, SizesAreOneToNineDigits) {
  EXPECT_EQ(ReadSize("0"), 0);
  EXPECT_EQ(ReadSize("000000012"), 12);
  EXPECT_EQ(ReadSize("999999999"), 999'999'999);
  for (const char* bad : {"", "1234567890", "-1", "+1", "1x", " 1"})
    EXPECT_EQ(ReadSize(bad), -1) << bad;
}

TEST(ClientLine, PublishArgumentsThatDoNotFit) {
  PubArgs args;
  EXPECT_EQ(ReadPub("foo", &args), PubStatus::kBadCount);
  EXPECT_EQ(ReadPub("foo bar 2 3", &args), PubStatus::kBadCount);
  EXPECT_EQ(ReadPub("foo x", &args), PubStatus::kBadSize);
  EXPECT_EQ(ReadHpub("foo 2", &args), PubStatus::kBadCount);
  EXPECT_EQ(ReadHpub("foo x 2", &args), PubStatus::kBadHeaderSize);
  EXPECT_EQ(ReadHpub("foo 2 x", &args), PubStatus::kBadSize);
  EXPECT_EQ(ReadHpub("foo 3 2", &args), PubStatus::kHeaderBeyondSize);
  ASSERT_EQ(ReadHpub("foo rep 012 12", &args), PubStatus::kOk);
  EXPECT_EQ(args.header_text, "012");
  EXPECT_EQ(args.size_text, "12");
}

TEST(ClientLine, SubAndUnsub) {
  SubArgs sub;
  ASSERT_TRUE(ReadSub("foo q 1", &sub));
  EXPECT_EQ(sub.queue, "q");
  EXPECT_FALSE(ReadSub("foo", &sub));
  EXPECT_FALSE(ReadSub("a b c d", &sub));
  UnsubArgs unsub;
  ASSERT_TRUE(ReadUnsub("1", &unsub));
  EXPECT_EQ(unsub.max, -1);
  ASSERT_TRUE(ReadUnsub("1 5", &unsub));
  EXPECT_EQ(unsub.max, 5);
  EXPECT_FALSE(ReadUnsub("1 5 6", &unsub));
}

}  // namespace
}  // namespace dunlin::wire
