#include "storage/file/purge_leftovers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/disk/disk_driver.h"

namespace dunlin::file {
namespace {

using Files = std::vector<std::string>;

// A purge that is not decided: there are keys, and no block beside them.
void PutLeftovers(sim::SimDisk* disk) {
  for (const char* name : {"7", "8", "9"}) {
    disk->Put("S/__new_msgs__/" + std::string(name) + ".key", "new key");
    disk->Put("S/msgs/" + std::string(name) + ".blk", "sealed with it");
  }
  disk->Put("S/msgs/1.blk", "kept");
}

// One life, of so many completions at most. False: it is not done.
bool Live(sim::DiskDriver* driver, int completions) {
  DiskRoutes routes;
  PurgeLeftovers leftovers(StoreDisk(&driver->queue(), &routes, 1, "S"));
  leftovers.Begin();
  while (!leftovers.done() && completions-- > 0) {
    const auto done = driver->Step();
    if (!done) break;
    (void)leftovers.OnDisk(*done);
    EXPECT_EQ(leftovers.failure(), "");
  }
  return leftovers.done();
}

// What is to go is known as long as some of it is there.
TEST(PurgeLeftovers, MayDieAnywhereWhileItTakesBack) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (int completions = 0; completions < 10; ++completions) {
      for (const sim::CrashKind kind : {sim::CrashKind::kKill, sim::CrashKind::kPowerLoss}) {
        sim::DiskDriver driver(seed);
        PutLeftovers(&driver.disk());
        (void)Live(&driver, completions);
        driver.Crash(kind, seed);
        EXPECT_TRUE(Live(&driver, 100));
        EXPECT_EQ(driver.disk().Files(), (Files{"S/msgs/1.blk"})) << seed << " " << completions;
      }
    }
  }
}

TEST(PurgeLeftovers, WhatCannotBeRemovedStaysKnown) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    sim::DiskDriver driver(seed);
    PutLeftovers(&driver.disk());
    driver.disk().SetReadOnly(true);
    DiskRoutes routes;
    PurgeLeftovers leftovers(StoreDisk(&driver.queue(), &routes, 1, "S"));
    leftovers.Begin();
    while (const auto done = driver.Step()) {
      EXPECT_TRUE(leftovers.OnDisk(*done));
      // One removal has failed; the others, and what comes behind them, might not.
      if (!leftovers.failure().empty()) driver.disk().SetReadOnly(false);
    }
    EXPECT_TRUE(leftovers.failure().starts_with("finishing a purge that was cut off: "));
    EXPECT_FALSE(leftovers.done());
    EXPECT_EQ(driver.disk().Names("S/__new_msgs__").size(), 3u) << seed;
  }
}

}  // namespace
}  // namespace dunlin::file
