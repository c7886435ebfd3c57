// The journal: one per store directory. Every durable change of every asset in it (a stream, a
// consumer, a RAFT group) is a record here first; a batch of records is one write, and its
// completion is what everybody's promises wait for (group commit). So a thousand streams cost one
// sync, not a thousand.
//
// In use, by the one who owns all stores of a node:
//
//   Journal journal(options, &disk, rng);
//   journal.Open();                        // ... OnDisk() until state() is kReplaying
//   while (journal.NextRecovered(&r) == Progress::kMore) Apply(r);  // records are idempotent
//   journal.Attach(incarnation);           // every asset that exists, found in the journal or not
//   journal.Start();                       // ... OnDisk() until state() is kRunning
//
//   each engine step:  journal.OnDisk(done) for each completion; give out what durable() covers now
//                      point = journal.Append(asset, kind, bytes); keep the PubAck until 'point'
//                      journal.EndOfBatch(now)  // once, last: seals and submits
//
// What 'durable' means (Options::sync):
//   - kAlways: a batch is durable when it is on the medium: when its direct write has completed
//     (Access::kDurableWrites), or the sync after its write. Neither the death of the process nor
//     a power loss takes anything that a Durable covered.
//   - kInterval: a batch counts as durable when its write has completed; files are synced
//     'sync_interval' after the first such write. The death of the process takes nothing that a
//     Durable covered. A power loss may take everything that was appended since the last sync that
//     completed began, that is, of the last sync_interval plus one sync's time; what is left is
//     always a prefix of the order of appending: nothing is recovered behind a hole.
//
// WritePoints are batch numbers. They go up across restarts, so a store may keep the one that its
// files are synced through, and skip what comes again at or below it.
//
// Space. The journal has Options::segments_max files of Options::segment_bytes and never more (but
// one more for each start that finds all of them needed and the last unfit to be written on; these
// go as soon as they are passed). A segment is given back, oldest first, when every asset has
// Passed() all its records in it: when the state they made lives, synced, elsewhere. Wanted() says
// up to where that is wished for, and Laggards() by whom. What a few laggards still have in the
// oldest segment is copied forward when space runs low. If even that is not enough full() is true:
// the owner PAUSES INGEST until it is not. The last segment is kept for what makes room: copies,
// checkpoints, and what cannot be stopped at once; who goes on appending beyond that makes the
// journal fail ("journal is full"). Recovery reads the journal and nothing else: its time is
// bounded by the same two figures.
//
// Failure. A write or sync that fails, an unexpected end of a file, damage met while copying: the
// journal is poisoned: state() is kFailed, Failure() has the words, durable() never moves again,
// Append() returns kNeverDurable. Nothing is retried; the owner stops promising and recovers by
// opening anew. A full disk fails nothing by itself, nor does want of descriptors: a segment is
// only used once its space is allocated; the journal then merely does not grow and may get full().
// What is appended beyond that waits for room.
//
// Recovery reads all segments, verifies, and tells two kinds of bad batches apart. Each batch says
// up to which number everything was durable when it was sealed. A bad batch that none behind it
// calls durable was never acknowledged: a TORN TAIL, cut off, with whatever lies behind it. One
// that is called durable is ROT: it is reported in its place among the records, as
// Recovered::kDamage, and replay goes on behind it: the owner decides whom it may have concerned.
// (The last batch of all has no witness behind it. One is written when the journal has been quiet
// for a second, and at Stop().)
//
// What was read back is not durable for that: a sync may have failed in the last life, and what it
// could not write is seen all the same, and never written by any later sync. So what no batch calls
// durable is written once more, where it lies and byte for byte the same, and synced, before
// anything builds on it: when the journal is kRunning all that was recovered is durable.
//
// Pure and single-threaded; one of all. CPU per record does not depend on the number of assets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "engine/store/incarnation.h"
#include "engine/store/stream_store.h"
#include "engine/store/write_point.h"
#include "storage/disk.h"
#include "storage/journal/segment_cipher.h"

