// Carries out a scenario against a target and judges it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/script.h"
#include "sim/scenario/target.h"

namespace dunlin::scenario {

enum class Mode : uint8_t {
  kCheck,
  kRecord,  // Expected lines that are not met are put down as replacements, and the run goes on.
};

// New text for a stretch of the file. The lines in 'more' follow it, each a statement of its own.
struct Replacement {
  Span span;
  std::string text;
  std::vector<std::string> more;
};

enum class Verdict : uint8_t { kPassed, kFailed, kSkipped };

struct Outcome {
  Verdict verdict = Verdict::kPassed;
  // Why it was skipped; or what failed: 'file:line:col: ...', then the end of the conversation and
  // of the servers' logs.
  std::string text;
  std::vector<Replacement> replacements;
};

// How long an expectation without 'within' waits.
inline constexpr Duration kPatience = Seconds(10);

[[nodiscard]] Outcome RunScript(const Script& script, Target& target, Mode mode);

// The file's text with the replacements made.
[[nodiscard]] std::string Replaced(std::string_view text, std::vector<Replacement> replacements);

}  // namespace dunlin::scenario
