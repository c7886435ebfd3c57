// Planted bugs: each is found by a story that finds nothing when the bug is off.
#include <gtest/gtest.h>

#include "tests/storage/journal/journal_stories.h"
#include "tests/storage/journal/journal_world.h"

namespace dunlin {
extern int mutant_switched_on;  // engine/base/mutant.h
}

namespace dunlin::journal {
namespace {

using sim::CrashKind;
using Violation = std::optional<std::string>;

JournalOptions Direct(uint32_t depth) {
  JournalOptions options = JournalWorld::SmallOptions();
  options.depth = depth;
  return options;
}

JournalOptions Buffered() {
  JournalOptions options = Direct(1);
  options.access = Access::kWrite;
  return options;
}

template <class Story>
Violation FirstOf(uint64_t seeds, Story story) {
  for (uint64_t seed = 1; seed <= seeds; ++seed)
    if (Violation violation = story(seed)) return violation;
  return std::nullopt;
}

Violation RandomDirect() {
  return FirstOf(60, [](uint64_t seed) { return RandomStory(Direct(1), seed); });
}
Violation RandomBuffered() {
  return FirstOf(30, [](uint64_t seed) { return RandomStory(Buffered(), seed); });
}

Violation RandomInterval() {
  return FirstOf(30, [](uint64_t seed) {
    JournalOptions options = Buffered();
    options.sync = JournalOptions::Sync::kInterval;
    options.sync_interval = Millis(20);
    return RandomStory(options, seed);
  });
}

// Four batches in flight when the power goes; then a life that leaves the segment early.
Violation Overtaking() {
  return FirstOf(40, [](uint64_t seed) -> Violation {
    JournalWorld world(seed, Direct(4));
    if (!world.Boot()) return "does not start";
    world.RunAll();
    for (int i = 0; i < 7; ++i) {
      world.Append(i % 3, 100);
      world.EndOfStep();
      if (i > 3) world.Run(1);
    }
    world.Crash(CrashKind::kPowerLoss);
    if (!world.Boot()) return "does not start";
    world.Append(0, 10);
    world.EndOfStep();
    world.RunAll();
    world.Append(0, world.journal().record_bytes_max());
    world.EndOfStep();
    world.RunAll();
    world.Crash(CrashKind::kKill);
    if (!world.Boot()) return "does not start";
    if (world.violations().empty()) return std::nullopt;
    return world.violations().front();
  });
}

// Rot in a batch that later ones call durable; nothing may come of it unreported or changed.
Violation Rot() {
  for (uint64_t sector = 0; sector < 16; ++sector) {
    JournalWorld world(sector + 1, Direct(1));
    if (!world.Boot()) return "does not start";
    for (int i = 0; i < 4; ++i) {
      world.Append(i % 3, 7000);
      world.EndOfStep();
      world.RunAll();
    }
    world.Crash(CrashKind::kKill);
    const JournalWorld::File file = world.Files().back();
    world.disk().Rot(file.path, file.batches[2].offset + sector * kSectorBytes, sector);
    world.ExpectDamage(JournalWorld::Damage::kReported);
    if (!world.Boot()) return "does not start";
    if (!world.violations().empty()) return world.violations().front();
  }
  return std::nullopt;
}

// Syncs fail now and then: whoever goes on after one promises what is not there.
Violation FailingSyncs() {
  return FirstOf(60, [](uint64_t seed) -> Violation {
    JournalOptions options = Buffered();
    options.sync = JournalOptions::Sync::kInterval;
    options.sync_interval = Millis(5);
    JournalWorld world(seed, options);
    if (!world.Boot()) return "does not start";
    sim::DiskFaults faults;
    faults.sync_error = {300'000, 1};
    world.disk().SetFaults(faults);
    for (int i = 0; i < 60 && world.journal().state() == Journal::State::kRunning; ++i) {
      world.Append(i % 3, 1000);
      world.EndOfStep();
      world.Run(2);
      if (i % 10 == 9) world.Wait();
    }
    world.disk().SetFaults({});
    world.RunAll();
    if (world.journal().state() == Journal::State::kRunning) {
      world.Stop();  // Syncs everything: all that was promised must be there.
    } else {
      world.Crash(CrashKind::kPowerLoss);
      return std::nullopt;
    }
    world.driver().Crash(CrashKind::kPowerLoss);
    if (!world.Boot()) return "does not start";
    if (world.violations().empty()) return std::nullopt;
    return world.violations().front();
  });
}

struct Planted {
  int number;
  const char* what;
  Violation (*story)();
};

// 'row' as in design/simulation.md, section 4.
const Planted kPlanted[] = {
    {111, "records are taken without their checksum", Rot},
    {112, "a segment is given back while records in it are needed (row 50)", RandomDirect},
    {113, "what an earlier life could not promise comes back (row 57)", Overtaking},
    {114, "every hole is taken for a torn tail (row 45)", Rot},
    {115, "what lies behind a torn batch is replayed", Overtaking},
    {116, "a file is used again before it is durable that it may be (row 54)", RandomDirect},
    {117, "batches are acknowledged out of order", Overtaking},
    {118, "acknowledged when written, not when synced (rows 44, 49)", RandomBuffered},
    {119, "a failed sync is asked again, and believed", FailingSyncs},
    {120, "what was copied once is not copied again (row 57)", RandomDirect},
    {121, "copies are replayed where they lie", RandomDirect},
    {122, "what a kill left is built upon before it is durable (row 51)", RandomInterval},
};

class JournalMutants : public testing::TestWithParam<Planted> {
 protected:
  ~JournalMutants() override { mutant_switched_on = 0; }
};

TEST_P(JournalMutants, AreFound) {
  mutant_switched_on = GetParam().number;
  EXPECT_TRUE(GetParam().story()) << GetParam().what << ": not found";
}

TEST(JournalWithoutMutants, NothingIsFound) {
  for (Violation (*story)() :
       {Rot, FailingSyncs, Overtaking, RandomDirect, RandomBuffered, RandomInterval}) {
    const Violation violation = story();
    EXPECT_FALSE(violation) << *violation;
  }
}

INSTANTIATE_TEST_SUITE_P(Planted, JournalMutants, testing::ValuesIn(kPlanted),
                         [](const auto& info) { return std::to_string(info.param.number); });

}  // namespace
}  // namespace dunlin::journal
