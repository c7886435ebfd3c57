#include "storage/file/file_reads.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/disk/disk_driver.h"

namespace dunlin::file {
namespace {

void RunToEnd(sim::DiskDriver* driver, FileReads* reads) {
  while (const auto done = driver->Step()) EXPECT_TRUE(reads->OnDisk(*done));
  EXPECT_TRUE(reads->done());
  EXPECT_EQ(driver->disk().open_files(), 0u);
}

std::string BytesThatDiffer(size_t size) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2'654'435'761u) >> 13);
  return out;
}

// The last one is longer than what the disk carries at once.
TEST(FileReads, GivesFilesOfAnyLengthWhole) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4u << 20}, size_t{(4u << 20) - 1},
                            size_t{(8u << 20) + 1}, kTransferBytesMax + 5}) {
    const std::string bytes = BytesThatDiffer(size);
    sim::DiskDriver driver(1);
    driver.disk().Put("S/a", bytes);
    DiskRoutes routes;
    FileReads reads(StoreDisk(&driver.queue(), &routes, 1, "S"));
    reads.Add("a");
    reads.Add("b");
    RunToEnd(&driver, &reads);
    ASSERT_EQ(reads.failure(), "");
    ASSERT_NE(reads.Get("a"), nullptr);
    EXPECT_TRUE(*reads.Get("a") == bytes) << size << ", and it is " << reads.Get("a")->size();
    EXPECT_EQ(reads.Get("b"), nullptr);
  }
}

TEST(FileReads, APieceThatFailsFailsTheFile) {
  sim::DiskDriver driver(1);
  driver.disk().Put("S/a", BytesThatDiffer(9u << 20));
  driver.disk().Refuse("S/a", 5u << 20);
  DiskRoutes routes;
  FileReads reads(StoreDisk(&driver.queue(), &routes, 1, "S"));
  reads.Add("a");
  RunToEnd(&driver, &reads);
  EXPECT_TRUE(reads.failure().starts_with("a, offset 0: input/output error")) << reads.failure();
}

// It is sparse.
TEST(FileReads, SaysWhatIsTooLongForMemory) {
  sim::DiskDriver driver(1);
  driver.disk().Put("S/other", "");
  const FileId file = driver.queue().NewFile();
  const DiskTicket open = driver.queue().Open(file, "S/a", Access::kWrite, Creation::kNew);
  const DiskTicket grown = driver.queue().Truncate(file, uint64_t{1} << 40, open);
  driver.queue().Close(file, grown);
  for (const DiskDone& done : driver.RunAll()) ASSERT_TRUE(done.ok());
  DiskRoutes routes;
  FileReads reads(StoreDisk(&driver.queue(), &routes, 1, "S"));
  reads.Add("a");
  RunToEnd(&driver, &reads);
  EXPECT_EQ(reads.failure(), "a, offset 0: it is 1099511627776 bytes long");
}

}  // namespace
}  // namespace dunlin::file
