// Torn tails, rot, lost and foreign files: what is cut, what is reported, and where.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/journal/format.h"
#include "tests/storage/journal/journal_stories.h"
#include "tests/storage/journal/journal_world.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;
using Damage = JournalWorld::Damage;

void ExpectNoViolation(const JournalWorld& world) {
  for (const std::string& what : world.violations()) ADD_FAILURE() << what;
}

// A journal whose process was killed when all was quiet: 'batches' of two records each.
std::unique_ptr<JournalWorld> Written(
    int batches, size_t bytes, const JournalOptions& options = JournalWorld::SmallOptions()) {
  auto world = std::make_unique<JournalWorld>(7, options);
  EXPECT_TRUE(world->Boot());
  for (int i = 0; i < batches; ++i) {
    world->Append(i % 3, bytes);
    world->Append(3, bytes);
    world->EndOfStep();
    world->RunAll();
  }
  world->Crash(CrashKind::kKill);
  return world;
}

void Zero(JournalWorld* world, const std::string& path, uint64_t from, uint64_t to) {
  std::string contents = *world->disk().Contents(path);
  std::fill(contents.begin() + static_cast<ptrdiff_t>(from),
            contents.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(to, contents.size())),
            '\0');
  world->disk().Put(path, contents);
}

// The same, and one batch of the last file is lost, which is to be reported.
std::unique_ptr<JournalWorld> WrittenBut(size_t lost, int batches, size_t bytes) {
  auto world = Written(batches, bytes);
  const JournalWorld::File file = world->Files().back();
  Zero(world.get(), file.path, file.batches.at(lost).offset, file.batches.at(lost).end);
  world->ExpectDamage(Damage::kReported);
  return world;
}

// What the device does not read any more costs what lies there, and nothing beside it.
TEST(JournalDamage, APageThatIsRefusedBehindTheLastBatchStopsNoStart) {
  auto world = Written(4, 3000);
  const JournalWorld::File file = world->Files().back();
  world->disk().Refuse(file.path, file.batches.back().end);
  world->ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world->Boot()) << *world->journal().Failure();
  EXPECT_EQ(world->recovered(), 8u);
  EXPECT_EQ(world->damages().size(), 1u);
  ExpectNoViolation(*world);
}

TEST(JournalDamage, APageThatIsRefusedBehindTheHeaderStopsNoStart) {
  auto world = Written(4, 3000);
  const JournalWorld::File file = world->Files().back();
  world->disk().Refuse(file.path, kHeaderBytes);
  world->ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world->Boot()) << *world->journal().Failure();
  EXPECT_FALSE(world->damages().empty());
  ExpectNoViolation(*world);
}

TEST(JournalDamage, ABatchThatIsRefusedAndAloneInItsSegmentIsReported) {
  for (const uint64_t page : {0, 1}) {
    JournalWorld world(7, JournalWorld::SmallOptions());
    ASSERT_TRUE(world.Boot());
    while (world.Files().size() < 2 || world.Files().back().batches.empty()) {
      world.Append(1, 10'000);
      world.EndOfStep();
      world.RunAll();
    }
    world.Crash(CrashKind::kKill);
    const JournalWorld::File file = world.Files().back();
    ASSERT_EQ(file.batches.size(), 1u);
    world.disk().Refuse(file.path, file.batches[0].offset + page * kDirectAlignment);
    world.ExpectDamage(Damage::kReported);
    ASSERT_TRUE(world.Boot()) << *world.journal().Failure();
    EXPECT_FALSE(world.damages().empty());
    ExpectNoViolation(world);
  }
}

TEST(JournalDamage, ATornTailIsCutAtEverySector) {
  const uint64_t sectors = 4096 * 2 / kSectorBytes;  // Of a batch with two records of 3000 bytes.
  for (uint64_t keep = 0; keep < sectors; ++keep) {
    auto world = Written(4, 3000);
    const JournalWorld::File file = world->Files().back();
    const auto& last = file.batches.back();
    ASSERT_EQ(last.end - last.offset, sectors * kSectorBytes);
    const uint64_t from = last.offset + keep * kSectorBytes;
    Zero(world.get(), file.path, from, last.end);
    const bool whole = from >= last.offset + kMarkBytes + 2 * RecordBytes(3000);
    world->ExpectDamage(Damage::kReportedOrAtTheEnd);
    ASSERT_TRUE(world->Boot());
    EXPECT_EQ(world->recovered(), whole ? 8u : 6u) << keep;
    EXPECT_EQ(world->journal().stats().torn_tail, !whole && keep > 0) << keep;
    EXPECT_TRUE(world->damages().empty()) << world->damages().front().detail;
    ExpectNoViolation(*world);
  }
}

TEST(JournalDamage, RotBelowAWitnessIsReportedInItsPlaceAtEverySector) {
  for (uint64_t sector = 0; sector < 4096 * 2 / kSectorBytes; ++sector) {
    auto world = Written(4, 3000);
    const JournalWorld::File file = world->Files().back();
    const auto& hit = file.batches[file.batches.size() - 3];
    const uint64_t at = hit.offset + sector * kSectorBytes;
    world->disk().Rot(file.path, at, sector);
    const bool harmless = at >= hit.offset + kMarkBytes + 2 * RecordBytes(3000) + RecordBytes(16);
    world->ExpectDamage(Damage::kReported);
    ASSERT_TRUE(world->Boot());
    ExpectNoViolation(*world);
    if (harmless) {
      EXPECT_EQ(world->recovered(), 8u);
      continue;
    }
    ASSERT_FALSE(world->damages().empty());
    const Recovered& damage = world->damages().front();
    EXPECT_EQ(damage.first, hit.number);
    EXPECT_EQ(damage.last, hit.number);
    EXPECT_EQ(damage.file, file.path);
    EXPECT_EQ(damage.offset, hit.offset);
    EXPECT_NE(damage.detail.find(file.path + ", offset " + std::to_string(hit.offset)),
              std::string::npos);
    EXPECT_EQ(world->journal().stats().damages, world->damages().size());
    // It is still there, and reported again, in the next life.
    world->Crash(CrashKind::kPowerLoss);
    ASSERT_TRUE(world->Boot());
    EXPECT_FALSE(world->damages().empty());
  }
}

// Who is declared in a batch that is lost has no name in what follows: that is reported, and given
// to nobody. Who was declared before keeps his.
TEST(JournalDamage, RecordsWhoseOwnerIsLostAreReported) {
  // A life's first batch, then records of assets 0 and 3, 1 and 3, 2 and 3, 0 and 3. Lost is who 0
  // and 3 are.
  auto world = WrittenBut(1, 4, 3000);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->recovered(), 2u);
  ASSERT_EQ(world->damages().size(), 4u);
  EXPECT_NE(world->damages()[1].detail.find("owner is lost"), std::string::npos);
  ExpectNoViolation(*world);
}

