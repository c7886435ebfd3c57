#include <gtest/gtest.h>

#include "storage/disk.h"

namespace dunlin {
namespace {

TEST(DiskQueue, TicketsGrowInTheOrderOfIssueAndAreNeverUsedAgain) {
  DiskQueue queue;
  const FileId file = queue.NewFile();
  const DiskTicket open = queue.Open(file, "a/1.blk", Access::kWrite, Creation::kNew);
  const DiskTicket sync = queue.Sync(file, open);
  ASSERT_EQ(queue.ops().size(), 2u);
  EXPECT_EQ(queue.ops()[1].after, open);
  EXPECT_LT(open, sync);
  queue.Clear();
  EXPECT_LT(sync, queue.FreeSpace());
  EXPECT_NE(queue.NewFile(), file);
}

}  // namespace
}  // namespace dunlin
