#include "storage/consumers.h"

#include <algorithm>
#include <tuple>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/incarnations.h"
#include "storage/format/file_names.h"

namespace dunlin {

using Phase = file::FileConsumerStore::Phase;

// The journal as one consumer sees it.
class Consumers::ConsumerJournal final : public AssetJournal {
 public:
  ConsumerJournal(Journal* journal, Consumers* consumers, uint32_t id)
      : AssetJournal(journal), consumers_(consumers), id_(id) {}
  void Wake() override { consumers_->Wake(id_); }

 private:
  Consumers* const consumers_;
  const uint32_t id_;
};

void Consumers::Wake(uint32_t id) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end() || found->second.in_awake) return;
  found->second.in_awake = true;
  awake_.push_back(id);
}

void Consumers::WakeAwaiting() {
  for (const uint32_t id : awaiting_) {
    if (const auto found = consumers_.find(id); found != consumers_.end()) {
      found->second.in_awaiting = false;
    }
    Wake(id);
  }
  awaiting_.clear();
}

void Consumers::Discover(uint32_t stream, std::string directory, std::string name,
                         const crypto::KeyRing* keys) {
  Stream& known = streams_[stream];
  known.keys = keys;
  known.directory = std::move(directory);
  known.name = std::move(name);
  known.listed = false;
  known.listing = ++*ids_;
  listings_[known.listing] = stream;
  file::StoreDisk disk(disk_, routes_, known.listing, known.directory);
  // So that what was taken away does not come back.
  known.sync = disk.SyncDir(format::kConsumersDir);
  (void)disk.List(format::kConsumersDir, known.sync);
}

void Consumers::OnListed(uint32_t stream, const DiskDone& done) {
  Stream& known = streams_.at(stream);
  if (!done.ok() && done.error != DiskError::kNotFound && done.error != DiskError::kCanceled &&
      !MUTANT(195)) {
    // Of a folder that was not synced nobody knows what it will hold: it is not listed.
    troubles_.push_back({stream, "stream '" + known.name +
                                     "': its consumers cannot be listed: " + Describe(done.error)});
  }
  if (done.ticket == known.sync) {
    // Nothing lies there, and that is why the listing will be canceled.
    if (done.error == DiskError::kNotFound) known.listed = true;
    return;
  }
  if (done.error != DiskError::kCanceled) {
    known.listed = done.ok() || done.error == DiskError::kNotFound;
  }
  bool graves = false;
  for (const DirEntry& entry : done.entries) {
    if (!entry.is_directory) continue;
    if (format::IsGrave(entry.name)) {
      graves = true;
      continue;
    }
    known.found.push_back(entry.name);
  }
  finding_.push_back(stream);
  if (graves) graveyard_->Sweep(known.directory + "/" + std::string(format::kConsumersDir));
}

void Consumers::MakeFound() {
  for (int left = kWorksMax; left > 0 && !finding_.empty();) {
    const uint32_t stream = finding_.back();
    Stream& known = streams_.at(stream);
    if (known.found.empty() || stopping_) {
      listings_.erase(known.listing);
      known.listing = 0;
      finding_.pop_back();
      continue;
    }
    file::FileConsumerOptions options;
    options.name = options.config.name = std::move(known.found.back());
    known.found.pop_back();
    Make(stream, std::move(options));
    --left;
  }
  if (!finding_.empty()) woken_ = true;
}

uint32_t Consumers::Make(uint32_t stream, file::FileConsumerOptions options) {
  Stream& known = streams_.at(stream);
  const uint32_t id = ++*ids_;
  const std::string name = options.name;
  CHECK(!known.consumers.contains(name));
  known.consumers[name] = id;
  options.stream = known.name;
  options.keys = known.keys;
  options.limits = limits_;
  Consumer& consumer = consumers_[id];
  consumer.stream = stream;
  consumer.journal = std::make_unique<ConsumerJournal>(journal_, this, id);
  std::string folder = known.directory;
  folder.append("/").append(format::kConsumersDir).append("/").append(name);
  consumer.folder = folder;
  consumer.store = std::make_unique<Store>(
      std::move(options), file::StoreDisk(disk_, routes_, id, std::move(folder)),
      consumer.journal.get(), rng_.Fork("consumer", rng_.Next()));
  opening_.insert(id);
  waiting_.insert(id);
  OpenWaiting();
  return id;
}

void Consumers::OpenWaiting() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const Consumer& consumer = consumers_.at(*it);
    if (Dying* const before = DyingIn(consumer.folder); before != nullptr) {
      ++it;
      if (before->stuck == Graveyard::Buried::kFailed) before->stuck = Graveyard::Buried::kNo;
      if (before->stuck == Graveyard::Buried::kUnsure) return RefuseWaiting(consumer.folder);
      continue;
    }
    consumer.store->Open();
    it = waiting_.erase(it);
  }
}

