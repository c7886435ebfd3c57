// Storage: snapshots of streams.
#include "engine/base/check.h"
#include "storage/storage.h"

namespace dunlin {

uint32_t Storage::BeginSnapshot(uint32_t stream, std::string meta, WithConsumers consumers) {
  CHECK(state_ == State::kRunning);
  Stream& from = streams_.at(stream);
  CHECK(from.store->phase() == file::FileStore::Phase::kRunning);
  if (from.store->pinned().wanted) return 0;
  const uint32_t id = ++last_id_;
  Snapshot& snapshot = snapshots_[id];
  snapshot.stream = stream;
  snapshot.consumers = consumers;
  snapshot.snapshot = std::make_unique<file::StreamSnapshot>(
      file::StreamSnapshot::Options{from.config.name, std::move(meta)},
      file::StoreDisk(disk_, &routes_, id, from.directory), from.store.get());
  return id;
}

Progress Storage::ReadSnapshot(const Now& now, uint32_t id, std::string* out) {
  Snapshot& snapshot = snapshots_.at(id);
  CHECK(!snapshot.ended);
  const bool well = snapshot.snapshot->failure().empty();
  if (well && !journal_.durable().Covers(snapshot.point)) return Progress::kWait;
  return snapshot.snapshot->Read(now, out);
}

const file::StreamSnapshot* Storage::snapshot(uint32_t id) const {
  const auto found = snapshots_.find(id);
  return found == snapshots_.end() || found->second.ended ? nullptr : found->second.snapshot.get();
}

void Storage::EndSnapshot(uint32_t id) {
  Snapshot& snapshot = snapshots_.at(id);
  snapshot.ended = true;
  snapshot.snapshot->Cancel("ended");
}

// In the step in which a stream's moment comes, its consumers' does, too.
void Storage::WorkSnapshots(const Now& now) {
  for (auto it = snapshots_.begin(); it != snapshots_.end();) {
    auto& [id, snapshot] = *it;
    if (!snapshot.ended && snapshot.snapshot->TakeMoment()) {
      if (snapshot.consumers == WithConsumers::kYes) {
        snapshot.snapshot->SetConsumers(
            consumers_.Copies(snapshot.stream, now.wall, &snapshot.point));
      }
    }
    // The disk may still be reading into its memory.
    it = snapshot.ended && !routes_.Waiting(id) ? snapshots_.erase(it) : std::next(it);
  }
}

void Storage::CancelSnapshots(uint32_t stream, const std::string& why) {
  for (auto& [id, snapshot] : snapshots_) {
    if (stream == 0 || snapshot.stream == stream) snapshot.snapshot->Cancel(why);
  }
}

// Something of a snapshot of the stream is in flight; 0: of any.
bool Storage::SnapshotWaiting(uint32_t stream) const {
  for (const auto& [id, snapshot] : snapshots_) {
    if ((stream == 0 || snapshot.stream == stream) && routes_.Waiting(id)) return true;
  }
  return false;
}

}  // namespace dunlin
