#include "storage/storage.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/incarnations.h"

namespace dunlin {

// The journal as one stream sees it.
class Storage::StreamJournal final : public AssetJournal {
 public:
  StreamJournal(Storage* storage, Stream* stream)
      : AssetJournal(&storage->journal_), storage_(storage), stream_(stream) {}
  void Wake() override { storage_->Wake(stream_); }
  bool MayCopy(uint64_t bytes) override {
    if (storage_->copied_ >= kCopiedMax) return false;
    storage_->copied_ += bytes;
    return true;
  }

 private:
  // Of one store: WorkAwake() sees to all of them together.
  static constexpr uint64_t kCopiedMax = 1u << 20;

  Storage* const storage_;
  Stream* const stream_;
};

namespace {

// What it costs to call a store that has little to do, in records that are looked at.
constexpr int kCallCost = 16;
constexpr int kStartCost = 64;

std::unique_ptr<crypto::JournalCipher> CipherFor(const StorageOptions& options) {
  if (!options.encryption.on() || options.journal.cipher != nullptr) return nullptr;
  return std::make_unique<crypto::JournalCipher>(options.encryption.key,
                                                 options.encryption.previous_key);
}

JournalOptions WithCipher(JournalOptions options, SegmentCipher* cipher) {
  if (cipher != nullptr) options.cipher = cipher;
  return options;
}

// Between three quarters and five quarters of 'bytes', another one for each id: streams that are
// filled at the same pace are not due all at once.
uint64_t Spread(uint64_t bytes, uint32_t id) {
  const uint64_t part = static_cast<uint32_t>(id * 0x9e37'79b9u);  // Even over ids in a row.
  return bytes - bytes / 4 + (part * (bytes / 2) >> 32);
}

// The part before /streams/NAME.
std::string_view AccountOf(std::string_view directory) {
  for (int parts = 0; parts < 2; ++parts) {
    const size_t slash = directory.rfind('/');
    if (slash == std::string_view::npos) return {};
    directory = directory.substr(0, slash);
  }
  return directory.substr(directory.rfind('/') + 1);
}

}  // namespace

Storage::Storage(const StorageOptions& options, DiskQueue* disk, Rng rng)
    : options_(options),
      journal_cipher_(CipherFor(options)),
      disk_(disk),
      rng_(rng),
      journal_(WithCipher(options.journal, journal_cipher_.get()), disk, rng.Fork("j")),
      cache_pool_(options.cache_bytes_max),
      deadlines_(Instant{}),
      graveyard_(disk, &routes_, &last_id_, rng.Fork("graveyard")),
      consumers_(options.consumer_limits, disk, &routes_, &journal_, &graveyard_, &last_id_,
                 rng.Fork("consumers")) {}

Storage::~Storage() = default;

const crypto::KeyRing* Storage::KeysFor(std::string_view directory) {
  if (!options_.encryption.on()) return nullptr;
  const std::string account(AccountOf(directory));
  return &keys_.try_emplace(account, options_.encryption, account).first->second;
}

uint32_t Storage::AddStream(std::string directory, const StoreConfig& config, std::string meta,
                            Because why) {
  CHECK(state_ == State::kNew || state_ == State::kRunning);
  const uint32_t id = ++last_id_;
  streams_[id].meta = std::move(meta);
  streams_[id].why = why;
  MakeStream(id, std::move(directory), config);
  if (state_ == State::kRunning) OpenWaiting();
  return id;
}

void Storage::MakeStream(uint32_t id, std::string directory, const StoreConfig& config) {
  Stream& stream = streams_[id];
  stream.directory = std::move(directory);
  stream.config = config;
  stream.journal = std::make_unique<StreamJournal>(this, &stream);
  stream.timer.owner = &stream;
  file::FileLimits limits = options_.limits;
  limits.writer.write_bytes_min = Spread(limits.writer.write_bytes_min, id);
  stream.store = std::make_unique<file::FileStore>(
      file::FileStoreOptions{config, limits, KeysFor(stream.directory), stream.meta, &cache_pool_},
      file::StoreDisk(disk_, &routes_, id, stream.directory), stream.journal.get(),
      rng_.Fork("stream", rng_.Next()));
  waiting_.insert(id);
}

// Opens the streams whose directory is theirs alone by now.
void Storage::OpenWaiting() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Stream& stream = streams_.at(*it);
    if (Dying* const before = DyingIn(stream.directory); before != nullptr && !MUTANT(174)) {
      ++it;
      // What failed before may work now that it matters.
      if (before->stuck == Graveyard::Buried::kFailed) before->stuck = Graveyard::Buried::kNo;
      if (before->stuck == Graveyard::Buried::kUnsure) return RefuseWaiting(stream.directory);
      continue;
    }
    stream.store->Open();
    consumers_.Discover(*it, stream.directory, stream.config.name, KeysFor(stream.directory));
    if (state_ != State::kNew) late_.push_back(&stream);
    it = waiting_.erase(it);
  }
}

