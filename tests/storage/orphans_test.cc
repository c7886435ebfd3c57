#include "storage/orphans.h"

#include <gtest/gtest.h>

#include "storage/asset_journal.h"
#include "storage/file/incarnations.h"

namespace dunlin {
namespace {

Recovered Of(const Incarnation& incarnation, uint8_t kind = 1) {
  Recovered out;
  out.incarnation = incarnation;
  out.kind = kind;
  return out;
}

class OrphansTest : public testing::Test {
 protected:
  Rng rng_{1};
  Orphans orphans_;
  const Incarnation one_ = file::DrawIncarnation("A/streams/S", &rng_);
  const Incarnation other_ = file::DrawIncarnation("A/streams/S", &rng_);
  const Incarnation elsewhere_ = file::DrawIncarnation("B/streams/S", &rng_);
};

TEST_F(OrphansTest, KnowWhereTheyLay) {
  EXPECT_NE(one_, other_);
  for (int i = 0; i < 3; ++i) orphans_.Note(Of(one_));
  ASSERT_TRUE(orphans_.In("A/streams/S"));
  EXPECT_EQ(orphans_.In("A/streams/S")->incarnation, one_);
  EXPECT_EQ(orphans_.In("A/streams/S")->records, 3u);
  EXPECT_FALSE(orphans_.In("B/streams/S"));
  EXPECT_FALSE(orphans_.In("A/streams/T"));
}

TEST_F(OrphansTest, AreNotMissedWhenTheyEnded) {
  for (const uint8_t end : {kAssetDeleted, kAssetStopped}) {
    orphans_.Note(Of(one_));
    orphans_.Note(Of(elsewhere_));
    orphans_.Note(Of(one_, end));
    EXPECT_FALSE(orphans_.In("A/streams/S"));
    EXPECT_TRUE(orphans_.In("B/streams/S"));
  }
}

TEST_F(OrphansTest, TheLastOneOfADirectoryCounts) {
  orphans_.Note(Of(one_));
  orphans_.Note(Of(other_));
  EXPECT_EQ(orphans_.In("A/streams/S")->incarnation, other_);
  EXPECT_EQ(orphans_.In("A/streams/S")->records, 1u);
  orphans_.Note(Of(other_, kAssetStopped));
  EXPECT_FALSE(orphans_.In("A/streams/S"));
  orphans_.Note(Of(other_));  // It was stopped, and died before its checkpoint was gone.
  EXPECT_TRUE(orphans_.In("A/streams/S"));
}

TEST_F(OrphansTest, WhatADamagedJournalMayHaveEndedIsNotMissed) {
  orphans_.Note(Of(one_));
  orphans_.NoteDamage();
  EXPECT_FALSE(orphans_.In("A/streams/S"));
}

}  // namespace
}  // namespace dunlin
