// StoryRunner: changes to a stream, each held against what its twin says.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/store/msg_headers.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {

// Whether a change was taken, or refused, as it should be.
bool StoryRunner::Agree(size_t stream, const char* what, StoreError got, StoreError predicted,
                        std::optional<StoreError> wanted) {
  const std::string name = "stream " + setup_.streams[stream].config.name + ": a " + what;
  (void)SeeDamage();
  if (loose_[stream] && !failed()) return true;
  if (got != predicted && (failed() || got == StoreError::kFailed)) {
    if (MayFail()) return true;
    return Fail(name + " fails: " + (process_ == nullptr ? "" : process_->Why()));
  }
  // What is damaged may still count against a limit.
  if (got != predicted && damaged_ && got != StoreError::kNone) return true;
  const auto words = [](StoreError error) {
    return error == StoreError::kNone ? std::string("taken")
                                      : "refused (" + std::string(DescribeStoreError(error)) + ")";
  };
  if (got != predicted)
    return Fail(name + " is " + words(got) + " and should be " + words(predicted));
  if (got != StoreError::kNone) refusal_ = got;
  if (mode_ != Mode::kStrict || step_ == nullptr) return true;
  const StoreError expected = wanted.value_or(StoreError::kNone);
  if (got == expected) return true;
  return Fail(name + " is " + words(got) + ", not " + words(expected));
}

// Whether it is, and takes changes, or the process could not bring it so far.
bool StoryRunner::IsThere(size_t stream) {
  const std::string name = "stream " + setup_.streams[stream].config.name;
  if (!there_[stream]) {
    if (mode_ == Mode::kStrict) Fail(name + " is not there: 'add' it first");
    return false;
  }
  if (IsLame(stream)) {
    if (mode_ == Mode::kStrict) Fail(name + " has failed: " + *process_->store(stream).Failure());
    return false;
  }
  if (process_->Await(stream) == Outcome::kStuck) {
    if (IsLame(stream) && MayFail()) return false;  // By itself, while it is made.
    // On a full disk it waits for room; whoever runs it frees some, and starts it again.
    if (!MayWaitForRoom()) return Fail(name + " was added and never starts");
    Die(CrashKind::kKill, 0);
    was_cut_ = true;
    return false;
  }
  NotePromises();
  Absorb();
  return well() && process_->runs(stream);
}

bool StoryRunner::DoAdd(const StoryStep& step) {
  ++counts_.changes;
  const StoryStream& stream = setup_.streams[step.stream];
  if (there_[step.stream]) {
    if (mode_ == Mode::kLenient) return true;
    return Fail("stream " + stream.config.name + " is there already: 'drop' it first");
  }
  process_->Add(step.stream, stream);
  drops_[step.stream].added = true;
  tallies_[step.stream].Forget();
  there_[step.stream] = true;
  return true;
}

bool StoryRunner::DoDrop(const StoryStep& step) {
  StreamHistory& history = histories_[step.stream];
  const WritePoint point = process_->Drop(step.stream);
  drops_[step.stream] = {.point = point, .asked = true};
  last_point_ = std::max(last_point_, point);
  turned_back_[step.stream] = true;
  history.Changed(StreamTwin::Empty(history.config()), last_point_);
  consumers_.StreamDropped(step.stream, last_point_);
  there_[step.stream] = false;
  configs_.Dropped(step.stream);
  return true;
}

void StoryRunner::DoCheckpoint(const StoryStep& step) {
  for (size_t i = 0; i < process_->streams(); ++i) {
    if (step.stream != i && step.stream != step.kAllStreams) continue;
    if (process_->file(i) != nullptr && process_->runs(i) && step.consumer.name.empty())
      process_->file(i)->WantCheckpoint();
    for (const std::string& name : process_->Consumers(i)) {
      file::FileConsumerStore* const consumer = process_->consumer(i, name);
      if (consumer->phase() == file::FileConsumerStore::Phase::kRunning &&
          (step.consumer.name == name || step.stream == step.kAllStreams))
        consumer->WantCheckpoint();
    }
  }
}

