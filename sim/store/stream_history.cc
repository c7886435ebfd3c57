#include "sim/store/stream_history.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

bool Same(const TwinMsg& a, const TwinMsg& b) {
  return a.subject == b.subject && a.header == b.header && a.payload == b.payload &&
         a.time == b.time;
}

bool Holds(const StreamTwin& all, const StreamTwin& some) {
  return std::all_of(some.entries().begin(), some.entries().end(), [&](const auto& entry) {
    const TwinMsg* msg = all.Find(entry.seq);
    return msg != nullptr && Same(*msg, *entry.msg);
  });
}

std::string Shown(const TwinMsg* msg, const char* none) {
  if (msg == nullptr) return none;
  return "'" + msg->subject + "' '" + msg->payload.substr(0, 20) + "'";
}

}  // namespace

const TwinMsg* StreamHistory::Keep(TwinMsg msg) {
  kept_.push_back(std::move(msg));
  return &kept_.back();
}

void StreamHistory::Changed(StreamTwin after, std::optional<WritePoint> point) {
  CHECK(!in_job_);
  now_ = std::move(after);
  if (point) {
    for (size_t i = steps_.size(); i > promised_ && !steps_[i - 1].point; --i)
      steps_[i - 1].point = point;
  }
  steps_.push_back({point, now_, false});
}

void StreamHistory::ChangedBitByBit(StreamTwin after, WritePoint point) {
  Changed(std::move(after), point);
  steps_.back().bit_by_bit = true;
}

void StreamHistory::JobBegins(StreamTwin after) {
  CHECK(!in_job_);
  in_job_ = true;
  steps_.push_back({std::nullopt, std::move(after), false});
}

void StreamHistory::JobDone(WritePoint point) {
  CHECK(in_job_);
  in_job_ = false;
  now_ = steps_.back().after;
  for (size_t i = steps_.size(); i > promised_ && !steps_[i - 1].point; --i)
    steps_[i - 1].point = point;
}

void StreamHistory::JobRefused() {
  CHECK(in_job_);
  in_job_ = false;
  steps_.pop_back();
}

void StreamHistory::Promised(WritePoint through, Survives what) {
  const bool all = through.batch == UINT64_MAX - 1;
  while (promised_ < steps_.size() &&
         (all || (steps_[promised_].point && *steps_[promised_].point <= through))) {
    ++promised_;
  }
  if (what == Survives::kKill || promised_ == 0) return;
  start_ = std::move(steps_[promised_ - 1].after);
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(promised_));
  promised_ = 0;
}

std::string StreamHistory::FirstDifference(const StreamTwin& found, const StreamTwin& wanted) {
  for (Seq seq = std::min(found.first(), wanted.first());
       seq <= std::max(found.last(), wanted.last()); ++seq) {
    const TwinMsg *there = found.Find(seq), *here = wanted.Find(seq);
    if (there == here || (there != nullptr && here != nullptr && Same(*there, *here))) continue;
    return std::to_string(seq) + " is " + Shown(there, "not there") + ", not " +
           Shown(here, "gone");
  }
  return "only the bounds differ: " + found.Describe() + ", not " + wanted.Describe();
}

// What may be gone by itself, since its time has come, counts as gone if it is not in 'found'.
StreamTwin StreamHistory::Aged(StreamTwin wanted, const StreamTwin& found, WallTime now) const {
  const std::vector<StreamTwin::Entry> all = wanted.entries();
  for (const StreamTwin::Entry& entry : all) {
    const WallTime due = StreamTwin::Due(config_, *entry.msg);
    if (due != WallTime{} && due <= now && found.Find(entry.seq) == nullptr)
      (void)wanted.Remove(entry.seq);
  }
  return wanted;
}

// What went by itself is nobody's promise: it may be there again, and go again.
bool StreamHistory::OthersAreDue(const StreamTwin& found, const StreamTwin& wanted,
                                 WallTime now) const {
  return std::all_of(found.entries().begin(), found.entries().end(), [&](const auto& entry) {
    if (wanted.Find(entry.seq) != nullptr) return true;
    const WallTime due = StreamTwin::Due(config_, *entry.msg);
    return due != WallTime{} && due <= now &&
           std::any_of(kept_.begin(), kept_.end(), [&](const TwinMsg& kept) {
             return &kept != entry.msg && Same(kept, *entry.msg);
           });
  });
}

// Limits may have been lowered since: then, or by the start.
bool StreamHistory::IsLike(const StreamTwin& found, const StreamTwin& wanted, WallTime now) const {
  if (found.last() != wanted.last()) return false;
  const auto equals = [&](StreamTwin limited) {
    limited = Aged(std::move(limited), found, now);
    return Holds(found, limited) && OthersAreDue(found, limited, now);
  };
  StreamTwin then = wanted, at_start = wanted;
  then.Enforce(config_);
  at_start.EnforceAtStart(config_);
  return equals(std::move(then)) || equals(std::move(at_start));
}

bool StreamHistory::IsWithin(const StreamTwin& found, const StreamTwin& before,
                             const StreamTwin& after, WallTime now) const {
  return (found.last() == after.last() || found.last() == before.last()) && Holds(before, found) &&
         Holds(found, Aged(after, found, now));
}

void StreamHistory::Restart(const StreamTwin& found) {
  now_ = start_ = found;
  steps_.clear();
  promised_ = 0;
  in_job_ = false;
}

std::string StreamHistory::TakeRecovered(const StreamTwin& found, WallTime now, bool lost_power) {
  const size_t earliest = lost_power ? 0 : promised_;
  bool right = IsLike(found, Before(earliest), now);
  for (size_t i = earliest; i < steps_.size() && !right; ++i) {
    const StreamTwin& after = steps_[i].after;
    right = IsLike(found, after, now) ||
            (steps_[i].bit_by_bit && IsWithin(found, Before(i), after, now));
  }
  if (right) {
    Restart(found);
    return "";
  }
  const StreamTwin& last = steps_.empty() ? start_ : steps_.back().after;
  std::string problem = "holds " + found.Describe() + "; promised: " + Before(earliest).Describe() +
                        "; asked for: " + last.Describe();
  for (size_t i = 0; i < earliest; ++i) {
    if (IsLike(found, Before(i), now)) return problem + ": what was promised is lost";
  }
  return problem + ": never was like that; at last: " + FirstDifference(found, last);
}

}  // namespace dunlin::sim
