// Each fault does what it says, and stops at its budget.
#include <gtest/gtest.h>

#include <string>

#include "sim/disk/faults.h"
#include "tests/sim/disk/disk_fixture.h"

namespace dunlin::sim {
namespace {

constexpr FaultRate kOnce{.per_million = 1'000'000, .budget = 1};

// A disk on which a fault strikes at the next occasion, once.
struct FaultyDisk : Disk {
  explicit FaultyDisk(FaultRate DiskFaults::*kind, uint64_t seed = 1) : Disk(seed), kind_(kind) {}
  void Arm() {
    DiskFaults faults;
    faults.*kind_ = kOnce;
    disk().SetFaults(faults);
  }
  FaultRate DiskFaults::*kind_;
};

TEST(DiskFaults, AReadFailsAndTheNextOneDoesNot) {
  FaultyDisk disk(&DiskFaults::read_error);
  disk.Make("a", "hello");
  const FileId file = disk.Open("a");
  disk.Arm();
  std::string bytes(9, '?');
  EXPECT_EQ(disk.TryRead(file, 0, &bytes).error, DiskError::kIo);
  EXPECT_EQ(disk.Read(file, 0, 9), "hello");
  EXPECT_EQ(disk.disk().dice().struck(DiskFault::kReadError), 1u);
}

TEST(DiskFaults, AWriteFailsInPartAndThatIsAll) {
  int parts = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FaultyDisk disk(&DiskFaults::write_error, seed);
    const FileId file = disk.Open("a");
    disk.Arm();
    EXPECT_EQ(disk.Write(file, 0, std::string(4096, 'x')).error, DiskError::kIo);
    const std::string seen = *disk.Contents("a");
    parts += !seen.empty() && seen != std::string(4096, 'x');
    EXPECT_TRUE(disk.Write(file, 0, "again").ok());
    EXPECT_EQ(disk.Sync(file), DiskError::kNone);
  }
  EXPECT_GT(parts, 5);
}

TEST(DiskFaults, ASyncFailsOnceThenRefusesAndTheBytesAreLostInTheEnd) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FaultyDisk disk(&DiskFaults::sync_error, seed);
    disk.Make("a", "old");
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, "new").ok());
    disk.Arm();
    EXPECT_EQ(disk.Sync(file), DiskError::kIo);
    EXPECT_EQ(disk.Sync(file), DiskError::kPoisoned);
    EXPECT_EQ(disk.Write(file, 0, "x").error, DiskError::kPoisoned);
    std::string bytes(3, '?');
    EXPECT_EQ(disk.TryRead(file, 0, &bytes).error, DiskError::kPoisoned);
    EXPECT_TRUE(disk.driver.Run(disk.queue().Close(file)).ok());
    // Opened again it looks well, and lies.
    const FileId again = disk.Open("a");
    EXPECT_EQ(disk.Read(again, 0, 3), "new");
    EXPECT_EQ(disk.Sync(again), DiskError::kNone);
    disk.driver.Crash(CrashKind::kPowerLoss);
    lost += disk.Contents("a") == "old";
  }
  EXPECT_GT(lost, 5);
}

TEST(DiskFaults, EachWhoHasTheFileOpenLearnsOfAFailedSyncOnce) {
  FaultyDisk disk(&DiskFaults::sync_error);
  const FileId one = disk.Open("a"), two = disk.Open("a");
  disk.Arm();
  EXPECT_EQ(disk.Sync(one), DiskError::kIo);
  EXPECT_EQ(disk.Sync(two), DiskError::kIo);
  EXPECT_EQ(disk.Sync(two), DiskError::kPoisoned);
}

