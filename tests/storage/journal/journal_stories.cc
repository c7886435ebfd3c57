#include "tests/storage/journal/journal_stories.h"

#include <cstdlib>

#include "engine/base/rng.h"

namespace dunlin::journal {
namespace {

using sim::CrashKind;

std::optional<std::string> FirstViolation(const JournalWorld& world) {
  if (world.violations().empty()) return std::nullopt;
  return world.violations().front();
}

bool BootOrSay(JournalWorld* world, std::optional<std::string>* violation) {
  if (world->Boot()) return true;
  *violation = FirstViolation(*world);
  if (!*violation)
    *violation = "does not start: " + world->journal().Failure().value_or("no reason") + " (" +
                 world->Describe() + ")";
  return false;
}

// Goes on until 'completions' more have come, or the story is told. Asset 0 never passes on its
// own, and says little; the others pass what is promised now and then.
bool Tell(JournalWorld* world, Rng rng, uint64_t completions) {
  const uint64_t end = world->completions() + completions;
  for (int step = 0; step < 70; ++step) {
    if (step % 9 == 0) world->Append(0, 60 + rng.Below(100));
    for (uint64_t n = 1 + rng.Below(3); n > 0; --n) {
      if (world->journal().full()) break;
      world->Append(1 + static_cast<int>(rng.Below(3)), 1 + rng.Below(3000));
    }
    if (step % 5 == 4) {
      for (int asset = 1; asset <= 3; ++asset) world->Pass(asset);
    }
    world->EndOfStep();
    for (uint64_t n = rng.Below(4); n > 0; --n) {
      if (world->completions() == end) return false;
      world->Run(1);
    }
    if (step % 20 == 19) world->Wait();
  }
  while (world->completions() < end && world->Run(1)) {
  }
  return world->completions() < end;
}

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

uint64_t FirstSeed() { return FromEnvironment("DUNLIN_JOURNAL_FIRST", 1); }
uint64_t LastSeed(uint64_t last) {
  const uint64_t seeds = FromEnvironment("DUNLIN_JOURNAL_SEEDS", 0);
  return seeds == 0 ? last : FirstSeed() + seeds - 1;
}

std::optional<std::string> CrashEverywhere(const JournalOptions& options, uint64_t seed) {
  for (uint64_t at = 0;; ++at) {
    bool told = false;
    for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
      JournalWorld world(seed + at, options);
      std::optional<std::string> violation;
      if (!BootOrSay(&world, &violation)) return violation;
      told = Tell(&world, Rng(seed), at);
      world.Crash(kind);
      if (!BootOrSay(&world, &violation)) return violation;
      (void)Tell(&world, Rng(seed + 1), 20);
      world.Crash(CrashKind::kPowerLoss);
      if (!BootOrSay(&world, &violation)) return violation;
      if (violation = FirstViolation(world); violation) return violation;
    }
    if (told) return std::nullopt;
  }
}

std::optional<std::string> RandomStory(const JournalOptions& options, uint64_t seed) {
  JournalWorld world(seed, options);
  Rng rng = Rng(seed).Fork("story");
  std::optional<std::string> violation;
  for (int life = 0; life < 6; ++life) {
    if (!BootOrSay(&world, &violation)) return violation;
    const uint64_t big = rng.Below(8) == 0 ? 30'000 : 2'000;
    const uint64_t passing = rng.Below(4);
    for (uint64_t steps = rng.Below(120); steps > 0; --steps) {
      for (uint64_t n = rng.Below(6); n > 0 && !world.journal().full(); --n)
        world.Append(static_cast<int>(rng.Below(JournalWorld::kAssets)), 1 + rng.Below(big));
      if (rng.Below(4) < passing) world.Pass(static_cast<int>(rng.Below(JournalWorld::kAssets)));
      if (rng.Below(5) != 0) world.EndOfStep();
      world.Run(static_cast<int>(rng.Below(5)));
      if (rng.Below(16) == 0) world.Wait();
    }
    switch (rng.Below(5)) {
      case 0: world.Stop(); break;
      case 1: world.Crash(CrashKind::kKill); break;
      default: world.Crash(CrashKind::kPowerLoss); break;
    }
  }
  if (!BootOrSay(&world, &violation)) return violation;
  return FirstViolation(world);
}

std::optional<std::string> DamagedStory(const JournalOptions& options, uint64_t seed,
                                        const sim::SimDiskOptions& disk) {
  JournalWorld world(seed, options, disk);
  const bool whole_files = disk.faults.deleted_at_restart.per_million > 0;
  world.ExpectDamage(whole_files ? JournalWorld::Damage::kFilesLost
                                 : JournalWorld::Damage::kReportedOrAtTheEnd);
  Rng rng = Rng(seed).Fork("damaged story");
  for (int life = 0; life < 5; ++life) {
    // It may refuse to start, with words.
    if (!world.Boot()) {
      if (world.journal().Failure()) return FirstViolation(world);
      return "neither starts nor fails (" + world.Describe() + ")";
    }
    for (uint64_t steps = rng.Below(80); steps > 0; --steps) {
      for (uint64_t n = rng.Below(4); n > 0 && !world.journal().full(); --n)
        world.Append(static_cast<int>(rng.Below(JournalWorld::kAssets)), 1 + rng.Below(2000));
      if (rng.Below(8) == 0) world.Pass(static_cast<int>(rng.Below(JournalWorld::kAssets)));
      world.EndOfStep();
      world.Run(static_cast<int>(rng.Below(5)));
      if (rng.Below(16) == 0) world.Wait();
    }
    world.Crash(rng.Below(2) == 0 ? CrashKind::kKill : CrashKind::kPowerLoss);
  }
  return FirstViolation(world);
}

}  // namespace dunlin::journal