// A limit per subject may be enforced late, when blocks must be read for it; a removal that comes
// in between changes what there is to enforce. The twin enforces at once.
void StoryRunner::LetSettle(size_t stream) {
  if (!there_[stream] || IsLame(stream) || LimitsNothing(stream)) return;
  for (int turns = 0; turns < 1000 && running() && !failed() && !process_->idle(stream); ++turns)
    Turn();
}

// Nothing goes by itself.
bool StoryRunner::LimitsNothing(size_t stream) const {
  const StoreConfig& config = histories_[stream].config();
  return config.max_msgs_per_subject <= 0 && config.max_bytes <= 0 && config.max_msgs <= 0 &&
         config.max_age <= Duration{} && !config.allow_msg_ttl;
}

// What a stream at rest says of its size, if nothing goes from it by time.
bool StoryRunner::Counts(size_t stream) {
  const StoreConfig& config = histories_[stream].config();
  if (damaged_ || !process_->idle(stream)) return true;
  if (config.max_age > Duration{} || config.allow_msg_ttl) return true;
  const StreamState is = process_->store(stream).State(), should = twin(stream).State();
  if (is.msgs == should.msgs && is.bytes == should.bytes && is.last_seq == should.last_seq)
    return true;
  const auto text = [](const StreamState& state) {
    return std::to_string(state.msgs) + " messages, " + std::to_string(state.bytes) +
           " bytes, up to " + std::to_string(state.last_seq);
  };
  return Fail("stream " + setup_.streams[stream].config.name + " counts " + text(is) + ", not " +
              text(should));
}

bool StoryRunner::DoChange(const StoryStep& step) {
  ++counts_.changes;
  CHECK(step.stream < histories_.size());
  // One that failed, too: it is what its owner is told to do.
  if (step.verb == Verb::kDrop && there_[step.stream] && IsLame(step.stream)) return DoDrop(step);
  if (!IsThere(step.stream)) return well();
  for (int turns = 0; turns < 1000 && running() && !failed() && process_->storage().full(); ++turns)
    Turn();
  if (!setup_.rush || !LimitsNothing(step.stream)) {
    LetSettle(step.stream);
    if (running()) process_->CatchUp();
  }
  Absorb();
  if (!well() || !running() || failed() || process_->storage().full()) return well();
  if (!Counts(step.stream)) return false;
  switch (step.verb) {
    case Verb::kStore: return DoStore(step);
    case Verb::kSkip: return DoSkip(step);
    case Verb::kRemove:
    case Verb::kErase: return DoRemove(step);
    case Verb::kDeleted: return DoDeleted(step);
    case Verb::kPurge: return DoPurge(step);
    case Verb::kCompact: return DoCompact(step);
    case Verb::kTruncate: return DoTruncate(step);
    case Verb::kConfig: return DoConfig(step);
    case Verb::kDrop: return DoDrop(step);
    default: CHECK(false);
  }
}

bool StoryRunner::DoStore(const StoryStep& step) {
  for (uint64_t i = 0; i < step.count; ++i) {
    if (i > 0) {
      Pace();
      LetSettle(step.stream);
      if (!running() || failed() || process_->storage().full()) return well();
    }
    TwinMsg msg{step.subject, step.header, step.text, {}, step.ttl, 0};
    if (!step.has_text) {
      msg.payload = std::to_string(histories_[step.stream].now().last() + 1) + " of " +
                    setup_.streams[step.stream].config.name + " ";
      const char letter = static_cast<char>('a' + counts_.changes % 26);
      if (msg.payload.size() < step.size)
        msg.payload.append(step.size - msg.payload.size(), letter);
    }
    if (!StoreOne(step.stream, std::move(msg), step.error)) return false;
  }
  return true;
}

// Whether the store may refuse for once: a message that would make room, or was removed, has to be
// read first, or is due and goes late; who asks again is told right.
bool StoryRunner::MayAskAgain(size_t stream, const TwinMsg& msg, StoreError got) const {
  const StoreConfig& config = histories_[stream].config();
  StreamTwin after = twin(stream);
  const bool by_limit = got == StoreError::kMaxBytes || got == StoreError::kMaxMsgs ||
                        got == StoreError::kMaxMsgsPerSubject;
  return by_limit && config.discard == DiscardPolicy::kNew &&
         (config.max_msgs_per_subject > 0 || config.max_age > Duration{} || config.allow_msg_ttl) &&
         after.Store(config, &msg) == StoreError::kNone;
}

