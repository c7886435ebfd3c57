// The disk on a kernel that moves less than it is asked for (short_io.h). The scripts that both
// disks agree with are part of this program, too.
#include "tests/host/disk/short_io.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/host/disk/disk_fixture.h"
#include "tests/host/disk/own_mounts.h"
#include "tests/host/disk/storage_loop.h"

namespace dunlin::host {
namespace {

std::string Pattern(size_t size) {
  std::string out(size, 0);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 7 + i / 251);
  return out;
}

// By other calls than the disk's.
std::string WholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ShortIoTest : public ::testing::TestWithParam<DiskWay> {
 protected:
  testing::TempDir dir;
};

TEST_P(ShortIoTest, WhatIsWrittenAndReadIsWhole) {
  SimpleDisk disk(dir.path(), GetParam());
  const FileId file = disk.Open("a");
  for (const size_t size : {2u, 100u, 4096u, 5000u, 70'000u, 300'001u}) {
    SCOPED_TRACE(size);
    const std::string bytes = Pattern(size);
    ASSERT_TRUE(disk.Write(file, 3, bytes).ok());
    EXPECT_TRUE(WholeFile(dir.path() + "/a").substr(3, size) == bytes);
    EXPECT_TRUE(disk.Read(file, 3, size) == bytes);
  }
  // Up to the end, which comes early.
  EXPECT_EQ(disk.Read(file, 300'000, 50'000).size(), 4u);
  const ShortIo seen = ShortOnes();
  EXPECT_GT(seen.reads, 0u);
  EXPECT_GT(seen.writes, 0u);
  EXPECT_GT(seen.signals, 0u);
}

TEST_P(ShortIoTest, DurableWritesAreWhole) {
  const ShortIo before = ShortOnes();
  SimpleDisk disk(dir.path(), GetParam());
  const FileId file = disk.Open("a", Access::kDurableWrites);
  constexpr size_t kSize = 16 * kDirectAlignment;
  for (uint64_t round = 0; round < 12; ++round) {
    AlignedBuffer bytes(kSize, static_cast<char>('a' + round)), back(kSize);
    for (size_t i = 0; i < kSize; i += kDirectAlignment) {
      bytes.data()[i] = static_cast<uint8_t>(i / kDirectAlignment);
    }
    const uint64_t offset = round * kSize;
    ASSERT_TRUE(disk.Do(disk.queue().Write(file, offset, bytes.data(), kSize)).ok());
    EXPECT_TRUE(WholeFile(dir.path() + "/a").substr(offset) == bytes.view());
    const DiskDone read = disk.Do(disk.queue().Read(file, offset, back.data(), kSize));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.size, kSize);
    EXPECT_TRUE(back.view() == bytes.view());
  }
  const ShortIo seen = ShortOnes();
  if (disk.disk->Means() == "io_uring, direct writes") {
    EXPECT_GT(seen.ring_reads, before.ring_reads);
    EXPECT_GT(seen.ring_writes, before.ring_writes);
  } else {
    EXPECT_GT(seen.reads, before.reads);
    EXPECT_GT(seen.writes, before.writes);
  }
}

// The kernel itself cuts a write off where files may not be longer.
TEST_P(ShortIoTest, AWriteThatTheKernelCutsOffFails) {
  const bool skipped = SkippedInChild([&] {
    constexpr size_t kLimit = 10 * kDirectAlignment;
    (void)std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{kLimit, kLimit};
    CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    SimpleDisk disk(dir.path(), GetParam());
    for (const Access access : {Access::kWrite, Access::kDurableWrites}) {
      const std::string name = access == Access::kWrite ? "a" : "b";
      const FileId file = disk.Open(name, access);
      AlignedBuffer bytes(2 * kLimit, 'x');
      const DiskDone done = disk.Do(disk.queue().Write(file, 0, bytes.data(), bytes.size()));
      EXPECT_EQ(done.error, DiskError::kIo);
      EXPECT_EQ(std::filesystem::file_size(dir.path() + "/" + name), kLimit);
    }
  });
  EXPECT_FALSE(skipped);
}

// A store through two lives.
TEST_P(ShortIoTest, AStoreIsWhatItWas) {
  StorageOptions options;
  options.journal.segment_bytes = 1 << 20;
  options.journal.prepare_bytes_ahead = 256 << 10;
  options.limits.block_bytes = 64 << 10;
  options.limits.checkpoint_bytes = 128 << 10;
  StoreConfig config;
  config.name = "S";
  constexpr Seq kCount = 400;
  for (int life = 0; life < 2; ++life) {
    SCOPED_TRACE(life);
    const auto disk = OpenDisk(dir.path(), GetParam());
    StorageLoop loop(*disk, options, 1);
    const uint32_t id = loop.storage().AddStream("A/streams/S", config);
    loop.storage().Open(StorageLoop::ReadClocks());
    ASSERT_TRUE(loop.RunUntil(Storage::State::kRunning));
    file::FileStore& store = *loop.storage().stream(id);
    WritePoint point;
    for (Seq seq = 1; life == 0 && seq <= kCount; ++seq) {
      const StoreResult stored =
          store.Store(StorageLoop::ReadClocks(), "s", "", Pattern(100 + seq % 9 * 300), 0);
      ASSERT_TRUE(stored.ok());
      point = stored.point;
      if (seq % 16 == 0) loop.Step(StorageLoop::How::kLook);
    }
    while (!loop.storage().durable().Covers(point)) loop.Step();
    EXPECT_EQ(store.State().msgs, kCount);
    for (Seq seq = 1; seq <= kCount; ++seq) {
      LoadMsg load;
      load.seq = seq;
      ASSERT_EQ(loop.Finish(store, load), Progress::kDone) << load.detail;
      ASSERT_TRUE(load.msg.payload == Pattern(100 + seq % 9 * 300)) << seq;
    }
    EXPECT_TRUE(loop.storage().TakeNotices().empty());
    if (life == 0) continue;  // Dies.
    loop.storage().Stop(StorageLoop::ReadClocks());
    EXPECT_TRUE(loop.RunUntil(Storage::State::kStopped));
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, ShortIoTest, ::testing::ValuesIn(kDiskWays),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dunlin::host
