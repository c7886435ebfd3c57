#include "sim/tool/run_scenarios.h"

#include <cstdio>
#include <optional>

#include "engine/base/mutant.h"
#include "sim/scenario/executor.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/sim_run.h"
#include "sim/store/story_scenario.h"
#include "sim/tool/shell.h"

namespace dunlin::sim {
namespace {

std::string MutantFlag() {
  return mutant_switched_on == 0 ? "" : " --mutant " + std::to_string(mutant_switched_on);
}

// A story of servers, or one of stores. Nothing if the file has a mistake.
std::optional<scenario::SimRun> RunFile(const std::string& text, const std::string& file,
                                        uint64_t seed, TraceSink* sink,
                                        std::vector<scenario::Problem>* problems) {
  if (IsStory(text)) {
    const auto story = ParseStory(text, file, problems);
    if (!story) return std::nullopt;
    StoryResult result;
    scenario::SimRun run = RunStoryScenario(*story, &result);
    if (result.points > 0)
      std::printf("     stopped at %llu points, told %llu times\n",
                  static_cast<unsigned long long>(result.points),
                  static_cast<unsigned long long>(result.runs));
    return run;
  }
  const auto script = scenario::ParseScript(text, file, problems);
  if (!script) return std::nullopt;
  return scenario::RunInSimulator(*script, seed, sink);
}

}  // namespace

int RunScenarios(const std::vector<std::string>& files, uint64_t seed, TraceSink* sink) {
  int passed = 0, failed = 0, skipped = 0;
  uint64_t hash = 0;
  for (const std::string& file : files) {
    const std::optional<std::string> text = ReadWholeFile(file);
    if (!text) {
      std::fprintf(stderr, "dunlin-sim: can't read %s\n", file.c_str());
      return 2;
    }
    SetLastWords("reproduce: dunlin-sim run --seed " + std::to_string(seed) + " " + file +
                 MutantFlag() + "\n");
    std::vector<scenario::Problem> problems;
    const std::optional<scenario::SimRun> run = RunFile(*text, file, seed, sink, &problems);
    for (const scenario::Problem& problem : problems) {
      std::printf("%s\n", scenario::FormatProblem(file, problem).c_str());
    }
    if (!run) {
      failed++;
      continue;
    }
    hash = hash * 31 + run->hash;
    const scenario::Outcome& outcome = run->outcome;
    const char* word = "ok  ";
    if (outcome.verdict == scenario::Verdict::kFailed) word = "FAIL";
    if (outcome.verdict == scenario::Verdict::kSkipped) word = "skip";
    std::printf("%s %s\n%s%s", word, file.c_str(), outcome.text.c_str(),
                outcome.text.empty() || outcome.text.ends_with('\n') ? "" : "\n");
    passed += outcome.verdict == scenario::Verdict::kPassed;
    failed += outcome.verdict == scenario::Verdict::kFailed;
    skipped += outcome.verdict == scenario::Verdict::kSkipped;
  }
  std::printf("sim: %d passed, %d failed, %d skipped\nhash %016llx\n", passed, failed, skipped,
              static_cast<unsigned long long>(hash));
  return failed == 0 ? 0 : 1;
}

}  // namespace dunlin::sim
