#include "sim/store/story_scenario.h"

#include "sim/scenario/parser.h"
#include "sim/store/story_run.h"

namespace dunlin::sim {

scenario::SimRun RunStoryScenario(const Story& story, StoryResult* first_run) {
  const StoryResult first = RunStory(story);
  if (first_run != nullptr) *first_run = first;
  scenario::SimRun run;
  run.hash = first.hash;
  for (const StoryFailure& failure : first.failures) {
    const scenario::Position at = failure.at.line == 0 ? scenario::Position{1, 1} : failure.at;
    run.outcome.text += scenario::FormatProblem(story.path, {at, failure.text}) + "\n";
  }
  if (first.failures.empty() && RunStory(story).hash != first.hash)
    run.outcome.text = story.path + ":1:1: two runs of it differ\n";
  if (!run.outcome.text.empty()) run.outcome.verdict = scenario::Verdict::kFailed;
  return run;
}

}  // namespace dunlin::sim
