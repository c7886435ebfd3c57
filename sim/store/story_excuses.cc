// StoryRunner: what damage excuses, and what it does not.
#include <algorithm>

#include "sim/store/story_runner.h"

namespace dunlin::sim {
namespace {

// A record's checksum does not say where its subject ends and its payload begins (reference: the
// same).
bool BorderMoved(const TwinMsg& found, const TwinMsg& wanted) {
  return found.time == wanted.time && found.payload != wanted.payload &&
         (found.payload.ends_with(wanted.payload) || wanted.payload.ends_with(found.payload));
}

}  // namespace

// What damage took of batches of the journal below this one somebody must say. 0: nobody knows.
uint64_t StoryRunner::ToldBelow() const {
  // The batches that were under way when the first one was written that tells of a damaged one.
  const uint64_t under_way = setup_.journal.depth + 2;
  if (damage_.batches_max() == UINT64_MAX || setup_.has_interval_policy()) return 0;
  const uint64_t untold = damage_.batches_max() + under_way;
  return durable_.batch - std::min(durable_.batch, untold);
}

// By processes that died while they started, too.
std::vector<std::string> StoryRunner::Said() const {
  std::vector<std::string> notices = said_;
  notices.insert(notices.end(), process_->notices().begin(), process_->notices().end());
  return notices;
}

// Whether somebody spoke of it.
bool StoryRunner::Named(const std::string& name) const {
  const std::vector<std::string> notices = Said();
  return std::any_of(notices.begin(), notices.end(), [&](const std::string& notice) {
    return notice.find(name) != std::string::npos;
  });
}

// Whether a message's border moved, or one that was to go by its subject may have stayed because of
// that: see BorderMoved(). No checksum tells, so nobody does.
bool StoryRunner::MayHaveMoved(size_t stream, const StreamTwin& found) const {
  const StreamHistory& history = histories_[stream];
  const bool plain = setup_.key.empty() && !packed_[stream];  // Else nobody knows where it lay.
  return std::any_of(found.entries().begin(), found.entries().end(), [&](const auto& entry) {
    const auto is_it = [&](const TwinMsg& kept) { return BorderMoved(*entry.msg, kept); };
    return std::any_of(history.kept().begin(), history.kept().end(), is_it) ||
           (plain && history.now().Find(entry.seq) == nullptr &&
            damage_.MayHaveHit(history.config().name, *entry.msg));
  });
}

// The journal has no room, because of one that failed, and somebody has said so.
bool StoryRunner::IsHeldUp() const {
  return (damaged_ || was_damaged_) && Named("the journal is full, and stays full until");
}

// Who waits for room may wait for ever: on a full disk, too. (Whoever runs it frees some, and
// starts it again.)
bool StoryRunner::MayWaitForRoom() const { return capacity_ != UINT64_MAX || IsHeldUp(); }

// What damage does not excuse. Where the journal ends is told by what later batches say of it: of
// the last ones nobody can, so what is cut off there goes without a word.
std::string StoryRunner::NotExcused(size_t stream, const StreamTwin& found, bool said) const {
  const StreamHistory& history = histories_[stream];
  const std::string& name = history.config().name;
  const bool lost_some = lost_power_ && setup_.has_interval_policy();
  // Blocks alone do not say where one that was cut between two records had its end.
  said |= no_index_ && from_stop_[stream] && damage_.AnyCut(name);
  const auto is_far = [&](Seq seq) {
    // The last one: a sequence may have been another one's, of a stream that was dropped, too.
    const auto asked = std::find_if(asked_[stream].rbegin(), asked_[stream].rend(),
                                    [&](const Asked& one) { return one.seq == seq; });
    return asked != asked_[stream].rend() && asked->point.batch < ToldBelow();
  };
  // What is back without its tombstone, or cannot be read and still counts, makes limits take
  // others.
  const StoreConfig& limits = history.config();
  const bool limited =
      limits.max_msgs > 0 || limits.max_bytes > 0 || limits.max_msgs_per_subject > 0;
  const bool plain = !was_damaged_ && setup_.key.empty() && !packed_[stream] &&
                     damage_.only_blocks() && !history.HasMore(found, lost_some) &&
                     !(limited && damage_.AnyCut(name));
  for (const StreamTwin::Entry& entry : history.Certain(lost_some, driver_.now().wall)) {
    if (found.Find(entry.seq) != nullptr) continue;
    const std::string what = std::to_string(entry.seq) + " is not there";
    if (!said && !damage_.any_in_journal()) return what + ", and nobody said a word";
    if (!said && is_far(entry.seq))
      return what + ", nobody said a word, and the journal goes on behind it";
    if (plain && !damage_.MayHaveHit(name, *entry.msg))
      return what + ", and no damage was where it lay";
  }
  // A checkpoint of which the journal has nothing is not missed: the power took what was not
  // synced, and of what was not promised blocks may have some.
  said |= lost_some && damage_.HitCheckpoint(name);
  return said || damage_.any_in_journal() ? "" : "nobody said a word";
}

}  // namespace dunlin::sim
