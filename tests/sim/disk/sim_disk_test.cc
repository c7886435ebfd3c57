#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/disk/disk_driver.h"

namespace dunlin::sim {
namespace {

struct Disk {
  explicit Disk(uint64_t seed = 1, SimDiskOptions options = {}) : driver(seed, options) {}

  FileId Open(const std::string& path, Access access = Access::kWrite,
              Creation creation = Creation::kIfMissing) {
    const FileId file = driver.queue().NewFile();
    EXPECT_TRUE(driver.Run(driver.queue().Open(file, path, access, creation)).ok());
    return file;
  }
  DiskDone Write(FileId file, uint64_t offset, const std::string& bytes) {
    return driver.Run(driver.queue().Write(
        file, offset, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  }
  std::string Read(FileId file, uint64_t offset, size_t size) {
    std::string bytes(size, '?');
    const DiskDone done = driver.Run(
        driver.queue().Read(file, offset, reinterpret_cast<uint8_t*>(bytes.data()), size));
    EXPECT_TRUE(done.ok()) << done.text;
    bytes.resize(done.size);
    return bytes;
  }
  DiskError Sync(FileId file) { return driver.Run(driver.queue().Sync(file)).error; }
  DiskError SyncDir(const std::string& path) {
    return driver.Run(driver.queue().SyncDir(path)).error;
  }
  std::optional<std::string> Contents(const std::string& path) {
    return driver.disk().Contents(path);
  }

  DiskDriver driver;
};

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
  disk.driver.Crash(CrashKind::kKill);
  EXPECT_EQ(disk.Contents("a"), "hello");
}

TEST(SimDisk, APowerLossKeepsWhatWasSynced) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk(seed);
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, "hello").ok());
    EXPECT_EQ(disk.Sync(file), DiskError::kNone);
    EXPECT_EQ(disk.SyncDir(""), DiskError::kNone);
    disk.driver.Crash(CrashKind::kPowerLoss);
    ASSERT_EQ(disk.Contents("a"), "hello");
  }
}

TEST(SimDisk, APowerLossMayTakeEachOfNameAndBytes) {
  int nameless = 0, torn = 0, whole = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    const FileId file = disk.Open("a");
    EXPECT_TRUE(disk.Write(file, 0, std::string(2000, 'x')).ok());
    disk.driver.Crash(CrashKind::kPowerLoss);
    const auto contents = disk.Contents("a");
    if (!contents) {
      ++nameless;
    } else if (*contents == std::string(2000, 'x')) {
      ++whole;
    } else {
      ++torn;
    }
  }
  EXPECT_GT(nameless, 20);
  EXPECT_GT(torn, 10);
  EXPECT_GT(whole, 20);
}

}  // namespace
}  // namespace dunlin::sim