void Storage::RefuseWaiting(const std::string& directory) {
  std::erase_if(waiting_, [&](uint32_t id) {
    Stream& stream = streams_.at(id);
    if (stream.directory != directory) return false;
    stream.store->Refuse("stream '" + stream.config.name +
                         "': the one of this name that was deleted cannot be removed");
    return true;
  });
}

uint32_t Storage::AddConsumer(uint32_t stream, const ConsumerStoreConfig& config,
                              std::string meta) {
  CHECK(state_ == State::kRunning && streams_.contains(stream));
  return consumers_.Add(stream, config, std::move(meta));
}

file::FileStore* Storage::stream(uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.store.get();
}

void Storage::Open(const Now&) {
  CHECK(state_ == State::kNew);
  for (const auto& [id, stream] : streams_) {
    const size_t slash = stream.directory.rfind('/');
    sweeps_.insert(slash == std::string::npos ? "" : stream.directory.substr(0, slash));
  }
  for (const std::string& folder : sweeps_) graveyard_.Sweep(folder);
  OpenWaiting();
  Await();
  state_ = State::kScanning;
  again_ = true;
}

void Storage::OnDisk(const Now&, const DiskDone& done) {
  if (journal_.OnDisk(done)) return;
  const uint32_t id = routes_.Take(done.ticket);
  if (id == 0 || consumers_.OnDisk(id, done) || graveyard_.OnDisk(id, done)) return;
  if (const auto dying = dying_.find(id); dying != dying_.end()) {
    dying->second.node.mapped().store->OnDisk(done);
  } else if (const auto snapshot = snapshots_.find(id); snapshot != snapshots_.end()) {
    snapshot->second.snapshot->OnDisk(done);
  } else if (const auto stream = streams_.find(id); stream != streams_.end()) {
    stream->second.store->OnDisk(done);
  }
}

void Storage::Wake(Stream* stream) {
  if (stream->in_awake) return;
  stream->in_awake = true;
  awake_.push_back(stream);
}

// Whoever waits for the journal, if it has moved on.
void Storage::WakeAwaiting() {
  const bool was_full = full_seen_;
  full_seen_ = journal_.full();
  if (durable_seen_ >= journal_.durable().through() &&
      synced_seen_ >= journal_.synced().through() && (!was_full || full_seen_)) {
    return;
  }
  durable_seen_ = journal_.durable().through();
  synced_seen_ = journal_.synced().through();
  for (Stream* stream : awaiting_) {
    stream->in_awaiting = false;
    Wake(stream);
  }
  awaiting_.clear();
  consumers_.WakeAwaiting();
}

