// Every point at which a process can die in the middle of a story: after each effect on the disk
// (each completion), by kill and by several power losses, then once more while it recovers.
//
// The story drives a component over the disk and notes what was promised to whom; after each death
// a new life recovers, and Check() compares. A short story is told in full at every point; a long
// one at points spread evenly over it. What fails is one line that names the story and the point,
// to run that one alone (RunCrashPoint, or DUNLIN_CRASH_POINT; tests/support/crash_story.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "sim/disk/disk_driver.h"

namespace dunlin::sim {

// A component in use, over all of its lives. Plays one run and is thrown away.
class CrashStory {
 public:
  virtual ~CrashStory() = default;

  // A life of the process begins, 'life' 0 with an empty disk, later ones with what the death
  // before left: makes the component over this queue.
  virtual void Begin(int life, const Now& now, DiskQueue& queue, Rng rng) = 0;
  // A round of the process's loop: once after Begin() without a completion, then with each of them,
  // and without one when NextDeadline() has come. May issue operations.
  virtual void Turn(const Now& now, const DiskDone* done) = 0;
  virtual Instant NextDeadline() const { return kNever; }
  // Life 0: everything was done that the story tells. Later: the component has recovered, and
  // Check() can look. It may have work left (that is also cut off).
  virtual bool Finished() const = 0;
  // The process has died: destroys the component. What it promised is remembered.
  virtual void Died(CrashKind kind) = 0;
  // In a later life, once Finished(): what is wrong; empty if everything is as it was promised.
  virtual std::string Check(SimDisk& disk) = 0;
};

using CrashStoryMaker = std::function<std::unique_ptr<CrashStory>()>;

// The recovery from a crash is cut off in its turn.
struct CrashAgain {
  uint64_t effects = 0;
  CrashKind kind = CrashKind::kKill;
  uint64_t variant = 0;
  bool operator==(const CrashAgain&) const = default;
};

struct CrashPoint {
  uint64_t effects = 0;  // The first life dies after so many.
  CrashKind kind = CrashKind::kKill;
  uint64_t variant = 0;
  // The second one likewise, while it recovers; nullopt: it lives.
  std::optional<CrashAgain> again;
  bool operator==(const CrashPoint&) const = default;
};
// "17 power_loss 3", "17 power_loss 3 then 4 kill 0".
[[nodiscard]] std::string FormatCrashPoint(const CrashPoint& point);
[[nodiscard]] std::optional<CrashPoint> ParseCrashPoint(std::string_view text);

struct CrashOptions {
  uint64_t seed = 1;
  SimDiskOptions disk = {};
  uint64_t kills = 2;         // At each point; they differ in what becomes of what is in flight.
  uint64_t power_losses = 6;  // At each point.
  // At so many points, spread evenly, the recovery is cut off as well: after each of its effects.
  uint64_t recoveries_cut = 4;
  uint64_t runs_max = 4000;        // Beyond, points are left out evenly.
  uint64_t effects_max = 100'000;  // A life with more is stuck.
  uint64_t failures_max = 5;       // Enough is enough.
};

struct CrashReport {
  uint64_t effects = 0;  // Of the story when nobody dies.
  uint64_t points = 0;   // At which it was stopped; how many of them by either kind of death:
  uint64_t killed = 0, powerless = 0;
  uint64_t runs = 0;
  uint64_t hash = 0;  // Of all runs.
  std::vector<std::string> failures;
  // After every effect, and before the first one, by both kinds of death.
  bool exhaustive() const {
    return points == effects + 1 && killed == points && powerless == points;
  }
};

[[nodiscard]] CrashReport RunCrashPoints(std::string_view name, const CrashStoryMaker& make,
                                         const CrashOptions& options);

// One of them. Empty if all is well. 'hash' and 'recovery_effects' may be nullptr.
[[nodiscard]] std::string RunCrashPoint(const CrashStoryMaker& make, const CrashPoint& point,
                                        const CrashOptions& options, uint64_t* hash = nullptr,
                                        uint64_t* recovery_effects = nullptr);

}  // namespace dunlin::sim
