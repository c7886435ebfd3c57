// The root of a store directory: owns the journal and the stores, and carries what happens between
// them and the disk.
//
//   Storage storage(options, &disk, rng);
//   storage.AddStream("A/streams/S", config);   // each one that is known, then
//   storage.Open(now);                          // OnDisk(), EndOfStep() until state() is kRunning
//   storage.AddStream(...)                      // also later: runs once stream(id)'s phase says so
//
//   each engine step: OnDisk() for each completion, then whatever the engine does with the stores,
//                     then EndOfStep(now), once, last
//   a change is safe, and its promise may be given, once durable().Covers(its point)
//
//   storage.Stop(now);                            // until state() is kStopped: a clean stop; or
//                                                 // kFailed, as on a full disk: as if it had died.
//                                                 // Before what the journal has is replayed:
//                                                 // at once, and nothing was changed; while it
//                                                 // starts: first it does
//
// What a death leaves is of one moment: every stream and every consumer is as it was after the last
// record that is in the journal, those that were deleted are gone, and those that were not, are
// not. So a consumer was never told of a message that its stream does not have, if the stream was
// told first. Only a power loss with a sync_interval leaves each as it was at a moment of its own,
// after the journal's last sync: whose checkpoint came since, lost less than the others. Then a
// consumer may have been told of messages that its stream lost: its owner sees to that when it
// starts (reference: "reconcileStateWithStream").
//
// A store that fails, fails alone: stream(id)->Failure(). The journal failing is everybody's:
// Failure(); nothing is promised from then on.
//
// Which streams there are, and what is configured of them, is not decided here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/timer_wheel.h"
#include "storage/asset_journal.h"
#include "storage/consumers.h"
#include "storage/crypto/journal_cipher.h"
#include "storage/crypto/key_ring.h"
#include "storage/exposed.h"
#include "storage/file/file_store.h"
#include "storage/file/stream_snapshot.h"
#include "storage/graveyard.h"
#include "storage/journal/journal.h"
#include "storage/orphans.h"

namespace dunlin {

struct StorageOptions {
  JournalOptions journal;
  file::FileLimits limits;
  // 'jetstream { key, cipher }': streams, and the journal unless it has a cipher already.
  crypto::EncryptionOptions encryption;
  file::ConsumerLimits consumer_limits;
  // Of all stores' caches together (file/cache_pool.h): each has a limit of its own, too.
  uint64_t cache_bytes_max = 256u << 20;
  // Checkpoints under way at once, when the journal wants space back.
  size_t checkpoints_max = 16;
  // However many streams have something to do in one step: so much of it is done, about a
  // millisecond's worth, and the next step goes on with those whose turn has not come. In records
  // that are looked at; a store that is called, and what it copies for the disk, count as some.
  int work_per_step = 4096;
};

// Said of a stream of which nothing else is there, and that did not stop cleanly last.
inline constexpr std::string_view kBlocksAlone =
    "there is neither a checkpoint nor an index.db: what was removed last may be there again, and "
    "what was stored last may be missing";

class Storage {
 public:
  enum class State : uint8_t {
    kNew,
    kScanning,   // What is in the directories, blocks included.
    kReplaying,  // What is in the journal.
    kStarting,
    kRunning,
    kStopping,
    kStopped,
    kFailed,  // The journal: Failure().
  };

  // 'disk' outlives this.
  Storage(const StorageOptions& options, DiskQueue* disk, Rng rng);
  ~Storage();

  // A stream in 'directory' (within the disk's; made if it is not there): ACCOUNT/streams/NAME, at
  // its end; the account goes into the keys of an encrypted one. The id is never 0. REQUIRES: kNew
  // or kRunning.
  // 'meta': what its meta.inf is to hold (format/meta_file.h); empty: as it is, if it is there.
  // 'why': because somebody wants it; or because it lies there (catalog.h), which it may do
  // although it was deleted: see DeleteStream().
  enum class Because : uint8_t { kWanted, kFound };
  uint32_t AddStream(std::string directory, const StoreConfig& config, std::string meta = {},
                     Because why = Because::kWanted);
  // Null: no such stream. Changes may be asked of it while its phase() is kRunning.
  file::FileStore* stream(uint32_t id);