// Lets work who has something to do, in turn, each once, until what a step may do is done. A
// thousand streams that are filled, or that expire, at the same pace are due at the same moment.
void Storage::WorkAwake(const Now& now) {
  constexpr uint64_t kCopiedBytes = 256;  // As long as it takes to look at a record.
  WakeAwaiting();
  int left = options_.work_per_step;
  for (size_t turns = awake_.size(); turns > 0 && left > 0; --turns) {
    Stream* const stream = awake_.front();
    awake_.pop_front();
    const uint64_t copied = copied_;
    WorkOne(stream, now);
    left -= kCallCost + stream->store->looked_at() +
            static_cast<int>((copied_ - copied) / kCopiedBytes);
  }
}

// And asks it what it waits for next.
void Storage::WorkOne(Stream* stream, const Now& now) {
  stream->in_awake = false;
  stream->store->Work(now);
  if (stream->store->awaits_journal() && !stream->in_awaiting) {
    stream->in_awaiting = true;
    awaiting_.push_back(stream);
  }
  const Instant due = stream->store->NextDeadline();
  if (due == kNever) {
    deadlines_.Disarm(&stream->timer);
  } else if (!stream->timer.armed() || stream->timer.deadline() != due) {
    deadlines_.Arm(&stream->timer, due);
  }
}

// Stores that work see to their own caches; those that rest are asked, a few in each step.
void Storage::TrimCaches() {
  constexpr int kAskedMax = 4;
  for (int asked = 0; asked < kAskedMax && cache_pool_.over(); ++asked) {
    auto next = streams_.upper_bound(trimmed_);
    if (next == streams_.end()) next = streams_.begin();
    if (next == streams_.end()) return;
    trimmed_ = next->first;
    next->second.store->TrimCaches();
  }
}

void Storage::EndOfStep(const Now& now) {
  now_ = now;
  copied_ = 0;
  again_ = false;
  const State before = state_;
  WorkAwake(now);
  if (state_ == State::kRunning) TrimCaches();
  if (!snapshots_.empty()) WorkSnapshots(now);
  graveyard_.Work();
  consumers_.Work(now);
  if (!dying_.empty()) WorkDying(now);
  if (!waiting_.empty() && (state_ == State::kStarting || state_ == State::kRunning)) {
    OpenWaiting();
  }
  graveyard_.Work();
  if (state_ == State::kScanning) WorkScanning();
  if (state_ == State::kReplaying) WorkReplaying();
  if (state_ == State::kStarting) WorkStarting(now);
  if (state_ == State::kRunning) StartLate(now);
  // While starting, too: a purge that is being finished needs room in the journal.
  const bool takes = state_ == State::kRunning || state_ == State::kStarting;
  if (takes && journal_.state() == Journal::State::kRunning) WantCheckpoints();
  if (stop_wanted_ && state_ == State::kRunning) Stop(now);
  if (stop_wanted_ && state_ == State::kStarting && journal_.full() &&
      journal_.state() == Journal::State::kRunning) {
    // It may never run: the next start goes on from what is durable, as after a death.
    state_ = State::kStopping;
    journal_.Stop();
  }
  if (state_ == State::kStopping) WorkStopping(now);
  if (journal_.state() == Journal::State::kFailed) state_ = State::kFailed;
  journal_.EndOfBatch(now.mono);
  again_ = again_ || state_ != before;
}

// Who is not where the next state wants all to be is asked again by the next step, and no other.
bool Storage::AllAre(bool (*there)(const file::FileStore& store)) {
  while (!behind_.empty() && there(*behind_.back()->store)) behind_.pop_back();
  return behind_.empty();
}

void Storage::Await() {
  behind_.clear();
  for (auto& [id, stream] : streams_) behind_.push_back(&stream);
}

