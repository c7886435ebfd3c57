// The state of a consumer on disk: engine/store/consumer_store.h over a ConsumerLedger, in a folder
// of its own, obs/NAME of the stream's directory, with the reference's files.
//
// A change is decided by the ledger and is a record in the journal (consumer_record.h). The state
// itself, o.dat, is written whole, at checkpoints and at a clean stop; recovery is o.dat and the
// records behind it. The metadata (meta.inf: a configuration as JSON, which means nothing here but
// for what DecodeConsumerMeta() takes out) changes by a record too, so that it is there or not
// after a crash, although it is two files.
//
// State and metadata are always of one moment, whatever dies, under each sync policy: where the
// metadata have changed, a checkpoint writes an o.dat that has them, too; then meta.inf; then an
// o.dat without. (Not meta.inf as soon as the record of it is durable: with a sync_interval a power
// loss may take that, and with it what the consumer was told before.)
//
// A consumer always has an o.dat: it is there before meta.inf is. One that is gone, or lost its
// trailer, is damage, and the consumer fails. Once all is there a first record says that it was
// made: an o.dat without meta.inf, and without that record, is what a death left of the making. The
// reference writes none before there is a state, and no trailer: meta.inf and o.dat say which of
// the two wrote them (meta_files.h, format/consumer_state.h).
//
// Its life, all of it driven by the owner (storage/storage.h), is that of a FileStore:
//
//   Open()                     -> OnDisk(), Work() ... until phase() is kScanned
//   Replay(...) per record     the journal's, in order
//   Start(now)                 -> OnDisk(), Work() ... until phase() is kRunning
//   Stop(now)                  -> OnDisk(), Work() ... until phase() is kStopped
//
// Work() is due when one of its operations is done, when StoreJournal::Wake() was called, and,
// while it awaits the journal, when more of that is durable: there may be very many consumers, and
// hardly any has work.
//
// After a clean stop the folder is the reference's: what stands behind the state in o.dat it passes
// over. Times of delivery are cut to seconds there (reference: the same).
//
// In an encrypted store o.dat is sealed with the key that is in meta.key. Where that one is
// replaced (by another cipher or operator's key, or where there was none), o.key has a copy of the
// old one (nothing: it was plain) until o.dat, too, is replaced.
//
// A checkpoint encodes all that is pending in one call: about 10 ns each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/store/consumer_ledger.h"
#include "engine/store/consumer_store.h"
#include "engine/store/incarnation.h"
#include "storage/file/consumer_record.h"
#include "storage/file/consumer_replay.h"
#include "storage/file/disk_steps.h"
#include "storage/file/file_reads.h"
#include "storage/file/meta_files.h"
#include "storage/file/store_disk.h"
#include "storage/file/store_journal.h"

namespace dunlin::file {

struct ConsumerLimits {
  // Journal bytes of a consumer before it takes a checkpoint by itself.
  uint64_t checkpoint_bytes = 4u << 20;
  // Of a record; longer states and metadata take several.
  size_t record_bytes = 16u << 10;
};

struct FileConsumerOptions {
  std::string stream;  // Its name.
  std::string name;
  // Of a new consumer: what is configured of it, and the whole of that as JSON. Of one that lies
  // there: empty, both are read from meta.inf.
  ConsumerStoreConfig config;
  std::string meta;
  ConsumerLimits limits;
  const crypto::KeyRing* keys = nullptr;  // As in FileStoreOptions.
};

class FileConsumerStore final : public ConsumerStore {
 public:
  enum class Phase : uint8_t {
    kNew,
    kOpening,
    kScanned,   // Replay() and Start() are due.
    kStarting,  // Its first files.
    kRunning,
    kStopping,
    kStopped,
    kFailed,  // It could not be opened: Failure().
    kAbsent,  // There is no meta.inf: nobody finished making it, or a notice says what was lost.
  };

  // 'disk' is that of the consumer's own folder. 'journal' outlives the store.
  FileConsumerStore(FileConsumerOptions options, StoreDisk disk, StoreJournal* journal, Rng rng);
  ~FileConsumerStore() override;

  void Open();
  // Instead of that: its folder is not free, and will not be. Fails, and touches nothing.
  void Refuse(std::string why);
  // After kScanned: another consumer has the same journal records. Fails, and touches nothing.
  void RefuseCopy();
  // From kScanned on: who the store's journal records belong to.
  const Incarnation& incarnation() const { return incarnation_; }
  // 'point': the record's, in the journal.
  void Replay(WritePoint point, uint8_t kind, std::span<const uint8_t> body);
  void Start(const Now& now);
  void Stop(const Now& now);

  void OnDisk(const DiskDone& done);
  void Work(const Now& now);
  bool awaits_journal() const {
    const bool made = phase_ == Phase::kStarting && stage_ == Stage::kNone && taken_;
    return (stage_ == Stage::kGathering || made) && !failure_;
  }
  // Takes a checkpoint, unless one is under way: so that the journal gets space back.
  void WantCheckpoint();
  Phase phase() const { return phase_; }
  // Of one that is kAbsent: its folder has nothing but what we left there while we made it. If the
  // journal has a record of incarnation(), it was made, all the same.
  bool only_leftovers() const { return only_leftovers_; }
  // The notice of one that was.
  std::string MissingMeta() const { return Where("there is no meta.inf"); }
  // When everything that was changed so far is durable.
  WritePoint last_point() const { return last_point_; }
  // For the log: what was damaged or lost.
  std::vector<std::string> TakeNotices();

