#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

using Kind = DiskOp::Kind;

}  // namespace

SimDisk::SimDisk(const Rng& rng, SimDiskOptions options)
    : options_(options), timing_(rng.Fork("timing")), crashes_(rng.Fork("crashes")), dice_(rng) {}

void SimDisk::Mix(uint64_t a, uint64_t b, uint64_t c, std::string_view text) {
  const uint64_t words[] = {a, b, c};
  hash_ = StableHash({reinterpret_cast<const char*>(words), sizeof words}, hash_);
  if (!text.empty()) hash_ = StableHash(text, hash_);
}

void SimDisk::CheckMemory() const {
  const bool fits_the_memory_of_a_simulation = ChunkRef::LiveBytes() <= kMemoryBytesMax;
  CHECK(fits_the_memory_of_a_simulation);
}

void SimDisk::Submit(Instant now, DiskQueue& queue) {
  for (const DiskOp& op : queue.ops()) {
    contract_.OnIssue(op);
    Mix(static_cast<uint64_t>(op.kind) << 56 | op.ticket.value,
        op.after.value << 32 ^ op.file.value, op.offset << 24 ^ op.size, op.path);
    if (op.kind == Kind::kWrite) {
      hash_ = StableHash({reinterpret_cast<const char*>(op.data), op.size}, hash_);
    } else if (op.kind == Kind::kRename) {
      hash_ = StableHash(op.target, hash_);
    }
    Flight& flight = flights_[op.ticket];
    flight.op = op;
    if (flights_.count(op.after) > 0) {
      followers_.emplace(op.after, op.ticket);
      continue;
    }
    flight.is_canceled = failed_.count(op.after) > 0;
    Begin(now, flight);
  }
  queue.Clear();
  CheckMemory();
}

Duration SimDisk::LatencyOf(const DiskOp& op) {
  const DiskTiming& timing = options_.timing;
  DiskTiming::Range range = timing.name;
  Duration latency{};
  const auto file = handles_.find(op.file);
  switch (op.kind) {
    case Kind::kWrite:
      range = file != handles_.end() && file->second.access == Access::kDurableWrites
                  ? timing.sync
                  : timing.transfer;
      latency = timing.per_kib * static_cast<int64_t>(op.size / 1024);
      break;
    case Kind::kRead:
      range = timing.transfer;
      latency = timing.per_kib * static_cast<int64_t>(op.size / 1024);
      break;
    case Kind::kSync:
    case Kind::kSyncDir: range = timing.sync; break;
    default: break;
  }
  latency = latency + Duration{timing_.Between(range.low.ns, range.high.ns)};
  if (dice_.Strikes(DiskFault::kStall, options_.faults)) {
    const int64_t most = options_.faults.stall_max.ns;
    latency = latency + Duration{dice_.rng(DiskFault::kStall).Between(most / 2, most)};
  }
  return latency;
}

void SimDisk::Begin(Instant now, Flight& flight) {
  flight.has_begun = true;
  flight.begun_order = order_;
  flight.due = flight.is_canceled ? now : now + LatencyOf(flight.op);
  due_.emplace(flight.due, flight.op.ticket);
}

void SimDisk::BeginFollowers(Instant now, DiskTicket of, bool succeeded) {
  const auto [first, last] = followers_.equal_range(of);
  for (auto it = first; it != last; ++it) {
    Flight& flight = flights_.at(it->second);
    flight.is_canceled = !succeeded;
    Begin(now, flight);
  }
  followers_.erase(first, last);
}

bool SimDisk::IsAwaited(const DiskOp& op) const {
  if (!awaited_ || awaited_->nth == 0 || op.kind != awaited_->kind) return false;
  if (op.kind == Kind::kRename) return op.target == awaited_->path;
  if (!op.path.empty()) return op.path == awaited_->path;
  const auto file = handles_.find(op.file);
  return file != handles_.end() && file->second.path == awaited_->path;
}

DiskDone SimDisk::CompleteNext() {
  CHECK(!due_.empty());
  const auto [now, ticket] = *due_.begin();
  due_.erase(due_.begin());
  const Flight flight = std::move(flights_.at(ticket));
  flights_.erase(ticket);

  const bool awaited = IsAwaited(flight.op);
  DiskDone done;
  if (flight.is_canceled) {
    done.ticket = ticket;
    done.error = DiskError::kCanceled;
    done.text = Describe(done.error);
  } else {
    done = Perform(flight);
  }
  if (!done.ok()) failed_.insert(ticket);
  if (awaited && done.ok()) --awaited_->nth;
  contract_.OnDone(ticket, done.ok());
  BeginFollowers(now, ticket, done.ok());
  ++completions_;
  Mix(static_cast<uint64_t>(done.error) << 56 | ticket.value, done.size,
      static_cast<uint64_t>(now.ns));
  return done;
}

// --- Lives.

// Each operation in flight may have happened, in whole or in part; if in whole, what follows it may
// have begun.
void SimDisk::CrashInFlight(uint64_t variant) {
  Rng rng = crashes_.Fork("in flight", order_ + completions_).Fork("variant", variant);
  const uint64_t whole = rng.Below(9), part = rng.Below(9);
  const DiskFaults faults = options_.faults;
  options_.faults = {};
  while (!due_.empty()) {
    const auto [now, ticket] = *due_.begin();
    due_.erase(due_.begin());
    const Flight flight = std::move(flights_.at(ticket));
    if (flight.is_canceled || flight.op.kind == Kind::kRead) continue;
    if (rng.Chance(whole, 8)) {
      BeginFollowers(now, ticket, Perform(flight).ok());
    } else if (rng.Chance(part, 8)) {
      CutOff(flight, rng);
    }
  }
  options_.faults = faults;
}

void SimDisk::CutOff(const Flight& flight, Rng& rng) {
  const DiskOp& op = flight.op;
  if (op.kind == Kind::kWrite && Refusal(op) == DiskError::kNone) {
    if (HasRoom(image(op.file).WouldAllocate(op.offset, op.size)))
      image(op.file).WritePart(++order_, op.offset, op.data, op.size, rng);
  } else if (op.kind == Kind::kMakeDir) {
    (void)MakeDir(op, &rng);
  } else if (op.kind == Kind::kRemoveTree) {
    const NameTree::Found found = names_.Find(op.path);
    if (found.node != kNoNode && names_.node(found.node).is_directory())
      names_.RemoveTree(++order_, found, &rng);
  }
}

void SimDisk::Crash(CrashKind kind, uint64_t variant) {
  Mix(0xc4a54, static_cast<uint64_t>(kind), flights_.size());
  CrashInFlight(variant);
  names_.CloseAll();
  if (kind == CrashKind::kPowerLoss) {
    Rng rng = crashes_.Fork("power loss", order_ + completions_).Fork("variant", variant);
    const PowerLoss loss = PowerLoss::Draw(rng);
    names_.LosePower(loss, rng, stale_);
  }
  names_.Sweep();
  flights_.clear();
  due_.clear();
  followers_.clear();
  failed_.clear();
  handles_.clear();
  poisoned_dirs_.clear();
  contract_.Reset();
}

}  // namespace dunlin::sim
