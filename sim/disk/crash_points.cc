#include "sim/disk/crash_points.h"

#include <algorithm>
#include <charconv>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

const char* NameOf(CrashKind kind) { return kind == CrashKind::kKill ? "kill" : "power_loss"; }

std::string FormatDeath(uint64_t effects, CrashKind kind, uint64_t variant) {
  return std::to_string(effects) + " " + NameOf(kind) + " " + std::to_string(variant);
}

// Takes the next word, up to a blank.
std::string_view TakeWord(std::string_view* text) {
  const size_t end = std::min(text->find(' '), text->size());
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return word;
}

bool ParseNumber(std::string_view word, uint64_t* number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *number);
  return error == std::errc() && end == word.data() + word.size();
}

bool ParseDeath(std::string_view* text, uint64_t* effects, CrashKind* kind, uint64_t* variant) {
  if (!ParseNumber(TakeWord(text), effects)) return false;
  const std::string_view name = TakeWord(text);
  if (name != "kill" && name != "power_loss") return false;
  *kind = name == "kill" ? CrashKind::kKill : CrashKind::kPowerLoss;
  return ParseNumber(TakeWord(text), variant);
}

struct Lived {
  uint64_t effects = 0;
  std::string problem;
};

// One life: up to so many effects, or until the story is told.
Lived Live(DiskDriver& driver, CrashStory& story, int life, uint64_t effects_wanted,
           uint64_t effects_max) {
  Lived lived;
  story.Begin(life, driver.now(), driver.queue(), Rng(static_cast<uint64_t>(life) + 77));
  story.Turn(driver.now(), nullptr);
  while (lived.effects < effects_wanted && !story.Finished()) {
    const Instant deadline = story.NextDeadline();
    const Instant due = driver.NextDue();
    if (due == kNever && deadline == kNever) {
      lived.problem = "stuck: nothing in flight, no deadline, and not finished";
      return lived;
    }
    if (deadline < due) {
      driver.Advance(std::max(deadline - driver.now().mono, Duration{}));
      story.Turn(driver.now(), nullptr);
    } else {
      const std::optional<DiskDone> done = driver.Step();
      story.Turn(driver.now(), &*done);
    }
    if (++lived.effects > effects_max) {
      lived.problem = "stuck: it never ends";
      return lived;
    }
  }
  return lived;
}

}  // namespace

std::string FormatCrashPoint(const CrashPoint& point) {
  std::string text = FormatDeath(point.effects, point.kind, point.variant);
  if (point.again)
    text += " then " + FormatDeath(point.again->effects, point.again->kind, point.again->variant);
  return text;
}

std::optional<CrashPoint> ParseCrashPoint(std::string_view text) {
  CrashPoint point;
  if (!ParseDeath(&text, &point.effects, &point.kind, &point.variant)) return std::nullopt;
  if (text.empty()) return point;
  point.again.emplace();
  if (TakeWord(&text) != "then" ||
      !ParseDeath(&text, &point.again->effects, &point.again->kind, &point.again->variant))
    return std::nullopt;
  return text.empty() ? std::optional(point) : std::nullopt;
}

std::string RunCrashPoint(const CrashStoryMaker& make, const CrashPoint& point,
                          const CrashOptions& options, uint64_t* hash, uint64_t* recovery_effects) {
  DiskDriver driver(options.seed, options.disk);
  const std::unique_ptr<CrashStory> story = make();
  const Lived first = Live(driver, *story, 0, point.effects, options.effects_max);
  if (!first.problem.empty()) return "before the crash: " + first.problem;
  driver.Crash(point.kind, point.variant);
  story->Died(point.kind);

  int life = 1;
  if (point.again) {
    const Lived second = Live(driver, *story, life++, point.again->effects, options.effects_max);
    if (!second.problem.empty()) return "recovering: " + second.problem;
    driver.Crash(point.again->kind, point.again->variant);
    story->Died(point.again->kind);
  }
  const Lived last = Live(driver, *story, life, UINT64_MAX, options.effects_max);
  if (recovery_effects) *recovery_effects = last.effects;
  if (!last.problem.empty()) return "recovering: " + last.problem;
  const std::string problem = story->Check(driver.disk());
  if (hash) *hash = driver.disk().hash();
  return problem;
}

