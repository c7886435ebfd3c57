// The journal's directory, for the inspector: which batches its segments hold, which of them are
// the journal, by the rules of its recovery, and what they hold that streams' files do not have
// yet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/store/consumer_ledger.h"
#include "engine/store/incarnation.h"
#include "storage/crypto/journal_cipher.h"
#include "storage/file/consumer_replay.h"
#include "storage/file/short_blocks.h"
#include "storage/inspect/inspect.h"
#include "storage/journal/format.h"
#include "storage/journal/resolve.h"

namespace dunlin::inspect {

// A stream with a checkpoint: up to which of its records its files have all.
struct Owner {
  std::string account, stream;
  uint64_t record = 0;
  std::string msgs;                 // The directory of its blocks.
  file::BlockLengths lengths = {};  // Of these.
};
using Owners = std::map<Incarnation, Owner>;

// A consumer with an o.dat of ours, and what that says.
struct ConsumerOwner {
  std::string account, stream, consumer;
  std::string file;  // o.dat.
  ConsumerLedger ledger;
  uint64_t record = 0;
};
using ConsumerOwners = std::map<Incarnation, ConsumerOwner>;

class JournalInspector {
 public:
  // REQUIRES: all outlive this.
  JournalInspector(Files* files, const Options& options, Sink* sink, Owners* owners,
                   ConsumerOwners* consumers, std::string directory);

  // Tells the lengths of the owners' blocks what the journal says of them.
  void Run();
  uint64_t damages() const { return damages_; }
  // All that it has was looked at.
  bool whole() const { return whole_ && damages_ == 0; }

 private:
  void ScanSegment(const std::string& file, uint32_t slot);
  // Which batches are the journal.
  std::vector<journal::FoundBatch> Decide();
  void FindReplays(const std::vector<journal::FoundBatch>& batches);
  void TakeRecord(const journal::RecordView& record);
  void TakeStreamRecord(const Incarnation& incarnation, Owner* owner,
                        const journal::RecordView& record);
  void TakeConsumerRecord(const Incarnation& incarnation, ConsumerOwner* owner,
                          const journal::RecordView& record);
  void Damage(const std::string& file, std::optional<uint64_t> offset, std::string text);

  Files* const files_;
  const Options& options_;
  Sink* const sink_;
  Owners* const owners_;
  ConsumerOwners* const consumers_;
  const std::string directory_;
  std::unique_ptr<crypto::JournalCipher> cipher_;
  JournalReport report_;
  std::vector<journal::FoundBatch> found_;
  std::map<uint64_t, std::string> segment_files_;
  std::map<uint32_t, Incarnation> assets_;  // As declared so far.
  std::map<Incarnation, Replay> replays_;
  struct ConsumerRun {
    file::ConsumerReplay replay;
    bool deleted = false;
  };
  std::map<Incarnation, ConsumerRun> consumer_runs_;
  bool whole_ = false;
  uint64_t damages_ = 0;
};

}  // namespace dunlin::inspect