void Storage::WorkScanning() {
  using Phase = file::FileStore::Phase;
  const auto scanned = [](const file::FileStore& store) {
    return store.phase() == Phase::kScanned || store.phase() == Phase::kFailed;
  };
  if (!AllAre(scanned)) return;
  if (!consumers_.scanned() || !graveyard_.swept()) return;
  TakeTroubles();
  std::set<uint32_t> copies;
  for (auto& [id, stream] : streams_) {
    if (stream.store->phase() != Phase::kScanned) continue;
    const Incarnation& incarnation = stream.store->incarnation();
    const auto [owner, is_new] = owners_.try_emplace(incarnation, id);
    if (is_new) continue;
    // It was drawn for one of them.
    const bool is_it = file::DirectoryHash(stream.directory) == file::DirectoryOf(incarnation);
    const uint32_t copy = is_it ? std::exchange(owner->second, id) : id;
    copies.insert(copy);
    RefuseCopy(&streams_.at(copy), streams_.at(owner->second).directory);
  }
  consumers_.TakeOwners(copies);
  journal_.Open();
  state_ = State::kReplaying;
}

void Storage::WorkStarting(const Now& now) {
  using Phase = file::FileStore::Phase;
  if (journal_.state() != Journal::State::kRunning) return;
  for (int left = options_.work_per_step; left > 0 && !to_start_.empty(); left -= kStartCost) {
    Stream* const stream = to_start_.back();
    to_start_.pop_back();
    if (stream->store->phase() != Phase::kScanned) continue;
    Attach(stream->store->incarnation(), stream);
    stream->store->Start(now);
  }
  again_ = !to_start_.empty();
  StartLate(now);
  const auto runs = [](const file::FileStore& store) {
    return store.phase() == Phase::kRunning || store.phase() == Phase::kFailed ||
           store.Failure().has_value();
  };
  if (!AllAre(runs) || !consumers_.started()) return;
  state_ = State::kRunning;
}

void Storage::TakeTroubles() {
  for (Consumers::Trouble& trouble : consumers_.TakeTroubles()) {
    const auto stream = streams_.find(trouble.stream);
    if (stream != streams_.end()) stream->second.store->GiveUp(std::move(trouble.why));
  }
}

void Storage::RefuseCopy(Stream* copy, std::string_view of) {
  copy->store->GiveUp("stream '" + copy->config.name + "': '" + copy->directory +
                      "' is a copy of '" + std::string(of) + "'");
}

// Streams that were added while everything ran, or took the place of one that was deleted.
void Storage::StartLate(const Now& now) {
  std::erase_if(late_, [&](Stream* stream) {
    using Phase = file::FileStore::Phase;
    if (stream->store->phase() == Phase::kScanned) {
      const AssetNumber asset = journal_.AssetOf(stream->store->incarnation());
      const Stream* const other = asset.value < by_asset_.size() ? by_asset_[asset.value] : nullptr;
      if (other != nullptr && other != stream) {
        RefuseCopy(stream, other->directory);
      } else {
        Attach(stream->store->incarnation(), stream);
        stream->store->Start(now);
      }
    }
    return stream->store->phase() != Phase::kOpening;
  });
  consumers_.StartLate(now);
  TakeTroubles();
}

void Storage::Attach(const Incarnation& incarnation, Stream* stream) {
  const AssetNumber asset = journal_.Attach(incarnation, stream->directory);
  stream->journal->asset = asset;
  if (by_asset_.size() <= asset.value) by_asset_.resize(asset.value + 1);
  by_asset_[asset.value] = stream;
}

void Storage::WantCheckpoints() {
  if (journal_.Wanted().batch == 0) return;
  laggards_.clear();
  journal_.Laggards(&laggards_, options_.checkpoints_max);
  for (const AssetNumber asset : laggards_) {
    if (asset.value < by_asset_.size() && by_asset_[asset.value] != nullptr) {
      by_asset_[asset.value]->store->WantCheckpoint();
    }
  }
  consumers_.WantCheckpoints(laggards_);
  if (journal_.full()) TellWhoHoldsTheJournal();
}

