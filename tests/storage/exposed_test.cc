#include "storage/exposed.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

std::vector<std::string> Told(Exposed* exposed, uint32_t assets) {
  std::vector<std::string> out;
  for (uint32_t i = 0; i < assets; ++i) exposed->Tell({i}, "store " + std::to_string(i), &out);
  exposed->TellRest(&out);
  return out;
}

TEST(Exposed, AreThoseOfWhomNothingCameBehindTheDamage) {
  Exposed exposed;
  exposed.NoteRecord({0});
  EXPECT_FALSE(exposed.any());
  exposed.NoteDamage("journal/0.seg, offset 4096: lost");
  exposed.NoteRecord({1});
  exposed.NoteDamage("journal/1.seg, offset 8192: lost");
  exposed.NoteRecord({2});
  EXPECT_TRUE(exposed.any());
  const std::string end =
      ": its last changes may be among what is lost: journal/1.seg, offset 8192: lost";
  EXPECT_EQ(Told(&exposed, 3), (std::vector<std::string>{"store 0" + end, "store 1" + end}));
}

TEST(Exposed, OfVeryManyOnlyTheNumberIsSaid) {
  Exposed exposed;
  exposed.NoteDamage("lost");
  const std::vector<std::string> told = Told(&exposed, 1003);
  ASSERT_EQ(told.size(), 1001u);
  EXPECT_EQ(told.back(),
            "the last changes of 3 more streams and consumers may be among what is lost: lost");
}

}  // namespace
}  // namespace dunlin
