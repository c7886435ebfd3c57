// The consumers of all streams of a store directory: finds them in the streams' obs folders, and
// takes them through their lives beside the streams. A part of Storage (storage.h), which calls it
// where it does the same with the streams.
//
// There may be very many, and hardly any has work: only those that do are looked at in a step, in
// turn, so many of them (kWorksMax) that it takes a millisecond or so; the rest is the next step's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/rng.h"
#include "storage/asset_journal.h"
#include "storage/file/file_consumer_store.h"
#include "storage/file/store_disk.h"
#include "storage/file/stream_snapshot.h"
#include "storage/graveyard.h"
#include "storage/journal/journal.h"

namespace dunlin {

class Consumers {
 public:
  using Store = file::FileConsumerStore;

  // All outlive this. 'ids': the last one given out, of streams and consumers alike.
  Consumers(const file::ConsumerLimits& limits, DiskQueue* disk, file::DiskRoutes* routes,
            Journal* journal, Graveyard* graveyard, uint32_t* ids, Rng rng)
      : limits_(limits),
        disk_(disk),
        routes_(routes),
        journal_(journal),
        graveyard_(graveyard),
        ids_(ids),
        rng_(rng) {}

  // What lies in 'directory'/obs belongs to the stream. Listed, and opened.
  // 'keys' as in FileStoreOptions.
  void Discover(uint32_t stream, std::string directory, std::string name,
                const crypto::KeyRing* keys);
  // A new one. REQUIRES: the stream is known, and has none of this name.
  uint32_t Add(uint32_t stream, const ConsumerStoreConfig& config, std::string meta);

  // Deletes it; it is gone for ever at the point. REQUIRES: it is there, and runs or has failed.
  // 'kept': what the journal has of it, and was kept since it could not be opened.
  WritePoint Delete(uint32_t id, std::vector<AssetNumber> kept);
  std::string_view FolderOf(uint32_t id) const { return consumers_.at(id).folder; }
  // The stream goes, for ever at the point, and all of its consumers with it.
  void DropStream(uint32_t stream, WritePoint point);
  // Nothing of the stream's consumers is in flight. What can be forgotten is.
  bool Dropped(uint32_t stream);

  // Those of the stream as they are now, for a snapshot; durable at '*point'.
  std::vector<file::ConsumerCopy> Copies(uint32_t stream, WallTime now, WritePoint* point) const;

  // Null: no such consumer.
  Store* Get(uint32_t id);
  // Of the stream, in byte order of their names.
  std::vector<uint32_t> Of(uint32_t stream) const;
  // Nothing of the stream is being looked for or opened any more.
  bool Ready(uint32_t stream) const;

  // False: not one of theirs.
  bool OnDisk(uint32_t owner, const DiskDone& done);
  // The journal has moved on.
  void WakeAwaiting();
  void Work(const Now& now);
  // Work() is due now, whether or not anything happens.
  bool woken() const { return woken_ || !awake_.empty(); }

  // Starting: until scanned(); Replay() for each record; Attach(); StartLate() until started().
  bool scanned() const;
  // Streams whose consumers cannot be found out now: they are not to run without them.
  struct Trouble {
    uint32_t stream = 0;
    std::string why;
  };
  std::vector<Trouble> TakeTroubles() { return std::exchange(troubles_, {}); }
  // Whose journal records they are is known of all that lie there.
  bool all_known() const;
  // Who each journal record may belong to; 'copies': streams that were refused. False: none of
  // them.
  void TakeOwners(const std::set<uint32_t>& copies);
  bool Replay(const Recovered& found);
  // Those that take records of the journal: visit(incarnation, folder).
  template <class Visitor>
  void VisitOwners(Visitor visit) const {
    for (const auto& [incarnation, id] : owners_) {
      if (const auto found = consumers_.find(id); found != consumers_.end()) {
        visit(incarnation, found->second.folder);
      }
    }
  }
  // Whether something lies in this folder of the stream's, or nobody can tell.
  bool Lies(uint32_t stream, std::string_view folder) const;
  void Attach();
  bool started() const { return opening_.empty() && listings_.empty(); }
  // Whoever is ready to, also those that were added while everything ran.
  void StartLate(const Now& now);

