#include "storage/storage.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin {

// The journal as one store sees it.
class Storage::AssetJournal final : public file::StoreJournal {
 public:
  AssetJournal(Storage* storage, Stream* stream)
      : storage_(storage), stream_(stream), journal_(&storage->journal_) {}

  WritePoint Append(uint8_t kind, std::span<const uint8_t> head,
                    std::span<const uint8_t> body) override {
    return journal_->Append(asset, kind, head, body);
  }
  bool Covers(WritePoint point) const override { return journal_->durable().Covers(point); }
  // Batches between the store's last record and its next one may still be on their way.
  void Passed(WritePoint point) override {
    journal_->Passed(asset, std::min(point, journal_->durable().through()));
  }
  void Wake() override { storage_->Wake(stream_); }

  AssetNumber asset;

 private:
  Storage* const storage_;
  Stream* const stream_;
  Journal* const journal_;
};

namespace {

std::unique_ptr<crypto::JournalCipher> CipherFor(const StorageOptions& options) {
  if (!options.encryption.on() || options.journal.cipher != nullptr) return nullptr;
  return std::make_unique<crypto::JournalCipher>(options.encryption.key,
                                                 options.encryption.previous_key);
}

JournalOptions WithCipher(JournalOptions options, SegmentCipher* cipher) {
  if (cipher != nullptr) options.cipher = cipher;
  return options;
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
      deadlines_(Instant{}) {}

Storage::~Storage() = default;

const crypto::KeyRing* Storage::KeysFor(std::string_view directory) {
  if (!options_.encryption.on()) return nullptr;
  const std::string account(AccountOf(directory));
  return &keys_.try_emplace(account, options_.encryption, account).first->second;
}

uint32_t Storage::AddStream(std::string directory, const StoreConfig& config) {
  CHECK(state_ == State::kNew || state_ == State::kRunning);
  const uint32_t id = ++last_id_;
  Stream& stream = streams_[id];
  stream.journal = std::make_unique<AssetJournal>(this, &stream);
  stream.timer.owner = &stream;
  stream.store = std::make_unique<file::FileStore>(
      file::FileStoreOptions{config, options_.limits, KeysFor(directory)},
      file::StoreDisk(disk_, &routes_, id, directory), stream.journal.get(),
      rng_.Fork("stream", rng_.Next()));
  if (state_ == State::kRunning) {
    stream.store->Open();
    late_.push_back(&stream);
  }
  return id;
}

file::FileStore* Storage::stream(uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.store.get();
}

void Storage::Open(const Now&) {
  CHECK(state_ == State::kNew);
  for (auto& [id, stream] : streams_) stream.store->Open();
  state_ = State::kScanning;
}

void Storage::OnDisk(const Now&, const DiskDone& done) {
  if (journal_.OnDisk(done)) return;
  if (const uint32_t id = routes_.Take(done.ticket); id != 0) streams_.at(id).store->OnDisk(done);
}

void Storage::Wake(Stream* stream) {
  if (stream->in_awake) return;
  stream->in_awake = true;
  awake_.push_back(stream);
}

// Lets work whoever has something to do, and asks each what it waits for next.
void Storage::WorkAwake(const Now& now) {
  if (durable_seen_ < journal_.durable().through()) {
    durable_seen_ = journal_.durable().through();
    for (Stream* stream : awaiting_) {
      stream->in_awaiting = false;
      Wake(stream);
    }
    awaiting_.clear();
  }
  working_.swap(awake_);
  for (Stream* stream : working_) {
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
  working_.clear();
}

void Storage::EndOfStep(const Now& now) {
  now_ = now;
  if (state_ == State::kRunning) {
    WorkAwake(now);
  } else {
    for (Stream* stream : awake_) stream->in_awake = false;
    awake_.clear();
    for (auto& [id, stream] : streams_) stream.store->Work(now);
  }
  if (state_ == State::kScanning) WorkScanning();
  if (state_ == State::kReplaying) WorkReplaying();
  if (state_ == State::kStarting) WorkStarting(now);
  if (state_ == State::kRunning) StartLate(now);
  if (state_ == State::kRunning) WantCheckpoints();
  if (state_ == State::kStopping) WorkStopping();
  if (journal_.state() == Journal::State::kFailed) state_ = State::kFailed;
  journal_.EndOfBatch(now.mono);
}

void Storage::WorkScanning() {
  using Phase = file::FileStore::Phase;
  for (auto& [id, stream] : streams_) {
    const Phase phase = stream.store->phase();
    if (phase != Phase::kScanned && phase != Phase::kFailed) return;
  }
  for (auto& [id, stream] : streams_) {
    if (stream.store->phase() == Phase::kScanned) owners_[stream.store->incarnation()] = id;
  }
  journal_.Open();
  state_ = State::kReplaying;
}

void Storage::WorkReplaying() {
  // About a millisecond's worth at a time.
  constexpr int kRecordsPerSlice = 2048;
  if (journal_.state() != Journal::State::kReplaying) return;
  Progress progress = Progress::kMore;
  for (int budget = kRecordsPerSlice; budget > 0 && progress == Progress::kMore; --budget) {
    Recovered found;
    progress = journal_.NextRecovered(&found);
    if (progress != Progress::kMore) break;
    if (found.what == Recovered::What::kDamage) {
      notices_.push_back(found.detail);
      continue;
    }
    // Records of nobody: of streams that were deleted, or stopped cleanly.
    const auto owner = owners_.find(found.incarnation);
    if (owner != owners_.end()) streams_.at(owner->second).store->Replay(found.kind, found.body);
  }
  if (progress != Progress::kDone) return;
  for (const auto& [incarnation, id] : owners_) {
    Attach(incarnation, &streams_.at(id));
  }
  journal_.Start();
  state_ = State::kStarting;
}

void Storage::WorkStarting(const Now& now) {
  using Phase = file::FileStore::Phase;
  if (journal_.state() != Journal::State::kRunning) return;
  bool all = true;
  for (auto& [id, stream] : streams_) {
    if (stream.store->phase() == Phase::kScanned) stream.store->Start(now);
    const Phase phase = stream.store->phase();
    all = all && (phase == Phase::kRunning || phase == Phase::kFailed ||
                  stream.store->Failure().has_value());
  }
  if (!all) return;
  state_ = State::kRunning;
  for (auto& [id, stream] : streams_) Wake(&stream);
}

// Streams that were added while everything ran.
void Storage::StartLate(const Now& now) {
  std::erase_if(late_, [&](Stream* stream) {
    using Phase = file::FileStore::Phase;
    if (stream->store->phase() == Phase::kScanned) {
      Attach(stream->store->incarnation(), stream);
      stream->store->Start(now);
    }
    return stream->store->phase() != Phase::kOpening;
  });
}

void Storage::Attach(const Incarnation& incarnation, Stream* stream) {
  const AssetNumber asset = journal_.Attach(incarnation);
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
}

void Storage::Stop(const Now& now) {
  CHECK(state_ != State::kStopping && state_ != State::kStopped);
  for (auto& [id, stream] : streams_) stream.store->Stop(now);
  state_ = State::kStopping;
}

void Storage::WorkStopping() {
  using Phase = file::FileStore::Phase;
  if (journal_.state() == Journal::State::kClosed) {
    state_ = State::kStopped;
    return;
  }
  if (journal_.state() == Journal::State::kStopping) return;
  for (auto& [id, stream] : streams_) {
    const bool over = stream.store->phase() == Phase::kStopped || stream.store->Failure();
    if (!over) return;
  }
  for (auto& [id, stream] : streams_) {
    // What a store that failed has in the journal is needed at the next start.
    if (!stream.store->Failure() && journal_.state() == Journal::State::kRunning) {
      journal_.Forget(stream.journal->asset);
    }
  }
  journal_.Stop();
}

Instant Storage::NextDeadline() const {
  if (state_ == State::kRunning && !awake_.empty()) return now_.mono;
  return std::min(journal_.NextDeadline(), deadlines_.NextDeadline());
}

void Storage::OnDeadline(const Now& now) {
  if (journal_.NextDeadline() <= now.mono) journal_.OnDeadline(now.mono);
  if (state_ != State::kRunning) return;
  while (Timer* timer = deadlines_.PopDue(now.mono)) {
    static_cast<Stream*>(timer->owner)->store->OnDeadline(now);
  }
}

std::vector<std::string> Storage::TakeNotices() {
  std::vector<std::string> out;
  out.swap(notices_);
  for (auto& [id, stream] : streams_) {
    for (std::string& notice : stream.store->TakeNotices()) out.push_back(std::move(notice));
  }
  return out;
}

}  // namespace dunlin
