#include "storage/storage.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin {

// The journal as one store sees it.
class Storage::AssetJournal final : public file::StoreJournal {
 public:
  explicit AssetJournal(Journal* journal) : journal_(journal) {}

  WritePoint Append(uint8_t kind, std::span<const uint8_t> head,
                    std::span<const uint8_t> body) override {
    return journal_->Append(asset, kind, head, body);
  }
  bool Covers(WritePoint point) const override { return journal_->durable().Covers(point); }
  // Batches between the store's last record and its next one may still be on their way.
  void Passed(WritePoint point) override {
    journal_->Passed(asset, std::min(point, journal_->durable().through()));
  }

  AssetNumber asset;

 private:
  Journal* const journal_;
};

Storage::Storage(const StorageOptions& options, DiskQueue* disk, Rng rng)
    : options_(options), disk_(disk), rng_(rng), journal_(options.journal, disk, rng.Fork("j")) {}

Storage::~Storage() = default;

uint32_t Storage::AddStream(std::string directory, const StoreConfig& config) {
  CHECK(state_ == State::kNew || state_ == State::kRunning);
  const uint32_t id = ++last_id_;
  Stream& stream = streams_[id];
  stream.journal = std::make_unique<AssetJournal>(&journal_);
  stream.store =
      std::make_unique<file::FileStore>(file::FileStoreOptions{config, options_.limits},
                                        file::StoreDisk(disk_, &routes_, id, std::move(directory)),
                                        stream.journal.get(), rng_.Fork("stream", rng_.Next()));
  if (state_ == State::kRunning) stream.store->Open();
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

void Storage::EndOfStep(const Now& now) {
  for (auto& [id, stream] : streams_) stream.store->Work(now);
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
    streams_.at(id).journal->asset = journal_.Attach(incarnation);
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
  if (all) state_ = State::kRunning;
}

// Streams that were added while everything ran.
void Storage::StartLate(const Now& now) {
  for (auto& [id, stream] : streams_) {
    if (stream.store->phase() != file::FileStore::Phase::kScanned) continue;
    owners_[stream.store->incarnation()] = id;
    stream.journal->asset = journal_.Attach(stream.store->incarnation());
    stream.store->Start(now);
  }
}

void Storage::WantCheckpoints() {
  if (journal_.Wanted().batch == 0) return;
  laggards_.clear();
  journal_.Laggards(&laggards_, options_.checkpoints_max);
  for (auto& [id, stream] : streams_) {
    if (std::find(laggards_.begin(), laggards_.end(), stream.journal->asset) != laggards_.end()) {
      stream.store->WantCheckpoint();
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
  Instant next = journal_.NextDeadline();
  for (const auto& [id, stream] : streams_) next = std::min(next, stream.store->NextDeadline());
  return next;
}

void Storage::OnDeadline(const Now& now) {
  if (journal_.NextDeadline() <= now.mono) journal_.OnDeadline(now.mono);
  for (auto& [id, stream] : streams_) {
    if (stream.store->NextDeadline() <= now.mono) stream.store->OnDeadline(now);
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