  void WantCheckpoints(const std::vector<AssetNumber>& laggards);
  // The folder of the one that has this number, and has failed; empty: there is none.
  std::string FailedIn(AssetNumber asset) const;
  void Stop();
  bool stopped() const;
  // After a clean stop: what the journal has of them is not needed.
  void Forget();
  void TakeNotices(std::vector<std::string>* out);

 private:
  struct Stream {
    std::string directory, name;
    const crypto::KeyRing* keys = nullptr;
    uint32_t listing = 0;  // The owner of the listing's tickets; 0: all that it found are made.
    bool listed = false;   // It said what lies there.
    std::set<std::string, std::less<>> without;  // Folders of those that are kAbsent, and stay.
    DiskTicket sync;
    std::vector<std::string> found;  // The last one is the next to be made.
    std::map<std::string, uint32_t> consumers;
  };
  struct Consumer {
    uint32_t stream = 0;
    std::string folder;
    std::unique_ptr<AssetJournal> journal;
    std::unique_ptr<Store> store;
    bool in_awake = false;
    bool in_awaiting = false;
  };
  // One that was deleted: until its folder is gone, or that of its stream.
  struct Dying {
    Consumer consumer;
    bool with_stream = false;
    WritePoint point;
    std::vector<AssetNumber> kept;
    uint32_t burial = 0;
    Graveyard::Buried stuck = Graveyard::Buried::kNo;  // As a stream's (storage.h).
  };

  class ConsumerJournal;
  static constexpr int kWorksMax = 64;

  void Wake(uint32_t id);
  void WorkOne(uint32_t id, const Now& now);
  void MakeFound();
  void StopSome(const Now& now);
  bool ReplayLeftover(const Recovered& found);
  uint32_t Make(uint32_t stream, file::FileConsumerOptions options);
  void OnListed(uint32_t stream, const DiskDone& done);
  void Note(uint32_t id, const Consumer& consumer);
  bool TakeOwner(uint32_t id);
  void RefuseCopy(uint32_t id);
  void Kill(uint32_t id, WritePoint point);
  // Null: nobody is dying in this folder.
  Dying* DyingIn(std::string_view folder);
  void WorkDying();
  void OpenWaiting();
  void RefuseWaiting(const std::string& folder);

  const file::ConsumerLimits limits_;
  DiskQueue* const disk_;
  file::DiskRoutes* const routes_;
  Journal* const journal_;
  Graveyard* const graveyard_;
  uint32_t* const ids_;
  Rng rng_;
  std::map<uint32_t, Stream> streams_;
  std::map<uint32_t, uint32_t> listings_;  // Owner of a ticket to stream.
  std::map<uint32_t, Consumer> consumers_;
  std::map<Incarnation, uint32_t> owners_;
  // Of dying_: until a record says that they were made.
  std::map<Incarnation, uint32_t> leftovers_;
  std::map<AssetNumber, uint32_t> assets_;
  std::set<uint32_t> opening_;      // Not yet running, nor failed.
  std::set<uint32_t> scanned_;      // Of these, who waits to be started.
  std::deque<uint32_t> awake_;      // Who is called next; in_awake. Some may be gone.
  std::vector<uint32_t> awaiting_;  // Who waits for the journal to move on; in_awaiting.
  std::vector<uint32_t> finding_;   // Streams with something in 'found'.
  bool stopping_ = false;
  uint32_t stopped_to_ = 0;  // All up to this one were told to stop.
  bool woken_ = false;
  std::map<uint32_t, Dying> dying_;
  std::set<uint32_t> waiting_;  // To be opened once nothing is left of another one in their folder.
  std::vector<std::string> notices_;
  std::vector<Trouble> troubles_;
};

}  // namespace dunlin
