// Storage: what is in the journal, and whose it is.
#include <algorithm>
#include <map>
#include <set>

#include "engine/base/mutant.h"
#include "storage/file/incarnations.h"
#include "storage/storage.h"

namespace dunlin {

void Storage::WorkReplaying() {
  // About a millisecond's worth at a time.
  constexpr int kRecordsPerSlice = 1024;
  if (journal_.state() != Journal::State::kReplaying) return;
  Progress progress = Progress::kMore;
  for (int budget = kRecordsPerSlice; budget > 0 && progress == Progress::kMore; --budget) {
    Recovered found;
    progress = journal_.NextRecovered(&found);
    if (progress != Progress::kMore) break;
    if (found.what == Recovered::What::kDamage) {
      notices_.push_back(found.detail);
      exposed_.NoteDamage(found.detail);
      orphans_.NoteDamage();
      continue;
    }
    exposed_.NoteRecord(found.asset);
    if (!consumers_.Replay(found)) ReplayStream(found);
  }
  again_ = progress == Progress::kMore;
  if (progress != Progress::kDone) return;
  JudgeWithoutCheckpoint();
  NoteLostJournal();
  TellOfOrphans();
  TellOfExposed();
  orphans_.Clear();
  exposed_ = {};
  for (const auto& [incarnation, id] : owners_) {
    // Of one that is to go the journal must say so until it is gone.
    const auto dying = dying_.find(id);
    Attach(incarnation, dying != dying_.end() ? &dying->second.node.mapped() : &streams_.at(id));
  }
  consumers_.Attach();
  // What the journal has of one that cannot be opened now, the next start needs.
  const bool all_known = consumers_.all_known() &&
                         std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) {
                           return !stream.second.store->Failure();
                         });
  if (!all_known) {
    const std::set<uint64_t> known = KnownDirectories();
    for (const Incarnation& incarnation : journal_.Unattached()) {
      if (known.contains(file::DirectoryOf(incarnation)) && !MUTANT(246)) continue;
      Kept kept{journal_.NameOf(incarnation), file::DirectoryOf(incarnation)};
      kept_[journal_.Attach(incarnation)] = std::move(kept);
    }
  }
  journal_.Start();
  Await();
  to_start_ = behind_;
  state_ = State::kStarting;
}

// Whoever is in these was found out: what others had there is nobody's any more. (Of a directory
// that is gone, too; but that may be a consumer's whose stream cannot be opened.)
std::set<uint64_t> Storage::KnownDirectories() const {
  std::set<uint64_t> known;
  for (const auto& [incarnation, id] : owners_) {
    const auto stream = streams_.find(id);
    if (stream != streams_.end() && !stream->second.store->Failure()) {
      known.insert(file::DirectoryOf(incarnation));
    }
  }
  consumers_.VisitOwners([&](const Incarnation& incarnation, std::string_view) {
    known.insert(file::DirectoryOf(incarnation));
  });
  return known;
}

// There was a journal, and nothing of it is left: somebody deleted it. (With an interval a power
// loss takes one that was never synced.)
void Storage::NoteLostJournal() {
  if (!journal_.WasEmpty() || options_.journal.sync != JournalOptions::Sync::kAlways) return;
  const bool missed = std::any_of(streams_.begin(), streams_.end(), [](const auto& stream) {
    const file::FileStore& store = *stream.second.store;
    return store.phase() == file::FileStore::Phase::kScanned && store.has_checkpoint() &&
           store.record_number() > 0;
  });
  if (!missed || MUTANT(249)) return;
  const std::string what = "the journal is gone, and with it what was done last: nothing is in '" +
                           options_.journal.directory + "'";
  notices_.push_back(what);
  exposed_.NoteDamage(what);
}

