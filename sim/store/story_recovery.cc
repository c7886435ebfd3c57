// StoryRunner: what a start has found, held against what was promised.
#include <algorithm>
#include <map>

#include "engine/store/msg_headers.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {

// One that was dropped is gone, and says so; or it is whole, if nobody was promised that.
bool StoryRunner::RecoveredDrop(size_t stream) {
  if (!there_[stream]) return true;
  const std::string name = "stream " + setup_.streams[stream].config.name + " ";
  Drop& drop = drops_[stream];
  drop.point = {};
  there_[stream] = process_->there(stream);
  if (!there_[stream]) return drop.asked || damaged_ || Fail(name + "is gone, and was not dropped");
  const bool promised = lost_power_ ? drop.survives_power_loss : drop.survives_kill;
  // Without its checkpoint it cannot be told that it is the one that was dropped: it is what it is.
  lamed_[stream] = lamed_[stream] || (drop.asked && damaged_);
  if (promised && !drop.added && !damaged_) return Fail(name + "was dropped, and is there again");
  drop = {};
  return true;
}

bool StoryRunner::RecoveredStream(size_t stream) {
  StreamHistory& history = histories_[stream];
  if (!there_[stream]) {
    const std::string name = "stream '" + history.config().name + "'";
    const bool missed = gone_[stream] && IsMissed(stream) && !Named(name);
    gone_[stream] = false;
    history.Restart(StreamTwin::Empty(history.config()));
    return !missed || Fail(name + " is gone, with what the journal has of it, and nobody named it");
  }
  if (IsLame(stream)) {
    lamed_[stream] = true;
    history.Restart(StreamTwin::Empty(history.config()));
    return true;
  }
  const std::string name = "stream " + setup_.streams[stream].config.name + " ";
  Reading reading;
  if (!ReadAll(process_.get(), stream, &reading)) {
    if (process_->dying() || (process_->Failed() && damaged_ && MayFail())) return true;
    return Fail(name + reading.problem);
  }
  if (process_->Failed() && MayFail()) return true;  // In what it began before.
  StreamTwin found;
  found.Become(std::move(reading.entries), reading.state);
  NoteMoment(stream, reading.state.last_seq);
  if (process_->file(stream) == nullptr || lamed_[stream]) {
    lamed_[stream] = false;
    history.Restart(found);
    return reading.problem.empty() || damage_.Concerns(history.config().name) ||
           Fail(name + reading.problem);
  }
  std::string problem = reading.problem;
  if (problem.empty())
    problem = history.TakeRecovered(found, driver_.now().wall,
                                    lost_power_ && setup_.has_interval_policy());
  if (problem.empty()) return true;
  if (!damaged_) return Fail(name + problem);
  if (!damage_.Concerns(history.config().name))
    return Fail(name + problem + ": and nothing of it was damaged");
  const bool said = Named("stream '" + history.config().name + "'") || !reading.problem.empty() ||
                    MayHaveMoved(stream, found);
  const bool silent = !said && !damage_.any_in_journal();
  const std::string why = !loose_[stream] ? NotExcused(stream, found, said)
                          : silent        ? "nobody said a word"
                                          : "";
  if (!why.empty()) return Fail(name + problem + ": " + why);
  history.Restart(found);  // Said aloud: it is what it is.
  return true;
}

// Of one whose folder is gone: whether the journal has something of it that its files may have
// lacked. The last batches are in a segment that is still needed, if nothing took them.
bool StoryRunner::IsMissed(size_t stream) const {
  constexpr uint64_t kLastBatches = 3;
  return !damage_.any_in_journal() && !lost_power_ && !asked_[stream].empty() &&
         asked_[stream].back().point.batch + kLastBatches > durable_.batch &&
         asked_[stream].back().point <= durable_;
}

