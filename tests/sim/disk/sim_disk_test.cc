// What the simulated disk keeps, and that it does not keep more: a disk that is too kind finds no
// bugs.
#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/sim/disk/disk_fixture.h"

namespace dunlin::sim {
namespace {

// What a file holds after the crash of each of many runs that differ in the seed alone, and how
// often; "-" if it is gone.
template <typename Story>
std::map<std::string, int> Outcomes(const std::string& path, CrashKind kind, Story story) {
  std::map<std::string, int> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    story(disk);
    disk.driver.Crash(kind);
    ++outcomes[disk.Contents(path).value_or("-")];
  }
  return outcomes;
}

int OthersThan(const std::map<std::string, int>& outcomes, const std::set<std::string>& these) {
  int others = 0;
  for (const auto& [outcome, count] : outcomes) others += these.count(outcome) == 0 ? count : 0;
  return others;
}

constexpr auto kKill = CrashKind::kKill;
constexpr auto kPowerLoss = CrashKind::kPowerLoss;

TEST(SimDisk, WhatIsWrittenIsReadAndAGapIsZeros) {
  Disk disk;
  const FileId file = disk.Open("a");
  EXPECT_TRUE(disk.Write(file, 5, "hello").ok());
  EXPECT_EQ(disk.Read(file, 0, 100), std::string(5, '\0') + "hello");
}

TEST(SimDisk, AKillKeepsWhatCompleted) {
  Disk disk;
  const FileId file = disk.Open("a");
  EXPECT_TRUE(disk.Write(file, 0, "hello").ok());
  disk.driver.Crash(kKill);
  EXPECT_EQ(disk.Contents("a"), "hello");
}

TEST(SimDisk, AKillKeepsAnyPartOfWhatWasInFlight) {
  const std::string old(2000, 'o'), fresh(2000, 'f');
  auto outcomes = Outcomes("a", kKill, [&](Disk& disk) {
    disk.Make("a", old);
    const FileId file = disk.Open("a");
    disk.queue().Write(file, 0, BytesOf(fresh), fresh.size());
  });
  EXPECT_GT(outcomes[old], 20);
  EXPECT_GT(outcomes[fresh], 20);
  EXPECT_GT(OthersThan(outcomes, {old, fresh}), 10);
}

TEST(SimDisk, APowerLossKeepsWhatWasSynced) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, "hello").ok());
    EXPECT_EQ(disk.Sync(file), DiskError::kNone);
    EXPECT_EQ(disk.SyncDir(""), DiskError::kNone);
  });
  EXPECT_EQ(outcomes["hello"], 200);
}

TEST(SimDisk, APowerLossTakesTheNameOrTheBytesOfWhatWasNot) {
  const std::string bytes(2000, 'x');
  auto outcomes = Outcomes("a", kPowerLoss, [&](Disk& disk) {
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, bytes).ok());
  });
  EXPECT_GT(outcomes["-"], 20);
  EXPECT_GT(outcomes[""], 10);
  EXPECT_GT(outcomes[bytes], 20);
  EXPECT_GT(OthersThan(outcomes, {"-", "", bytes}), 10);
}

TEST(SimDisk, APowerLossMixesOldAndNewBySector) {
  const std::string old(1024, 'o'), fresh(1024, 'f');
  auto outcomes = Outcomes("a", kPowerLoss, [&](Disk& disk) {
    disk.Make("a", old);
    EXPECT_TRUE(disk.Write(disk.Open("a"), 0, fresh).ok());
  });
  const std::string first = fresh.substr(0, 512) + old.substr(512);
  const std::string second = old.substr(0, 512) + fresh.substr(512);
  EXPECT_GT(outcomes[old], 20);
  EXPECT_GT(outcomes[fresh], 20);
  EXPECT_GT(outcomes[first], 5);
  EXPECT_GT(outcomes[second], 5);
  EXPECT_EQ(OthersThan(outcomes, {old, fresh, first, second}), 0);
}

TEST(SimDisk, ASyncDoesNotCoverALaterWriteToTheSameBlock) {
  const std::string later = "later";
  std::string synced(4096, 'o'), seen = synced;
  synced.replace(1024, 5, "first");
  seen.replace(1024, 5, "later");
  auto outcomes = Outcomes("a", kPowerLoss, [&](Disk& disk) {
    disk.Make("a", std::string(4096, 'o'));
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 1024, "first").ok());
    disk.queue().Sync(file);
    disk.queue().Write(file, 1024, BytesOf(later), later.size());
    (void)disk.driver.RunAll();
  });
  EXPECT_GT(outcomes[synced], 20);
  EXPECT_GT(outcomes[seen], 20);
}