TEST(JournalDamage, WhoWasDeclaredBeforeIsKnownBehind) {
  auto world = WrittenBut(4, 6, 1000);
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->recovered(), 10u);
  EXPECT_EQ(world->damages().size(), 1u);
  ExpectNoViolation(*world);
}

// A forgotten asset's number goes to another one, whose declaration is lost.
TEST(JournalDamage, ANumberThatChangedHandsIsNotTakenForTheOldOwners) {
  JournalWorld world(1, JournalWorld::SmallOptions());
  ASSERT_TRUE(world.Boot());
  world.Append(4, 100);
  world.EndOfStep();
  world.RunAll();
  world.journal().Forget(world.number(4));
  Incarnation other;
  other.bytes.fill(7);
  const AssetNumber number = world.journal().Attach(other);
  EXPECT_EQ(number, world.number(4));
  const std::vector<uint8_t> body(100, 1);
  for (int i = 0; i < 3; ++i) {
    (void)world.journal().Append(number, 1, body);
    world.EndOfStep();
    world.RunAll();
  }
  const JournalWorld::File file = world.Files().back();
  world.Crash(CrashKind::kKill);
  Zero(&world, file.path, file.batches.at(2).offset, file.batches.at(2).end);
  world.ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world.Boot());
  EXPECT_EQ(world.recovered(), 1u);
  EXPECT_EQ(world.damages().size(), 3u);
  ExpectNoViolation(world);
}

// It may be needed for as long as a consumer cannot be opened. What is lost was told.
TEST(JournalDamage, ALaggardsRecordsAreCopiedPastWhatIsLost) {
  auto world = WrittenBut(5, 7, 1000);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(world->damages().size(), 1u);
  // Asset 0 passes nothing; the others use up more than there is.
  while (world->journal().stats().bytes < 20 * 64 * 1024) {
    if (!world->journal().full()) world->Append(1, 3000);
    world->EndOfStep();
    ASSERT_TRUE(world->Run(1)) << "stands still, " << world->Describe();
    for (int asset = 1; asset <= 3; ++asset) world->Pass(asset);
  }
  EXPECT_GE(world->journal().stats().copied, 3u);
  world->Crash(CrashKind::kPowerLoss);
  ASSERT_TRUE(world->Boot());
  EXPECT_TRUE(world->damages().empty());
  EXPECT_EQ(std::count_if(world->model().begin(), world->model().end(),
                          [](const auto& record) { return record.asset == 0; }),
            3);
  ExpectNoViolation(*world);
}

