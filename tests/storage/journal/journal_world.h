// A journal on a simulated disk, an owner who uses it, and a model of what it was promised.
//
//   JournalWorld world(seed, options);
//   world.Boot();
//   world.Append(asset, bytes); world.EndOfStep(); world.Run(3);   // three completions
//   world.Crash(CrashKind::kPowerLoss);
//   world.Boot();      // replays, and holds what comes against the model
//
// Violations are collected, not asserted: so that a planted bug can be expected to cause one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "storage/journal/journal.h"

namespace dunlin::journal {

class JournalWorld {
 public:
  static constexpr int kAssets = 5;

  struct Record {
    int asset = 0;
    std::vector<uint8_t> body;
    WritePoint point;
    bool promised = false;  // A Durable has covered it.
    bool synced = false;    // It must also survive a power loss.
    bool passed = false;    // It may be gone.
  };

  // Small segments, so that everything happens soon.
  static JournalOptions SmallOptions();

  JournalWorld(uint64_t seed, const JournalOptions& options, sim::SimDiskOptions disk = {});

  // Opens, replays and checks, starts. False if the journal failed.
  bool Boot();
  // Only opens and replays; the journal is then in kReplaying.
  bool Replay();
  bool StartAll();

  void Append(int asset, size_t bytes);
  void EndOfStep();
  // Hands over up to 'completions' completions, each followed by the end of a step. False: none was
  // under way any more.
  bool Run(int completions);
  // Until nothing is in flight.
  void RunAll();
  // Time passes to the journal's next deadline, if it has one.
  void Wait();
  // The asset's records that are promised by now are passed.
  void Pass(int asset);
  void Crash(sim::CrashKind kind);
  void Stop();
  // A life that is stopped after so many completions, wherever it is then.
  void StopAfter(int completions);
  void SetOptions(const JournalOptions& options) { options_ = options; }  // Of the next life.

  Journal& journal() { return *journal_; }
  bool alive() const { return journal_ != nullptr; }
  sim::DiskDriver& driver() { return driver_; }
  sim::SimDisk& disk() { return driver_.disk(); }
  const sim::SimDisk& disk() const { return const_cast<JournalWorld*>(this)->driver_.disk(); }
  const std::vector<Record>& model() const { return model_; }
  const std::vector<Recovered>& damages() const { return damages_; }
  size_t recovered() const { return recovered_; }
  uint64_t completions() const { return completions_; }
  AssetNumber number(int asset) const { return numbers_[asset]; }
  const std::vector<std::string>& violations() const { return violations_; }
  // The journal's files, as they are on disk: name, id of the segment, and where each batch starts,
  // in order. REQUIRES: not encrypted.
  struct File {
    std::string path;
    uint64_t segment = 0;
    uint32_t seed = 0;
    struct Batch {
      uint64_t offset = 0, end = 0;
      uint64_t number = 0;
      uint32_t records = 0;
    };
    std::vector<Batch> batches;
  };
  std::vector<File> Files() const;
  // Damage was done to the disk on purpose. What was promised may be missing, if that is reported:
  // with its batch (kReported), and also at the end, where no batch behind it says that it was
  // durable (kReportedOrAtTheEnd). If whole files go (kFilesLost), with them may go what says that
  // a torn tail was cut off: what was never promised may then come back.
  enum class Damage : uint8_t { kNone, kReported, kReportedOrAtTheEnd, kFilesLost };
  void ExpectDamage(Damage damage) { damage_ = damage; }
  std::string Describe() const;

 private:
  void Violation(const std::string& what);
  void LookAtDurable();
  void TakeRecovered(const Recovered& found, size_t* next);
  void CheckSize();
  bool MayBeMissing(const Record& record) const;
  bool IsReported(const Record& record) const;

  JournalOptions options_;
  sim::DiskDriver driver_;
  uint64_t seed_;
  uint64_t life_ = 0;
  std::unique_ptr<Journal> journal_;
  std::vector<AssetNumber> numbers_;
  std::set<int> seen_;         // Of whom this life recovered something.
  std::vector<Record> model_;  // In the order of appending; what is certainly gone is taken out.
  uint64_t next_id_ = 1;
  WritePoint promised_;
  std::optional<sim::CrashKind> crashed_;
  Damage damage_ = Damage::kNone;
  std::vector<Recovered> damages_;
  std::vector<Record> missing_;  // Promised, and not come.
  std::vector<Record> cut_;      // At the end, in any life.
  size_t recovered_ = 0;
  uint64_t completions_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace dunlin::journal
