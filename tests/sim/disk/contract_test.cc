#include "sim/disk/contract.h"

#include <gtest/gtest.h>

#include "tests/sim/disk/disk_fixture.h"

namespace dunlin::sim {
namespace {

constexpr auto kWrite = Access::kWrite;
constexpr auto kNever = Replace::kNever;
const std::string kText = "hello";

DiskTicket Write(Disk& disk, FileId file, uint64_t offset, DiskTicket after = {}) {
  return disk.queue().Write(file, offset, BytesOf(kText), 5, after);
}

TEST(DiskContract, AllowsWhatIsApart) {
  Disk disk;
  const FileId a = disk.Open("a"), b = disk.Open("b");
  Write(disk, a, 0);
  Write(disk, a, 5);
  Write(disk, b, 0);
  disk.queue().Sync(a);
  disk.queue().Rename("b", "c", kNever);  // Open: its bytes are not its name.
  disk.queue().MakeDir("d/e");
  disk.queue().MakeDir("d/f");
  disk.queue().SyncDir("");
  disk.queue().Truncate(b, 100);
  EXPECT_EQ(disk.driver.RunAll().size(), 9u);
}

TEST(DiskContract, AllowsWhatFollows) {
  Disk disk;
  const FileId a = disk.queue().NewFile();
  DiskTicket last = disk.queue().Open(a, "a", kWrite, Creation::kNew);
  last = Write(disk, a, 0, last);
  last = Write(disk, a, 2, last);
  last = disk.queue().Close(a, last);
  last = disk.queue().Rename("a", "b", kNever, last);
  last = disk.queue().Remove("b", last);
  EXPECT_TRUE(disk.driver.Run(last).ok());
}

using DiskContractDeathTest = testing::Test;

TEST(DiskContractDeathTest, RefusesImproperPaths) {
  for (const char* path : {"/a", "a/", "a//b", ".", "a/../b", ".."}) {
    Disk disk;
    disk.queue().Remove(path);
    EXPECT_DEATH((void)disk.driver.RunAll(), "path_is_proper") << path;
  }
}

TEST(DiskContractDeathTest, RefusesTheSameBytesInFlight) {
  Disk disk;
  const FileId file = disk.Open("a");
  Write(disk, file, 0);
  Write(disk, file, 4);
  EXPECT_DEATH((void)disk.driver.RunAll(), "touches_no_bytes_in_flight");
}

TEST(DiskContractDeathTest, RefusesToCutWhatIsBeingWritten) {
  Disk disk;
  const FileId file = disk.Open("a");
  Write(disk, file, 0);
  disk.queue().Truncate(file, 3);
  EXPECT_DEATH((void)disk.driver.RunAll(), "touches_no_bytes_in_flight");
}

TEST(DiskContractDeathTest, RefusesTheSameNameInFlight) {
  Disk disk;
  disk.Make("a", "");
  disk.queue().Remove("a");
  disk.queue().Open(disk.queue().NewFile(), "a", kWrite, Creation::kIfMissing);
  EXPECT_DEATH((void)disk.driver.RunAll(), "touches_no_name_in_flight");
}

TEST(DiskContractDeathTest, RefusesANameBelowOneThatMoves) {
  Disk disk;
  disk.Make("d/a", "");
  disk.queue().RemoveTree("d");
  disk.queue().Open(disk.queue().NewFile(), "d/a", kWrite, Creation::kExisting);
  EXPECT_DEATH((void)disk.driver.RunAll(), "touches_no_name_in_flight");
}

TEST(DiskContractDeathTest, RefusesAFileThatIsNotOpenYet) {
  Disk disk;
  const FileId file = disk.queue().NewFile();
  disk.queue().Open(file, "a", kWrite, Creation::kNew);
  Write(disk, file, 0);
  EXPECT_DEATH((void)disk.driver.RunAll(), "open_has_succeeded_or_is_followed");
}

TEST(DiskContractDeathTest, RefusesAFileWhoseOpenFailed) {
  Disk disk;
  const FileId file = disk.queue().NewFile();
  EXPECT_FALSE(disk.driver.Run(disk.queue().Open(file, "a", kWrite, Creation::kExisting)).ok());
  EXPECT_TRUE(disk.driver.Run(disk.queue().Close(file)).ok());
  Write(disk, file, 0);
  EXPECT_DEATH((void)disk.driver.RunAll(), "open_has_succeeded_or_is_followed");
}

TEST(DiskContractDeathTest, RefusesAFileThatIsClosed) {
  Disk disk;
  const FileId file = disk.Open("a");
  disk.queue().Close(file);
  Write(disk, file, 0);
  EXPECT_DEATH((void)disk.driver.RunAll(), "file_is_not_closed");
}

TEST(DiskContractDeathTest, RefusesToCloseUnderATransfer) {
  Disk disk;
  const FileId file = disk.Open("a");
  Write(disk, file, 0);
  disk.queue().Close(file);
  EXPECT_DEATH((void)disk.driver.RunAll(), "close_follows_all_in_flight");
}

TEST(DiskContractDeathTest, RefusesToWriteWhatWasOpenedToBeRead) {
  Disk disk;
  disk.Make("a", "x");
  const FileId file = disk.Open("a", Access::kRead, Creation::kExisting);
  disk.queue().Sync(file);
  EXPECT_DEATH((void)disk.driver.RunAll(), "access_allows_it");
}

TEST(DiskContractDeathTest, RefusesUnalignedDirectTransfers) {
  alignas(kDirectAlignment) static uint8_t block[2 * kDirectAlignment];
  const auto issue = [](uint64_t offset, const uint8_t* bytes, size_t size) {
    Disk disk;
    const FileId file = disk.Open("a", Access::kDurableWrites);
    disk.queue().Write(file, offset, bytes, size);
    (void)disk.driver.RunAll();
  };
  issue(4096, block, 4096);
  EXPECT_DEATH(issue(512, block, 4096), "direct_transfer_is_aligned");
  EXPECT_DEATH(issue(0, block + 512, 4096), "direct_transfer_is_aligned");
  EXPECT_DEATH(issue(0, block, 512), "direct_transfer_is_aligned");
}

TEST(DiskContractDeathTest, RefusesATicketThatCameBefore) {
  Disk disk;
  DiskQueue other;
  disk.queue().MakeDir("a");
  other.MakeDir("b");
  (void)disk.driver.RunAll();
  EXPECT_DEATH(disk.disk().Submit(disk.driver.now().mono, other), "ticket_is_new");
}

TEST(DiskContractDeathTest, RefusesAFileIdThatWasUsed) {
  Disk disk;
  const FileId file = disk.Open("a");
  EXPECT_TRUE(disk.driver.Run(disk.queue().Close(file)).ok());
  disk.queue().Open(file, "a", kWrite, Creation::kExisting);
  EXPECT_DEATH((void)disk.driver.RunAll(), "file_id_is_new");
}

}  // namespace
}  // namespace dunlin::sim