TEST(JournalDamage, AHeaderSurvivesTheLossOfEitherSector) {
  for (const uint64_t at : {uint64_t{0}, uint64_t{kSecondHeader}}) {
    auto world = Written(4, 1000);
    world->disk().Rot(world->Files().back().path, at, 1);
    ASSERT_TRUE(world->Boot());
    EXPECT_EQ(world->recovered(), 8u);
    ExpectNoViolation(*world);
  }
}

TEST(JournalDamage, AFileWhoseHeaderIsLostIsReported) {
  auto world = Written(4, 1000);
  const std::string path = world->Files().back().path;
  Zero(world.get(), path, 0, kHeaderBytes);
  world->ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world->Boot());
  ASSERT_EQ(world->damages().size(), 1u);
  EXPECT_EQ(world->damages().front().file, path);
  ExpectNoViolation(*world);
}

// Three segments are live; the middle one goes, in one way or another.
void LoseMiddleSegment(void (*lose)(JournalWorld*, const JournalWorld::File&)) {
  auto world = Written(20, 3000);
  const std::vector<JournalWorld::File> files = world->Files();
  ASSERT_GE(files.size(), 3u);
  lose(world.get(), files[1]);
  world->ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world->Boot()) << world->journal().Failure().value_or("stuck");
  ASSERT_FALSE(world->damages().empty());
  EXPECT_GT(world->recovered(), 20u);
  EXPECT_LT(world->recovered(), 40u);
  ExpectNoViolation(*world);
}

TEST(JournalDamage, ALostFileIsReported) {
  LoseMiddleSegment(
      [](JournalWorld* world, const JournalWorld::File& file) { world->disk().Delete(file.path); });
}

TEST(JournalDamage, AFileOfZerosIsReported) {
  LoseMiddleSegment([](JournalWorld* world, const JournalWorld::File& file) {
    Zero(world, file.path, 0, UINT64_MAX);
  });
}

TEST(JournalDamage, AFileThatWasCutIsReported) {
  LoseMiddleSegment([](JournalWorld* world, const JournalWorld::File& file) {
    world->disk().Put(file.path, world->disk().Contents(file.path)->substr(0, 20'000));
  });
}

TEST(JournalDamage, AFileThatHoldsWhatAnotherDoesIsReported) {
  LoseMiddleSegment([](JournalWorld* world, const JournalWorld::File& file) {
    world->disk().Put(file.path, *world->disk().Contents(world->Files().back().path));
  });
}

TEST(JournalDamage, TheOldestSegmentIsMissed) {
  auto world = Written(20, 3000);
  world->disk().Delete(world->Files().front().path);
  world->ExpectDamage(Damage::kReported);
  ASSERT_TRUE(world->Boot());
  ASSERT_FALSE(world->damages().empty());
  EXPECT_EQ(world->damages().front().first, 0u);
  ExpectNoViolation(*world);
}

TEST(JournalDamage, ASegmentOfAnotherStoreIsRefused) {
  auto world = Written(4, 1000);
  JournalWorld other(8, JournalWorld::SmallOptions());
  ASSERT_TRUE(other.Boot());
  world->disk().Put("jetstream/journal/3.seg", *other.disk().Contents(other.Files().front().path));
  EXPECT_FALSE(world->Boot());
  EXPECT_EQ(*world->journal().Failure(),
            "journal: jetstream/journal/3.seg and jetstream/journal/0.seg belong to different "
            "stores");
}

TEST(JournalDamage, OtherFilesAreLeftAlone) {
  auto world = Written(4, 1000);
  for (const char* name : {"x.seg", "00.seg", "0.seg.tmp", "-1.seg", "99999999999.seg", "core"})
    world->disk().Put(std::string("jetstream/journal/") + name, "rubbish");
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->recovered(), 8u);
  EXPECT_EQ(world->disk().Contents("jetstream/journal/00.seg"), "rubbish");
  ExpectNoViolation(*world);
}

// Whatever happens to files at a restart: nothing comes that was not appended, nothing comes twice
// or out of its order, and no promise that rot alone broke goes unsaid.
TEST(JournalDamage, NothingWrongComesOutOfDamagedFiles) {
  for (uint64_t seed = FirstSeed(); seed <= LastSeed(40); ++seed) {
    sim::SimDiskOptions disk;
    disk.faults.rot_at_restart.per_million = 300'000;
    if (seed % 2 == 0) {
      disk.faults.truncated_at_restart.per_million = 50'000;
      disk.faults.zeroed_at_restart.per_million = 50'000;
      disk.faults.deleted_at_restart.per_million = 50'000;
      disk.faults.swapped_at_restart.per_million = 50'000;
      disk.faults.foreign_at_restart.per_million = 500'000;
    }
    disk.faults.read_error.per_million = 10'000;
    const auto violation = DamagedStory(JournalWorld::SmallOptions(), seed, disk);
    ASSERT_FALSE(violation) << *violation;
  }
}

}  // namespace
}  // namespace dunlin::journal