namespace dunlin {

// An asset as the journal names it within one life of the process: small, dense, used again after
// Forget().
struct AssetNumber {
  uint32_t value = UINT32_MAX;  // UINT32_MAX: none.
  constexpr auto operator<=>(const AssetNumber&) const = default;
};

// What Append() gives when the journal has failed, or stops: no Durable ever covers it.
inline constexpr WritePoint kNeverDurable{UINT64_MAX};

struct JournalOptions {
  enum class Sync : uint8_t { kAlways, kInterval };

  std::string directory = "journal";  // Within the disk's; made if it is not there.
  Sync sync = Sync::kAlways;
  Duration sync_interval = Minutes(2);     // Sync::kInterval only.
  Access access = Access::kDurableWrites;  // Or kWrite, with a sync per batch; kInterval: kWrite.
  uint64_t segment_bytes = 64u << 20;      // Of each file; a multiple of kDirectAlignment.
  uint32_t segments_max = 16;              // Files. At least 3; made only when they are needed.
  // The oldest segment is Wanted() once there is so much for each asset that is in it, or half of
  // what may be. (Two segments at least.)
  uint64_t wanted_bytes_per_asset = 512u << 10;
  uint32_t depth = 1;                       // Batches in flight, 1 to 4.
  uint64_t gather_bytes_max = 16u << 20;    // Waiting for the disk; full() beyond.
  uint64_t prepare_bytes_ahead = 8u << 20;  // Zeroed in the background ahead of what is written.
  SegmentCipher* cipher = nullptr;          // Encrypts records; outlives the journal.
};

// One thing that replay found, in the order in which it was appended. Views live until the next
// call of NextRecovered().
struct Recovered {
  enum class What : uint8_t {
    kRecord,
    kDamage,  // Batches that were durable are gone.
  };
  What what = What::kRecord;

  // kRecord.
  AssetNumber asset;  // The number it keeps in this life, if the asset is attached.
  Incarnation incarnation;
  WritePoint point;  // As Append() returned it, in an earlier life.
  uint8_t kind = 0;
  std::span<const uint8_t> body;

  // kDamage: batches first to last (both included) are lost, or damaged, and with them, it may be,
  // older records that had been copied into them. first = 0: it cannot be said from which on;
  // last = 0: nor up to which. 'detail': a line for the log, with the segment's file and the
  // offset.
  uint64_t first = 0, last = 0;
  std::string file;
  uint64_t offset = 0;
  std::string detail;
};

struct JournalStats {
  uint64_t batches = 0, records = 0, bytes = 0;  // Of this life; bytes with headers and padding.
  uint64_t recovered_records = 0, recovered_bytes = 0;
  uint64_t damages = 0;    // Found at recovery.
  bool torn_tail = false;  // Something was cut off at recovery.
  uint64_t copied = 0;     // Records copied forward.
  uint32_t segments = 0;   // Files that hold something live, the current one included.
  uint32_t in_flight = 0;  // Batches.
};

class Journal {
 public:
  enum class State : uint8_t {
    kClosed,     // Before Open(), after Stop() is done.
    kOpening,    // Reading and verifying.
    kReplaying,  // NextRecovered() until it says kDone, Attach(), then Start().
    kStarting,   // What was recovered is being made durable, the first segment made.
    kRunning,
    kStopping,
    kFailed,
  };

  // 'disk' outlives the journal. 'rng': for ids. Destroyed only in kClosed, or when the disk's
  // driver has let go of what is in flight.
  Journal(const JournalOptions& options, DiskQueue* disk, Rng rng);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  State state() const;
  // Why state() is kFailed; nullopt otherwise.
  std::optional<std::string> Failure() const;

  // --- Starting. Each of these begins something that OnDisk() carries on.

