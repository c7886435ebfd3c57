#include "storage/format/file_names.h"

#include <gtest/gtest.h>

namespace dunlin::format {
namespace {

TEST(FileNames, KnowsItsOwnNamesAndNoOthers) {
  EXPECT_EQ(ParseBlockFile(BlockFile(7)), 7u);
  EXPECT_EQ(ParseBlockKeyFile(BlockKeyFile(4'294'967'295u)), 4'294'967'295u);
  for (const char* other :
       {"7.blk.tmp", ".blk", "07.blk", "-7.blk", "4294967296.blk", "7.key", "x7.blk"}) {
    EXPECT_EQ(ParseBlockFile(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace dunlin::format
