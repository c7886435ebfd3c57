// The disk of storage/disk.h in the simulator: keeps its contract, as hostile as it allows.
//
//   disk.Submit(now, queue);                   takes what was issued
//   while (disk.NextDue() <= until)            in the order of virtual time
//     machine.OnDisk(disk.CompleteNext());
//
// Each operation takes effect when it completes, at a time drawn from the disk's own random
// numbers, in any order that 'after' allows. The same calls give the same completions, bytes and
// hash(), always. DiskDriver (disk_driver.h) is the loop around it for tests of one component.
//
// Aborts on what the contract forbids its issuer: see DiskContract (contract.h).
//
// Crash() is the end of a process's life, Restart() the begin of the next one, with its faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "sim/disk/contract.h"
#include "sim/disk/fault_dice.h"
#include "sim/disk/faults.h"
#include "sim/disk/name_tree.h"
#include "storage/disk.h"

namespace dunlin::sim {

enum class CrashKind : uint8_t {
  kKill,       // What completed is there; what was in flight may be, in part.
  kPowerLoss,  // What is durable is there; of the rest any part.
};

// What a restart did to a file behind everybody's back.
struct DiskDamage {
  DiskFault fault = DiskFault::kRotAtRestart;
  std::string path;
  std::string before;  // What the file held; empty for kForeign, kWiped and rot.
};

// An operation that somebody waits for: of this kind, on a file as it was opened, on a directory,
// or to a new name. Of those that succeed, the 'nth'.
struct AwaitedOp {
  DiskOp::Kind kind = DiskOp::Kind::kRename;
  std::string path;
  uint64_t nth = 1;
};

class SimDisk {
 public:
  // A run whose disks hold more than this is too big for the simulator: it aborts.
  static constexpr size_t kMemoryBytesMax = 1u << 30;

  SimDisk(const Rng& rng, SimDiskOptions options);

  // --- The port.
  void Submit(Instant now, DiskQueue& queue);
  // When the next completion is due; kNever if nothing is in flight.
  Instant NextDue() const { return due_.empty() ? kNever : due_.begin()->first; }
  // REQUIRES: something is in flight.
  DiskDone CompleteNext();
  size_t in_flight() const { return flights_.size(); }

  // --- Lives. The memory of writes that are in flight must still be there at Crash(). 'variant'
  // chooses among the ways in which the same moment can end.
  void Crash(CrashKind kind, uint64_t variant = 0);
  // Strikes with the faults of a restart. Nothing may be in flight.
  void Restart();

  // --- For whoever plans and judges a run.
  void SetFaults(const DiskFaults& faults) { options_.faults = faults; }
  void SetCapacity(uint64_t bytes) { options_.capacity_bytes = bytes; }
  void SetOpenFilesMax(uint32_t files) { options_.open_files_max = files; }
  // As if remounted: kPermission on what changes a name, opens to write, or writes.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }
  const FaultDice& dice() const { return dice_; }
  // From now on; nullopt: for nothing any more.
  void Await(std::optional<AwaitedOp> op) { awaited_ = std::move(op); }
  bool awaits() const { return awaited_.has_value(); }
  // It has completed.
  bool met() const { return awaited_ && awaited_->nth == 0; }
  const std::vector<DiskDamage>& damages() const { return damages_; }
  // What a process would read from the file now, what it would read if no sector was bad, and what
  // is certain to be there after a power loss (whatever its name is then). nullopt: no such file.
  std::optional<std::string> Contents(std::string_view path) const;
  std::optional<std::string> Truth(std::string_view path) const;
  std::optional<std::string> Durable(std::string_view path) const;
  // All files that are seen, sorted.
  std::vector<std::string> Files() const { return names_.Files(); }
  // The names that are seen in a directory, sorted; none if it is not there.
  std::vector<std::string> Names(std::string_view directory) const;
  // Puts a file there, with the directories above it, durable at once: golden directories, rubbish.
  void Put(std::string_view path, std::string_view contents);
  void Delete(std::string_view path);
  // Spoils the sector that holds this byte.
  void Rot(std::string_view path, uint64_t offset, uint64_t seed);
  // The device reads it no more, until it is written again.
  void Refuse(std::string_view path, uint64_t offset);
  void Wipe();

  uint64_t used_bytes() const;
  size_t open_files() const { return handles_.size(); }
  // Over every operation, completion and crash so far.
  uint64_t hash() const { return hash_; }
  uint64_t completions() const { return completions_; }

 private:
  struct Flight {
    DiskOp op;
    bool has_begun = false;
    bool is_canceled = false;
    Instant due;
    uint64_t begun_order = 0;  // Changes up to here are what a sync covers.
  };
  struct Handle {
    DiskNodeId node = kNoNode;
    Access access = Access::kRead;
    bool is_poisoned = false;
    uint64_t failed_syncs_seen = 0;
    std::string path;  // As it was opened.
  };

  void Begin(Instant now, Flight& flight);
  Duration LatencyOf(const DiskOp& op);
  bool IsAwaited(const DiskOp& op) const;
  void BeginFollowers(Instant now, DiskTicket of, bool succeeded);
  void CrashInFlight(uint64_t variant);
  void CutOff(const Flight& flight, Rng& rng);
  void DamageFiles();
  void DamageFile(const std::string& path, DiskFault fault);
  void PlaceForeignFile();
  void CheckMemory() const;

  // Effects: sim_disk_effects.cc.
  DiskDone Perform(const Flight& flight);
  DiskError PerformOpen(const DiskOp& op, DiskDone* done);
  DiskError Close(const DiskOp& op);
  DiskError Read(const DiskOp& op, DiskDone* done);
  DiskError Write(const DiskOp& op);
  DiskError Truncate(const DiskOp& op);
  DiskError Sync(const Flight& flight);
  DiskError SyncDir(const Flight& flight);
  DiskError Rename(const DiskOp& op);
  DiskError Remove(const DiskOp& op);
  DiskError MakeDir(const DiskOp& op, Rng* stop);
  DiskError RemoveTree(const DiskOp& op);
  DiskError List(const DiskOp& op, DiskDone* done);
  bool Changes(const DiskOp& op) const;
  // Of an operation on an open file: why it may not go on.
  DiskError Refusal(const DiskOp& op) const;
  Handle& handle(FileId file) { return handles_.at(file); }
  FileImage& image(FileId file) { return *names_.node(handle(file).node).file; }
  bool HasRoom(uint64_t more_bytes) const;
  void Poison(FileId file);
  uint64_t FreeBytes() const;
  void SweepSometimes();
  void Mix(uint64_t a, uint64_t b, uint64_t c, std::string_view text = {});

  SimDiskOptions options_;
  Rng timing_;
  Rng crashes_;
  FaultDice dice_;
  DiskContract contract_;
  NameTree names_;
  StaleSectors stale_;
  std::vector<DiskDamage> damages_;
  std::optional<AwaitedOp> awaited_;

  // Of this life.
  std::map<DiskTicket, Flight> flights_;
  std::set<std::pair<Instant, DiskTicket>> due_;
  std::multimap<DiskTicket, DiskTicket> followers_;  // Of one in flight: who waits for it.
  std::set<DiskTicket> failed_;
  std::map<FileId, Handle> handles_;
  std::set<std::string> poisoned_dirs_;

  bool read_only_ = false;
  uint64_t order_ = 0;  // Of effects, over all lives.
  uint64_t completions_ = 0;
  uint64_t hash_ = 0;
  size_t nodes_after_sweep_ = 1;
};

}  // namespace dunlin::sim
