#include "sim/tool/run_scenarios.h"

#include <cstdio>
#include <optional>

#include "sim/scenario/executor.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/sim_run.h"
#include "sim/tool/shell.h"

namespace dunlin::sim {

int RunScenarios(const std::vector<std::string>& files, uint64_t seed, TraceSink* sink) {
  int passed = 0, failed = 0, skipped = 0;
  uint64_t hash = 0;
  for (const std::string& file : files) {
    const std::optional<std::string> text = ReadWholeFile(file);
    if (!text) {
      std::fprintf(stderr, "dunlin-sim: can't read %s\n", file.c_str());
      return 2;
    }
    std::vector<scenario::Problem> problems;
    const auto script = scenario::ParseScript(*text, file, &problems);
    for (const scenario::Problem& problem : problems) {
      std::printf("%s\n", scenario::FormatProblem(file, problem).c_str());
    }
    if (!script) {
      failed++;
      continue;
    }
    SetLastWords("reproduce: dunlin-sim run --seed " + std::to_string(seed) + " " + file + "\n");
    const scenario::SimRun run = scenario::RunInSimulator(*script, seed, sink);
    hash = hash * 31 + run.hash;
    const scenario::Outcome& outcome = run.outcome;
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