Consumers::Dying* Consumers::DyingIn(std::string_view folder) {
  for (auto& [id, dying] : dying_) {
    if (dying.consumer.folder == folder) return &dying;
  }
  return nullptr;
}

void Consumers::RefuseWaiting(const std::string& folder) {
  std::erase_if(waiting_, [&](uint32_t id) {
    Consumer& consumer = consumers_.at(id);
    if (consumer.folder != folder) return false;
    consumer.store->Refuse("consumer '" + streams_.at(consumer.stream).name + " > " +
                           consumer.store->name() +
                           "': the one of this name that was deleted cannot be removed");
    Note(id, consumer);
    return true;
  });
}

WritePoint Consumers::Delete(uint32_t id, std::vector<AssetNumber> kept) {
  const Consumer& consumer = consumers_.at(id);
  const Phase phase = consumer.store->phase();
  CHECK(phase == Phase::kRunning || phase == Phase::kFailed);
  if (const Dying* const before = DyingIn(consumer.folder); before != nullptr) {
    // It never was opened: what is there is its predecessor's.
    const WritePoint point = before->point;
    Kill(id, point);
    dying_.erase(id);
    return point;
  }
  WritePoint point;
  if (assets_.contains(consumer.journal->asset)) point = consumer.journal->AppendDeleted();
  for (const AssetNumber asset : kept) point = journal_->AppendLast(asset, kAssetDeleted);
  if (point != WritePoint{}) journal_->SyncSoon(point);
  Kill(id, point);
  dying_.at(id).kept = std::move(kept);
  return point;
}

void Consumers::Kill(uint32_t id, WritePoint point) {
  Consumer& consumer = consumers_.at(id);
  streams_.at(consumer.stream).consumers.erase(consumer.store->name());
  Dying& dying = dying_[id];
  dying.consumer = std::move(consumer);
  dying.point = point;
  consumers_.erase(id);
  opening_.erase(id);
  scanned_.erase(id);
  waiting_.erase(id);
}

void Consumers::DropStream(uint32_t stream, WritePoint point) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  while (!found->second.consumers.empty()) Kill(found->second.consumers.begin()->second, point);
  for (auto& [id, dying] : dying_) {
    if (dying.consumer.stream == stream) dying.with_stream = true;
  }
}

bool Consumers::Dropped(uint32_t stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return true;
  if (found->second.listing != 0) return false;
  // What was found only now.
  DropStream(stream, {});
  WorkDying();
  const bool left = std::any_of(dying_.begin(), dying_.end(), [&](const auto& dying) {
    return dying.second.consumer.stream == stream;
  });
  if (left) return false;
  streams_.erase(found);
  return true;
}

void Consumers::WorkDying() {
  if (journal_->state() != Journal::State::kRunning) return;
  for (auto it = dying_.begin(); it != dying_.end();) {
    auto& [id, dying] = *it;
    const AssetNumber asset = dying.consumer.journal->asset;
    if (!MUTANT(243)) dying.consumer.journal->EndsWith(dying.point);
    bool over = false;
    if (routes_->Waiting(id)) {
      // Its last operations.
    } else if (dying.stuck != Graveyard::Buried::kNo) {
      over = dying.with_stream;
    } else if (dying.burial != 0) {
      const Graveyard::Buried buried = graveyard_->TakeBuried(dying.burial);
      over = buried == Graveyard::Buried::kYes;
      if (!over && buried != Graveyard::Buried::kNo) {
        // What could not be done now the journal still says at the next start.
        dying.stuck = buried;
        dying.burial = 0;
        RefuseWaiting(dying.consumer.folder);
      }
    } else if (!journal_->synced().Covers(dying.point)) {
      // It may yet have to be there again; and records that end by nothing would be missed.
    } else if (dying.with_stream) {
      over = true;
    } else {
      dying.burial = graveyard_->Bury(dying.consumer.folder);
    }
    if (over && assets_.contains(asset)) {
      journal_->Forget(asset);
      assets_.erase(asset);
    }
    for (const AssetNumber kept : dying.kept) {
      if (over) journal_->Forget(kept);
    }
    it = over ? dying_.erase(it) : std::next(it);
  }
}

uint32_t Consumers::Add(uint32_t stream, const ConsumerStoreConfig& config, std::string meta) {
  CHECK(!meta.empty());
  file::FileConsumerOptions options;
  options.name = config.name;
  options.config = config;
  options.meta = std::move(meta);
  return Make(stream, std::move(options));
}

