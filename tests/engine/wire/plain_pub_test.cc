#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "engine/wire/client_line.h"

namespace dunlin::wire {
namespace {

std::string Padded(std::string text) {
  text.resize(text.size() + kPlainPubSpan, 'x');
  return text;
}

TEST(PlainPub, TakesTheLineOfMostPublishers) {
  PubArgs args;
  size_t line_size = 0;
  const std::string input = Padded("PUB orders.eu 128\r\n");
  ASSERT_TRUE(ReadPlainPub(input, &args, &line_size));
  EXPECT_EQ(args.subject, "orders.eu");
  EXPECT_EQ(args.size_text, "128");
  EXPECT_EQ(args.size, 128);
  EXPECT_EQ(args.header_size, -1);
  EXPECT_TRUE(args.reply.empty());
  EXPECT_EQ(line_size, 19u);
}

TEST(PlainPub, LeavesEverythingElseToTheOtherReader) {
  PubArgs args;
  size_t line_size = 0;
  for (const char* line :
       {"pub a 1\r\n", "PUB a b 1\r\n", "PUB  a 1\r\n", "PUB a  1\r\n", "PUB a\t1\r\n", "PUB a 1\n",
        "PUB a 1 \r\n", "PUB a \r\n", "PUB a x\r\n", "PUB a 1234567890\r\n", "PUB a -1\r\n",
        "HPUB a 1 1\r\n", "PUB 5\r\n", "PUB \r\n", "PUB a 1\r\r\n"}) {
    EXPECT_FALSE(ReadPlainPub(Padded(line), &args, &line_size)) << line;
  }
  EXPECT_FALSE(ReadPlainPub("PUB a 1\r\n", &args, &line_size)) << "shorter than the span";
}

// Whatever it takes, the two general readers take too, and say the same.
RC_GTEST_PROP(PlainPub, SaysWhatTheOtherReadersSay, ()) {
  // Pieces that make a plain line if each is the first of its kind; one in eight is not.
  const auto piece = [](std::string usual, std::string other) {
    return *rc::gen::weightedElement<std::string>({{7, usual}, {1, other}});
  };
  const auto odd =
      *rc::gen::container<std::string>(rc::gen::element(' ', '\t', '\r', '\n', '\0', '7'));
  std::string input = piece("PUB ", "PUB") + piece("orders.\xff", odd) + piece(" ", odd) +
                      std::to_string(*rc::gen::inRange(0, 2'000'000)) + piece("\r\n", odd);
  input = Padded(input);
  PubArgs plain, general;
  size_t line_size = 0;
  const bool taken = ReadPlainPub(input, &plain, &line_size);
  RC_CLASSIFY(taken);
  if (!taken) return;
  ClientLine line;
  RC_ASSERT(ReadClientLine(input, 4096, &line) == LineStatus::kLine);
  RC_ASSERT(line.verb == ClientVerb::kPub);
  RC_ASSERT(line.size == line_size);
  RC_ASSERT(ReadPub(line.args, &general) == PubStatus::kOk);
  RC_ASSERT(general.subject == plain.subject);
  RC_ASSERT(general.reply == plain.reply);
  RC_ASSERT(general.size_text == plain.size_text);
  RC_ASSERT(general.size == plain.size);
  RC_ASSERT(general.header_size == plain.header_size);
}

}  // namespace
}  // namespace dunlin::wire
