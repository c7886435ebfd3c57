// FileConsumerStore: its files: opening, checkpoints, stopping.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_consumer_store.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"

namespace dunlin::file {
namespace {

constexpr std::string_view kOldKeyFile = "o.key";

std::string Temporary(std::string_view name) {
  return std::string(name).append(format::kTemporarySuffix);
}

}  // namespace

void FileConsumerStore::Fail(std::string_view what) {
  if (!failure_) failure_ = Where(what);
}

void FileConsumerStore::Refuse(std::string why) {
  CHECK(phase_ == Phase::kNew);
  failure_ = std::move(why);
  phase_ = Phase::kFailed;
}

void FileConsumerStore::Open() {
  CHECK(phase_ == Phase::kNew);
  phase_ = Phase::kOpening;
  // What lies there may be the work of a process that was killed before it made the names durable.
  // What is decided on its word must not outlive it.
  folder_ = options_.meta.empty() ? disk_.SyncDir("") : disk_.MakeDir("");
}

void FileConsumerStore::BeginReading() {
  meta_files_.Read();
  reads_ = std::make_unique<FileReads>(disk_);
  reads_->Add(std::string(format::kConsumerStateFile));
  if (options_.keys == nullptr) return;
  for (const std::string_view name : {std::string_view(kOldKeyFile), format::kMetaKeyFile}) {
    reads_->Add(std::string(name));
  }
  reads_->Add(Temporary(format::kMetaKeyFile));
}

void FileConsumerStore::OnDisk(const DiskDone& done) {
  if (done.ticket == folder_) {
    folder_ = {};
    if (!done.ok()) Fail(std::string("its directory: ") + Describe(done.error));
    return;
  }
  // What none of them knows is a step on the way to another one.
  (void)(meta_files_.OnDisk(done) || steps_.OnDisk(done) ||
         (reads_ != nullptr && reads_->OnDisk(done)));
}

bool FileConsumerStore::working() const {
  switch (phase_) {
    case Phase::kOpening:
    case Phase::kStarting:
    case Phase::kStopping: return true;
    case Phase::kRunning: return !failure_ && (checkpoint_wanted_ || stage_ != Stage::kNone);
    default: return false;
  }
}

void FileConsumerStore::Work(const Now& now) {
  now_ = now;
  if (phase_ == Phase::kOpening) return WorkOpening();
  if (failure_) {
    // The journal has what the files have not.
    if (phase_ == Phase::kStarting) phase_ = Phase::kFailed;
    if (phase_ == Phase::kStopping) phase_ = Phase::kStopped;
    return;
  }
  if (stage_ != Stage::kNone) WorkCheckpoint();
  if (stage_ != Stage::kNone || failure_) return;
  if (phase_ == Phase::kStarting) {
    if (!taken_) return BeginCheckpoint();
    phase_ = stop_wanted_ ? Phase::kStopping : Phase::kRunning;
  }
  if (phase_ == Phase::kRunning && checkpoint_wanted_) {
    checkpoint_wanted_ = false;
    if (Dirty()) return BeginCheckpoint();
    PassTaken();
  }
  if (phase_ == Phase::kStopping) {
    if (Dirty()) return BeginCheckpoint();
    phase_ = Phase::kStopped;
  }
}

// Whether the files lack something that the journal has.
bool FileConsumerStore::Dirty() const {
  return !taken_ || number_ > taken_number_ || meta_due_ || reseal_due_;
}

void FileConsumerStore::WorkOpening() {
  if (folder_.value != 0) return;
  if (reads_ == nullptr && !failure_) return BeginReading();
  if (!failure_) {
    // It renames and removes what is read here, too.
    if (!reads_->done() && !MUTANT(193)) return;
    if (!meta_files_.Work() || !reads_->done()) return;
    if (!meta_files_.failure().empty()) Fail(meta_files_.failure());
    if (!reads_->failure().empty()) Fail(reads_->failure());
  }
  if (!failure_ && stop_wanted_) {
    phase_ = Phase::kStopped;
    return;
  }
  if (!failure_) {
    TakeFiles();
    if (phase_ != Phase::kOpening) return;
  }
  if (failure_) {
    phase_ = Phase::kFailed;
    return;
  }
  if (!taken_) {
    for (uint8_t& byte : incarnation_.bytes) byte = static_cast<uint8_t>(rng_.Below(256));
  }
  reads_.reset();
  phase_ = Phase::kScanned;
}

void FileConsumerStore::TakeFiles() {
  std::string* const state = reads_->Get(format::kConsumerStateFile);
  if (!options_.meta.empty()) {
    meta_due_ = true;
    // An earlier consumer's, whose removal was cut off: nothing of it may be found once meta.inf
    // is there again.
    steps_.SyncDir("", steps_.Remove(format::kConsumerStateFile));
    return;
  }
  if (!meta_files_.json()) {
    phase_ = Phase::kAbsent;
    // A state comes only after it. reference: "Missing consumer metafile".
    if (state != nullptr) notices_.push_back(Where("there is no meta.inf"));
    return;
  }
  steps_.Remove(Temporary(format::kConsumerStateFile));
  meta_ = *meta_files_.json();
  // The reference does not look at it. It may be that of a change which the journal has.
  if (!meta_files_.sum_is_right()) meta_trouble_ = "meta.inf, offset 0: invalid checksum";
  if (!meta_files_.current()) meta_due_ = true;
  if (state == nullptr) return;
  has_state_ = true;
  if (!OpenState(state)) return Fail("o.dat, offset 0: does not open with the key in meta.key");
  ReadState(*state);
  if (!reseal_due_) old_key_ = OldKeyFile();
}

// Decrypts what o.dat holds.
bool FileConsumerStore::OpenState(std::string* bytes) {
  const auto unseal = [&](const std::optional<crypto::FoundKey>& key) {
    if (!key) return false;
    std::optional<std::string> plain = crypto::Open(key->key.kind, key->key.seed, *bytes);
    if (plain) *bytes = std::move(*plain);
    return plain.has_value();
  };
  if (!meta_files_.key()) return true;
  if (unseal(meta_files_.key())) {
    steps_.Remove(kOldKeyFile);
    return true;
  }
  const std::string* const old = reads_->Get(kOldKeyFile);
  reseal_due_ = true;
  if (old != nullptr && !old->empty()) {
    old_key_ = *old;
    return unseal(options_.keys->OpenConsumer(options_.stream, options_.name, *old));
  }
  // Plain where nothing was encrypted before (reference: the same).
  ConsumerState state;
  return format::DecodeConsumerState(*bytes, &state).ok();
}

// What opens o.dat now, for when meta.key has another key; empty: it is plain.
std::string FileConsumerStore::OldKeyFile() {
  if (!meta_files_.key()) return "";
  const crypto::SecretKey& seed = meta_files_.key()->key.seed;
  for (const std::string& name : {std::string(kOldKeyFile), std::string(format::kMetaKeyFile),
                                  Temporary(format::kMetaKeyFile)}) {
    const std::string* const file = reads_->Get(name);
    if (file == nullptr) continue;
    const auto key = options_.keys->OpenConsumer(options_.stream, options_.name, *file);
    if (key && std::equal(seed.data(), seed.data() + crypto::kKeyBytes, key->key.seed.data())) {
      return *file;
    }
  }
  return "";
}

void FileConsumerStore::ReadState(std::string_view file) {
  const auto checksum = format::ConsumerChecksum(options_.stream, options_.name);
  ConsumerTrailer trailer;
  const TrailerFound found = ReadConsumerTrailer(file, checksum, &trailer);
  if (found == TrailerFound::kDamaged) return Fail("o.dat, offset 0: invalid checksum");
  ConsumerState state;
  uint64_t used = 0;
  const format::Damage damage = format::DecodeConsumerState(file, &state, &used);
  if (!damage.ok()) {
    return Fail("o.dat, offset " + std::to_string(damage.offset) + ": " +
                format::Describe(damage.fault));
  }
  if (found == TrailerFound::kNone && used < file.size()) {
    return Fail("o.dat, offset " + std::to_string(used) + ": " +
                format::Describe(format::Fault::kTrailing));
  }
  const auto outcome = ledger_.Update(state, ConsumerLedger::Force::kYes);
  if (outcome.error != ConsumerError::kNone) {
    // One that was stored cannot be wrong by our rules; the reference stores any.
    ledger_.Adopt(state);
  }
  changed_ = true;
  if (found != TrailerFound::kYes) return;
  taken_ = true;
  incarnation_ = trailer.incarnation;
  number_ = taken_number_ = trailer.number;
  changed_ = trailer.changed;
  ConsumerStoreConfig config = ledger_.config();
  config.max_deliver = trailer.max_deliver;
  config.ack_policy = trailer.ack_policy;
  ledger_.UpdateConfig(std::move(config));
}

void FileConsumerStore::Start(const Now& now) {
  CHECK(phase_ == Phase::kScanned);
  now_ = now;
  parts_.clear();
  phase_ = Phase::kStarting;
  if (options_.meta.empty()) {
    // By now the records behind the state have been replayed by the configuration of their time.
    const auto meta = format::DecodeConsumerMeta(meta_);
    if (!meta.ok()) return Fail("meta.inf, offset 0: " + meta.error().text);
    if (!meta_trouble_.empty()) notices_.push_back(Where(meta_trouble_));
    ConsumerStoreConfig config = meta->config;
    config.name = options_.name;
    ledger_.UpdateConfig(std::move(config));
  }
  if (taken_ && number_ == taken_number_ && last_point_.batch > 0) journal_->Passed(last_point_);
  if (meta_due_ || reseal_due_) checkpoint_wanted_ = true;
}

void FileConsumerStore::Stop(const Now& now) {
  now_ = now;
  if (phase_ == Phase::kNew || phase_ == Phase::kOpening || phase_ == Phase::kStarting) {
    stop_wanted_ = true;
  } else {
    phase_ = phase_ == Phase::kRunning && !failure_ ? Phase::kStopping : Phase::kStopped;
  }
}

void FileConsumerStore::BeginCheckpoint() {
  ConsumerTrailer trailer;
  trailer.incarnation = incarnation_;
  trailer.number = number_;
  trailer.max_deliver = ledger_.config().max_deliver;
  trailer.ack_policy = ledger_.config().ack_policy;
  trailer.changed = HasState();
  const auto checksum = format::ConsumerChecksum(options_.stream, options_.name);
  std::string state = EncodedState(now_.wall);
  AppendConsumerTrailer(trailer, checksum, &state);
  state_ = std::move(state);
  begun_number_ = number_;
  // As it is now: a later one is not to be found beside this state, without what came before it.
  if (meta_due_) begun_meta_ = meta_;
  meta_due_ = false;
  begun_point_ = last_point_;
  first_point_after_ = {};
  bytes_since_ = 0;
  stage_ = Stage::kGathering;
  WorkCheckpoint();
}

// The metadata come first: the record that brought them is passed by the number in o.dat.
void FileConsumerStore::WorkCheckpoint() {
  if (stage_ == Stage::kGathering) {
    // A state must not show before the journal has what made it, and what that stands on.
    if (!journal_->Covers(begun_point_)) return;
    if (!steps_.idle()) return;
    steps_.Clear();
    stage_ = Stage::kOldKey;
    if (begun_meta_ && has_state_ && !meta_files_.current()) {
      steps_.SyncDir("", steps_.Put(kOldKeyFile, old_key_));
    }
  }
  if (stage_ == Stage::kOldKey) {
    if (!steps_.idle()) return;
    if (!steps_.error().empty()) return Fail(steps_.error());
    stage_ = Stage::kMeta;
    if (begun_meta_) meta_files_.Write(*std::exchange(begun_meta_, std::nullopt));
  }
  if (stage_ == Stage::kMeta) {
    if (!meta_files_.idle()) return;
    if (!meta_files_.error().empty()) return Fail(meta_files_.error());
    WriteState();
    stage_ = Stage::kState;
  }
  if (!steps_.idle()) return;
  stage_ = Stage::kNone;
  if (!steps_.error().empty()) return Fail(steps_.error());
  taken_ = has_state_ = true;
  reseal_due_ = false;
  taken_number_ = begun_number_;
  PassTaken();
}

void FileConsumerStore::WriteState() {
  const std::string name(format::kConsumerStateFile);
  if (options_.keys != nullptr && meta_files_.key()) {
    const crypto::DataKey& key = meta_files_.key()->key;
    state_ = crypto::Seal(key.kind, key.seed, state_, options_.keys->entropy());
  }
  steps_.Clear();
  DiskTicket step = steps_.Put(Temporary(name), std::move(state_));
  step = steps_.Rename(Temporary(name), name, step);
  step = steps_.SyncDir("", step);
  if (options_.keys != nullptr) steps_.Remove(kOldKeyFile, step);
}

// Tells the journal what the last checkpoint has made needless. A point is that of a whole batch,
// and a batch may hold records from before and after the checkpoint: then it is needed.
void FileConsumerStore::PassTaken() {
  if (number_ == taken_number_) {
    if (last_point_.batch > 0) journal_->Passed(last_point_);
  } else if (first_point_after_.batch > 0) {
    journal_->Passed({first_point_after_.batch - (MUTANT(194) ? 0 : 1)});
  }
}

}  // namespace dunlin::file
