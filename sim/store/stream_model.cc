#include "sim/store/stream_model.h"

#include <algorithm>

namespace dunlin::sim {

std::string Describe(const StreamContents& contents) {
  return std::to_string(contents.messages.size()) + " messages, " + std::to_string(contents.first) +
         " to " + std::to_string(contents.last);
}

std::string FirstDifference(const StreamContents& found, const StreamContents& wanted) {
  for (Seq seq = std::min(found.first, wanted.first); seq <= std::max(found.last, wanted.last);
       ++seq) {
    const auto there = found.messages.find(seq), here = wanted.messages.find(seq);
    const bool is_there = there != found.messages.end(), is_here = here != wanted.messages.end();
    if (is_there == is_here && (!is_there || there->second == here->second)) continue;
    std::string text = std::to_string(seq) + " is ";
    text += is_there
                ? "'" + there->second.subject + "' '" + there->second.payload.substr(0, 20) + "'"
                : "not there";
    text += ", not ";
    return text +
           (is_here ? "'" + here->second.subject + "' '" + here->second.payload.substr(0, 20) + "'"
                    : "gone");
  }
  return "only the bounds differ";
}

void StreamModel::Drop(std::map<Seq, StreamContents::Message>::iterator message) {
  now_.messages.erase(message);
}

// Limits remove the oldest.
void StreamModel::Enforce() {
  while (limits_.max_msgs > 0 && now_.messages.size() > static_cast<size_t>(limits_.max_msgs))
    Drop(now_.messages.begin());
  if (limits_.max_msgs_per_subject <= 0) return;
  std::map<std::string, int64_t> count;
  for (const auto& [seq, message] : now_.messages) ++count[message.subject];
  for (auto it = now_.messages.begin(); it != now_.messages.end();) {
    int64_t& left = count[it->second.subject];
    if (left <= limits_.max_msgs_per_subject) {
      ++it;
      continue;
    }
    --left;
    it = now_.messages.erase(it);
  }
}

void StreamModel::Changed(WritePoint point) {
  now_.first = now_.messages.empty() ? now_.last + 1 : now_.messages.begin()->first;
  steps_.push_back({point, now_});
}

void StreamModel::Store(WritePoint point, std::string_view subject, std::string_view payload) {
  now_.messages[++now_.last] = {std::string(subject), std::string(payload)};
  Enforce();
  Changed(point);
}

void StreamModel::Skip(WritePoint point, uint64_t count) {
  now_.last += count;
  Changed(point);
}

void StreamModel::Remove(WritePoint point, Seq seq) {
  now_.messages.erase(seq);
  Changed(point);
}

void StreamModel::Purge(std::string_view subject, Seq below, uint64_t keep) {
  std::vector<Seq> matches;
  for (const auto& [seq, message] : now_.messages) {
    if ((subject.empty() || message.subject == subject) && (below == 0 || seq < below))
      matches.push_back(seq);
  }
  const size_t gone = matches.size() - std::min<size_t>(matches.size(), keep);
  for (size_t i = 0; i < gone; ++i) now_.messages.erase(matches[i]);
  Changed(kUndecided);
}

void StreamModel::Compact(Seq seq) {
  now_.messages.erase(now_.messages.begin(), now_.messages.lower_bound(seq));
  now_.last = std::max(now_.last, seq - 1);
  Changed(kUndecided);
}

void StreamModel::Truncate(Seq seq) {
  now_.messages.erase(now_.messages.upper_bound(seq), now_.messages.end());
  now_.last = seq;
  Changed(kUndecided);
}

void StreamModel::Promised(WritePoint through, bool survives_power_loss) {
  while (promised_ < steps_.size() && steps_[promised_].point <= through) ++promised_;
  if (!survives_power_loss || promised_ == 0) return;
  start_ = std::move(steps_[promised_ - 1].after);
  start_survives_ = true;
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(promised_));
  promised_ = 0;
}

void StreamModel::Restart(const StreamContents& found) {
  now_ = start_ = found;
  steps_.clear();
  promised_ = 0;
}

std::string StreamModel::TakeRecovered(const StreamContents& found, bool lost_power) {
  const size_t earliest = lost_power ? 0 : promised_;
  bool right = Before(earliest) == found;
  for (size_t i = earliest; i < steps_.size() && !right; ++i) {
    right = steps_[i].after == found;
  }
  if (right) {
    Restart(found);
    return "";
  }
  const StreamContents& low = Before(earliest);
  std::string problem = "holds " + Describe(found) + "; promised: " + Describe(low) +
                        "; asked for: " + Describe(now_);
  for (size_t i = 0; i < earliest; ++i) {
    if (Before(i) == found) return problem + ": what was promised is lost";
  }
  return problem + ": never was like that; at last: " + FirstDifference(found, now_);
}

}  // namespace dunlin::sim
