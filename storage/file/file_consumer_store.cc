#include "storage/file/file_consumer_store.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "storage/format/consumer_state.h"

namespace dunlin::file {
namespace {

using Type = ConsumerRecordType;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// As the ledger takes it.
uint64_t Capped(uint64_t stream_seq) { return std::min(stream_seq, kConsumerStreamSeqMax); }

}  // namespace

FileConsumerStore::FileConsumerStore(FileConsumerOptions options, StoreDisk disk,
                                     StoreJournal* journal, Rng rng)
    : options_(std::move(options)),
      disk_(disk),
      journal_(journal),
      rng_(rng),
      ledger_(options_.config),
      meta_(options_.meta),
      meta_files_(disk, {"", options_.stream, options_.name}, options_.keys),
      steps_(std::move(disk)) {
  CHECK(!options_.name.empty() && !options_.stream.empty());
}

FileConsumerStore::~FileConsumerStore() = default;

ConsumerResult FileConsumerStore::Refused() const {
  ConsumerResult result;
  if (failure_) {
    result.error = ConsumerError::kFailed;
  } else if (phase_ != Phase::kRunning) {
    result.error = ConsumerError::kClosed;
  }
  return result;
}

void FileConsumerStore::Append(Type type, const ConsumerRecord& record, std::string_view rest) {
  last_point_ = journal_->Append(static_cast<uint8_t>(type), record.bytes(), Bytes(rest));
  if (first_point_after_.batch == 0) first_point_after_ = last_point_;
  bytes_since_ += record.bytes().size() + rest.size();
  if (bytes_since_ >= options_.limits.checkpoint_bytes) WantCheckpoint();
}

void FileConsumerStore::WantCheckpoint() {
  if (checkpoint_wanted_) return;
  checkpoint_wanted_ = true;
  journal_->Wake();
}

void FileConsumerStore::AppendLong(Type type, std::string_view bytes) {
  while (bytes.size() > options_.limits.record_bytes) {
    Append(Type::kPart, ConsumerRecord(++number_), bytes.substr(0, options_.limits.record_bytes));
    bytes.remove_prefix(options_.limits.record_bytes);
  }
  Append(type, ConsumerRecord(++number_), bytes);
}

// What changed nothing is as durable as what made it so.
ConsumerResult FileConsumerStore::Noted(const ConsumerLedger::Outcome& outcome) {
  ConsumerResult result;
  result.error = outcome.error;
  result.seq = outcome.seq;
  result.point = last_point_;
  if (outcome.changed) changed_ = true;
  return result;
}

ConsumerResult FileConsumerStore::SetStarting(uint64_t stream_seq) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  ledger_.SetStarting(stream_seq);
  Append(Type::kStarting, ConsumerRecord(++number_).Add(Capped(stream_seq)));
  return Noted({.changed = true});
}

ConsumerResult FileConsumerStore::Reset(uint64_t stream_seq) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  ledger_.Reset(stream_seq);
  Append(Type::kReset, ConsumerRecord(++number_).Add(Capped(stream_seq)));
  return Noted({.changed = true});
}

ConsumerResult FileConsumerStore::UpdateStarting(uint64_t stream_seq) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  const bool changed = ledger_.UpdateStarting(stream_seq);
  if (changed) Append(Type::kUpdateStarting, ConsumerRecord(++number_).Add(Capped(stream_seq)));
  return Noted({.changed = changed});
}

ConsumerResult FileConsumerStore::Delivered(uint64_t consumer_seq, uint64_t stream_seq,
                                            uint64_t delivery_count, WallTime time) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  const auto outcome = ledger_.Delivered(consumer_seq, stream_seq, delivery_count, time);
  if (outcome.changed) {
    Append(Type::kDelivered, ConsumerRecord(++number_)
                                 .Add(consumer_seq)
                                 .Add(stream_seq)
                                 .Add(delivery_count)
                                 .AddSigned(time.ns));
  }
  return Noted(outcome);
}

ConsumerResult FileConsumerStore::Acked(uint64_t consumer_seq, uint64_t stream_seq) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  const auto outcome = ledger_.Acked(consumer_seq, stream_seq);
  if (outcome.changed) {
    Append(Type::kAcked, ConsumerRecord(++number_).Add(consumer_seq).Add(stream_seq));
  }
  return Noted(outcome);
}

ConsumerResult FileConsumerStore::RemoveRedeliveredBelow(uint64_t stream_seq) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  const bool changed = ledger_.RemoveRedeliveredBelow(stream_seq);
  if (changed) Append(Type::kRemoveRedelivered, ConsumerRecord(++number_).Add(Capped(stream_seq)));
  return Noted({.changed = changed});
}

ConsumerResult FileConsumerStore::UpdateConfig(const ConsumerStoreConfig& config) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  CHECK(config.name == options_.name && config.ack_policy == ledger_.config().ack_policy);
  ledger_.UpdateConfig(config);
  AppendConfig();
  return Noted({});
}

void FileConsumerStore::AppendConfig() {
  const ConsumerStoreConfig& config = ledger_.config();
  Append(Type::kConfig, ConsumerRecord(++number_)
                            .AddSigned(config.max_deliver)
                            .Add(static_cast<uint64_t>(config.ack_policy)));
}

ConsumerResult FileConsumerStore::SetMeta(std::string json) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  meta_ = std::move(json);
  meta_due_ = meta_changed_ = true;
  AppendLong(Type::kMeta, meta_);
  return Noted({});
}

ConsumerResult FileConsumerStore::Replace(const ConsumerState& state, ConsumerLedger::Force force) {
  if (const ConsumerResult refused = Refused(); !refused.ok()) return refused;
  const auto outcome = ledger_.Update(state, force);
  if (outcome.changed) AppendLong(Type::kState, format::EncodeConsumerState(state, {}));
  return Noted(outcome);
}

ConsumerResult FileConsumerStore::Update(const ConsumerState& state) {
  return Replace(state, ConsumerLedger::Force::kNo);
}

ConsumerResult FileConsumerStore::ForceUpdate(const ConsumerState& state) {
  return Replace(state, ConsumerLedger::Force::kYes);
}

std::string FileConsumerStore::EncodedState(WallTime now) const {
  return format::EncodeConsumerState(ledger_.State(), now);
}

void FileConsumerStore::Replay(WritePoint point, uint8_t kind, std::span<const uint8_t> body) {
  CHECK(phase_ == Phase::kScanned);
  last_point_ = point;
  if (!replay_) replay_.emplace(&ledger_, number_);
  const std::string problem = replay_->Take(kind, body);
  if (!problem.empty()) notices_.push_back(Where(problem));
}

// What was replayed.
void FileConsumerStore::TakeReplay() {
  if (!replay_) return;
  number_ = replay_->number();
  if (replay_->changed()) changed_ = true;
  // It says what is true anyway, and that the next parts are of something else.
  config_due_ = replay_->unfinished();
  if (replay_->meta()) {
    meta_ = *std::move(replay_->meta());
    meta_due_ = meta_changed_ = true;
    meta_trouble_.clear();
  }
  replay_.reset();
}

std::vector<std::string> FileConsumerStore::TakeNotices() {
  std::vector<std::string> out;
  out.swap(notices_);
  return out;
}

std::string FileConsumerStore::Where(std::string_view what) const {
  return "consumer '" + options_.stream + " > " + options_.name + "': " + std::string(what);
}

}  // namespace dunlin::file
