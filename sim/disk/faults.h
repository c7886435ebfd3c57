// What can go wrong with a simulated disk: plain data, all off by default. Each kind of fault has a
// probability and a budget, so that a run can be hostile and still leave a right answer possible.
#pragma once

#include <cstdint>

#include "engine/base/time.h"

namespace dunlin::sim {

struct FaultRate {
  uint32_t per_million = 0;      // Of the occasions that it may strike at.
  uint32_t budget = UINT32_MAX;  // How often at most, over the disk's whole life.
};

struct DiskFaults {
  // While the process lives. Occasion: each operation of the kind.
  FaultRate read_error;      // kIo; the bytes are unharmed, and the next read may succeed.
  FaultRate write_error;     // kIo; any sectors of it may have been written.
  FaultRate sync_error;      // kIo, once; some of what it covered will never be durable, and no
                             // later sync will say so. Durable writes and kSyncDir likewise.
  FaultRate space_error;     // kNoSpace on what needs room, whatever the capacity.
  FaultRate too_many_files;  // kTooManyFiles on kOpen.
  FaultRate stall;           // The operation takes 'stall_max' at most, and at least half of that.
  Duration stall_max = Seconds(20);
  FaultRate rot_on_read;  // A sector of what is read has gone bad, for good.

  // At a restart. Occasion: each file.
  FaultRate rot_at_restart;        // One to four of its sectors are bad.
  FaultRate truncated_at_restart;  // Cut at a random length.
  FaultRate zeroed_at_restart;     // Its length, and zeros.
  FaultRate deleted_at_restart;
  FaultRate swapped_at_restart;  // It holds what another file of its directory holds.
  // At a restart. Occasion: the restart.
  FaultRate foreign_at_restart;  // A directory has a file that nobody made there.
  FaultRate wiped_at_restart;    // Nothing is left.
};

// How long operations take: uniform within a range, plus so much per KiB. The ranges overlap, so
// that completions overtake each other.
struct DiskTiming {
  struct Range {
    Duration low, high;
  };
  Range transfer{Micros(10), Micros(400)};
  Range sync{Micros(50), Millis(2)};  // Also of durable writes.
  Range name{Micros(10), Micros(600)};
  Duration per_kib = Nanos(500);
};

struct SimDiskOptions {
  DiskTiming timing;
  DiskFaults faults;
  uint64_t capacity_bytes = UINT64_MAX;  // Of all files together, in blocks of 4 KiB.
  uint32_t open_files_max = UINT32_MAX;
};

}  // namespace dunlin::sim
