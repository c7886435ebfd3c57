// A journal for tests of one store: records in memory, durable a turn after they were appended, in
// whole batches. Outlives the lives of the store.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/store/incarnation.h"
#include "sim/disk/sim_disk.h"
#include "storage/file/store_journal.h"

namespace dunlin::file {

class TestJournal : public StoreJournal {
 public:
  struct Entry {
    uint64_t batch = 0;
    uint8_t kind = 0;
    std::vector<uint8_t> body;
  };

  WritePoint Append(uint8_t kind, std::span<const uint8_t> head,
                    std::span<const uint8_t> body) override {
    Entry entry{batch_, kind, {head.begin(), head.end()}};
    entry.body.insert(entry.body.end(), body.begin(), body.end());
    entries.push_back(std::move(entry));
    return {batch_};
  }
  // Records are given out as long as somebody has this incarnation.
  WritePoint AppendStopped() override { return {}; }
  bool Covers(WritePoint point) const override { return point.batch <= durable_; }
  bool SyncCovers(WritePoint point) const override { return point.batch <= synced_; }
  bool Full() const override { return full; }
  bool MakesRoom() const override { return full; }
  void Passed(WritePoint point) override {
    passed_ = std::max(passed_, point.batch);
    // A whole segment goes at once: what was passed may well come again.
    if (keep_passed) return;
    while (!entries.empty() && entries.front().batch <= passed_) entries.pop_front();
  }

  void Wake() override { ++wakes; }

  // What was appended before the last turn is durable now. True: something is not yet.
  bool Turn() {
    if (was_full_ != full) ++news;
    was_full_ = full;
    if (held) return false;
    if (durable_ != sealed_ || (!unsynced && synced_ != durable_)) ++news;
    durable_ = sealed_;
    if (!unsynced) synced_ = durable_;
    sealed_ = entries.empty() || entries.back().batch <= durable_ ? sealed_ : batch_;
    if (sealed_ == batch_) ++batch_;
    return sealed_ > durable_;
  }

  // As by Sync::kInterval: what is durable by now survives a power loss, too.
  void SyncNow() {
    synced_ = durable_;
    ++news;
  }

  // The process died: batches that were not durable may be there, in order, or not.
  void Die(Rng rng, sim::CrashKind kind = sim::CrashKind::kKill) {
    uint64_t kept = kind == sim::CrashKind::kKill ? durable_ : synced_;
    while (kept < sealed_ && rng.Chance(1, 2)) ++kept;
    while (!entries.empty() && entries.back().batch > kept) entries.pop_back();
    synced_ = durable_ = sealed_ = batch_;
    ++batch_;
    held = false;
  }

  uint64_t durable() const { return durable_; }

  // Records of another life of the asset are nobody's.
  void Attach(const Incarnation& incarnation) {
    if (owner_ != incarnation) entries.clear();
    owner_ = incarnation;
  }

  std::deque<Entry> entries;
  bool keep_passed = false;
  uint64_t wakes = 0;     // How often the store asked for Work().
  uint64_t news = 0;      // How often something happened that it may be waiting for.
  bool held = false;      // Nothing becomes durable.
  bool full = false;      // Jobs pause.
  bool unsynced = false;  // What is durable becomes synced by SyncNow() only.

 private:
  Incarnation owner_;
  uint64_t batch_ = 1;   // Being gathered.
  uint64_t sealed_ = 0;  // Being written.
  uint64_t durable_ = 0;
  uint64_t synced_ = 0;
  uint64_t passed_ = 0;
  bool was_full_ = false;
};

}  // namespace dunlin::file