  const std::string& name() const { return options_.name; }
  const ConsumerStoreConfig& config() const { return ledger_.config(); }
  // The JSON, as it was last set.
  const std::string& meta() const { return meta_; }
  // Sets another one. What of it the store acts on comes by UpdateConfig().
  ConsumerResult SetMeta(std::string json);

  // --- ConsumerStore.
  ConsumerResult SetStarting(uint64_t stream_seq) override;
  ConsumerResult Reset(uint64_t stream_seq) override;
  ConsumerResult UpdateStarting(uint64_t stream_seq) override;
  ConsumerResult Delivered(uint64_t consumer_seq, uint64_t stream_seq, uint64_t delivery_count,
                           WallTime time) override;
  ConsumerResult Acked(uint64_t consumer_seq, uint64_t stream_seq) override;
  ConsumerResult RemoveRedeliveredBelow(uint64_t stream_seq) override;
  ConsumerResult UpdateConfig(const ConsumerStoreConfig& config) override;
  ConsumerResult Update(const ConsumerState& state) override;
  ConsumerResult ForceUpdate(const ConsumerState& state) override;

  bool HasState() const override { return changed_ || ledger_.HasState(); }
  ConsumerState State() const override { return ledger_.State(); }
  std::string EncodedState(WallTime now) const override;
  std::optional<std::string> Failure() const override { return failure_; }

 private:
  // What is being written, from the taking of the state on. kAhead: an o.dat before meta.inf.
  enum class Stage : uint8_t { kNone, kGathering, kNewKey, kAhead, kOldKey, kMeta, kState };

  ConsumerResult Refused() const;
  ConsumerResult Noted(const ConsumerLedger::Outcome& outcome);
  void Append(ConsumerRecordType type, const ConsumerRecord& record, std::string_view rest = {});
  void AppendLong(ConsumerRecordType type, std::string_view bytes);
  void AppendConfig();
  void TakeReplay();
  ConsumerResult Replace(const ConsumerState& state, ConsumerLedger::Force force);

  // --- consumer_files.cc
  void BeginReading();
  void WorkOpening();
  void WorkFiles();
  void TakeFiles();
  bool OpenState(std::string* bytes);
  void ReadState(std::string_view file);
  std::string KeyFile();
  void BeginCheckpoint();
  void WorkCheckpoint();
  bool WorkAhead();
  bool WorkMeta();
  void WriteState();
  bool StepsDone();
  bool IsOfNewOne(std::string* state);
  void PassTaken();
  bool Dirty() const;
  void Fail(std::string_view what);
  std::string Where(std::string_view what) const;

  const FileConsumerOptions options_;
  StoreDisk disk_;
  StoreJournal* const journal_;
  Rng rng_;
  ConsumerLedger ledger_;
  std::string meta_;

  Phase phase_ = Phase::kNew;
  Incarnation incarnation_;
  uint64_t number_ = 0;  // Of the last journal record.
  bool changed_ = false;
  bool meta_due_ = false;                  // meta_ is not in its file, or not as it should be.
  bool meta_changed_ = false;              // Since the last checkpoint that was begun.
  bool config_due_ = false;                // The journal is to have it before anything else.
  std::optional<std::string> begun_meta_;  // What the checkpoint under way will write.
  std::string meta_trouble_;  // Why the file's metadata cannot be used; a record may bring others.
  std::optional<ConsumerReplay> replay_;  // Until Start(), if there was something.

  MetaFiles meta_files_;
  DiskSteps steps_;
  std::unique_ptr<FileReads> reads_;  // While opening.
  DiskTicket folder_;                 // Its making, or sync; {}: done.
  DiskTicket listing_;                // Of the folder of one that may be absent.
  bool listed_ = false;
  bool only_leftovers_ = false;
  std::string old_key_;       // What o.key is to hold.
  std::string key_file_;      // What opens what is sealed with the key in meta.key.
  bool has_state_ = false;    // There is an o.dat.
  bool reseal_due_ = false;   // It is not sealed with the key in meta.key.
  bool stop_wanted_ = false;  // As soon as what is under way has ended.

  Stage stage_ = Stage::kNone;
  bool checkpoint_wanted_ = false;
  uint64_t bytes_since_ = 0;
  std::string state_;  // To be written, with this behind it.
  ConsumerTrailer trailer_;
  bool ahead_ = false;             // An o.dat before meta.inf.
  bool state_is_written_ = false;  // As it is to be in the end.
  uint64_t begun_number_ = 0;      // Of the checkpoint under way, or the last one.
  uint64_t taken_number_ = 0;      // Of the last one that is durable.
  bool taken_ = false;             // There is one.
  WritePoint begun_point_;         // What must be durable before it shows.
  WritePoint last_point_;          // Of the last record.
  WritePoint first_point_after_;   // Of the first record that the checkpoint does not have.
  Now now_;
  std::vector<std::string> notices_;
  std::optional<std::string> failure_;
};

}  // namespace dunlin::file
