#include "storage/file/disk_steps.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/disk/disk_driver.h"

namespace dunlin::file {
namespace {

// What fails on the way to it cancels the closing of a file, and leaves it open.
TEST(DiskSteps, LeavesNoFileOpenWhateverFails) {
  for (const auto fault : {&sim::DiskFaults::write_error, &sim::DiskFaults::sync_error,
                           &sim::DiskFaults::space_error, &sim::DiskFaults::too_many_files}) {
    sim::DiskDriver driver(1);
    sim::DiskFaults faults;
    faults.*fault = {1'000'000, 1};
    driver.disk().SetFaults(faults);
    driver.disk().Put("S/other", "");
    DiskRoutes routes;
    DiskSteps steps(StoreDisk(&driver.queue(), &routes, 1, "S"));
    const DiskTicket put = steps.Put("a.tmp", "bytes");
    (void)steps.Rename("a.tmp", "a", put);
    while (const auto done = driver.Step()) EXPECT_TRUE(steps.OnDisk(*done));
    EXPECT_TRUE(steps.idle());
    EXPECT_NE(steps.error(), "");
    EXPECT_EQ(driver.disk().open_files(), 0u);
  }
}

}  // namespace
}  // namespace dunlin::file