  // Deletes it, with its consumers: gone for ever at the point, whatever comes. Its files go later,
  // a few at a time. A stream that is added in the same directory, from now on, is another one:
  // it opens when nothing is left of this one there, and fails if the disk does not let that go.
  // The id is forgotten. The records of a stream that was added before Open() may say that it was
  // deleted: then, too, it is another one, and empty, if it is wanted. One that was only found goes
  // on going: from kStarting on, stream(id) is null. (One that could not be opened, and of which
  // the journal has nothing, is gone when its directory is: the point does not wait for that.)
  WritePoint DeleteStream(uint32_t id);
  // Likewise. REQUIRES: it runs, or has failed.
  WritePoint DeleteConsumer(uint32_t id);
  // Whoever learns by listing 'folder', as "A/streams", which streams there are does this before:
  // what was deleted there and is not removed yet is, and cannot come back. (Not needed for those
  // in which a stream is added.) REQUIRES: kNew.
  void Sweep(std::string folder) { sweeps_.insert(std::move(folder)); }
  // Nothing that was deleted is left, but for what the disk will not let go.
  bool swept() const { return buried() && graveyard_.idle(); }

  // The consumers that lie in a stream's directory are opened with it: those of a stream that was
  // added late, once consumers_ready(). In byte order of their names.
  std::vector<uint32_t> ConsumersOf(uint32_t stream) const { return consumers_.Of(stream); }
  bool consumers_ready(uint32_t stream) const {
    return !waiting_.contains(stream) && consumers_.Ready(stream);
  }
  // A new consumer: what a store acts on, and all of it as JSON, which is kept as meta.inf
  // (format::EncodeConsumerMeta()). Changes may be asked of it once its phase() is kRunning.
  // REQUIRES: kRunning; consumers_ready(stream), and a directory that the stream could be opened
  // in; it has none of this name.
  uint32_t AddConsumer(uint32_t stream, const ConsumerStoreConfig& config, std::string meta);
  // Null: no such consumer.
  file::FileConsumerStore* consumer(uint32_t id) { return consumers_.Get(id); }

  // A snapshot of a running stream (storage/file/stream_snapshot.h says of what moment): an id to
  // read it by until EndSnapshot(); 0: one is under way already (reference: "snapshot in
  // progress"). 'meta' is the stream's meta.inf. It ends with the stream, or when storage stops:
  // kFailed.
  enum class WithConsumers : uint8_t { kNo, kYes };
  uint32_t BeginSnapshot(uint32_t stream, std::string meta, WithConsumers consumers);
  // Appends the next piece to '*out': as StreamSnapshot::Read().
  Progress ReadSnapshot(const Now& now, uint32_t id, std::string* out);
  // Null: it was ended.
  const file::StreamSnapshot* snapshot(uint32_t id) const;
  void EndSnapshot(uint32_t id);

  void Open(const Now& now);
  void OnDisk(const Now& now, const DiskDone& done);
  void EndOfStep(const Now& now);
  // Ends in kStopped; or in kFailed, as on a full disk. While it starts, it does so first, unless
  // the journal is full: then it ends as a death does. REQUIRES: no Purge, Compact or Truncate of a
  // store is under way.
  void Stop(const Now& now);

  State state() const { return state_; }
  std::optional<std::string> Failure() const { return journal_.Failure(); }
  Durable durable() const { return journal_.durable(); }
  Synced synced() const { return journal_.synced(); }
  // Take nothing new in: the journal waits for stores to catch up.
  bool full() const { return journal_.full(); }
  Instant NextDeadline() const;
  void OnDeadline(const Now& now);
  // For the log: what was damaged, in the journal and in the stores.
  std::vector<std::string> TakeNotices();
  const Journal& journal() const { return journal_; }

 private:
  class StreamJournal;
  struct Stream {
    std::string meta;  // What its meta.inf is to hold, as it was added.
    std::string directory;
    StoreConfig config;
    Because why = Because::kWanted;
    std::unique_ptr<AssetJournal> journal;
    std::unique_ptr<file::FileStore> store;
    Timer timer;               // For the store's deadline.
    bool in_awake = false;     // In awake_.
    bool in_awaiting = false;  // In awaiting_.
  };

  // One that was deleted: until its directory is gone.
  struct Dying {
    uint32_t stream = 0;
    std::map<uint32_t, Stream>::node_type node;  // Where it was: it is pointed to.
    WritePoint point;
    std::vector<AssetNumber> kept;  // From kept_: it goes with it.
    uint32_t burial = 0;
    // Not kNo: its directory could not be taken away, and nothing may be made in its place.
    Graveyard::Buried stuck = Graveyard::Buried::kNo;
  };

