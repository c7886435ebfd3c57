#include "sim/scenario/sim_run.h"

#include "sim/scenario/sim_target.h"

namespace dunlin::scenario {
namespace {

SimRun RunOnce(const Script& script, uint64_t seed, sim::TraceSink* sink) {
  SimTarget target(seed, sink);
  SimRun run;
  run.outcome = RunScript(script, target, Mode::kCheck);
  run.hash = target.hash();
  return run;
}

}  // namespace

SimRun RunInSimulator(const Script& script, uint64_t seed, sim::TraceSink* sink) {
  SimRun first = RunOnce(script, seed, sink);
  if (first.outcome.verdict != Verdict::kPassed) return first;
  const SimRun second = RunOnce(script, seed, nullptr);
  if (second.hash != first.hash) {
    first.outcome.verdict = Verdict::kFailed;
    first.outcome.text =
        script.path + ":1:1: two runs of seed " + std::to_string(seed) + " differ\n";
  }
  return first;
}

}  // namespace dunlin::scenario
