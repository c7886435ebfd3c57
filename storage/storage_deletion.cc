// Storage: streams that are deleted, until nothing is left of them.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/incarnations.h"
#include "storage/storage.h"

namespace dunlin {

Storage::Dying* Storage::DyingIn(std::string_view directory) {
  for (auto& [id, dying] : dying_) {
    if (dying.node.mapped().directory == directory) return &dying;
  }
  return nullptr;
}

// What is kept of whoever is in the directory, and below it: not any more.
std::vector<AssetNumber> Storage::TakeKept(std::string_view directory) {
  if (MUTANT(259)) return {};
  const uint64_t hash = file::DirectoryHash(directory);
  std::vector<AssetNumber> out;
  std::erase_if(kept_, [&](const auto& entry) {
    const auto& [asset, kept] = entry;
    const bool below = kept.directory.starts_with(directory) &&
                       kept.directory.substr(directory.size()).starts_with('/');
    if (kept.hash != hash && !below) return false;
    out.push_back(asset);
    return true;
  });
  return out;
}

WritePoint Storage::DeleteStream(uint32_t id) {
  CHECK(state_ == State::kRunning);
  Stream& stream = streams_.at(id);
  // One that never was opened has nothing: what is there is its predecessor's.
  if (const Dying* const before = DyingIn(stream.directory); before != nullptr) {
    const WritePoint point = before->point;
    Unlist(&stream);
    waiting_.erase(id);
    streams_.erase(id);
    return point;
  }
  std::vector<AssetNumber> kept = TakeKept(stream.directory);
  WritePoint point;
  if (stream.journal->asset != AssetNumber{}) point = stream.journal->AppendDeleted();
  for (const AssetNumber asset : kept) point = journal_.AppendLast(asset, kAssetDeleted);
  if (point != WritePoint{}) journal_.SyncSoon(point);
  Kill(id, id, point);
  dying_.at(id).kept = std::move(kept);
  return point;
}

WritePoint Storage::DeleteConsumer(uint32_t id) {
  CHECK(state_ == State::kRunning);
  return consumers_.Delete(id, TakeKept(consumers_.FolderOf(id)));
}

// Nobody is to call it any more.
void Storage::Unlist(Stream* stream) {
  deadlines_.Disarm(&stream->timer);
  for (auto* list : {&awaiting_, &late_}) std::erase(*list, stream);
  std::erase(awake_, stream);
}

// 'as': whose its operations are from then on.
void Storage::Kill(uint32_t id, uint32_t as, WritePoint point) {
  Dying& dying = dying_[as];
  dying.stream = id;
  dying.point = point;
  dying.node = streams_.extract(id);
  waiting_.erase(id);
  Stream& stream = dying.node.mapped();
  CancelSnapshots(id, "stream '" + stream.config.name + "': it was deleted");
  stream.store->Abandon();
  deadlines_.Disarm(&stream.timer);
  consumers_.DropStream(id, point);
}

void Storage::WorkDying(const Now& now) {
  if (journal_.state() != Journal::State::kRunning) return;
  for (auto it = dying_.begin(); it != dying_.end();) {
    auto& [id, dying] = *it;
    Stream& stream = dying.node.mapped();
    if (!MUTANT(243)) stream.journal->EndsWith(dying.point);
    stream.store->Work(now);
    Graveyard::Buried buried = Graveyard::Buried::kNo;
    if (dying.stuck != Graveyard::Buried::kNo) {
      // Until somebody wants the name.
    } else if (dying.burial != 0) {
      buried = graveyard_.TakeBuried(dying.burial);
    } else if (!routes_.Waiting(id) && !SnapshotWaiting(dying.stream) &&
               // Records that end by nothing would be missed by who finds its directory without
               // them.
               journal_.synced().Covers(dying.point) && consumers_.Dropped(dying.stream) &&
               graveyard_.Yield(stream.directory)) {
      dying.burial = graveyard_.Bury(stream.directory);
    }
    if (buried == Graveyard::Buried::kNo) {
      ++it;
      continue;
    }
    const AssetNumber asset = stream.journal->asset;
    if (asset != AssetNumber{}) by_asset_[asset.value] = nullptr;
    // What could not be done now the journal still says at the next start.
    if (buried != Graveyard::Buried::kYes) {
      dying.stuck = buried;
      dying.burial = 0;
      RefuseWaiting(stream.directory);
      ++it;
      continue;
    }
    if (asset != AssetNumber{}) journal_.Forget(asset);
    for (const AssetNumber kept : dying.kept) journal_.Forget(kept);
    Unlist(&stream);
    it = dying_.erase(it);
  }
}

bool Storage::buried() const {
  return std::all_of(dying_.begin(), dying_.end(), [](const auto& dying) {
    return dying.second.stuck != Graveyard::Buried::kNo;
  });
}

}  // namespace dunlin
