#include "host/disk/blocking_disk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"

namespace dunlin::host {

DiskDone BlockingDisk::Wait(DiskTicket ticket) {
  disk_.Submit(queue_);
  while (true) {
    const auto at = std::find_if(kept_.begin(), kept_.end(),
                                 [&](const DiskDone& done) { return done.ticket == ticket; });
    if (at != kept_.end()) {
      DiskDone done = std::move(*at);
      kept_.erase(at);
      return done;
    }
    CHECK(disk_.under_way() > 0);  // Else nobody has issued it, or it was taken before.
    disk_.Wait();
    disk_.Take(&kept_);
  }
}

std::vector<DiskDone> BlockingDisk::TakeSome() {
  disk_.Submit(queue_);
  while (kept_.empty() && disk_.under_way() > 0) {
    disk_.Wait();
    disk_.Take(&kept_);
  }
  return std::exchange(kept_, {});
}

std::vector<DiskDone> BlockingDisk::TakeAll() {
  disk_.Submit(queue_);
  while (disk_.under_way() > 0) {
    disk_.Wait();
    disk_.Take(&kept_);
  }
  return std::exchange(kept_, {});
}

}  // namespace dunlin::host