namespace {

class Enumeration {
 public:
  Enumeration(std::string_view name, const CrashStoryMaker& make, const CrashOptions& options)
      : name_(name), make_(make), options_(options) {}

  CrashReport Run() {
    report_.effects = CountEffects();
    const uint64_t per_point = std::max<uint64_t>(options_.kills + options_.power_losses, 1);
    const uint64_t points = report_.effects + 1;
    const uint64_t stride = std::max<uint64_t>((points * per_point) / options_.runs_max, 1);
    const uint64_t cut_stride =
        options_.recoveries_cut == 0 ? 0 : std::max<uint64_t>(points / options_.recoveries_cut, 1);
    for (uint64_t effects = 0; effects < points && !Enough(); effects += stride) {
      ++report_.points;
      const uint64_t recovery = AtPoint(effects);
      if (cut_stride > 0 && (effects / stride) % std::max<uint64_t>(cut_stride / stride, 1) == 0)
        CutRecovery(effects, recovery);
    }
    return std::move(report_);
  }

 private:
  bool Enough() const { return report_.failures.size() >= options_.failures_max; }

  uint64_t CountEffects() {
    DiskDriver driver(options_.seed, options_.disk);
    const std::unique_ptr<CrashStory> story = make_();
    const Lived life = Live(driver, *story, 0, UINT64_MAX, options_.effects_max);
    if (!life.problem.empty()) report_.failures.push_back(name_ + ": " + life.problem);
    driver.Crash(CrashKind::kKill);
    story->Died(CrashKind::kKill);
    return life.effects;
  }

  uint64_t Try(const CrashPoint& point) {
    ++report_.runs;
    uint64_t hash = 0, recovery = 0;
    const std::string problem = RunCrashPoint(make_, point, options_, &hash, &recovery);
    report_.hash = StableHash({reinterpret_cast<const char*>(&hash), sizeof hash}, report_.hash);
    if (!problem.empty())
      report_.failures.push_back(name_ + " " + FormatCrashPoint(point) + ": " + problem);
    return recovery;
  }

  // Returns how many effects the longest recovery had.
  uint64_t AtPoint(uint64_t effects) {
    uint64_t longest = 0;
    if (options_.kills > 0) ++report_.killed;
    if (options_.power_losses > 0) ++report_.powerless;
    for (uint64_t i = 0; i < options_.kills && !Enough(); ++i)
      longest = std::max(longest, Try({effects, CrashKind::kKill, i, {}}));
    for (uint64_t i = 0; i < options_.power_losses && !Enough(); ++i)
      longest = std::max(longest, Try({effects, CrashKind::kPowerLoss, i, {}}));
    return longest;
  }

  void CutRecovery(uint64_t effects, uint64_t recovery) {
    for (uint64_t i = 0; i <= recovery && !Enough(); ++i) {
      for (const CrashKind kind : {CrashKind::kKill, CrashKind::kPowerLoss}) {
        (void)Try({effects, CrashKind::kPowerLoss, i % std::max<uint64_t>(options_.power_losses, 1),
                   CrashAgain{i, kind, i}});
        (void)Try({effects, CrashKind::kKill, 0, CrashAgain{i, kind, i}});
      }
    }
  }

  const std::string name_;
  const CrashStoryMaker& make_;
  const CrashOptions& options_;
  CrashReport report_;
};

}  // namespace

CrashReport RunCrashPoints(std::string_view name, const CrashStoryMaker& make,
                           const CrashOptions& options) {
  return Enumeration(name, make, options).Run();
}

}  // namespace dunlin::sim
