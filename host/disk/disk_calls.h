// Carries out one operation by system calls that block: what a thread of the pool does.
#pragma once

#include "host/disk/disk_job.h"

namespace dunlin::host {

// Fills in job.done and poisons the file if that is due. Touches nothing but the job, and its file
// as disk_job.h allows.
void CarryOut(const DiskRoot& root, DiskJob& job);

// The job, and those that ride with it, until one fails: the rest is canceled.
void CarryOutChain(const DiskRoot& root, DiskJob* first);

// Fills in job.done with what the system says (errno, not 0): 'open /data/x.blk: permission
// denied'; or with a reason of our own.
void Fail(const DiskRoot& root, DiskJob& job, int error);
void Refuse(const DiskRoot& root, DiskJob& job, DiskError error);

// Whether the file system at 'path' takes durable writes past the page cache: tried, because
// neither a flag nor a name of a file system tells. Leaves nothing behind.
[[nodiscard]] bool TakesDirectWrites(const std::string& path);

// mkdir -p. 0, or errno.
[[nodiscard]] int MakeDirectories(const std::string& path);

}  // namespace dunlin::host
