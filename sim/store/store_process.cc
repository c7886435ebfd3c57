#include "sim/store/store_process.h"

#include <algorithm>

#include "sim/store/story_configs.h"
#include "storage/format/meta_file.h"

namespace dunlin::sim {
namespace {

// So many turns without anything to do are silence: time passes.
constexpr int kIdleTurns = 8;

StorageOptions OptionsOf(const StorySetup& setup, crypto::Entropy* entropy) {
  StorageOptions options;
  options.journal = setup.journal;
  options.limits = setup.limits;
  options.consumer_limits = setup.consumer_limits;
  // As one store's: with two of them each has a share.
  options.cache_bytes_max = setup.limits.reader.cache_bytes_max;
  options.encryption = {.key = setup.key,
                        .previous_key = setup.previous_key,
                        .cipher = setup.cipher,
                        .entropy = entropy};
  return options;
}

}  // namespace

StoreProcess::StoreProcess(DiskDriver* driver, const StorySetup& setup,
                           const std::vector<bool>& there, const Rng& rng)
    : driver_(driver),
      entropy_(rng.Fork("entropy")),
      storage_(OptionsOf(setup, &entropy_), &driver->queue(), rng),
      meta_(setup.meta),
      memories_(setup.streams.size()),
      stores_(setup.streams.size()),
      files_(setup.streams.size()),
      ids_(setup.streams.size()) {
  storage_.Sweep("streams");
  for (size_t i = 0; i < setup.streams.size(); ++i) {
    if (!there[i]) continue;
    const bool lies = Lies(setup.streams[i].config.name);
    Add(i, setup.streams[i], lies ? Storage::Because::kFound : Storage::Because::kWanted);
  }
}

// As a catalog would say.
bool StoreProcess::Lies(const std::string& stream) {
  const std::vector<std::string> files = driver_->disk().Files();
  return std::any_of(files.begin(), files.end(), [&](const std::string& path) {
    return path.starts_with("streams/" + stream + "/");
  });
}

void StoreProcess::Add(size_t stream, const StoryStream& how, Storage::Because why) {
  if (how.in_memory) {
    memories_[stream] =
        std::make_unique<memory::MemoryStore>(memory::MemoryStore::Options{.config = how.config});
    stores_[stream] = memories_[stream].get();
    return;
  }
  asked_ = true;
  ids_[stream] = storage_.AddStream("streams/" + how.config.name, how.config,
                                    meta_ ? StoryConfigs::MetaOf(how.config) : "", why);
  stores_[stream] = files_[stream] = storage_.stream(ids_[stream]);
}

// The journal may say that one was deleted: it is another one then, or none.
void StoreProcess::LookUp() {
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] != nullptr) stores_[i] = files_[i] = storage_.stream(ids_[i]);
  }
}

WritePoint StoreProcess::Drop(size_t stream) {
  asked_ = true;
  WritePoint point;
  if (files_[stream] != nullptr) point = storage_.DeleteStream(ids_[stream]);
  memories_[stream].reset();
  stores_[stream] = files_[stream] = nullptr;
  return point;
}

bool StoreProcess::Failed() {
  return storage_.state() == Storage::State::kFailed || FailedStream() != nullptr ||
         FailedConsumer() != nullptr;
}

const StreamStore* StoreProcess::FailedStream() const {
  for (size_t i = 0; i < stores_.size(); ++i) {
    if (there(i) && stores_[i]->Failure() && !excused_streams_.contains(i)) return stores_[i];
  }
  return nullptr;
}

file::FileConsumerStore* StoreProcess::FailedConsumer() {
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] == nullptr) continue;
    for (const uint32_t id : storage_.ConsumersOf(ids_[i])) {
      file::FileConsumerStore* const consumer = storage_.consumer(id);
      if (consumer->Failure() && !excused_.contains({i, consumer->name()})) return consumer;
    }
  }
  return nullptr;
}

std::string StoreProcess::Why() {
  if (const auto why = storage_.Failure()) return "journal: " + *why;
  if (const auto* stream = FailedStream()) return *stream->Failure();
  if (const auto* consumer = FailedConsumer()) return *consumer->Failure();
  return "nothing failed";
}

void StoreProcess::CheckInvariants() const {
  for (const file::FileStore* file : files_) {
    if (file != nullptr) file->CheckInvariants();
  }
  for (const auto& memory : memories_) {
    if (memory != nullptr) memory->CheckInvariants();
  }
}

Instant StoreProcess::NextDeadline() const {
  Instant next = storage_.NextDeadline();
  for (const auto& memory : memories_) {
    if (memory != nullptr) next = std::min(next, memory->NextDeadline());
  }
  return next;
}

// A deadline that comes before the next completion, or when all has been quiet for a while.
bool StoreProcess::TakeDeadline() {
  const Instant deadline = NextDeadline();
  const Instant due = driver_->NextDue();
  if (deadline >= due || deadline == kNever) return false;
  if (deadline > driver_->now().mono && due == kNever && idle_turns_ < kIdleTurns) return false;
  driver_->Advance(std::max(deadline - driver_->now().mono, Duration{}));
  storage_.OnDeadline(driver_->now());
  for (const auto& memory : memories_) {
    if (memory != nullptr && memory->NextDeadline() <= driver_->now().mono)
      memory->OnDeadline(driver_->now());
  }
  return true;
}

