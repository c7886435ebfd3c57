#include "storage/file/file_store.h"

#include <algorithm>

#include "engine/base/check.h"
#include "storage/format/file_names.h"
#include "storage/format/stream_state.h"

namespace dunlin::file {

FileStore::FileStore(FileStoreOptions options, StoreDisk disk, StoreJournal* journal, Rng rng)
    : journal_(journal),
      block_bytes_(options.limits.block_bytes != 0
                       ? options.limits.block_bytes
                       : DynamicBlockBytes(options.config.retention, options.config.max_bytes,
                                           options.keys != nullptr)),
      pool_(options.pool),
      write_bytes_min_(options.limits.writer.write_bytes_min),
      checkpoint_bytes_(options.limits.checkpoint_bytes),
      options_(std::move(options)),
      disk_(std::move(disk)),
      rng_(rng),
      codec_(options_.config.name, options_.keys),
      reader_(options_.limits.reader, disk_, &codec_, options_.pool),
      writer_(options_.limits.writer, disk_, journal, &codec_, &reader_),
      chain_(options_.limits.index, disk_, options_.config.name),
      meta_(disk_, {"", options_.config.name, ""}, options_.keys) {
  CHECK(!options_.config.name.empty());
  NoteSubjectMax();
}

FileStore::~FileStore() = default;

StoreError FileStore::Refusal() const {
  if (failure_) return StoreError::kFailed;
  if (phase_ != Phase::kRunning) return StoreError::kClosed;
  CHECK(!job_.active());  // The owner keeps its queue while a job is under way.
  return StoreError::kNone;
}

StoreResult FileStore::Refused(StoreError error) {
  StoreResult result;
  result.error = error;
  return result;
}

std::string FileStore::Where(const Block& block) const {
  return "stream '" + options_.config.name + "', block " + std::to_string(block.number) + ": ";
}

void FileStore::Damaged(std::string what) {
  if (notices_.empty() || notices_.back() != what) notices_.push_back(std::move(what));
}

std::vector<std::string> FileStore::TakeNotices() {
  std::vector<std::string> out;
  out.swap(notices_);
  for (std::string& notice : reader_.TakeNotices()) out.push_back(std::move(notice));
  return out;
}

std::optional<std::string> FileStore::Failure() const { return failure_; }

void FileStore::Touch() {
  at_rest_ = false;
  if (touched_) return;
  touched_ = true;
  journal_->Wake();
}

void FileStore::TrimCaches() {
  if (phase_ == Phase::kRunning) reader_.Trim(&index_);
}

void FileStore::WantCheckpoint() {
  if (writer_.checkpointing() || checkpoint_wanted_) return;
  checkpoint_wanted_ = true;
  Touch();
}

void FileStore::OnDisk(const DiskDone& done) {
  Touch();
  ready_ = true;
  waiting_ = false;
  if (opener_ != nullptr && opener_->OnDisk(done)) return;
  if (meta_.OnDisk(done) || OnIndexDisk(done) || chain_.OnDisk(done)) return;
  // What none of them knows is a step on the way to another one.
  (void)(reader_.OnDisk(done, &index_) || writer_.OnDisk(done, &index_) || OnStopDisk(done) ||
         OnIndexRemoved(done));
}

void FileStore::Refuse(std::string why) {
  CHECK(phase_ == Phase::kNew);
  failure_ = std::move(why);
  phase_ = Phase::kFailed;
}

void FileStore::GiveUp(std::string why) {
  if (!failure_) failure_ = std::move(why);
  if (phase_ == Phase::kScanned) phase_ = Phase::kFailed;
}

void FileStore::MissCheckpoint(uint64_t records) {
  GiveUp("stream '" + options_.config.name + "', " + std::string(format::kMsgsDir) + "/" +
         std::string(kCheckpointFile) + ", offset 0: missing, and the journal has " +
         std::to_string(records) + " records of this stream");
}

void FileStore::Abandon() {
  abandoned_ = true;
  at_rest_ = false;
  Unpin();
  phase_ = Phase::kStopped;
}

void FileStore::Work(const Now& now) {
  touched_ = false;
  now_ = now;
  EndRest();
  NewSlice();
  if (abandoned_) return writer_.CloseAll();
  if (phase_ == Phase::kOpening) return WorkOpening();
  if (phase_ == Phase::kNew || phase_ == Phase::kScanned || phase_ == Phase::kStopped ||
      phase_ == Phase::kFailed) {
    return;
  }
  if (job_.paused && !journal_->Full()) {
    job_.paused = false;
    ready_ = true;
  }
  if (paused_ && !journal_->MakesRoom()) {
    paused_ = waiting_ = false;
    ready_ = true;
  }
  if (!failure_ && writer_.failure()) failure_ = writer_.failure();
  if (failure_) return reader_.Trim(&index_);
  WorkMeta();
  WorkIndexParts();
  writer_.Work(&index_);
  PassTaken();
  WorkPinning();
  // Nothing of a directory without a checkpoint is changed before there is one.
  if (HasChores() && (phase_ != Phase::kStarting || has_checkpoint_)) DoChores();
  if (expire_.more && phase_ == Phase::kRunning) GoOnExpiring(now);
  if (job_.floor != 0) FloorSome();
  if (drops_due_ && !job_.active() && !Pauses()) (void)DropEmpty();
  if (phase_ == Phase::kStarting) WorkStarting();
  if (phase_ == Phase::kStopping) WorkStopping();
  base_slice_ = true;
  if (phase_ == Phase::kRunning) MaybeCheckpoint();
  base_slice_ = false;
  if (phase_ == Phase::kRunning) MaybeRewrite();
  writer_.Work(&index_);
  reader_.Trim(&index_);
  told_expiry_ = NextExpiry();
  if (writer_.put_off()) Touch();
  at_rest_ = !touched_ && IsAtRest();
}

bool FileStore::IsAtRest() const {
  const StoreConfig& config = options_.config;
  const bool limits = config.discard == DiscardPolicy::kNew || config.max_msgs > 0 ||
                      config.max_bytes > 0 || config.max_msgs_per_subject > 0 ||
                      config.max_age > Duration{} || config.allow_msg_ttl;
  return phase_ == Phase::kRunning && !limits && !failure_ && !job_.active() && !HasChores() &&
         !floor_due_ && !checkpoint_wanted_ && !paused_ && !drops_due_ && !index_.blocks.empty() &&
         index_.first.time != WallTime{};
}

bool FileStore::idle() const {
  return phase_ != Phase::kOpening && phase_ != Phase::kStarting && phase_ != Phase::kStopping &&
         reader_.idle() && writer_.quiet() && index_.unsettled == 0 && subjects_due_.empty() &&
         !limits_due_ && !sweep_.active() && gathering_.block == 0 && deletions_due_.empty() &&
         !drops_due_ && job_.floor == 0 && MetaDurable();
}

bool FileStore::KnowsBlock(uint32_t block) const {
  return writer_.Dropping(block) ||
         std::any_of(index_.blocks.begin(), index_.blocks.end(),
                     [&](const auto& living) { return living->number == block; });
}

void FileStore::CheckInvariants() const {
  index_.CheckInvariants();
  CHECK(!failure_ || phase_ != Phase::kNew);
}

StreamState FileStore::State() const {
  StreamState state;
  state.msgs = index_.msgs;
  state.bytes = index_.bytes;
  // Nothing was ever there: 0 (reference: the same).
  state.first_seq = index_.last.seq == 0 && !purged_ ? 0 : index_.first.seq;
  state.first_time = index_.first.time;
  state.last_seq = index_.last.seq;
  state.last_time = index_.last.time;
  state.num_subjects = index_.subjects.size();
  if (index_.last.seq > index_.first.seq) {
    state.num_deleted = index_.last.seq - index_.first.seq + 1 - index_.msgs;
  }
  return state;
}

std::vector<SeqRange> FileStore::Deleted() const {
  std::vector<SeqRange> out;
  const auto add = [&](Seq first, Seq last) {
    if (first > last) return;
    if (!out.empty() && out.back().last + 1 == first) {
      out.back().last = last;
    } else {
      out.push_back({first, last});
    }
  };
  Seq at = index_.first.seq;  // All below is known.
  for (const auto& block : index_.blocks) {
    if (block->last.seq < at) continue;
    if (block->first.seq > at) add(at, std::min(block->first.seq - 1, block->last.seq));
    at = std::max(at, block->first.seq);
    while (const auto dead = block->deleted.Next(at)) {
      if (*dead > block->last.seq) break;
      const Seq live = block->deleted.NextAbsent(*dead).value_or(block->last.seq + 1);
      add(*dead, live - 1);
      at = live;
    }
    at = std::max(at, block->last.seq + 1);
  }
  if (index_.msgs > 0) add(at, index_.last.seq);  // The last block was dropped.
  return out;
}

Utilization FileStore::Utilised() const {
  Utilization out;
  for (const auto& block : index_.blocks) out.total += block->raw_bytes;
  out.used = index_.bytes;
  return out;
}

std::string FileStore::EncodedState(uint64_t failed) const {
  format::ReplicatedState state;
  state.msgs = index_.msgs;
  state.bytes = index_.bytes;
  state.first_seq = index_.first.seq;
  state.last_seq = index_.last.seq;
  state.failed = failed;
  state.num_deleted = State().num_deleted;
  if (state.num_deleted > 0) {
    // Each block's set as it is, and gaps between blocks as runs (reference: deleteBlocks).
    Seq before = 0;
    for (const auto& block : index_.blocks) {
      if (before > 0 && block->first.seq > before + 1) {
        state.deleted.push_back(SeqRange{before + 1, block->first.seq - 1});
      }
      if (!block->deleted.empty()) state.deleted.push_back(block->deleted);
      before = std::max(before, block->last.seq);
    }
    if (before < index_.last.seq) state.deleted.push_back(SeqRange{before + 1, index_.last.seq});
  }
  return format::EncodeReplicatedState(state);
}

std::vector<StoreChange> FileStore::TakeChanges() {
  std::vector<StoreChange> out;
  out.swap(changes_);
  return out;
}

bool FileStore::TakeReady() {
  const bool ready = ready_;
  ready_ = false;
  return ready;
}

StoreResult FileStore::UpdateConfig(const Now& now, const StoreConfig& config) {
  if (const StoreError error = Refusal(); error != StoreError::kNone) return Refused(error);
  CHECK(config.name == options_.config.name);
  now_ = now;
  const int64_t before = options_.config.max_msgs_per_subject;
  // What went by the old limits is gone by a record before the new ones may be wider.
  StoreResult result;
  if (!index_.blocks.empty()) {
    result.point = AppendJournal(RecordType::kFloor, index_.head()->number, 0, {});
  }
  options_.config = config;
  NoteSubjectMax();
  if (options_.limits.block_bytes == 0) {
    block_bytes_ = DynamicBlockBytes(config.retention, config.max_bytes, options_.keys != nullptr);
  }
  const int64_t after = config.max_msgs_per_subject;
  if (after > 0 && (before <= 0 || after < before)) BeginSubjectSweep();
  now_ = now;
  never_up_to_ = 0;
  rest_until_ = {};
  expire_ = {};
  NewSlice();
  EnforceLimits();
  Touch();
  return result;
}

}  // namespace dunlin::file