// A stream without a checkpoint, of which the journal has more than its files, would be an old one,
// or a wrong one: refused. The journal keeps what it has until the stream is deleted. If neither
// the journal nor anything else says of what moment its blocks are, it is only spoken of.
void Storage::JudgeWithoutCheckpoint() {
  for (auto& [id, stream] : streams_) {
    using Phase = file::FileStore::Phase;
    if (stream.store->phase() != Phase::kScanned || stream.store->has_checkpoint()) continue;
    const std::optional<Orphans::Lost> lost = orphans_.In(stream.directory);
    const bool alone = stream.store->blocks_alone() && !lost;
    if (alone && !orphans_.Stopped(stream.directory) && !MUTANT(206)) {
      notices_.push_back(NameInDirectory(stream.directory) +
                         ", msgs, offset 0: " + std::string(kBlocksAlone));
    }
    if (!lost || MUTANT(200)) continue;
    owners_.erase(stream.store->incarnation());
    owners_[lost->incarnation] = id;
    stream.store->MissCheckpoint(lost->records);
  }
}

// Of those whose directory is gone altogether: what was in it nobody can tell any more.
void Storage::TellOfOrphans() {
  constexpr size_t kNoticesMax = 100;
  std::map<std::string_view, uint32_t> streams;
  for (const auto& [id, stream] : streams_) streams[stream.directory] = id;
  size_t more = 0, told = 0;
  const auto name_of = [&](const Incarnation& one) { return journal_.NameOf(one); };
  for (const Orphans::Missed& missed : orphans_.All(name_of)) {
    const std::string_view above = StreamDirectoryOf(missed.directory);
    const auto found = streams.find(above.empty() ? missed.directory : above);
    // What failed says so itself.
    const bool lies = found != streams.end() &&
                      (above.empty() || consumers_.Lies(found->second, missed.directory));
    if (lies || MUTANT(203)) continue;
    if (++told > kNoticesMax) {
      ++more;
      continue;
    }
    const bool known = !missed.directory.empty();
    notices_.push_back((known ? NameInDirectory(missed.directory) + ", " + missed.directory
                              : std::string("a stream or consumer that nobody knows")) +
                       ": it is gone, and the journal has " + std::to_string(missed.records) +
                       " records of it; they are lost");
  }
  if (more > 0) {
    notices_.push_back(std::to_string(more) +
                       " more streams and consumers are gone, of which the journal has records");
  }
}

// Of whom nothing came behind the last damage: whether it took something of them nobody knows.
void Storage::TellOfExposed() {
  if (!exposed_.any() || MUTANT(204)) return;
  for (const auto& [incarnation, id] : owners_) {
    if (dying_.contains(id)) continue;
    const Stream& stream = streams_.at(id);
    if (stream.store->Failure() || orphans_.EndedSinceDamage(stream.directory)) continue;
    exposed_.Tell(journal_.AssetOf(incarnation), NameInDirectory(stream.directory), &notices_);
  }
  consumers_.VisitOwners([&](const Incarnation& incarnation, std::string_view folder) {
    exposed_.Tell(journal_.AssetOf(incarnation), NameInDirectory(folder), &notices_);
  });
  exposed_.TellRest(&notices_);
}

void Storage::ReplayStream(const Recovered& found) {
  auto owner = owners_.find(found.incarnation);
  if (MUTANT(211) && found.kind == kAssetDeleted) {  // By the directory alone.
    owner = std::find_if(owners_.begin(), owners_.end(), [&](const auto& other) {
      return file::DirectoryOf(other.first) == file::DirectoryOf(found.incarnation);
    });
  }
  if (owner == owners_.end()) return orphans_.Note(found);
  // One that was stopped and has its checkpoint still goes on with it.
  if (found.kind == kAssetStopped || found.kind == kAssetDeleted) orphans_.NoteEnd(found);
  if (dying_.contains(owner->second)) return;
  const uint32_t id = owner->second;
  if (found.kind == kAssetStopped) return streams_.at(id).store->ReplayStopped(found.point);
  if (found.kind != kAssetDeleted) {
    streams_.at(id).store->Replay(found.point, found.kind, found.body);
    return;
  }
  // If its owner wants one of this name: another one.
  const Stream& stream = streams_.at(id);
  const bool wanted = stream.why == Because::kWanted || MUTANT(201);
  const std::string directory = stream.directory;
  const StoreConfig config = stream.config;
  const std::string meta = stream.meta;
  owner->second = ++last_id_;
  Kill(id, owner->second, found.point);
  if (!wanted) return;
  streams_[id].meta = meta;
  MakeStream(id, directory, config);
}

}  // namespace dunlin
