// Makes a story that fails shorter, as long as it fails in the same way: whole lives, steps, then
// what the setup says.
#include <algorithm>

#include "sim/store/story_campaign.h"

namespace dunlin::sim {
namespace {

using Verb = StoryStep::Verb;

class Shrinking {
 public:
  Shrinking(const Story& story, const std::string& kind, uint64_t tellings_max)
      : story_(story), kind_(kind), left_(tellings_max) {}

  Story Run() {
    for (bool smaller = true; smaller && left_ > 0;) {
      smaller = DropSteps();
      smaller |= SimplifySteps();
      smaller |= SimplifySetup();
    }
    return std::move(story_);
  }

 private:
  bool Fails(const Story& story) {
    if (left_ == 0) return false;
    --left_;
    const StoryResult result = RunStory(story, {.mode = StoryRunner::Mode::kLenient});
    return !result.failures.empty() && KindOfFailure(result.failures[0].text) == kind_;
  }
  bool Try(Story story) {
    if (!Fails(story)) return false;
    story_ = std::move(story);
    return true;
  }

  // Halves, quarters, ... down to single steps, from the end on.
  bool DropSteps() {
    bool smaller = false;
    for (size_t piece = std::max<size_t>(story_.steps.size() / 2, 1); piece > 0; piece /= 2) {
      for (size_t end = story_.steps.size(); end > 0 && left_ > 0;) {
        const size_t begin = end > piece ? end - piece : 0;
        Story story = story_;
        story.steps.erase(story.steps.begin() + static_cast<ptrdiff_t>(begin),
                          story.steps.begin() + static_cast<ptrdiff_t>(end));
        smaller |= Try(std::move(story));
        end = begin;
      }
    }
    return smaller;
  }

  bool SimplifySteps() {
    bool smaller = false;
    for (size_t i = 0; i < story_.steps.size() && left_ > 0; ++i) {
      const StoryStep& step = story_.steps[i];
      Story story = story_;
      StoryStep& simple = story.steps[i];
      if (step.verb == Verb::kStore && step.size > 20) simple.size = 0;
      if ((step.verb == Verb::kTurn || step.verb == Verb::kDeliver) && step.count > 1)
        simple.count = 1;
      if (step.verb == Verb::kPowerLoss && !step.in) simple.verb = Verb::kKill;
      if ((step.verb == Verb::kKill || step.verb == Verb::kPowerLoss) && step.variant > 0)
        simple.variant = 0;
      if (FormatStep(story.setup, simple) != FormatStep(story_.setup, step))
        smaller |= Try(std::move(story));
    }
    return smaller;
  }

  template <class Change>
  bool TrySetup(Change change) {
    Story story = story_;
    change(story.setup);
    return FormatStory(story) != FormatStory(story_) && Try(std::move(story));
  }

  bool SimplifySetup() {
    const StorySetup small = SmallStorySetup();
    bool smaller = TrySetup([](StorySetup& s) { s.journal.depth = 1; });
    smaller |=
        TrySetup([&](StorySetup& s) { s.journal.segments_max = small.journal.segments_max; });
    smaller |=
        TrySetup([&](StorySetup& s) { s.limits.checkpoint_bytes = small.limits.checkpoint_bytes; });
    smaller |= TrySetup([&](StorySetup& s) { s.limits.reader = small.limits.reader; });
    smaller |= TrySetup([&](StorySetup& s) { s.limits.writer = small.limits.writer; });
    smaller |= TrySetup([&](StorySetup& s) { s.consumer_limits = small.consumer_limits; });
    for (size_t i = 0; i < story_.setup.streams.size(); ++i) {
      smaller |= TrySetup([&](StorySetup& s) { s.streams[i].late = false; });
      const auto plain = [&](auto change) {
        smaller |= TrySetup([&](StorySetup& s) { change(s.streams[i].config); });
      };
      plain([](StoreConfig& c) { c.compression = StoreCompression::kNone; });
      plain([](StoreConfig& c) { c.max_age = {}; });
      plain([](StoreConfig& c) { c.max_bytes = -1; });
      plain([](StoreConfig& c) { c.max_msgs = -1; });
      plain([](StoreConfig& c) { c.max_msgs_per_subject = -1; });
      plain([](StoreConfig& c) { c.discard = DiscardPolicy::kOld; });
      plain([](StoreConfig& c) { c.discard_new_per_subject = false; });
      plain([](StoreConfig& c) { c.subject_delete_marker_ttl = {}; });
      plain([](StoreConfig& c) { c.allow_msg_ttl = false; });
      plain([](StoreConfig& c) { c.first_seq = 0; });
    }
    return DropStreams() || smaller;
  }

  // Those that no step speaks of.
  bool DropStreams() {
    for (size_t i = 0; i < story_.setup.streams.size() && story_.setup.streams.size() > 1; ++i) {
      const bool used = std::any_of(story_.steps.begin(), story_.steps.end(),
                                    [&](const StoryStep& step) { return step.stream == i; });
      if (used) continue;
      Story story = story_;
      story.setup.streams.erase(story.setup.streams.begin() + static_cast<ptrdiff_t>(i));
      for (StoryStep& step : story.steps) {
        if (step.stream != StoryStep::kAllStreams && step.stream > i) --step.stream;
      }
      if (Try(std::move(story))) return true;
    }
    return false;
  }

  Story story_;
  const std::string kind_;
  uint64_t left_;
};

}  // namespace

Story ShrinkStory(const Story& story, const std::string& kind, uint64_t tellings_max) {
  return Shrinking(story, kind, tellings_max).Run();
}

}  // namespace dunlin::sim
