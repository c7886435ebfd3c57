// How far a block may be written, by what the journal has made durable.
#include "storage/file/write_points.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace dunlin::file {
namespace {

uint64_t Reach(const WritePoints& points, uint64_t written, uint64_t durable) {
  return points.Reach(written, [&](WritePoint point) { return point.batch <= durable; });
}

// Records of ten bytes, with the points 1, 2, 3, ...
WritePoints Tens(int count, uint64_t grain) {
  WritePoints points;
  for (int i = 1; i <= count; ++i) {
    points.Add({static_cast<uint64_t>(i)}, static_cast<uint64_t>(10 * i), grain);
  }
  return points;
}

TEST(WritePoints, NothingGoesAheadOfTheJournal) {
  const WritePoints points = Tens(3, 0);
  EXPECT_EQ(Reach(points, 0, 0), 0u);
  EXPECT_EQ(Reach(points, 0, 1), 10u);
  EXPECT_EQ(Reach(points, 0, 2), 20u);
  EXPECT_EQ(Reach(points, 0, 9), 30u);
}

TEST(WritePoints, RecordsOfOnePointGoTogether) {
  WritePoints points;
  for (const uint64_t end : {10u, 20u, 30u}) points.Add({5}, end, 0);
  EXPECT_EQ(Reach(points, 0, 4), 0u);
  EXPECT_EQ(Reach(points, 0, 5), 30u);
}

TEST(WritePoints, WithinAGrainTheLastPointIsAllTheirs) {
  const WritePoints points = Tens(6, 30);
  EXPECT_EQ(Reach(points, 0, 2), 0u);
  EXPECT_EQ(Reach(points, 0, 3), 30u);
  EXPECT_EQ(Reach(points, 0, 5), 30u);
  EXPECT_EQ(Reach(points, 0, 6), 60u);
}

TEST(WritePoints, WhatIsClosedWaitsForNothingBehind) {
  WritePoints points = Tens(2, 1000);
  points.Close();
  points.Close();
  points.Add({3}, 30, 1000);
  EXPECT_EQ(Reach(points, 0, 1), 0u);
  EXPECT_EQ(Reach(points, 0, 2), 20u);
  EXPECT_EQ(Reach(points, 0, 3), 30u);
}

TEST(WritePoints, WhatIsWrittenIsForgotten) {
  for (const uint64_t grain : {0u, 1000u}) {
    WritePoints points = Tens(3, grain);
    points.Forget(25);
    EXPECT_EQ(Reach(points, 25, 2), 25u);
    EXPECT_EQ(Reach(points, 25, 3), 30u);
    points.Forget(30);
    EXPECT_EQ(Reach(points, 30, 9), 30u);
    points.Add({4}, 40, grain);
    EXPECT_EQ(Reach(points, 30, 3), 30u);
    EXPECT_EQ(Reach(points, 30, 4), 40u);
  }
}

}  // namespace
}  // namespace dunlin::file