bool StoryRunner::StoreOne(size_t stream, TwinMsg msg, std::optional<StoreError> wanted) {
  StreamHistory& history = histories_[stream];
  const auto bytes = process_->file(stream) == nullptr ? MemoryMsgBytes : FileMsgBytes;
  msg.bytes = bytes(msg.subject.size(), msg.header.size(), msg.payload.size());
  const auto store = [&] {
    msg.time = driver_.now().wall;
    return process_->store(stream).Store(driver_.now(), msg.subject, msg.header, msg.payload,
                                         msg.ttl);
  };
  StoreResult result = store();
  for (int i = 0; i < 50 && MayAskAgain(stream, msg, result.error); ++i) {
    LetSettle(stream);
    process_->CatchUp();
    Absorb();
    if (!well() || !running() || failed()) return well();
    result = store();
  }
  const TwinMsg* kept = history.Keep(std::move(msg));
  StreamTwin after = history.now();
  const StoreError predicted = after.Store(history.config(), kept);
  if (!Agree(stream, "message", result.error, predicted, wanted)) return false;
  if (!result.ok()) return true;
  if (result.seq != after.last() && !loose_[stream]) {
    return Fail("stream " + setup_.streams[stream].config.name + " gives sequence " +
                std::to_string(result.seq) + ", not " + std::to_string(after.last()));
  }
  // After a truncation sequences are used again, and payloads with them.
  std::erase_if(erased_, [&](const Erased& erased) {
    return kept->payload.find(erased.payload) != std::string::npos;
  });
  last_point_ = std::max(last_point_, result.point);
  asked_[stream].push_back({result.seq, result.point});
  tallies_[stream].Stored(kept->bytes);
  history.Changed(std::move(after), result.point);
  return true;
}

bool StoryRunner::DoSkip(const StoryStep& step) {
  StreamHistory& history = histories_[step.stream];
  const Now now = driver_.now();
  const StoreResult result =
      process_->store(step.stream)
          .Skip(now, 0, step.count,
                step.advance ? StreamStore::SkipTime::kAdvance : StreamStore::SkipTime::kKeep);
  if (!Agree(step.stream, "skip", result.error, StoreError::kNone, step.error)) return false;
  if (!result.ok()) return true;
  StreamTwin after = history.now();
  after.Skip(step.count, now.wall, step.advance);
  last_point_ = std::max(last_point_, result.point);
  history.Changed(std::move(after), result.point);
  return true;
}

bool StoryRunner::DoRemove(const StoryStep& step) {
  StreamHistory& history = histories_[step.stream];
  StreamTwin after = history.now();
  const TwinMsg* msg = after.Find(step.seq);
  const StoreError predicted = after.Remove(step.seq);
  const bool erase = step.verb == Verb::kErase;
  StreamStore& store = process_->store(step.stream);
  const StoreResult result =
      erase ? store.Erase(driver_.now(), step.seq) : store.Remove(driver_.now(), step.seq);
  if (result.ok() && predicted != StoreError::kNone && was_damaged_) {
    last_point_ = std::max(last_point_, result.point);
    return true;  // It was there, and could not be read.
  }
  if (!Agree(step.stream, erase ? "erasure" : "removal", result.error, predicted, step.error))
    return false;
  if (!result.ok()) return true;
  if (erase && msg != nullptr && msg->payload.size() > 12)
    erased_.push_back({msg->payload, result.point});
  last_point_ = std::max(last_point_, result.point);
  history.Changed(std::move(after), result.point);
  return true;
}

