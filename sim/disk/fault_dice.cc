#include "sim/disk/fault_dice.h"

#include "engine/base/check.h"

namespace dunlin::sim {
namespace {

const FaultRate& RateOf(DiskFault fault, const DiskFaults& faults) {
  switch (fault) {
    case DiskFault::kReadError: return faults.read_error;
    case DiskFault::kWriteError: return faults.write_error;
    case DiskFault::kSyncError: return faults.sync_error;
    case DiskFault::kSpaceError: return faults.space_error;
    case DiskFault::kTooManyFiles: return faults.too_many_files;
    case DiskFault::kStall: return faults.stall;
    case DiskFault::kRotOnRead: return faults.rot_on_read;
    case DiskFault::kRotAtRestart: return faults.rot_at_restart;
    case DiskFault::kTruncated: return faults.truncated_at_restart;
    case DiskFault::kZeroed: return faults.zeroed_at_restart;
    case DiskFault::kDeleted: return faults.deleted_at_restart;
    case DiskFault::kSwapped: return faults.swapped_at_restart;
    case DiskFault::kForeign: return faults.foreign_at_restart;
    case DiskFault::kWiped: return faults.wiped_at_restart;
  }
  CHECK(false);
}

}  // namespace

const char* NameOf(DiskFault fault) {
  switch (fault) {
    case DiskFault::kReadError: return "read error";
    case DiskFault::kWriteError: return "write error";
    case DiskFault::kSyncError: return "sync error";
    case DiskFault::kSpaceError: return "no space";
    case DiskFault::kTooManyFiles: return "too many files";
    case DiskFault::kStall: return "stall";
    case DiskFault::kRotOnRead: return "rot on read";
    case DiskFault::kRotAtRestart: return "rot";
    case DiskFault::kTruncated: return "truncated";
    case DiskFault::kZeroed: return "zeroed";
    case DiskFault::kDeleted: return "deleted";
    case DiskFault::kSwapped: return "swapped";
    case DiskFault::kForeign: return "foreign file";
    case DiskFault::kWiped: return "wiped";
  }
  return "";
}

FaultDice::FaultDice(const Rng& rng) {
  for (size_t i = 0; i < kDiskFaults; ++i) streams_.push_back(rng.Fork("fault", i));
}

bool FaultDice::Strikes(DiskFault fault, const DiskFaults& faults) {
  const FaultRate& rate = RateOf(fault, faults);
  uint32_t& struck = struck_[static_cast<size_t>(fault)];
  if (rate.per_million == 0 || struck >= rate.budget) return false;
  if (!rng(fault).Chance(rate.per_million, 1'000'000)) return false;
  ++struck;
  return true;
}

}  // namespace dunlin::sim
