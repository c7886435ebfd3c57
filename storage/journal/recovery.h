// Opening: lists the files, reads their headers, verifies every batch in them, decides what of it
// is the journal (resolve.h), then gives its records out one by one, in the order of appending.
//
// Records that were copied forward are read beforehand and kept in memory; they come in at their
// old places. At most one batch and one slice of a file is in memory otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/disk.h"
#include "storage/journal/assets.h"
#include "storage/journal/format.h"
#include "storage/journal/journal.h"
#include "storage/journal/poison.h"
#include "storage/journal/reader.h"
#include "storage/journal/resolve.h"
#include "storage/journal/rewriter.h"
#include "storage/journal/ring.h"

namespace dunlin::journal {

class Recovery {
 public:
  // What the next life starts from.
  struct Outcome {
    uint64_t last = 0;         // The last batch that was kept; 0: none.
    uint64_t number_seen = 0;  // The highest batch number anywhere.
    uint64_t life_seen = 0;
    bool tail_goes_on = false;  // The last live segment can be written on.
    bool torn = false;
    bool empty = false;   // There was no journal: ring's store is not set.
    bool unread = false;  // Some page of a file: there may be more lives than one knows of.
    uint64_t damages = 0, records = 0, bytes = 0;
    // What was kept and no batch calls durable: stretches of files, from front to back.
    std::vector<Stretch> unproven;
  };

  Recovery(const JournalOptions& options, DiskQueue* disk, SegmentRing* ring, AssetTable* assets,
           Poison* poison);

  void Begin();
  bool OnDisk(const DiskDone& done);
  // All is read and decided: Next() may be called.
  bool ready() const { return step_ == Step::kReplay; }
  // Files that are open and not in the ring yet.
  std::vector<FileId> TakeFiles();
  bool busy() const { return waiting_ > 0 || reader_.busy(); }
  Progress Next(Recovered* found);
  bool done() const { return replayed_; }
  const Outcome& outcome() const { return outcome_; }

 private:
  enum class Step : uint8_t { kIdle, kDirectory, kFiles, kHeaders, kScan, kCopies, kReplay };

  struct File {
    uint32_t slot = 0;
    FileId file;
    uint64_t length = 0;
    DiskTicket ticket;
    AlignedBuffer header;
    std::optional<SegmentHeader> decoded;
    uint32_t seed = 0;
    bool unreadable = false;  // A page of it.
    bool begun = false;       // Batches were written to it, or it cannot be told.
    bool is_open = false;
    int attempts = 0;  // To read the header.
    bool header_only = false;
    bool locked = false;  // Encrypted with a key that nobody has any more.
  };
  struct Copy {
    uint64_t batch = 0;
    uint32_t index = 0;
    uint32_t asset = 0;
    uint8_t kind = 0;
    std::vector<uint8_t> body;
  };
  // The next one in the order of the files.
  struct Item {
    enum class What : uint8_t { kNone, kRecord, kDamage };
    What what = What::kNone;
    uint64_t batch = 0;
    uint32_t index = 0;
    uint32_t asset = 0;
    uint8_t kind = 0;
    std::span<const uint8_t> body;
    Damage damage;
    std::string detail;
  };

  void OnList(const DiskDone& done);
  void HeadersRead();
  bool JudgeHeader(File* file);
  void DropDoubles();
  void Scan();
  bool ScanFile(File* file);
  void Decide();
  bool LeaveLocked(uint64_t head);
  bool SealedAsToday(const SegmentHeader& header) const;
  void AdoptFiles();
  void FindUnproven();
  void LoadCopies();
  File& FileOf(uint32_t slot);
  // The records of an accepted batch; kWait, kFailed.
  Progress Load(const FoundBatch& batch, std::span<const uint8_t>* records);
  Progress Fill();
  bool FillFromBatch();
  void Give(Recovered* found);
  void GiveCopy(Recovered* found);

  const JournalOptions& options_;
  DiskQueue* const disk_;
  SegmentRing* const ring_;
  AssetTable* const assets_;
  Poison* const poison_;
  Reader reader_;

  Step step_ = Step::kIdle;
  std::vector<DiskTicket> directory_ops_;
  DiskTicket list_;
  std::vector<File> files_;       // In order of segment ids, once the headers are read.
  size_t waiting_ = 0;            // Completions.
  std::vector<Damage> headless_;  // Files that were in use and have no header: by slot.

  size_t at_file_ = 0;
  uint64_t at_ = 0;
  bool file_started_ = false;
  std::vector<FoundBatch> found_;
  FoundBatch broken_;  // The last batch whose mark is whole and whose records are not.
  std::vector<uint8_t> scratch_;

  std::vector<FoundBatch> accepted_;
  std::vector<Damage> damages_;
  std::vector<Copy> copies_;
  size_t at_batch_ = 0, at_damage_ = 0, at_copy_ = 0;
  uint32_t reading_slot_ = UINT32_MAX;
  bool batch_open_ = false;
  bool unknown_told_ = false;
  RecordReader records_{{}, 0};
  uint32_t index_ = 0;
  std::vector<uint32_t> declared_;  // Asset by the number used in the segment being replayed.
  Item item_;
  bool replayed_ = false;
  Outcome outcome_;
};

}  // namespace dunlin::journal