void StoreProcess::Turn() {
  if (dying()) return;
  bool moved = TakeDeadline();
  if (!moved) {
    if (const auto done = driver_->Step()) {
      moved = true;
      storage_.OnDisk(driver_->now(), *done);
    }
  }
  // A host sleeps until something happens, a request comes, or the deadline that it was told.
  if (!moved && !asked_) {
    ++idle_turns_;
    return;
  }
  asked_ = false;
  const bool starts = storage_.state() == Storage::State::kReplaying;
  storage_.EndOfStep(driver_->now());
  if (starts) LookUp();
  for (std::string& notice : storage_.TakeNotices()) notices_.push_back(std::move(notice));
  idle_turns_ = moved ? 0 : idle_turns_ + 1;
}

void StoreProcess::CatchUp() {
  for (int turns = 0; turns < 1000 && NextDeadline() <= driver_->now().mono && !Failed(); ++turns)
    Turn();
}

StoreProcess::Outcome StoreProcess::Settle() {
  idle_turns_ = 0;
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    if (dying()) return Outcome::kDied;
    if (Failed()) return Outcome::kFailed;
    if (driver_->idle() && idle_turns_ > 1 && NextDeadline() > driver_->now().mono)
      return Outcome::kDone;
    // A deadline that lies ahead is for who lets time pass.
    if (driver_->idle() && idle_turns_ >= kIdleTurns) return Outcome::kDone;
    Turn();
  }
  return Outcome::kStuck;
}

StoreProcess::Outcome StoreProcess::Await(size_t stream) {
  for (int turns = 0; turns < kTurnsMax && !runs(stream); ++turns) {
    if (dying()) return Outcome::kDied;
    if (Failed()) return Outcome::kFailed;
    Turn();
  }
  return runs(stream) ? Outcome::kDone : Outcome::kStuck;
}

// --- Consumers.

std::string StoreProcess::MetaOf(const ConsumerStoreConfig& config) {
  return format::EncodeConsumerMeta({}, config.name, format::ConsumerConfigJson(config));
}

void StoreProcess::AddConsumer(size_t stream, const ConsumerStoreConfig& config) {
  asked_ = true;
  (void)storage_.AddConsumer(ids_[stream], config, MetaOf(config));
}

StoreProcess::Outcome StoreProcess::AwaitConsumers(size_t stream) {
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    if (dying()) return Outcome::kDied;
    if (Failed()) return Outcome::kFailed;
    if (storage_.consumers_ready(ids_[stream])) return Outcome::kDone;
    Turn();
  }
  return Outcome::kStuck;
}

StoreProcess::Outcome StoreProcess::AwaitConsumer(size_t stream, const std::string& name) {
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    if (dying()) return Outcome::kDied;
    const file::FileConsumerStore* const store = storage_.consumer(IdOf(stream, name));
    if (Failed() || store == nullptr || store->Failure()) return Outcome::kFailed;
    if (store->phase() == file::FileConsumerStore::Phase::kRunning) return Outcome::kDone;
    Turn();
  }
  return Outcome::kStuck;
}

WritePoint StoreProcess::DropConsumer(size_t stream, const std::string& name) {
  asked_ = true;
  return storage_.DeleteConsumer(IdOf(stream, name));
}

uint32_t StoreProcess::IdOf(size_t stream, const std::string& consumer) {
  if (files_[stream] == nullptr) return 0;
  for (const uint32_t id : storage_.ConsumersOf(ids_[stream])) {
    if (storage_.consumer(id)->name() == consumer) return id;
  }
  return 0;
}

file::FileConsumerStore* StoreProcess::consumer(size_t stream, const std::string& name) {
  asked_ = true;
  return storage_.consumer(IdOf(stream, name));
}

std::vector<std::string> StoreProcess::Consumers(size_t stream) {
  std::vector<std::string> names;
  if (files_[stream] == nullptr) return names;
  for (const uint32_t id : storage_.ConsumersOf(ids_[stream]))
    names.push_back(storage_.consumer(id)->name());
  return names;
}

StoreProcess::Outcome StoreProcess::TurnUntil(Storage::State state, uint64_t stop_at) {
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    if (dying()) return Outcome::kDied;
    if (storage_.state() == state) return Failed() ? Outcome::kFailed : Outcome::kDone;
    if (Failed()) return Outcome::kFailed;
    if (driver_->disk().completions() >= stop_at) return Outcome::kStopped;
    Turn();
  }
  return Outcome::kStuck;
}

StoreProcess::Outcome StoreProcess::Boot() {
  asked_ = true;
  storage_.Open(driver_->now());
  const Outcome booted = TurnUntil(Storage::State::kRunning, stop_at_);
  if (booted != Outcome::kStopped) return booted;
  const Outcome stopped = Stop();
  return stopped == Outcome::kDone ? Outcome::kStopped : stopped;
}

StoreProcess::Outcome StoreProcess::Stop() {
  asked_ = true;
  storage_.Stop(driver_->now());
  return TurnUntil(Storage::State::kStopped);
}

}  // namespace dunlin::sim
