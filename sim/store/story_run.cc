#include "sim/store/story_run.h"

#include <algorithm>
#include <optional>

namespace dunlin::sim {
namespace {

using Verb = StoryStep::Verb;

constexpr uint64_t kNowhere = UINT64_MAX - 1;

struct Point {
  uint64_t at = 0;  // Completions of the disk.
  CrashKind kind = CrashKind::kKill;
  uint64_t variant = 0;
};

std::string Describe(const Point& point, uint64_t from) {
  std::string text = "after " + std::to_string(point.at - from) + " effects ";
  if (point.kind == CrashKind::kKill) return text + "killed";
  return text + "without power (" + std::to_string(point.variant) + ")";
}

class StoryTelling {
 public:
  StoryTelling(const Story& story, const StoryRunOptions& options)
      : story_(story), options_(options) {}

  StoryResult Run() {
    Span whole;
    Tell(SIZE_MAX, {}, {}, &whole);
    for (size_t i = 0; i < story_.steps.size() && result_.failures.empty(); ++i) {
      if (story_.steps[i].verb == Verb::kEveryPoint) TellToEveryPoint(i);
    }
    return std::move(result_);
  }

 private:
  // Completions: when the block begins, when it is told; and those of the recovery after it.
  struct Span {
    uint64_t begin = 0, end = 0, recovered = 0;
  };

  void Note(StoryRunner& runner, const StoryStep* block, const std::string& where) {
    ++result_.runs;
    result_.hash = result_.hash * 31 + runner.hash();
    const StoryCounts counts = runner.counts();
    result_.counts.lives += counts.lives;
    result_.counts.changes += counts.changes;
    result_.counts.faults += counts.faults;
    result_.counts.simulated = result_.counts.simulated + counts.simulated;
    for (StoryFailure failure : runner.failures()) {
      if (failure.at.line == 0 && block != nullptr) failure.at = block->at;
      failure.text = where + failure.text;
      result_.failures.push_back(std::move(failure));
    }
  }

  bool Block(StoryRunner& runner, const StoryStep& block) {
    StoryStep settle;
    settle.at = block.at;
    for (const StoryStep& step : block.body) {
      if (!runner.Do(step)) return false;
      if (runner.died_there()) return true;
    }
    // What is still in flight belongs to it. A block may end with its process dead.
    return !runner.running() || runner.Do(settle);
  }

  // Up to 'death' in the block at 'place', and, if there is one, to the second one in the recovery;
  // or all of it.
  void Tell(size_t place, const std::optional<Point>& death, const std::optional<Point>& again,
            Span* span) {
    StoryRunner runner(story_.setup, options_.mode);
    const StoryStep* block = nullptr;
    std::string where;
    for (size_t i = 0; i < story_.steps.size() && runner.well(); ++i) {
      const StoryStep& step = story_.steps[i];
      if (step.verb != Verb::kEveryPoint) {
        (void)runner.Do(step);
        continue;
      }
      if (i != place) {
        (void)Block(runner, step);
        continue;
      }
      block = &step;
      if (!EnsureRunning(runner)) break;
      span->begin = runner.completions();
      if (death) {
        if (death->at != kNowhere) where = Describe(*death, span->begin) + ": ";
        runner.DieAt(death->at, death->kind, death->variant);
      }
      (void)Block(runner, step);
      span->end = runner.completions();
      if (!death) continue;
      if (again) {
        where += "then " + Describe(*again, span->end) + ": ";
        runner.DieAt(again->at, again->kind, again->variant);
      }
      break;
    }
    if (runner.well() && death) Recover(runner, span);
    if (runner.well()) runner.End();
    runner.Kill();
    Note(runner, block, where);
  }

  // An empty step starts the first process.
  static bool EnsureRunning(StoryRunner& runner) { return runner.Do(StoryStep{}); }

  static void Recover(StoryRunner& runner, Span* span) {
    StoryStep start;
    start.verb = Verb::kStart;
    // The second one if the first one was cut off.
    for (int i = 0; i < 2 && !runner.running() && runner.Do(start); ++i)
      span->recovered = runner.completions();
  }

  void TellToEveryPoint(size_t place) {
    const StoryStep& block = story_.steps[place];
    Span whole;
    Tell(place, Point{kNowhere}, std::nullopt, &whole);
    if (!result_.failures.empty()) return;
    const uint64_t points = whole.end - whole.begin + 1;
    const uint64_t each = (block.kills ? 1 : 0) + (block.power_losses ? options_.power_losses : 0);
    const uint64_t stride = points * each / options_.runs_max + 1;
    const uint64_t cuts =
        std::max<uint64_t>(points / std::max<uint64_t>(options_.recoveries_cut, 1), 1);
    for (uint64_t at = whole.begin; at <= whole.end; at += stride) {
      ++result_.points;
      for (uint64_t i = 0; i < each; ++i) {
        const bool kill = block.kills && i == 0;
        const Point death{at, kill ? CrashKind::kKill : CrashKind::kPowerLoss, kill ? 0 : i};
        Span span;
        Tell(place, death, std::nullopt, &span);
        if (!result_.failures.empty()) return;
        if (block.twice && options_.recoveries_cut > 0 && (at - whole.begin) % cuts == cuts / 2 &&
            i <= 1)
          CutRecovery(place, death, span);
        if (!result_.failures.empty()) return;
      }
    }
  }

  void CutRecovery(size_t place, const Point& death, const Span& span) {
    constexpr uint64_t kCutsMax = 40;
    const uint64_t effects = span.recovered > span.end ? span.recovered - span.end : 0;
    const uint64_t stride = effects / kCutsMax + 1;
    for (uint64_t i = 1; i <= effects && result_.failures.empty(); i += stride) {
      Span unused;
      const CrashKind kind = i % 2 == 0 ? CrashKind::kKill : CrashKind::kPowerLoss;
      Tell(place, death, Point{span.end + i, kind, i}, &unused);
    }
  }

  const Story& story_;
  const StoryRunOptions options_;
  StoryResult result_;
};

}  // namespace

StoryResult RunStory(const Story& story, const StoryRunOptions& options) {
  StoryResult all;
  for (uint64_t i = 0; i < story.setup.tries && all.failures.empty(); ++i) {
    Story one = story;
    one.setup.seed += i;
    StoryResult result = StoryTelling(one, options).Run();
    all.failures = std::move(result.failures);
    all.hash = all.hash * 31 + result.hash;
    all.runs += result.runs;
    all.points += result.points;
    all.counts.lives += result.counts.lives;
    all.counts.changes += result.counts.changes;
    all.counts.faults += result.counts.faults;
    all.counts.simulated = all.counts.simulated + result.counts.simulated;
  }
  return all;
}

}  // namespace dunlin::sim
