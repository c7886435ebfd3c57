// Finishes, or takes back, a purge that the reference was killed in: it makes the new directory of
// messages beside the old one, and puts one in the place of the other. As the reference does at its
// next start (recoverPartialPurge):
//
//   __new_msgs__ with a block   the purge is decided: it becomes msgs/
//   __new_msgs__ without one    it is not: it goes, behind blocks of msgs/ whose new keys were made
//   __msgs__                    the old messages: they go
//
// Safe to be cut off anywhere. Whoever goes on syncs the stream's directory (StoreDisk::MakeDir()):
// until then a power loss may bring back what went.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/file/store_disk.h"

namespace dunlin::file {

class PurgeLeftovers {
 public:
  explicit PurgeLeftovers(StoreDisk disk) : disk_(std::move(disk)) {}

  void Begin();
  // Takes a completion, if it is one of its own.
  bool OnDisk(const DiskDone& done);
  bool done() const { return stage_ == Stage::kDone; }
  // Why it cannot be done; empty while it can.
  const std::string& failure() const { return failure_; }

 private:
  enum class Stage : uint8_t {
    kNone,
    kListing,
    kOldGoes,
    kBlocksGo,  // Of a purge that is taken back.
    kBlocksAreGone,
    kNewGoes,
    kNaming,
    kPurgedGoes,
    kDone,
  };
  void OnList(const DiskDone& done);
  void RemoveNew();
  void RemovePurged();

  StoreDisk disk_;
  Stage stage_ = Stage::kNone;
  DiskTicket step_;
  std::vector<DiskTicket> blocks_;  // Being removed.
  std::string failure_;
};

}  // namespace dunlin::file