  struct Snapshot {
    uint32_t stream = 0;
    WithConsumers consumers = WithConsumers::kNo;
    bool ended = false;
    WritePoint point;  // What is in it is durable then.
    std::unique_ptr<file::StreamSnapshot> snapshot;
  };

  void WorkSnapshots(const Now& now);
  void CancelSnapshots(uint32_t stream, const std::string& why);
  bool SnapshotWaiting(uint32_t stream) const;
  void MakeStream(uint32_t id, std::string directory, const StoreConfig& config);
  void OpenWaiting();
  std::set<uint64_t> KnownDirectories() const;
  void JudgeWithoutCheckpoint();
  void NoteLostJournal();
  void TellWhoHoldsTheJournal();
  void TellOfOrphans();
  void TellOfExposed();
  void ReplayStream(const Recovered& found);
  void Kill(uint32_t id, uint32_t as, WritePoint point);
  Dying* DyingIn(std::string_view directory);
  void Unlist(Stream* stream);
  void RefuseCopy(Stream* copy, std::string_view of);
  std::vector<AssetNumber> TakeKept(std::string_view directory);
  void WorkDying(const Now& now);
  bool buried() const;
  void RefuseWaiting(const std::string& directory);
  void Wake(Stream* stream);
  void WakeAwaiting();
  void WorkAwake(const Now& now);
  void WorkOne(Stream* stream, const Now& now);
  void Await();
  bool AllAre(bool (*there)(const file::FileStore& store));
  void WorkScanning();
  void WorkReplaying();
  void WorkStarting(const Now& now);
  void WorkStopping(const Now& now);
  void TakeTroubles();
  void StartLate(const Now& now);
  void TrimCaches();
  void Attach(const Incarnation& incarnation, Stream* stream);
  void WantCheckpoints();

  const crypto::KeyRing* KeysFor(std::string_view directory);

  const StorageOptions options_;
  std::unique_ptr<crypto::JournalCipher> journal_cipher_;
  std::map<std::string, crypto::KeyRing, std::less<>> keys_;  // By account.
  DiskQueue* const disk_;
  Rng rng_;
  Journal journal_;
  file::DiskRoutes routes_;
  file::CachePool cache_pool_;
  std::map<uint32_t, Stream> streams_;
  std::map<Incarnation, uint32_t> owners_;
  Orphans orphans_;  // Of the replay.
  Exposed exposed_;  // Likewise.
  // A step costs nothing for a stream that nothing happened to. Streams outlive their places here.
  std::deque<Stream*> awake_;      // Have something to do at the end of the step, in turn.
  std::vector<Stream*> awaiting_;  // Have something to do once the journal has moved on.
  std::vector<Stream*> late_;      // Opened since Open(), and not started yet.
  std::vector<Stream*> to_start_;  // Replayed, and not started yet.
  std::vector<Stream*> behind_;    // The next state waits for these.
  uint32_t trimmed_ = 0;           // The last one whose caches were looked at because of all.
  std::vector<Stream*> by_asset_;  // By AssetNumber; null: nobody's.
  // What nobody is, and may be of one that cannot be opened now.
  struct Kept {
    std::string directory;  // Empty: it is not known.
    uint64_t hash = 0;      // Of it.
  };
  std::map<AssetNumber, Kept> kept_;
  bool holder_told_ = false;  // TellWhoHoldsTheJournal() has.
  WritePoint durable_seen_;
  WritePoint synced_seen_;
  bool full_seen_ = false;
  uint64_t copied_ = 0;  // By all streams, for the disk, in this step.
  Now now_;              // Of the last step.
  TimerWheel deadlines_;
  std::vector<AssetNumber> laggards_;
  uint32_t last_id_ = 0;
  Graveyard graveyard_;
  Consumers consumers_;
  std::map<uint32_t, Dying> dying_;  // By whose their operations are.
  std::map<uint32_t, Snapshot> snapshots_;
  std::set<uint32_t> waiting_;  // To be opened once their directory is free.
  std::set<std::string> sweeps_;
  State state_ = State::kNew;
  bool stop_wanted_ = false;  // Once all runs.
  bool again_ = false;        // The step left something to the next one.
  std::vector<std::string> notices_;
};

}  // namespace dunlin
