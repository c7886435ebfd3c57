// The scripts that both disks must agree with, on the simulated one: whatever the order in which it
// completes things.
#include "tests/support/disk_script.h"

#include <gtest/gtest.h>

#include "sim/disk/disk_driver.h"

namespace dunlin::sim {
namespace {

class SimTarget : public DiskScriptTarget {
 public:
  explicit SimTarget(uint64_t seed) : driver_(seed) {}
  DiskQueue& queue() override { return driver_.queue(); }
  std::vector<DiskDone> FinishAll() override { return driver_.RunAll(); }
  void Restart() override { driver_.Crash(CrashKind::kKill); }

 private:
  DiskDriver driver_;
};

class DiskScript : public testing::TestWithParam<DiskScriptFile> {};

TEST_P(DiskScript, HoldsOnTheSimulatedDisk) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimTarget target(seed);
    ASSERT_EQ(RunDiskScript(GetParam().script, target), "") << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Scripts, DiskScript, testing::ValuesIn(ReadDiskScripts(SOURCE_ROOT)),
                         [](const auto& info) { return info.param.name; });

TEST(DiskScriptRunner, TellsTheFirstDifference) {
  SimTarget target(1);
  EXPECT_EQ(RunDiskScript("open a x write new\nwrite a 0 \"ab\"\nread a 0 9 = \"ac\"\n", target),
            "line 3: expected \"ac\", got \"ab\" \n  read a 0 9 = \"ac\"");
  SimTarget other(1);
  EXPECT_EQ(RunDiskScript("remove x\n", other),
            "line 1: expected ok, got not_found remove x: no such file or directory\n  remove x");
}

TEST(DiskScriptRunner, RefusesWhatItDoesNotKnow) {
  SimTarget target(1);
  EXPECT_EQ(RunDiskScript("reed a 0 9\n", target), "line 1: not understood: reed\n  reed a 0 9");
}

}  // namespace
}  // namespace dunlin::sim
