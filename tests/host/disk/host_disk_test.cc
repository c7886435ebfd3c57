#include "host/disk/host_disk.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/host/disk/disk_fixture.h"
#include "tests/support/eventually.h"

namespace dunlin::host {
namespace {

class HostDiskTest : public ::testing::TestWithParam<DiskWay> {
 protected:
  dunlin::testing::TempDir dir_;
  SimpleDisk disk_{dir_.path(), GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Ways, HostDiskTest, ::testing::ValuesIn(kDiskWays),
                         [](const auto& info) { return info.param.name; });

TEST_P(HostDiskTest, ReadsWhatWasWritten) {
  const FileId file = disk_.Open("a");
  ASSERT_TRUE(disk_.Write(file, 0, "hello world").ok());
  EXPECT_EQ(disk_.Read(file, 6, 5), "world");
  ASSERT_TRUE(disk_.Do(disk_.queue().Sync(file)).ok());
  ASSERT_TRUE(disk_.Do(disk_.queue().Close(file)).ok());
  EXPECT_EQ(dunlin::testing::ReadText(dir_.File("a")), "hello world");
}

TEST_P(HostDiskTest, ReadsLessAtTheEndAndZerosInGaps) {
  const FileId file = disk_.Open("a");
  ASSERT_TRUE(disk_.Write(file, 10'000, "end").ok());
  EXPECT_EQ(disk_.Read(file, 9'998, 100), std::string("\0\0end", 5));
  EXPECT_EQ(disk_.Read(file, 10'003, 100), "");
  EXPECT_EQ(disk_.Read(file, 50'000, 100), "");
  ASSERT_TRUE(disk_.Do(disk_.queue().Truncate(file, 10'005)).ok());
  EXPECT_EQ(disk_.Read(file, 10'000, 100), std::string("end\0\0", 5));
}

TEST_P(HostDiskTest, DurableWritesAreReadByBothKindsOfFile) {
  const FileId durable = disk_.Open("seg", Access::kDurableWrites, Creation::kNew);
  AlignedBuffer block(2 * kDirectAlignment, 'x');
  ASSERT_TRUE(
      disk_.Do(disk_.queue().Write(durable, kDirectAlignment, block.data(), block.size())).ok());
  AlignedBuffer back(8 * kDirectAlignment, '?');
  const DiskDone read = disk_.Do(disk_.queue().Read(durable, 0, back.data(), back.size()));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.size, 3 * kDirectAlignment);
  EXPECT_EQ(back.view().substr(0, kDirectAlignment), std::string(kDirectAlignment, '\0'));
  EXPECT_EQ(back.view().substr(kDirectAlignment, block.size()), block.view());
  const FileId plain = disk_.Open("seg", Access::kRead, Creation::kExisting);
  EXPECT_EQ(disk_.Read(plain, kDirectAlignment, block.size()), block.view());
}

TEST_P(HostDiskTest, ADirectReadStopsAtAnEndWithinABlock) {
  const FileId plain = disk_.Open("seg");
  ASSERT_TRUE(disk_.Write(plain, 0, std::string(kDirectAlignment + 100, 'x')).ok());
  const FileId durable = disk_.Open("seg", Access::kDurableWrites, Creation::kExisting);
  AlignedBuffer back(4 * kDirectAlignment, '?');
  EXPECT_EQ(disk_.Do(disk_.queue().Read(durable, 0, back.data(), back.size())).size,
            kDirectAlignment + 100);
}

TEST_P(HostDiskTest, TakesMoreAtOnceThanTheRingHolds) {
  constexpr size_t kWrites = 400;
  const FileId file = disk_.Open("seg", Access::kDurableWrites, Creation::kNew);
  ASSERT_TRUE(disk_.Do(disk_.queue().Truncate(file, kWrites * kDirectAlignment)).ok());
  std::deque<AlignedBuffer> blocks;
  for (size_t i = 0; i < kWrites; ++i) {
    blocks.emplace_back(kDirectAlignment, static_cast<char>(i % 251));
    disk_.queue().Write(file, i * kDirectAlignment, blocks.back().data(), kDirectAlignment);
  }
  const std::vector<DiskDone> done = disk_.blocking.TakeAll();
  ASSERT_EQ(done.size(), kWrites);
  for (const DiskDone& one : done) EXPECT_TRUE(one.ok()) << one.text;
  const FileId plain = disk_.Open("seg", Access::kRead, Creation::kExisting);
  for (size_t i = 0; i < kWrites; i += 37) {
    EXPECT_EQ(disk_.Read(plain, i * kDirectAlignment, kDirectAlignment), blocks[i].view());
  }
}

TEST_P(HostDiskTest, CarriesLargeTransfers) {
  constexpr size_t kSize = 24 << 20;
  AlignedBuffer bytes(kSize);
  for (size_t i = 0; i < kSize; i += 512) bytes.data()[i] = static_cast<uint8_t>(i / 512);
  for (const Access access : {Access::kWrite, Access::kDurableWrites}) {
    const FileId file = disk_.Open(access == Access::kWrite ? "plain" : "durable", access);
    ASSERT_TRUE(disk_.Do(disk_.queue().Write(file, 0, bytes.data(), kSize)).ok());
    AlignedBuffer back(kSize);
    EXPECT_EQ(disk_.Do(disk_.queue().Read(file, 0, back.data(), kSize)).size, kSize);
    EXPECT_TRUE(back.view() == bytes.view());
  }
}

TEST_P(HostDiskTest, CreatesAsAsked) {
  EXPECT_EQ(disk_.TryOpen("a", Access::kWrite, Creation::kExisting), DiskError::kNotFound);
  EXPECT_EQ(disk_.TryOpen("no/a", Access::kWrite, Creation::kNew), DiskError::kNotFound);
  for (const Access access : {Access::kWrite, Access::kDurableWrites}) {
    EXPECT_EQ(disk_.TryOpen("a", access, Creation::kNew), DiskError::kNone);
    EXPECT_EQ(disk_.TryOpen("a", access, Creation::kNew), DiskError::kExists);
    ASSERT_TRUE(disk_.Do(disk_.queue().Remove("a")).ok());
  }
  ASSERT_TRUE(disk_.Write(disk_.Open("b"), 0, "text").ok());
  const FileId kept = disk_.queue().NewFile();
  EXPECT_EQ(disk_.Do(disk_.queue().Open(kept, "b", Access::kRead, Creation::kExisting)).size, 4u);
  const FileId emptied = disk_.queue().NewFile();
  EXPECT_EQ(disk_.Do(disk_.queue().Open(emptied, "b", Access::kWrite, Creation::kEmptied)).size,
            0u);
}

TEST_P(HostDiskTest, ADirectoryIsNotAFile) {
  ASSERT_TRUE(disk_.Do(disk_.queue().MakeDir("d")).ok());
  EXPECT_NE(disk_.TryOpen("d", Access::kRead, Creation::kExisting), DiskError::kNone);
  EXPECT_NE(disk_.TryOpen("d", Access::kWrite, Creation::kIfMissing), DiskError::kNone);
  EXPECT_FALSE(disk_.Do(disk_.queue().Remove("d")).ok());
  EXPECT_TRUE(disk_.Do(disk_.queue().List("d")).ok());
}

TEST_P(HostDiskTest, FollowersBeginInOrderAndAreCanceledWithWhatTheyFollow) {
  DiskQueue& queue = disk_.queue();
  const FileId file = queue.NewFile();
  const std::string text = "text";
  const DiskTicket opened = queue.Open(file, "tmp", Access::kWrite, Creation::kNew);
  const DiskTicket written =
      queue.Write(file, 0, reinterpret_cast<const uint8_t*>(text.data()), text.size(), opened);
  const DiskTicket synced = queue.Sync(file, written);
  const DiskTicket renamed = queue.Rename("tmp", "final", Replace::kNever, synced);
  const DiskTicket dir = queue.SyncDir("", renamed);
  const DiskTicket again = queue.Rename("tmp", "other", Replace::kNever, dir);
  const DiskTicket canceled = queue.SyncDir("", again);
  const DiskTicket canceled_too = queue.SyncDir("", canceled);
  const DiskTicket closed = queue.Close(file, canceled);
  EXPECT_TRUE(disk_.Do(dir).ok());
  EXPECT_EQ(disk_.Do(again).error, DiskError::kNotFound);
  EXPECT_EQ(disk_.Do(canceled).error, DiskError::kCanceled);
  EXPECT_EQ(disk_.Do(canceled_too).error, DiskError::kCanceled);
  EXPECT_EQ(disk_.Do(closed).error, DiskError::kCanceled);
  EXPECT_EQ(disk_.Read(file, 0, 4), "text");  // So it is still to be closed.
  EXPECT_TRUE(disk_.Do(queue.Close(file)).ok());
  EXPECT_EQ(dunlin::testing::ReadText(dir_.File("final")), "text");
  // Issued after the failure was told.
  EXPECT_EQ(disk_.Do(queue.SyncDir("", again)).error, DiskError::kCanceled);
  EXPECT_TRUE(disk_.Do(queue.SyncDir("", dir)).ok());
}

// One follows the other, so one thread is given all of it. What fails in the middle cancels the
// rest of it, and leaves the file as it would have been left one by one.
TEST_P(HostDiskTest, AChainThatFailsInTheMiddleLeavesItsFileOpen) {
  DiskQueue& queue = disk_.queue();
  const FileId file = queue.NewFile();
  const std::string text = "text";
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  const DiskTicket opened = queue.Open(file, "a", Access::kWrite, Creation::kNew);
  const DiskTicket written = queue.Write(file, 0, bytes, text.size(), opened);
  const DiskTicket renamed = queue.Rename("missing", "b", Replace::kNever, written);
  const DiskTicket more = queue.Write(file, 4, bytes, text.size(), renamed);
  const DiskTicket synced = queue.Sync(file, more);
  const DiskTicket closed = queue.Close(file, synced);
  EXPECT_TRUE(disk_.Do(written).ok());
  EXPECT_EQ(disk_.Do(renamed).error, DiskError::kNotFound);
  for (const DiskTicket ticket : {more, synced, closed}) {
    EXPECT_EQ(disk_.Do(ticket).error, DiskError::kCanceled);
  }
  EXPECT_TRUE(disk_.Write(file, 4, "more").ok());
  EXPECT_TRUE(disk_.Do(queue.Close(file)).ok());
  EXPECT_EQ(dunlin::testing::ReadText(dir_.File("a")), "textmore");
  EXPECT_EQ(disk_.disk->under_way(), 0u);
}

TEST_P(HostDiskTest, AChainWhoseOpenFailsOrIsCanceledLeavesNoFile) {
  DiskQueue& queue = disk_.queue();
  const std::string text = "text";
  for (const char* removed : {"missing", "there"}) {
    disk_.Do(queue.Close(disk_.Open("there")));
    const FileId file = queue.NewFile();
    const DiskTicket first = queue.Remove(removed);
    const DiskTicket opened = queue.Open(file, "none", Access::kWrite, Creation::kExisting, first);
    const DiskTicket written =
        queue.Write(file, 0, reinterpret_cast<const uint8_t*>(text.data()), text.size(), opened);
    const DiskTicket closed = queue.Close(file, written);
    const bool there = disk_.Do(first).ok();
    EXPECT_EQ(disk_.Do(opened).error, there ? DiskError::kNotFound : DiskError::kCanceled);
    EXPECT_EQ(disk_.Do(written).error, DiskError::kCanceled);
    EXPECT_EQ(disk_.Do(closed).error, DiskError::kCanceled);
    EXPECT_TRUE(disk_.Do(queue.Close(file)).ok());
  }
}

// More files than may be open at once, in chains that each open one, and close it again.
TEST_P(HostDiskTest, ChainsGiveTheirFilesBack) {
  DiskQueue& queue = disk_.queue();
  for (int i = 0; i < 200; ++i) {
    const FileId file = queue.NewFile();
    const DiskTicket opened =
        queue.Open(file, "f" + std::to_string(i), Access::kWrite, Creation::kNew);
    const DiskTicket closed = queue.Close(file, queue.Sync(file, opened));
    if (i % 16 != 15) continue;
    EXPECT_TRUE(disk_.Do(closed).ok());
  }
  disk_.disk->Drain();
  EXPECT_EQ(disk_.disk->under_way(), 0u);
}

TEST_P(HostDiskTest, RenamesWithAndWithoutReplacing) {
  DiskQueue& queue = disk_.queue();
  ASSERT_TRUE(disk_.Write(disk_.Open("a"), 0, "a").ok());
  ASSERT_TRUE(disk_.Write(disk_.Open("b"), 0, "b").ok());
  EXPECT_EQ(disk_.Do(queue.Rename("a", "b", Replace::kNever)).error, DiskError::kExists);
  EXPECT_TRUE(disk_.Do(queue.Rename("a", "b", Replace::kExisting)).ok());
  EXPECT_EQ(dunlin::testing::ReadText(dir_.File("b")), "a");
  ASSERT_TRUE(disk_.Do(queue.MakeDir("d/e")).ok());
  ASSERT_TRUE(disk_.Do(queue.MakeDir("f")).ok());
  EXPECT_EQ(disk_.Do(queue.Rename("d", "f", Replace::kExisting)).error, DiskError::kExists);
  EXPECT_EQ(disk_.Do(queue.Rename("b", "f", Replace::kExisting)).error, DiskError::kExists);
  EXPECT_TRUE(disk_.Do(queue.Rename("d", "g", Replace::kExisting)).ok());
  EXPECT_TRUE(disk_.Do(queue.List("g/e")).ok());
}

TEST_P(HostDiskTest, AnOpenFileOutlivesItsName) {
  const FileId file = disk_.Open("a");
  ASSERT_TRUE(disk_.Write(file, 0, "text").ok());
  ASSERT_TRUE(disk_.Do(disk_.queue().Remove("a")).ok());
  EXPECT_EQ(disk_.Do(disk_.queue().Remove("a")).error, DiskError::kNotFound);
  EXPECT_EQ(disk_.Read(file, 0, 4), "text");
  ASSERT_TRUE(disk_.Write(file, 4, "more").ok());
  EXPECT_TRUE(disk_.Do(disk_.queue().Sync(file)).ok());
}

TEST_P(HostDiskTest, ListsAndRemovesTrees) {
  DiskQueue& queue = disk_.queue();
  ASSERT_TRUE(disk_.Do(queue.MakeDir("t/obs")).ok());
  ASSERT_TRUE(disk_.Do(queue.MakeDir("t/obs")).ok());
  ASSERT_TRUE(disk_.Write(disk_.Open("t/z"), 0, "12345").ok());
  disk_.Open("t/a");
  disk_.Open("t/obs/o.dat");
  const std::vector<DirEntry> expected = {{"a", 0, false}, {"obs", 0, true}, {"z", 5, false}};
  EXPECT_EQ(disk_.Do(queue.List("t")).entries, expected);
  EXPECT_EQ(disk_.Do(queue.List("u")).error, DiskError::kNotFound);
  EXPECT_EQ(disk_.Do(queue.MakeDir("t/a")).error, DiskError::kExists);
  EXPECT_TRUE(disk_.Do(queue.RemoveTree("t")).ok());
  EXPECT_EQ(disk_.Do(queue.RemoveTree("t")).error, DiskError::kNotFound);
  EXPECT_TRUE(disk_.Do(queue.List("")).entries.empty());
}

TEST_P(HostDiskTest, ErrorsNameTheFileAndSayWhy) {
  const DiskDone done = disk_.Do(
      disk_.queue().Open(disk_.queue().NewFile(), "x/1.blk", Access::kRead, Creation::kExisting));
  EXPECT_EQ(done.text, "open " + dir_.File("x/1.blk") + ": no such file or directory");
  const DiskDone renamed = disk_.Do(disk_.queue().Rename("x", "y", Replace::kNever));
  EXPECT_EQ(renamed.text,
            "rename " + dir_.File("x") + " to " + dir_.File("y") + ": no such file or directory");
  EXPECT_EQ(disk_.Do(disk_.queue().SyncDir("x")).error, DiskError::kNotFound);
  EXPECT_EQ(disk_.Do(disk_.queue().SyncDir("x")).error, DiskError::kNotFound);  // Not poisoned.
}

TEST_P(HostDiskTest, OpensOnlySoManyFilesAtOnce) {
  SimpleDisk small(dir_.path(), GetParam(), 2);
  const FileId first = small.Open("a");
  small.Open("b");
  const DiskDone refused =
      small.Do(small.queue().Open(small.queue().NewFile(), "c", Access::kWrite, Creation::kNew));
  EXPECT_EQ(refused.error, DiskError::kTooManyFiles);
  EXPECT_EQ(refused.text, "open " + dir_.File("c") + ": too many open files");
  ASSERT_TRUE(small.Do(small.queue().Close(first)).ok());
  small.Open("c");
}

TEST_P(HostDiskTest, WhatWasNeverOpenedCanBeClosed) {
  const FileId file = disk_.queue().NewFile();
  ASSERT_FALSE(disk_.Do(disk_.queue().Open(file, "a", Access::kRead, Creation::kExisting)).ok());
  EXPECT_TRUE(disk_.Do(disk_.queue().Close(file)).ok());
}

TEST_P(HostDiskTest, ACloseLetsWhatIsUnderWayEnd) {
  const FileId file = disk_.Open("a", Access::kDurableWrites);
  AlignedBuffer block(1 << 20, 'x');
  std::vector<DiskTicket> writes;
  for (size_t i = 0; i < 8; ++i) {
    writes.push_back(disk_.queue().Write(file, i * block.size(), block.data(), block.size()));
  }
  const DiskTicket closed = disk_.queue().Close(file);
  EXPECT_TRUE(disk_.Do(closed).ok());
  for (const DiskTicket write : writes) EXPECT_TRUE(disk_.Do(write).ok());
}

TEST_P(HostDiskTest, WakesByItsEventAndIsQuietWhenAllIsTaken) {
  std::vector<DiskDone> done;
  disk_.disk->Take(&done);
  pollfd readable{disk_.disk->event_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
  disk_.queue().FreeSpace();
  disk_.disk->Submit(disk_.queue());
  EXPECT_EQ(disk_.disk->under_way(), 1u);
  ASSERT_TRUE(dunlin::testing::Readable(disk_.disk->event_fd()));
  disk_.disk->Take(&done);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_GT(done[0].size, 0u);
  EXPECT_EQ(disk_.disk->under_way(), 0u);
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
}

TEST_P(HostDiskTest, WakesForWhatIsRefusedAtOnce) {
  const DiskTicket failed = disk_.queue().Remove("nothing");
  ASSERT_FALSE(disk_.Do(failed).ok());
  disk_.queue().SyncDir("", failed);
  disk_.disk->Submit(disk_.queue());
  ASSERT_TRUE(dunlin::testing::Readable(disk_.disk->event_fd()));
}

TEST_P(HostDiskTest, DrainFinishesChains) {
  DiskQueue& queue = disk_.queue();
  const FileId file = queue.NewFile();
  const DiskTicket opened = queue.Open(file, "a", Access::kWrite, Creation::kNew);
  const std::string text = "text";
  const DiskTicket written =
      queue.Write(file, 0, reinterpret_cast<const uint8_t*>(text.data()), text.size(), opened);
  queue.Rename("a", "b", Replace::kNever, written);
  disk_.disk->Submit(queue);
  disk_.disk->Drain();
  EXPECT_EQ(disk_.disk->under_way(), 0u);
  EXPECT_EQ(dunlin::testing::ReadText(dir_.File("b")), "text");
}

TEST_P(HostDiskTest, CanBeLeftWithWorkUnderWay) {
  AlignedBuffer block(1 << 20, 'x');
  const FileId file = disk_.Open("a", Access::kDurableWrites);
  for (size_t i = 0; i < 16; ++i) {
    disk_.queue().Write(file, i * block.size(), block.data(), block.size());
  }
  disk_.disk->Submit(disk_.queue());
  disk_.disk.reset();  // 'block' goes after it: nobody may write from it then.
}

TEST_P(HostDiskTest, RefusesWhatTheContractForbids) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const FileId file = disk_.Open("a", Access::kDurableWrites);
  AlignedBuffer block(2 * kDirectAlignment);
  const auto submit = [&] { disk_.disk->Submit(disk_.queue()); };
  disk_.queue().Write(file, 512, block.data(), kDirectAlignment);
  EXPECT_DEATH(submit(), "kDirectAlignment");
  disk_.queue().Clear();
  disk_.queue().Remove("../outside");
  EXPECT_DEATH(submit(), "CHECK failed");
  disk_.queue().Clear();
  const FileId reader = disk_.Open("a", Access::kRead);
  disk_.queue().Write(reader, 0, block.data(), 1);
  EXPECT_DEATH(submit(), "Access::kRead");
  disk_.queue().Clear();
}

TEST(HostDisk, SaysWhatItFound) {
  const dunlin::testing::TempDir dir;
  EXPECT_EQ(OpenDisk(dir.path(), kDiskWays[3])->Means(), "threads, buffered writes");
}

TEST(HostDisk, MakesItsDirectory) {
  const dunlin::testing::TempDir dir;
  SimpleDisk disk(dir.File("a/b"));
  EXPECT_TRUE(disk.Do(disk.queue().List("")).ok());
  const auto refused = HostDisk::Open("/proc/dunlin", {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text, "make directory /proc/dunlin: no such file or directory");
}

}  // namespace
}  // namespace dunlin::host