TEST(SimDisk, ALaterWriteMaySurviveAnEarlierOne) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.Make("a", std::string(1024, 'o'));
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, "first").ok());
    EXPECT_TRUE(disk.Write(file, 512, "second").ok());
  });
  std::string only_second(1024, 'o');
  only_second.replace(512, 6, "second");
  EXPECT_GT(outcomes[only_second], 10);
}

TEST(SimDisk, ALengthMayComeWithWhatLayThereBefore) {
  int stale = 0, zeros = 0;
  auto outcomes = Outcomes("new", kPowerLoss, [](Disk& disk) {
    disk.Make("old", std::string(512, 'S'));
    const FileId old = disk.Open("old");
    EXPECT_TRUE(disk.driver.Run(disk.queue().Truncate(old, 0)).ok());
    EXPECT_TRUE(disk.Write(disk.Open("new"), 0, std::string(2048, 'n')).ok());
  });
  for (const auto& [contents, count] : outcomes) {
    stale += contents.find('S') != std::string::npos ? count : 0;
    zeros += contents.find('\0') != std::string::npos ? count : 0;
  }
  EXPECT_GT(stale, 3);
  EXPECT_GT(zeros, 10);
}

TEST(SimDisk, AKillAfterwardsDoesNotMakeAnythingDurable) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.Make("a", "old");
    EXPECT_TRUE(disk.Write(disk.Open("a"), 0, "new").ok());
    disk.driver.Crash(kKill);
    EXPECT_EQ(disk.Contents("a"), "new");
  });
  EXPECT_GT(outcomes["old"], 20);
  EXPECT_GT(outcomes["new"], 20);
}

TEST(SimDisk, ASyncCoversOnlyWhatHadCompletedWhenItBegan) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.Make("a", "old");
    const FileId file = disk.Open("a");
    const std::string bytes = "new";
    disk.queue().Sync(file);
    disk.queue().Write(file, 0, BytesOf(bytes), bytes.size());
    (void)disk.driver.RunAll();
  });
  EXPECT_GT(outcomes["old"], 20);
}

TEST(SimDisk, ADirectorysSyncCoversOnlyWhatHadCompletedWhenItBegan) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.queue().SyncDir("");
    disk.queue().Open(disk.queue().NewFile(), "a", Access::kWrite, Creation::kNew);
    (void)disk.driver.RunAll();
  });
  EXPECT_GT(outcomes["-"], 20);
}

TEST(SimDisk, ASyncThatFollowsAWriteCoversIt) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.Make("a", "old");
    const FileId file = disk.Open("a");
    const std::string bytes = "new";
    disk.queue().Sync(file, disk.queue().Write(file, 0, BytesOf(bytes), bytes.size()));
    (void)disk.driver.RunAll();
  });
  EXPECT_EQ(outcomes["new"], 200);
}

TEST(SimDisk, ADurableWriteNeedsNoSync) {
  alignas(kDirectAlignment) static uint8_t block[kDirectAlignment];
  std::fill(std::begin(block), std::end(block), 'd');
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    const FileId file = disk.Open("a", Access::kDurableWrites);
    EXPECT_EQ(disk.SyncDir(""), DiskError::kNone);
    EXPECT_TRUE(disk.driver.Run(disk.queue().Write(file, 4096, block, sizeof block)).ok());
  });
  EXPECT_EQ(outcomes[std::string(4096, '\0') + std::string(4096, 'd')], 200);
}

TEST(SimDisk, ARenameHappensOrNot) {
  const auto story = [](bool sync_dir) {
    return [sync_dir](Disk& disk) {
      disk.Make("state", "old");
      disk.Make("temp", "new");
      const DiskTicket renamed = disk.queue().Rename("temp", "state", Replace::kExisting);
      EXPECT_TRUE(disk.driver.Run(renamed).ok());
      if (sync_dir) disk.SyncDir("");
    };
  };
  auto unsure = Outcomes("state", kPowerLoss, story(false));
  EXPECT_GT(unsure["old"], 20);
  EXPECT_GT(unsure["new"], 20);
  EXPECT_EQ(OthersThan(unsure, {"old", "new"}), 0);
  EXPECT_EQ(Outcomes("state", kPowerLoss, story(true))["new"], 200);
  EXPECT_EQ(Outcomes("temp", kPowerLoss, story(true))["-"], 200);
}

