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

TEST_F(OrphansTest, WhatEndedAStreamEndedItsConsumers) {
  const std::string folder = "A/streams/S/obs/C";
  const Incarnation consumer = file::DrawIncarnation(folder, &rng_);
  const auto name_of = [&](const Incarnation& one) {
    return one == consumer ? folder : one == elsewhere_ ? std::string("B/streams/S") : "";
  };
  orphans_.Note(Of(one_));
  orphans_.Note(Of(consumer));
  orphans_.Note(Of(consumer));
  ASSERT_EQ(orphans_.All(name_of).size(), 2u);
  for (const uint8_t end : {kAssetDeleted, kAssetStopped}) {
    orphans_.Note(Of(consumer));
    orphans_.NoteEnd(Of(one_, end));  // Of one that is there, say.
    EXPECT_TRUE(orphans_.All(name_of).empty());
  }
  orphans_.Note(Of(consumer));  // It is there again.
  orphans_.Note(Of(elsewhere_));
  orphans_.NoteEnd(Of(elsewhere_, kAssetStopped));
  const auto missed = orphans_.All(name_of);
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].directory, folder);
  EXPECT_EQ(missed[0].records, 5u);
}

TEST_F(OrphansTest, KnowWhoEndedBehindDamage) {
  orphans_.NoteEnd(Of(one_, kAssetStopped));
  orphans_.NoteDamage();
  EXPECT_FALSE(orphans_.EndedSinceDamage("A/streams/S"));
  orphans_.NoteEnd(Of(one_, kAssetStopped));
  EXPECT_TRUE(orphans_.EndedSinceDamage("A/streams/S"));
  EXPECT_FALSE(orphans_.EndedSinceDamage("B/streams/S"));
}

TEST(NameInDirectory, IsAStreamsOrAConsumers) {
  EXPECT_EQ(NameInDirectory("A/streams/S"), "stream 'S'");
  EXPECT_EQ(NameInDirectory("A/streams/obs"), "stream 'obs'");
  EXPECT_EQ(NameInDirectory("A/streams/S/obs/C"), "consumer 'S > C'");
  EXPECT_EQ(StreamDirectoryOf("A/streams/S/obs/C"), "A/streams/S");
  EXPECT_EQ(StreamDirectoryOf("A/streams/S"), "");
}

TEST_F(OrphansTest, WhatADamagedJournalMayHaveEndedIsNotMissed) {
  orphans_.Note(Of(one_));
  orphans_.NoteDamage();
  EXPECT_FALSE(orphans_.In("A/streams/S"));
}

}  // namespace
}  // namespace dunlin
