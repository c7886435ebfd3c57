// Directories that are to go: taken away from their names at once, and removed bit by bit.
//
// Bury() renames a directory to one that begins with a dot, beside it: what is under a name again
// after that has nothing to do with it. The reference removes such directories at its start too,
// among streams. Once that is durable, files are removed, a few at a time, and at last the
// directory, whatever else came to lie in it. After a crash Sweep() finds what is left.
//
// One directory at a time is being removed. What cannot be removed stays, and is said.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "storage/file/store_disk.h"

namespace dunlin {

class Graveyard {
 public:
  // All outlive this. 'ids': as Consumers'.
  Graveyard(DiskQueue* disk, file::DiskRoutes* routes, uint32_t* ids, Rng rng)
      : disk_(disk), routes_(routes), ids_(ids), rng_(rng) {}

  // Takes the directory away. A number to ask buried() about. REQUIRES: no operation in or on it is
  // in flight: Yield() has said so, too.
  uint32_t Bury(std::string directory);
  // kYes: nothing is under its name, and will not be after a power loss. kFailed: it is still
  // there. kUnsure: it is not, and no sync in this life can say whether it comes back. An answer
  // other than kNo is given once; after kFailed it may be tried again.
  enum class Buried : uint8_t { kNo, kYes, kFailed, kUnsure };
  Buried TakeBuried(uint32_t number);
  // Makes the names in this folder durable, and removes what is left of earlier burials in it.
  void Sweep(std::string folder);
  // The first of it is done, for all folders.
  bool swept() const { return sweeps_.empty(); }
  // Leaves alone whatever lies below the directory, which is to go itself. False: not yet.
  bool Yield(const std::string& directory);

  // False: not one of its.
  bool OnDisk(uint32_t owner, const DiskDone& done);
  void Work();
  // Nothing is left to remove, or cannot be.
  bool idle() const { return burials_.empty() && sweeps_.empty() && graves_.empty(); }
  void TakeNotices(std::vector<std::string>* out);

 private:
  static constexpr size_t kRemovalsMax = 16;  // In flight.
  static constexpr int kAttemptsMax = 3;

  struct Burial {
    std::string directory, grave;
    DiskTicket rename, sync;
    Buried state = Buried::kNo;
  };
  struct Sweeping {
    std::string folder;
    DiskTicket sync, list;
  };

  void OnListed(const DiskDone& done);
  void Failed(const DiskDone& done);
  void NextGrave();

  DiskQueue* const disk_;
  file::DiskRoutes* const routes_;
  uint32_t* const ids_;
  Rng rng_;
  std::map<uint32_t, Burial> burials_;
  std::map<uint32_t, Sweeping> sweeps_;

  std::deque<std::string> graves_;  // The first one is being removed.
  // Of that one.
  uint32_t owner_ = 0;                // Of its operations; 0: not begun.
  std::vector<std::string> folders_;  // Yet to be listed.
  std::deque<std::string> files_;     // Yet to be removed.
  std::string listed_;
  DiskTicket list_, tree_;
  std::set<uint64_t> removals_;  // Tickets in flight.
  int attempts_ = 0;
  bool stopping_ = false;
  std::string trouble_;
  std::vector<std::string> notices_;
};

}  // namespace dunlin