std::vector<file::ConsumerCopy> Consumers::Copies(uint32_t stream, WallTime now,
                                                  WritePoint* point) const {
  std::vector<file::ConsumerCopy> out;
  for (const uint32_t id : Of(stream)) {
    const Store& store = *consumers_.at(id).store;
    if (store.phase() != Phase::kRunning) continue;
    *point = std::max(*point, store.last_point());
    out.push_back({store.name(), store.meta(), store.EncodedState(now)});
  }
  return out;
}

Consumers::Store* Consumers::Get(uint32_t id) {
  const auto found = consumers_.find(id);
  return found == consumers_.end() ? nullptr : found->second.store.get();
}

std::vector<uint32_t> Consumers::Of(uint32_t stream) const {
  std::vector<uint32_t> out;
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return out;
  for (const auto& [name, id] : found->second.consumers) out.push_back(id);
  return out;
}

bool Consumers::Ready(uint32_t stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return true;
  return found->second.listing == 0 &&
         std::none_of(found->second.consumers.begin(), found->second.consumers.end(),
                      [&](const auto& entry) { return opening_.contains(entry.second); });
}

bool Consumers::OnDisk(uint32_t owner, const DiskDone& done) {
  if (const auto listing = listings_.find(owner); listing != listings_.end()) {
    OnListed(listing->second, done);
    return true;
  }
  if (const auto dying = dying_.find(owner); dying != dying_.end()) {
    dying->second.consumer.store->OnDisk(done);  // It closes its files.
    return true;
  }
  const auto found = consumers_.find(owner);
  if (found == consumers_.end()) return false;
  found->second.store->OnDisk(done);
  Wake(owner);
  return true;
}

// What became of it.
void Consumers::Note(uint32_t id, const Consumer& consumer) {
  const Phase phase = consumer.store->phase();
  if (phase != Phase::kOpening && phase != Phase::kScanned && phase != Phase::kStarting) {
    opening_.erase(id);
  }
  if (phase == Phase::kScanned) {
    scanned_.insert(id);
  } else {
    scanned_.erase(id);
  }
  for (std::string& notice : consumer.store->TakeNotices()) notices_.push_back(std::move(notice));
}

void Consumers::Work(const Now& now) {
  woken_ = false;
  if (!dying_.empty()) WorkDying();
  if (!finding_.empty()) MakeFound();
  if (!waiting_.empty()) OpenWaiting();
  if (stopping_) StopSome(now);
  for (int left = kWorksMax; left > 0 && !awake_.empty(); --left) {
    const uint32_t id = awake_.front();
    awake_.pop_front();
    if (consumers_.contains(id)) WorkOne(id, now);
  }
}

// And sees what it waits for next: the disk calls by itself.
void Consumers::WorkOne(uint32_t id, const Now& now) {
  Consumer& consumer = consumers_.at(id);
  consumer.in_awake = false;
  consumer.store->Work(now);
  Note(id, consumer);
  if (consumer.store->phase() == Phase::kAbsent) {
    if (consumer.store->only_leftovers()) {
      // Nobody was promised anything: its folder goes once the journal runs.
      leftovers_[consumer.store->incarnation()] = id;
      Kill(id, {});
    } else {
      Stream& stream = streams_.at(consumer.stream);
      stream.without.insert(consumer.folder);
      stream.consumers.erase(consumer.store->name());
      consumers_.erase(id);
    }
    return;
  }
  if (consumer.store->awaits_journal() && !consumer.in_awaiting) {
    consumer.in_awaiting = true;
    awaiting_.push_back(id);
  }
}

bool Consumers::scanned() const { return listings_.empty() && scanned_.size() == opening_.size(); }

bool Consumers::all_known() const {
  return std::all_of(consumers_.begin(), consumers_.end(), [](const auto& entry) {
    return entry.second.store->phase() != Phase::kFailed;
  });
}

// Of those with the same records one stays: that of the stream that is no copy. Where both streams
// run, as after a clean stop, it is the one in the folder that it was made in.
void Consumers::TakeOwners(const std::set<uint32_t>& copies) {
  const auto rank = [&](uint32_t id) {
    const Consumer& consumer = consumers_.at(id);
    const bool is_elsewhere =
        file::DirectoryHash(consumer.folder) != file::DirectoryOf(consumer.store->incarnation());
    return std::tuple(copies.contains(consumer.stream), is_elsewhere, consumer.stream);
  };
  // Who fails goes from among them.
  for (auto it = opening_.begin(); it != opening_.end();) {
    const uint32_t id = *it++;
    const auto [owner, is_new] = owners_.try_emplace(consumers_.at(id).store->incarnation(), id);
    if (is_new) continue;
    RefuseCopy(rank(id) < rank(owner->second) ? std::exchange(owner->second, id) : id);
  }
}