TEST(DiskFaults, ADirectorysSyncFailsOnceThenRefusesUntilItIsAskedInAnotherLife) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (const bool again : {false, true}) {
      FaultyDisk disk(&DiskFaults::sync_error, seed);
      (void)disk.Open("a");
      disk.Arm();
      EXPECT_EQ(disk.SyncDir(""), DiskError::kIo);
      EXPECT_EQ(disk.SyncDir(""), DiskError::kPoisoned);
      disk.driver.Crash(CrashKind::kKill);
      if (again) {
        EXPECT_EQ(disk.SyncDir(""), DiskError::kNone);
      }
      disk.driver.Crash(CrashKind::kPowerLoss, seed);
      EXPECT_TRUE(!again || disk.Contents("a"));
      lost += !disk.Contents("a");
    }
  }
  EXPECT_GT(lost, 3);
}

TEST(DiskFaults, ADurableWriteThatFailsPoisons) {
  alignas(kDirectAlignment) static uint8_t block[kDirectAlignment];
  for (const auto kind : {&DiskFaults::write_error, &DiskFaults::sync_error}) {
    FaultyDisk disk(kind);
    const FileId file = disk.Open("a", Access::kDurableWrites);
    disk.Arm();
    const auto write = [&] { return disk.driver.Run(disk.queue().Write(file, 0, block, 4096)); };
    EXPECT_EQ(write().error, DiskError::kIo);
    EXPECT_EQ(write().error, DiskError::kPoisoned);
  }
}

TEST(DiskFaults, AFullDiskTakesWhatFitsAndFreesWhatIsRemoved) {
  Disk disk(1, {.timing = {}, .faults = {}, .capacity_bytes = 64 << 10});
  const FileId file = disk.Open("a");
  EXPECT_TRUE(disk.Write(file, 0, std::string(60 << 10, 'x')).ok());
  EXPECT_EQ(disk.Write(file, 60 << 10, std::string(8 << 10, 'y')).error, DiskError::kNoSpace);
  EXPECT_TRUE(disk.Write(file, 0, std::string(60 << 10, 'z')).ok()) << "over what is there";
  EXPECT_EQ(disk.Sync(file), DiskError::kNone);
  EXPECT_TRUE(disk.driver.Run(disk.queue().Close(file)).ok());
  EXPECT_TRUE(disk.driver.Run(disk.queue().Remove("a")).ok());
  EXPECT_EQ(disk.driver.Run(disk.queue().FreeSpace()).size, 64u << 10);
  EXPECT_TRUE(disk.Write(disk.Open("b"), 0, std::string(64 << 10, 'x')).ok());
}

TEST(DiskFaults, SpaceAndDescriptorsRunOutWhenTheyAreToldTo) {
  FaultyDisk space(&DiskFaults::space_error);
  space.Arm();
  EXPECT_EQ(space.driver.Run(space.queue().MakeDir("d")).error, DiskError::kNoSpace);
  EXPECT_TRUE(space.driver.Run(space.queue().MakeDir("d")).ok());

  FaultyDisk files(&DiskFaults::too_many_files);
  files.Arm();
  DiskQueue& queue = files.queue();
  EXPECT_EQ(
      files.driver.Run(queue.Open(queue.NewFile(), "a", Access::kWrite, Creation::kNew)).error,
      DiskError::kTooManyFiles);
  (void)files.Open("a");

  Disk few(1, {.timing = {}, .faults = {}, .open_files_max = 2});
  const FileId first = few.Open("a");
  (void)few.Open("b");
  DiskQueue& other = few.queue();
  EXPECT_EQ(few.driver.Run(other.Open(other.NewFile(), "c", Access::kWrite, Creation::kNew)).error,
            DiskError::kTooManyFiles);
  EXPECT_TRUE(few.driver.Run(other.Close(first)).ok());
  (void)few.Open("c");
}

TEST(DiskFaults, AStallTakesItsTime) {
  FaultyDisk disk(&DiskFaults::stall);
  const Instant before = disk.driver.now().mono;
  disk.Arm();
  (void)disk.Open("a");
  EXPECT_GE(disk.driver.now().mono - before, Seconds(10));
  EXPECT_LE(disk.driver.now().mono - before, Seconds(21));
}