// By its sequences: what it has of others may have gone by itself.
void StoryRunner::NoteMoment(size_t stream, Seq last) {
  if (process_->file(stream) == nullptr || turned_back_[stream]) return;
  for (const Asked& asked : asked_[stream]) {
    if (asked.seq <= last) {
      moment_.Has(asked.point);
    } else {
      moment_.HasNot(asked.point);
    }
  }
}

// What a store says of its subjects, by an index or by having read its blocks, is what its messages
// say. Empty: it is.
static std::string WrongTotals(file::FileStore* store,
                               const std::vector<StreamTwin::Entry>& entries) {
  if (store->index().unsettled > 0) return "";
  std::map<std::string, uint64_t> counted;
  uint64_t bytes = 0;
  for (const StreamTwin::Entry& entry : entries) {
    bytes += entry.msg->bytes;
    if (!entry.msg->subject.empty()) ++counted[entry.msg->subject];
  }
  if (store->State().bytes != bytes) {
    return "counts " + std::to_string(store->State().bytes) + " bytes and has " +
           std::to_string(bytes);
  }
  for (const auto& [subject, total] : TotalsOf(store, "")) {
    const uint64_t has = counted.contains(subject) ? counted[subject] : 0;
    if (total != has) {
      return "counts " + std::to_string(total) + " of subject " + subject + " and has " +
             std::to_string(has);
    }
    counted.erase(subject);
  }
  return counted.empty() ? "" : "knows nothing of subject " + counted.begin()->first;
}

// Everything that the stream holds, message by message. False: it could not be read to its end.
bool StoryRunner::ReadAll(StoreProcess* process, size_t stream, Reading* out) {
  StreamHistory& history = histories_[stream];
  for (int attempt = 0; attempt < 16; ++attempt) {  // Time passes, and messages go.
    *out = {};
    StreamStore& store = process->store(stream);
    const StreamState before = store.State();
    for (Seq seq = std::max<Seq>(before.first_seq, 1); seq <= before.last_seq; ++seq) {
      LoadMsg load;
      load.seq = seq;
      const Outcome outcome = process->Run(stream, load);
      if (outcome == Outcome::kStuck || outcome == Outcome::kDied) {
        out->problem = "loads " + std::to_string(seq) + " for ever";
        return false;
      }
      if (outcome == Outcome::kDone) {
        out->entries.push_back(
            {seq, history.Keep(
                      {std::string(load.msg.subject), std::string(load.msg.header),
                       std::string(load.msg.payload), load.msg.time, MessageTtl(load.msg.header),
                       process->file(stream) == nullptr
                           ? MemoryMsgBytes(load.msg.subject.size(), load.msg.header.size(),
                                            load.msg.payload.size())
                           : FileMsgBytes(load.msg.subject.size(), load.msg.header.size(),
                                          load.msg.payload.size())})});
      } else if (load.error != StoreError::kDeleted && load.error != StoreError::kNotFound) {
        out->problem = "cannot load " + std::to_string(seq) + ": " + load.detail;
      }
    }
    out->state = store.State();
    if (out->state.msgs == before.msgs && out->state.first_seq == before.first_seq) break;
  }
  const StreamState& state = out->state;
  if (!out->problem.empty()) return true;
  if (state.msgs != out->entries.size()) {
    out->problem = "counts " + std::to_string(state.msgs) + " messages and has " +
                   std::to_string(out->entries.size());
  } else if (state.msgs > 0 && state.first_seq != out->entries.front().seq) {
    out->problem = "is wrong about its first: " + std::to_string(state.first_seq);
  } else if (state.msgs == 0 && state.last_seq > 0 && state.first_seq != state.last_seq + 1) {
    out->problem = "is empty, its last is " + std::to_string(state.last_seq) + ", and its first " +
                   std::to_string(state.first_seq);
  } else if (process->file(stream) != nullptr && !damaged_) {
    out->problem = WrongTotals(process->file(stream), out->entries);
  }
  return true;
}

}  // namespace dunlin::sim