// Who cannot be opened passes nothing. What it needs is copied forward, but no more of it than the
// journal copies.
void Storage::TellWhoHoldsTheJournal() {
  if (holder_told_ || MUTANT(251) || journal_.stats().segments < options_.journal.segments_max)
    return;
  for (const AssetNumber asset : laggards_) {
    const Stream* const stream = asset.value < by_asset_.size() ? by_asset_[asset.value] : nullptr;
    const auto kept = kept_.find(asset);
    std::string directory;
    if (kept != kept_.end()) {
      directory = kept->second.directory;
    } else if (stream == nullptr) {
      directory = consumers_.FailedIn(asset);
    } else if (stream->store->Failure()) {
      directory = stream->directory;
    }
    if (directory.empty()) continue;
    holder_told_ = true;
    notices_.push_back("the journal is full, and stays full until " + NameInDirectory(directory) +
                       ", which failed, is deleted, or is put right and started again");
    return;
  }
}

void Storage::Stop(const Now& now) {
  CHECK(state_ != State::kStopping && state_ != State::kStopped);
  if ((state_ == State::kReplaying || state_ == State::kStarting) && !MUTANT(177)) {
    stop_wanted_ = true;
    return;
  }
  CancelSnapshots(0, "storage stops");
  for (auto& [id, stream] : streams_) stream.store->Stop(now);
  consumers_.Stop();
  Await();
  state_ = State::kStopping;
  again_ = true;
}

void Storage::WorkStopping(const Now& now) {
  using Phase = file::FileStore::Phase;
  if (journal_.state() == Journal::State::kClosed) {
    state_ = State::kStopped;
    return;
  }
  if (journal_.state() == Journal::State::kStopping ||
      journal_.state() == Journal::State::kFailed) {
    return;
  }
  // The checkpoints that the stores wait for wait for it. It fails: as after a death, the next
  // start has what is durable, which is all that was promised.
  if (journal_.stuck()) return journal_.Stop();
  StartLate(now);
  const auto over = [](const file::FileStore& store) {
    return store.phase() == Phase::kStopped || store.Failure().has_value();
  };
  if (!AllAre(over)) return;
  // Nothing that was deleted may be found by whoever opens the directory next.
  if (!consumers_.stopped() || !swept() || SnapshotWaiting(0)) return;
  for (auto& [id, stream] : streams_) {
    // What a store that failed has in the journal is needed at the next start.
    const bool known = stream.journal->asset != AssetNumber{};
    if (known && !stream.store->Failure() && journal_.state() == Journal::State::kRunning) {
      journal_.Forget(stream.journal->asset);
    }
  }
  if (journal_.state() == Journal::State::kRunning) consumers_.Forget();
  journal_.Stop();
}

Instant Storage::NextDeadline() const {
  if (state_ == State::kNew || state_ == State::kStopped || state_ == State::kFailed) return kNever;
  if (again_ || !awake_.empty() || consumers_.woken()) return now_.mono;
  return std::min(journal_.NextDeadline(), deadlines_.NextDeadline());
}

void Storage::OnDeadline(const Now& now) {
  if (journal_.NextDeadline() <= now.mono) journal_.OnDeadline(now.mono);
  // Who is not called now is due still.
  for (int left = options_.work_per_step; left > 0;) {
    Timer* const timer = deadlines_.PopDue(now.mono);
    if (timer == nullptr) break;
    file::FileStore& store = *static_cast<Stream*>(timer->owner)->store;
    store.OnDeadline(now);
    left -= kCallCost + store.looked_at();
  }
}

std::vector<std::string> Storage::TakeNotices() {
  std::vector<std::string> out;
  out.swap(notices_);
  consumers_.TakeNotices(&out);
  graveyard_.TakeNotices(&out);
  for (auto& [id, stream] : streams_) {
    for (std::string& notice : stream.store->TakeNotices()) out.push_back(std::move(notice));
  }
  return out;
}

}  // namespace dunlin