TEST(DiskFaults, RotStaysUntilItIsWrittenOverAndTheTruthIsKnown) {
  Disk disk;
  const std::string bytes(2000, 'x');
  disk.Make("a", bytes);
  disk.disk().Rot("a", 600, 7);
  const FileId file = disk.Open("a");
  const std::string bad = disk.Read(file, 0, 2000);
  EXPECT_NE(bad, bytes);
  EXPECT_EQ(bad.substr(0, 512), bytes.substr(0, 512));
  EXPECT_EQ(bad.substr(1024), bytes.substr(1024));
  EXPECT_EQ(disk.Read(file, 0, 2000), bad);
  EXPECT_EQ(disk.Read(file, 700, 100), bad.substr(700, 100));
  EXPECT_EQ(disk.disk().Truth("a"), bytes);
  disk.driver.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(disk.Contents("a"), bad);
  EXPECT_TRUE(disk.Write(disk.Open("a"), 512, std::string(512, 'n')).ok());
  EXPECT_EQ(disk.Contents("a"), disk.disk().Truth("a"));
}

TEST(DiskFaults, RotOfAShortFileStrikesTheFile) {
  const std::string bytes(40, 'x');
  for (uint64_t seed = 0; seed < 32; ++seed) {
    Disk disk;
    disk.Make("a", bytes);
    disk.disk().Rot("a", 0, seed);
    EXPECT_NE(disk.Contents("a"), bytes) << seed;
  }
}

TEST(DiskFaults, AReadMayFindASectorGone) {
  FaultyDisk disk(&DiskFaults::rot_on_read);
  disk.Make("a", std::string(4000, 'x'));
  const FileId file = disk.Open("a");
  disk.Arm();
  const std::string bad = disk.Read(file, 0, 4000);
  EXPECT_NE(bad, std::string(4000, 'x'));
  EXPECT_EQ(disk.Read(file, 0, 4000), bad);
}

TEST(DiskFaults, ARestartFindsFilesDamaged) {
  const std::string bytes(4000, 'x');
  const auto after_restart = [&](FaultRate DiskFaults::*kind) {
    FaultyDisk disk(kind);
    disk.Make("d/a", bytes);
    disk.Make("d/b", "other");
    disk.Arm();
    disk.driver.Crash(CrashKind::kKill);
    EXPECT_EQ(disk.disk().damages().size(), 1u);
    disk.driver.Crash(CrashKind::kKill);
    EXPECT_EQ(disk.disk().damages().size(), 1u) << "its budget is used up";
    return disk.Contents("d/a").value_or("-") + "|" + disk.Contents("d/b").value_or("-") +
           (disk.disk().Files().size() == 3 ? "+" : "");
  };
  EXPECT_NE(after_restart(&DiskFaults::rot_at_restart), bytes + "|other");
  EXPECT_LT(after_restart(&DiskFaults::truncated_at_restart).size(), 4006u);
  EXPECT_EQ(after_restart(&DiskFaults::zeroed_at_restart), std::string(4000, '\0') + "|other");
  EXPECT_EQ(after_restart(&DiskFaults::deleted_at_restart), "-|other");
  EXPECT_EQ(after_restart(&DiskFaults::swapped_at_restart), "other|other");
  EXPECT_EQ(after_restart(&DiskFaults::foreign_at_restart), bytes + "|other+");
  EXPECT_EQ(after_restart(&DiskFaults::wiped_at_restart), "-|-");
}

TEST(DiskFaults, OneKindDoesNotChangeWhenAnotherStrikes) {
  const auto run = [](uint32_t stalls) {
    DiskFaults faults;
    faults.read_error = {.per_million = 200'000};
    faults.stall = {.per_million = stalls};
    Disk disk(3, {.timing = {}, .faults = faults});
    disk.Make("a", "x");
    const FileId file = disk.Open("a");
    std::string errors;
    for (int i = 0; i < 50; ++i) {
      std::string bytes(1, '?');
      errors += disk.TryRead(file, 0, &bytes).ok() ? '.' : 'E';
    }
    return errors;
  };
  EXPECT_EQ(run(0), run(500'000));
  EXPECT_NE(run(0).find('E'), std::string::npos);
}

}  // namespace
}  // namespace dunlin::sim
