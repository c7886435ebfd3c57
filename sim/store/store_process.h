// A process that keeps streams on a simulated disk, and in memory: the loop around Storage, and
// nothing else. One object is one life of the process.
//
//   StoreProcess process(&driver, setup, rng);
//   process.Boot()                      all the way up, or kFailed
//   process.store(0).Store(...);        then Turn() until durable() covers it
//   process.Stop()                      in good order
//
// It dies where it is told to: once the disk has completed so many operations, everything it is
// asked to do ends with kDied.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/rng.h"
#include "sim/disk/disk_driver.h"
#include "sim/store/story.h"
#include "storage/memory/memory_store.h"
#include "storage/storage.h"

namespace dunlin::sim {

class StoreProcess {
 public:
  // Turns of one Boot(), Stop() or Run(); a process that needs more is stuck.
  static constexpr int kTurnsMax = 100'000;
  static constexpr uint64_t kNoDeath = UINT64_MAX;

  // 'there': which of the streams there are; those of which something lies on the disk are found.
  StoreProcess(DiskDriver* driver, const StorySetup& setup, const std::vector<bool>& there,
               const Rng& rng);

  // Dies once the disk has completed so many operations, over all lives.
  void DieAt(uint64_t completions) { die_at_ = completions; }
  // Or once what is awaited of it is done (SimDisk::Await).
  void DieOnceMet() { dies_once_met_ = true; }
  bool dying() const {
    const SimDisk& disk = driver_->disk();
    return disk.completions() >= die_at_ || (dies_once_met_ && disk.met());
  }

  // Is told to stop then, if it has not started by that time.
  void StopAt(uint64_t completions) { stop_at_ = completions; }

  enum class Outcome : uint8_t { kDone, kFailed, kStuck, kDied, kStopped };
  Outcome Boot();  // Or kStopped.
  Outcome Stop();
  // The process's loop, once: a completion, or a deadline, and what waits.
  void Turn();
  // Turns while a deadline has come.
  void CatchUp();
  // Turns until nothing moves any more, and no deadline is due.
  Outcome Settle();
  // Runs a request or job to its end. kFailed: also if it was refused; see its error.
  template <class Request>
  Outcome Run(size_t stream, Request& request) {
    Progress progress = Progress::kMore;
    for (int turns = 0; turns < kTurnsMax; ++turns) {
      if (dying()) return Outcome::kDied;
      // One that waits is run again when something has happened.
      if (progress != Progress::kWait || idle_turns_ == 0) progress = RunOnce(stream, request);
      if (progress == Progress::kDone) return Outcome::kDone;
      if (progress == Progress::kFailed || Failed()) return Outcome::kFailed;
      Turn();
    }
    return Outcome::kStuck;
  }

  // Begins to make a stream that is not there. REQUIRES: Boot() has ended well.
  void Add(size_t stream, const StoryStream& how, Storage::Because why = Storage::Because::kWanted);
  // Until it takes changes.
  Outcome Await(size_t stream);
  // Deletes it: it is gone for ever at the point.
  WritePoint Drop(size_t stream);

  // --- Consumers, of streams on the disk that run.
  // Begins to make one that is not there. REQUIRES: AwaitConsumers() has ended well.
  void AddConsumer(size_t stream, const ConsumerStoreConfig& config);
  // Until all that lie in the stream's folder are known.
  Outcome AwaitConsumers(size_t stream);
  // Until it takes changes; kFailed: or it cannot, and nobody minds.
  Outcome AwaitConsumer(size_t stream, const std::string& name);
  WritePoint DropConsumer(size_t stream, const std::string& name);
  // Null: it is not there.
  file::FileConsumerStore* consumer(size_t stream, const std::string& name);
  // In order.
  std::vector<std::string> Consumers(size_t stream);
  // That it fails, alone, does not end the process.
  void Excuse(size_t stream, std::string consumer) {
    excused_.insert({stream, std::move(consumer)});
  }
  // What meta.inf of a consumer holds then.
  [[nodiscard]] static std::string MetaOf(const ConsumerStoreConfig& config);

  size_t streams() const { return stores_.size(); }
  bool there(size_t stream) const { return stores_[stream] != nullptr; }
  // It takes changes.
  bool runs(size_t stream) const {
    return there(stream) && (files_[stream] == nullptr ||
                             files_[stream]->phase() == file::FileStore::Phase::kRunning);
  }
  // What is asked of a store here ends with a step, as in a host (likewise of what is next).
  StreamStore& store(size_t stream) {
    asked_ = true;
    return *stores_[stream];
  }
  // Null: it is in memory, or not there.
  file::FileStore* file(size_t stream) {
    asked_ = true;
    return files_[stream];
  }
  Storage& storage() {
    asked_ = true;
    return storage_;
  }
  bool idle(size_t stream) const { return files_[stream] == nullptr || files_[stream]->idle(); }
  void CheckInvariants() const;
  // This stream may have failed, and all goes on without it.
  void Excuse(size_t stream) { excused_streams_.insert(stream); }
  bool lame(size_t stream) const {
    return there(stream) && excused_streams_.contains(stream) && stores_[stream]->Failure();
  }
  // The journal or a store takes no more: the process ends itself.
  bool Failed();
  std::string Why();
  // What was said to be damaged or lost, by the journal or a store, in this life.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  template <class Request>
  Progress RunOnce(size_t stream, Request& request) {
    if constexpr (std::is_same_v<Request, Purge> || std::is_same_v<Request, Compact> ||
                  std::is_same_v<Request, Truncate>) {
      return store(stream).Run(driver_->now(), request);
    } else {
      return store(stream).Run(request);
    }
  }
  // kStopped: not yet, and it is time to stop.
  Outcome TurnUntil(Storage::State state, uint64_t stop_at = kNoDeath);
  Instant NextDeadline() const;
  bool TakeDeadline();
  bool Lies(const std::string& stream);
  void LookUp();
  const StreamStore* FailedStream() const;
  file::FileConsumerStore* FailedConsumer();
  uint32_t IdOf(size_t stream, const std::string& consumer);

  DiskDriver* const driver_;
  crypto::SeededEntropy entropy_;
  Storage storage_;
  const bool meta_;  // StorySetup::meta.
  std::vector<std::unique_ptr<memory::MemoryStore>> memories_;
  std::vector<StreamStore*> stores_;
  std::vector<file::FileStore*> files_;
  std::vector<uint32_t> ids_;
  std::set<size_t> excused_streams_;
  std::set<std::pair<size_t, std::string>> excused_;
  std::vector<std::string> notices_;
  uint64_t die_at_ = kNoDeath;
  bool dies_once_met_ = false;
  uint64_t stop_at_ = kNoDeath;
  bool asked_ = false;  // Something, since the last step.
  int idle_turns_ = 0;
};

}  // namespace dunlin::sim
