#include "sim/read_arena.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin::sim {
namespace {

TEST(ReadArena, HoldsWhatWasPlaced) {
  ReadArena arena;
  const uint8_t* data = arena.Place("hello", 8);
  EXPECT_EQ(std::string(data, data + 5), "hello");
}

TEST(ReadArena, HeadroomAndBytesMayBeWritten) {
  ReadArena arena;
  uint8_t* data = arena.Place("hello", 8);
  std::fill(data - 8, data + 5, 'x');
  EXPECT_TRUE(arena.BordersIntact());
}

TEST(ReadArena, SeesAWriteInFrontOfTheHeadroom) {
  ReadArena arena;
  uint8_t* data = arena.Place("hello", 8);
  data[-9] = 'x';
  EXPECT_FALSE(arena.BordersIntact());
}

TEST(ReadArena, SeesAWriteBehindTheBytes) {
  ReadArena arena;
  uint8_t* data = arena.Place("hello", 8);
  data[5] = 'x';
  EXPECT_FALSE(arena.BordersIntact());
}

TEST(ReadArena, NothingIsLeftAfterPoison) {
  ReadArena arena;
  const uint8_t* data = arena.Place("hello", 0);
  arena.Poison();
  EXPECT_NE(std::string(data, data + 5), "hello");
}

TEST(ReadArena, PlacesManyAndLargeOnes) {
  ReadArena arena;
  const std::string large(1 << 20, 'a');
  const uint8_t* first = arena.Place("first", 0);
  const uint8_t* second = arena.Place(large, 100);
  EXPECT_EQ(std::string(first, first + 5), "first");
  EXPECT_EQ(std::string(second, second + large.size()), large);
  EXPECT_TRUE(arena.BordersIntact());
}

}  // namespace
}  // namespace dunlin::sim
