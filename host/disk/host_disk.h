// The disk of storage/disk.h on a real directory.
//
//   submit what the engine's batch has issued:   disk.Submit(queue);
//   wait for disk.event_fd() to be readable:     epoll, with whatever else the loop waits for
//   hand the completions to the next batch:      disk.Take(&done);
//
// All calls come from one thread, the one that made it, and none of them waits for the disk (but
// Drain() and the destructor). Reads of moderate size and direct durable writes go through io_uring
// where the kernel has it; the rest, and everything where it has not, is carried out by a few
// threads. What the completions say is the same either way.
//
// Chains ('after') are kept here: a follower begins when Take() has seen the completion of what it
// follows. But one that alone follows what a thread is given goes to the thread with it: a file
// that is made, written, synced and renamed costs one way there and back. A failed operation is
// remembered for the next kFailuresKept failures: who follows an older one has long been told.
//
// Files are opened when they are asked for and closed when they are asked for; no descriptor is
// ever given up in between, because the kernel reports a failed write-back to the descriptor that
// was open, once. The limit is Options::files_max: kTooManyFiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "host/disk/disk_job.h"
#include "host/disk/disk_pool.h"
#include "host/disk/disk_ring.h"
#include "host/unique_fd.h"
#include "storage/disk.h"

namespace dunlin::host {

class HostDisk {
 public:
  enum class Engine : uint8_t { kBest, kThreads };
  enum class Writes : uint8_t { kBest, kBuffered };

  struct Options {
    Engine engine = Engine::kBest;  // kThreads: no io_uring, although there may be one.
    Writes writes = Writes::kBest;  // kBuffered: durable writes through the page cache, and synced.
    int threads = 4;                // At least 2.
    size_t files_max = 64 << 10;    // Open at once; the process's own limit may be lower.
  };

  static constexpr size_t kFailuresKept = 4096;
  // A larger read may come from the page cache at once, and copy for longer than the engine's
  // thread should be held; a larger write takes as long to be made ready.
  static constexpr uint64_t kRingReadMax = 128 << 10;
  static constexpr uint64_t kRingWriteMax = 8 << 20;

  static constexpr size_t kTakenMax = 256;

  // Makes 'directory' if it is missing. Fails with the system's words.
  static Result<std::unique_ptr<HostDisk>> Open(const std::string& directory, Options options);
  // Waits for what has begun; what has not begun never will, and nothing is told.
  ~HostDisk();
  HostDisk(const HostDisk&) = delete;
  HostDisk& operator=(const HostDisk&) = delete;

  // Takes all of the queue's operations, and empties it. REQUIRES, beyond what disk.h says: an
  // operation on a file comes after its kOpen's completion, or follows it by 'after'; none comes
  // after its kClose.
  void Submit(DiskQueue& queue);

  // Appends what has completed since, about kTakenMax at most: a millisecond's work for who gets
  // them. Begins what followed it.
  void Take(std::vector<DiskDone>* done);

  // Level-triggered: readable while Take() may have something to give.
  int event_fd() const { return event_.get(); }

  // Submitted and not taken.
  size_t under_way() const { return jobs_.size(); }

  // Waits until everything has ended, chains to their ends; the completions are dropped. For a stop
  // that is in order.
  void Drain();
  // Waits until Take() may have something to give, or 'at_most' has passed (negative: for ever).
  // With nothing under way and no limit it returns at once.
  void Wait(Duration at_most = Nanos(-1));

  // What was found: "io_uring, direct writes" and the like, for the log.
  std::string Means() const;

 private:
  HostDisk(std::string directory, Options options);

  void Accept(DiskOp&& op);
  void Begin(DiskJob* job);
  // What is to be noted before the job is carried out. False: it has ended, or waits for something.
  bool Prepare(DiskJob* job);
  bool PrepareOpen(DiskJob* job);
  bool PrepareClose(DiskJob* job);
  bool PrepareOnFile(DiskJob* job);
  // Gives the job to the ring or, at the next Flush(), the pool.
  void Dispatch(DiskJob* job);
  // Gives the job what may be carried out by the same thread, right behind it.
  void Fuse(DiskJob* first);
  bool MayRide(const DiskJob& job, const DiskJob& first) const;
  bool ForRing(const DiskJob& job) const;

  // Hands over what was dispatched since the last time.
  void Flush();

  void OnRingEnd(const DiskRing::Ended& ended);
  // The job's completion is due.
  void End(DiskJob* job);
  void LetGoOfFile(DiskJob* job);
  // Of one that was prepared, and then what it follows failed.
  void TakeBack(const DiskJob& job);
  // Deals with what follows the jobs that have ended, until nothing more ends by that.
  void Settle();
  void Remember(const DiskJob& failed);
  void HandOut(std::vector<DiskDone>* done);

  const Options options_;
  DiskRoot root_;
  UniqueFd event_;
  std::unordered_map<uint64_t, std::unique_ptr<DiskJob>> jobs_;    // By ticket.
  std::unordered_map<uint64_t, std::unique_ptr<OpenFile>> files_;  // By id, until kClose is done.
  std::set<std::string> poisoned_dirs_;
  std::set<uint64_t> failed_;      // Tickets of kFailuresKept failures.
  std::deque<uint64_t> failures_;  // The same, oldest first.

  std::vector<DiskJob*> ended_;      // And not handed out yet.
  size_t settled_ = 0;               // So many of them.
  std::vector<DiskJob*> for_pool_;   // Dispatched since the last Flush().
  std::vector<DiskJob*> pool_done_;  // Scratch of Take().
  std::vector<DiskRing::Ended> ring_done_;

  std::unique_ptr<DiskRing> ring_;  // nullptr: none. Both are last: they use all of the above.
  std::unique_ptr<DiskPool> pool_;
};

}  // namespace dunlin::host