// The store may do it one by one; what is on the way may be cut off.
bool StoryRunner::DoDeleted(const StoryStep& step) {
  StreamHistory& history = histories_[step.stream];
  StreamTwin after = history.now();
  for (const SeqRange& range : step.ranges) after.RemoveRange(range);
  const StoreResult result = process_->store(step.stream).SyncDeleted(driver_.now(), step.ranges);
  if (!Agree(step.stream, "set of deleted", result.error, StoreError::kNone, step.error))
    return false;
  if (!result.ok()) return true;
  last_point_ = std::max(last_point_, result.point);
  history.ChangedBitByBit(std::move(after));
  for (int turns = 0; turns < 1000 && running() && !failed() && !process_->idle(step.stream);
       ++turns)
    Turn();
  return well();
}

bool StoryRunner::DoConfig(const StoryStep& step) {
  StreamHistory& history = histories_[step.stream];
  const StoreResult result = process_->store(step.stream).UpdateConfig(driver_.now(), step.config);
  if (!Agree(step.stream, "configuration", result.error, StoreError::kNone, step.error))
    return false;
  if (!result.ok()) return true;
  configs_.Changed(step.stream, step.config, result.point);
  if (setup_.meta && process_->file(step.stream) != nullptr)
    process_->file(step.stream)->UpdateMeta(StoryConfigs::MetaOf(step.config));
  history.Configured(step.config);
  if (step.config.compression != StoreCompression::kNone) packed_[step.stream] = true;
  setup_.streams[step.stream].config = step.config;
  StreamTwin after = history.now();
  after.Enforce(step.config);
  history.ChangedBitByBit(std::move(after));  // In its own time.
  LetSettle(step.stream);
  process_->CatchUp();
  Absorb();
  return well();
}

// Runs it to its end, or dies on the way.
template <class Job>
bool StoryRunner::DoJob(size_t stream, Job& job, StreamTwin after, StoreError predicted,
                        const StoryStep& step) {
  static constexpr const char* kWhat = std::is_same_v<Job, Purge>     ? "purge"
                                       : std::is_same_v<Job, Compact> ? "compaction"
                                                                      : "truncation";
  StreamHistory& history = histories_[stream];
  history.JobBegins(std::move(after));
  const Outcome outcome = process_->Run(stream, job);
  NotePromises();
  switch (outcome) {
    case Outcome::kStuck:
      if (!MayWaitForRoom()) return Fail(std::string("stuck in a ") + kWhat);
      Kill();
      was_cut_ = true;
      return true;
    case Outcome::kDied: return true;
    case Outcome::kFailed:
      if (failed()) return MayFail() || Fail(process_->Why());
      history.JobRefused();
      return Agree(stream, kWhat, job.error, predicted, step.error);
    case Outcome::kDone:
    case Outcome::kStopped: break;
  }
  last_point_ = std::max(last_point_, job.point);
  history.JobDone(job.point);
  return Agree(stream, kWhat, StoreError::kNone, predicted, step.error);
}

bool StoryRunner::DoPurge(const StoryStep& step) {
  StreamTwin after = twin(step.stream);
  const uint64_t purged = after.Purge(step.subject, step.below, step.keep);
  Purge job;
  job.filter = step.subject;
  job.below = step.below;
  job.keep = step.keep;
  const uint64_t lives = counts_.lives;
  if (!DoJob(step.stream, job, std::move(after), StoreError::kNone, step)) return false;
  if (process_ == nullptr || lives != counts_.lives || !running() || failed()) return true;
  return job.purged == purged || damaged_ ||
         Fail("a purge removes " + std::to_string(job.purged) + " messages, not " +
              std::to_string(purged));
}

bool StoryRunner::DoCompact(const StoryStep& step) {
  StreamTwin after = twin(step.stream);
  (void)after.Compact(step.seq);
  Compact job;
  job.seq = step.seq;
  return DoJob(step.stream, job, std::move(after), StoreError::kNone, step);
}

bool StoryRunner::DoTruncate(const StoryStep& step) {
  StreamTwin after = twin(step.stream);
  const StoreError predicted = after.Truncate(step.seq);
  Truncate job;
  job.seq = step.seq;
  turned_back_[step.stream] = true;
  if (!DoJob(step.stream, job, std::move(after), predicted, step)) return false;
  // Before its sequences are given to others: what it says is about those that went.
  if (running() && !failed()) Absorb();
  return well();
}

}  // namespace dunlin::sim
