#include "sim/store/stream_history.h"

#include <algorithm>
#include <iterator>
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
  if (point) Reaches(*point);
  steps_.push_back({point, now_, false});
}

void StreamHistory::ChangedBitByBit(StreamTwin after) {
  Changed(std::move(after), std::nullopt);
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
  steps_.back().point = point;
  Reaches(point);
}

// What has no point is durable with what comes behind it, if that was written at all.
void StreamHistory::Reaches(WritePoint point) {
  if (point.batch == 0) return;
  for (size_t i = steps_.size(); i > promised_; --i) {
    Step& step = steps_[i - 1];
    if (step.point && step.point->batch > 0 && *step.point != point) return;
    step.point = point;
  }
}

void StreamHistory::JobRefused() {
  CHECK(in_job_);
  in_job_ = false;
  steps_.pop_back();
}

void StreamHistory::Promised(WritePoint through, Survives what) {
  const bool all = through.batch == UINT64_MAX - 1;
  size_t steps = 0;
  while (steps < steps_.size() &&
         (all || (steps_[steps].point && *steps_[steps].point <= through))) {
    ++steps;
  }
  promised_ = std::max(promised_, steps);
  if (what == Survives::kKill || steps == 0) return;
  start_ = std::move(steps_[steps - 1].after);
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(steps));
  promised_ -= steps;
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
    const auto is_due = [&](const StoreConfig& config) {
      const WallTime due = StreamTwin::Due(config, *entry.msg);
      return due != WallTime{} && due <= now;
    };
    const bool may_go = is_due(config_) || (reverted_ && is_due(*reverted_));
    if (may_go && found.Find(entry.seq) == nullptr) (void)wanted.Remove(entry.seq);
  }
  return wanted;
}

// What went by itself is nobody's promise: it may be there again, and go again.
bool StreamHistory::OthersAreDue(const StreamTwin& found, const StreamTwin& wanted,
                                 WallTime now) const {
  return std::all_of(found.entries().begin(), found.entries().end(), [&](const auto& entry) {
    if (wanted.Find(entry.seq) != nullptr) return true;
    const WallTime due = StreamTwin::Due(config_, *entry.msg);
    return due != WallTime{} && due <= now && IsKept(*entry.msg);
  });
}

bool StreamHistory::IsKept(const TwinMsg& found) const {
  return std::any_of(kept_.begin(), kept_.end(),
                     [&](const TwinMsg& kept) { return &kept != &found && Same(kept, found); });
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

// A message is there, and what went because of it is, too, or some of that.
bool StreamHistory::IsOnTheWay(const StreamTwin& found, const StreamTwin& before,
                               const StreamTwin& after, WallTime now) const {
  StreamTwin limited = after;
  limited.Enforce(config_);
  const bool known =
      std::all_of(found.entries().begin(), found.entries().end(), [&](const auto& entry) {
        const TwinMsg* const msg =
            after.Find(entry.seq) != nullptr ? after.Find(entry.seq) : before.Find(entry.seq);
        // The last one may be larger than all that may be there: it took itself.
        return msg != nullptr ? Same(*msg, *entry.msg)
                              : entry.seq == after.last() && IsKept(*entry.msg);
      });
  if (!known || found.last() != after.last()) return false;
  if (Holds(found, Aged(std::move(limited), found, now))) return true;
  // Or nothing went yet, and other limits took the oldest.
  StreamTwin all = after;
  std::vector<StreamTwin::Entry> entries;
  const auto by_seq = [](const auto& a, const auto& b) { return a.seq < b.seq; };
  std::set_union(before.entries().begin(), before.entries().end(), after.entries().begin(),
                 after.entries().end(), std::back_inserter(entries), by_seq);
  if (!found.entries().empty() && found.entries().back().seq == after.last() &&
      (entries.empty() || entries.back().seq < after.last())) {
    entries.push_back(found.entries().back());
  }
  all.Become(std::move(entries), after.State());
  all.EnforceAtStart(config_);
  return Holds(found, Aged(std::move(all), found, now));
}

bool StreamHistory::IsWithin(const StreamTwin& found, const StreamTwin& before,
                             const StreamTwin& after, WallTime now) const {
  return (found.last() == after.last() || found.last() == before.last()) && Holds(before, found) &&
         Holds(found, Aged(after, found, now));
}

std::vector<StreamTwin::Entry> StreamHistory::Certain(bool lost_power, WallTime now) const {
  const size_t earliest = lost_power ? 0 : promised_;
  std::vector<StreamTwin::Entry> certain = Before(earliest).entries();
  std::erase_if(certain, [&](const StreamTwin::Entry& entry) {
    const WallTime due = StreamTwin::Due(config_, *entry.msg);
    return due != WallTime{} && due <= now;
  });
  for (size_t i = earliest; i <= steps_.size(); ++i) {
    StreamTwin then = Before(i), at_start = then;
    then.Enforce(config_);
    at_start.EnforceAtStart(config_);
    std::erase_if(certain, [&](const StreamTwin::Entry& entry) {
      return then.Find(entry.seq) != entry.msg || at_start.Find(entry.seq) != entry.msg;
    });
  }
  return certain;
}

bool StreamHistory::HasMore(const StreamTwin& found, bool lost_power) const {
  const size_t earliest = lost_power ? 0 : promised_;
  return std::any_of(found.entries().begin(), found.entries().end(), [&](const auto& entry) {
    for (size_t i = earliest; i <= steps_.size(); ++i) {
      if (Before(i).Find(entry.seq) != nullptr) return false;
    }
    return true;
  });
}

void StreamHistory::Restart(const StreamTwin& found) {
  now_ = start_ = found;
  steps_.clear();
  promised_ = 0;
  in_job_ = false;
  reverted_.reset();
}

std::string StreamHistory::TakeRecovered(const StreamTwin& found, WallTime now, bool lost_power) {
  const size_t earliest = lost_power ? 0 : promised_;
  bool right =
      IsLike(found, Before(earliest), now) ||
      (reverted_ && earliest > 0 && IsOnTheWay(found, Before(earliest - 1), Before(earliest), now));
  for (size_t i = earliest; i < steps_.size() && !right; ++i) {
    const StreamTwin& after = steps_[i].after;
    right = IsLike(found, after, now) ||
            (steps_[i].bit_by_bit && IsWithin(found, Before(i), after, now)) ||
            (reverted_ && IsOnTheWay(found, Before(i), after, now));
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