TEST(SimDisk, ARenameIntoAnotherDirectoryCountsToThatOne) {
  const auto story = [](const std::string& synced) {
    return [synced](Disk& disk) {
      disk.Make("from/file", "x");
      disk.Make("to/other", "y");
      const DiskTicket renamed = disk.queue().Rename("from/file", "to/file", Replace::kNever);
      EXPECT_TRUE(disk.driver.Run(renamed).ok());
      EXPECT_EQ(disk.SyncDir(synced), DiskError::kNone);
    };
  };
  EXPECT_EQ(Outcomes("to/file", kPowerLoss, story("to"))["x"], 200);
  EXPECT_EQ(Outcomes("from/file", kPowerLoss, story("to"))["-"], 200);
  EXPECT_GT(Outcomes("from/file", kPowerLoss, story("from"))["x"], 20);
}

TEST(SimDisk, ADirectoryTakesWhatIsInItAlong) {
  auto outcomes = Outcomes("dir/a", kPowerLoss, [](Disk& disk) {
    EXPECT_TRUE(disk.driver.Run(disk.queue().MakeDir("dir")).ok());
    const FileId file = disk.Open("dir/a");
    EXPECT_TRUE(disk.Write(file, 0, "hello").ok());
    EXPECT_EQ(disk.Sync(file), DiskError::kNone);
    EXPECT_EQ(disk.SyncDir("dir"), DiskError::kNone);
  });
  EXPECT_GT(outcomes["-"], 20);
  EXPECT_GT(outcomes["hello"], 20);
}

TEST(SimDisk, ARemovedFileMayComeBack) {
  auto outcomes = Outcomes("a", kPowerLoss, [](Disk& disk) {
    disk.Make("a", "hello");
    EXPECT_TRUE(disk.driver.Run(disk.queue().Remove("a")).ok());
  });
  EXPECT_GT(outcomes["-"], 20);
  EXPECT_GT(outcomes["hello"], 20);
}

TEST(SimDisk, ARemovedTreeMayBeLeftInPart) {
  int whole = 0, part = 0, none = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    for (const char* name : {"t/a", "t/b", "t/c/d"}) disk.Make(name, "x");
    disk.queue().RemoveTree("t");
    disk.driver.Crash(kKill);
    const size_t left = disk.disk().Files().size();
    ++(left == 3 ? whole : left == 0 ? none : part);
  }
  EXPECT_GT(whole, 10);
  EXPECT_GT(part, 10);
  EXPECT_GT(none, 10);
}

TEST(SimDisk, CompletionsOvertakeEachOther) {
  std::set<std::vector<uint64_t>> orders;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(seed);
    for (const char* name : {"a", "b", "c"}) disk.queue().MakeDir(name);
    std::vector<uint64_t> order;
    for (const DiskDone& done : disk.driver.RunAll()) order.push_back(done.ticket.value);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

uint64_t HashOfARun(uint64_t seed) {
  Disk disk(seed);
  const FileId file = disk.Open("a");
  EXPECT_TRUE(disk.Write(file, 0, std::string(5000, 'x')).ok());
  disk.driver.Crash(kPowerLoss);
  EXPECT_LE(disk.Read(disk.Open("a"), 0, 9000).size(), 5000u);
  return disk.disk().hash();
}

TEST(SimDisk, TheSameSeedIsTheSameRun) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(HashOfARun(seed), HashOfARun(seed));
    hashes.insert(HashOfARun(seed));
  }
  EXPECT_EQ(hashes.size(), 20u);
}

TEST(SimDisk, ZerosCostNoMemoryAndSyncedBytesLieThereOnce) {
  Disk disk;
  const size_t before = ChunkRef::LiveBytes();
  const FileId file = disk.Open("a");
  const std::string zeros(1 << 20, '\0'), bytes(1 << 20, 'x');
  for (uint64_t i = 0; i < 64; ++i) EXPECT_TRUE(disk.Write(file, i << 20, zeros).ok());
  EXPECT_EQ(ChunkRef::LiveBytes(), before);
  EXPECT_EQ(disk.disk().used_bytes(), 64u << 20);
  EXPECT_TRUE(disk.Write(file, 0, bytes).ok());
  EXPECT_EQ(disk.Sync(file), DiskError::kNone);
  EXPECT_EQ(ChunkRef::LiveBytes(), before + (1 << 20));
}

}  // namespace
}  // namespace dunlin::sim