// False: it is a copy of another one, and has failed.
bool Consumers::TakeOwner(uint32_t id) {
  uint32_t& owner = owners_[consumers_.at(id).store->incarnation()];
  if (owner != id && consumers_.contains(owner)) {
    RefuseCopy(id);
    return false;
  }
  owner = id;
  return true;
}

void Consumers::RefuseCopy(uint32_t id) {
  const Consumer& consumer = consumers_.at(id);
  consumer.store->RefuseCopy();
  Note(id, consumer);
}

bool Consumers::Replay(const Recovered& found) {
  const auto owner = owners_.find(found.incarnation);
  if (owner == owners_.end()) return ReplayLeftover(found);
  if (dying_.contains(owner->second)) return true;
  if (found.kind == kAssetDeleted) {
    Kill(owner->second, found.point);
  } else {
    consumers_.at(owner->second).store->Replay(found.point, found.kind, found.body);
  }
  return true;
}

// What looks like a consumer that was never finished was made: it lost its meta.inf, and stays.
bool Consumers::ReplayLeftover(const Recovered& found) {
  const auto leftover = leftovers_.find(found.incarnation);
  if (leftover == leftovers_.end() || found.kind == kAssetDeleted) return false;
  const auto dying = dying_.find(leftover->second);
  const Consumer& consumer = dying->second.consumer;
  notices_.push_back(consumer.store->MissingMeta());
  streams_.at(consumer.stream).without.insert(consumer.folder);
  dying_.erase(dying);
  leftovers_.erase(leftover);
  return true;
}

bool Consumers::Lies(uint32_t stream, std::string_view folder) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.listed) return true;
  const Stream& known = found->second;
  return known.without.contains(folder) ||
         known.consumers.contains(std::string(folder.substr(folder.rfind('/') + 1)));
}

void Consumers::Attach() {
  leftovers_.clear();
  for (const auto& [incarnation, id] : owners_) {
    // Of one that is to go the journal must say so until it is gone.
    const auto dying = dying_.find(id);
    if (dying == dying_.end() && !consumers_.contains(id)) continue;
    const Consumer& consumer = dying != dying_.end() ? dying->second.consumer : consumers_.at(id);
    consumer.journal->asset = journal_->Attach(incarnation, consumer.folder);
    assets_[consumer.journal->asset] = id;
  }
}

void Consumers::StartLate(const Now& now) {
  if (stopping_) return;
  for (int left = kWorksMax; left > 0 && !scanned_.empty(); --left) {
    const uint32_t id = *scanned_.begin();
    scanned_.erase(id);
    Consumer& consumer = consumers_.at(id);
    if (!TakeOwner(id)) continue;
    consumer.journal->asset = journal_->Attach(consumer.store->incarnation(), consumer.folder);
    assets_[consumer.journal->asset] = id;
    consumer.store->Start(now);
    WorkOne(id, now);
  }
  if (!scanned_.empty()) woken_ = true;
}

void Consumers::WantCheckpoints(const std::vector<AssetNumber>& laggards) {
  for (const AssetNumber asset : laggards) {
    const auto found = assets_.find(asset);
    if (found == assets_.end() || !consumers_.contains(found->second)) continue;
    consumers_.at(found->second).store->WantCheckpoint();
  }
}

std::string Consumers::FailedIn(AssetNumber asset) const {
  const auto id = assets_.find(asset);
  if (id == assets_.end()) return "";
  const auto found = consumers_.find(id->second);
  if (found == consumers_.end() || !found->second.store->Failure()) return "";
  return found->second.folder;
}

void Consumers::Stop() { stopping_ = true; }

// Those that are found only now have higher numbers.
void Consumers::StopSome(const Now& now) {
  auto next = consumers_.upper_bound(stopped_to_);
  for (int left = kWorksMax; left > 0 && next != consumers_.end(); --left, ++next) {
    stopped_to_ = next->first;
    next->second.store->Stop(now);
    Wake(next->first);
  }
  if (next != consumers_.end()) woken_ = true;
}

bool Consumers::stopped() const {
  const bool buried = std::all_of(dying_.begin(), dying_.end(), [](const auto& dying) {
    return dying.second.stuck != Graveyard::Buried::kNo;
  });
  return buried && waiting_.empty() &&
         std::all_of(consumers_.begin(), consumers_.end(), [](const auto& entry) {
           const Phase phase = entry.second.store->phase();
           return phase == Phase::kStopped || phase == Phase::kFailed;
         });
}

void Consumers::Forget() {
  for (const auto& [id, consumer] : consumers_) {
    if (!consumer.store->Failure() && assets_.contains(consumer.journal->asset)) {
      journal_->Forget(consumer.journal->asset);
    }
  }
}

void Consumers::TakeNotices(std::vector<std::string>* out) {
  for (std::string& notice : notices_) out->push_back(std::move(notice));
  notices_.clear();
}

}  // namespace dunlin
