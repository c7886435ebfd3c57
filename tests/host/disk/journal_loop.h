// A journal on a real disk, with the loop that its owner would have: for tests that are killed, and
// for benchmarks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/disk/host_disk.h"
#include "storage/disk.h"
#include "storage/journal/journal.h"

namespace dunlin::host {

class JournalLoop {
 public:
  // REQUIRES: 'disk' outlives this.
  JournalLoop(HostDisk& disk, const JournalOptions& options, uint64_t seed);

  Journal& journal() { return *journal_; }
  DiskQueue& queue() { return queue_; }

  // One round: ends the batch, hands over what was issued, waits for the disk (but not beyond the
  // journal's deadline), hands back what completed.
  void Step();
  // Steps until the journal is in this state; false if it has failed, or waits for nothing:
  // Problem() has the words.
  [[nodiscard]] bool RunUntil(Journal::State state);
  std::string Problem() const;

  // Completions of what others than the journal have issued through queue(), in order.
  std::vector<DiskDone> TakeOthers();
  // Steps until this one has completed. REQUIRES: it is not the journal's.
  DiskDone Wait(DiskTicket ticket);

 private:
  HostDisk& disk_;
  DiskQueue queue_;
  std::unique_ptr<Journal> journal_;
  std::vector<DiskDone> done_, others_;
};

}  // namespace dunlin::host