  // REQUIRES: kClosed.
  void Open();
  // kMore: '*found' is the next thing. kWait: a read is under way, call again after OnDisk().
  // kDone: there is no more. kFailed: see Failure(). REQUIRES: kReplaying.
  [[nodiscard]] Progress NextRecovered(Recovered* found);
  // The asset's number from now on, until Forget(). Attaching again gives the same number. 'name':
  // for who finds its records and nothing else of it; cut after 1,024 bytes.
  // REQUIRES: kReplaying or later.
  [[nodiscard]] AssetNumber Attach(const Incarnation& incarnation, std::string_view name = {});
  // The number of one that was recovered, or attached; none: it has no record.
  AssetNumber AssetOf(const Incarnation& incarnation) const;
  // What it was attached by, in an earlier life; empty: nobody knows. REQUIRES: kReplaying,
  // NextRecovered() has said kDone.
  std::string NameOf(const Incarnation& incarnation) const;
  // All that were recovered and nobody has attached. REQUIRES: kReplaying, NextRecovered() has said
  // kDone.
  std::vector<Incarnation> Unattached() const;
  // There was no journal, or nothing is left of one. REQUIRES: kReplaying or later.
  bool WasEmpty() const;
  // Ends replay. Recovered assets that nobody attached are forgotten, and their records with them.
  // REQUIRES: kReplaying, NextRecovered() has said kDone.
  void Start();
  // After damage: no batch gets a number up to 'point', which a store's files speak of.
  // REQUIRES: kReplaying.
  void RaiseTo(WritePoint point);

  // --- Running.

  // Appends a record: a kind and its body, which is copied; 'head' and 'body' come out as one. The
  // point is that of the batch being gathered. REQUIRES: kRunning or later; at most
  // record_bytes_max() bytes; 'kind' below 0xf0.
  WritePoint Append(AssetNumber asset, uint8_t kind, std::span<const uint8_t> body);
  WritePoint Append(AssetNumber asset, uint8_t kind, std::span<const uint8_t> head,
                    std::span<const uint8_t> body);
  // The last record of the asset, for now: with it, what came before is not needed any more. (It
  // goes only when this one is durable: the batch that gives its space back comes no earlier.)
  WritePoint AppendLast(AssetNumber asset, uint8_t kind);
  uint64_t record_bytes_max() const;

  // The end of an engine step: what was appended is sealed and submitted, if fewer than 'depth'
  // batches are in flight; otherwise it goes on gathering. Never waits to gather more. Call it in
  // every step in which OnDisk() took something, or something was appended, passed or forgotten.
  void EndOfBatch(Instant now);

  // Takes a completion; false if it is not one of the journal's. Does a slice of background work.
  bool OnDisk(const DiskDone& done);

  // Proof for everything that is durable by now: whole batches, in order.
  Durable durable() const;
  // Likewise for what a power loss cannot take: with kAlways the same; with kInterval it follows
  // when a sync has completed.
  Synced synced() const;

  // With kInterval: it follows for this point as soon as can be.
  void SyncSoon(WritePoint point);

  // The point that an Append() would get now. Covering it covers all that went before.
  WritePoint next_point() const;

  // True: take nothing new in. See the file's comment.
  bool full() const;

  // What was appended waits for space that the disk does not have, and for nothing else. While it
  // runs, it asks again each second; Stop() does not wait, and fails.
  bool stuck() const;

  // When OnDeadline() is due: interval syncs, a witness for the last batch, a new attempt to grow.
  Instant NextDeadline() const;
  void OnDeadline(Instant now);

  // --- Giving space back.

  // All records of 'asset' up to 'point' are no longer needed: what they changed lives elsewhere,
  // and would survive a power loss. REQUIRES: durable() covers 'point'.
  void Passed(AssetNumber asset, WritePoint point);
  // The asset is gone; so are its records. The number is free for another one.
  void Forget(AssetNumber asset);
  // Up to where everybody should pass, so that the oldest segment is given back; {0}: nowhere.
  WritePoint Wanted() const;
  // Appends at most 'max' assets that still need records of the oldest segment.
  void Laggards(std::vector<AssetNumber>* out, size_t max) const;

  // --- Stopping.

  // Submits what is gathered, with a witness, and closes the files; kClosed when done. Appending
  // is over. In a state before kRunning, and in kFailed, it only closes. A journal lives once: the
  // next Open() is another one's. REQUIRES: not kClosed, not kStopping.
  void Stop();

  JournalStats stats() const;
  // Aborts if the state contradicts itself.
  void CheckInvariants() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin
