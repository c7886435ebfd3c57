// FileConsumerStore: its files: opening, checkpoints, stopping.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/file/file_consumer_store.h"
#include "storage/file/incarnations.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"

namespace dunlin::file {
namespace {

std::string Temporary(std::string_view name) {
  return std::string(name).append(format::kTemporarySuffix);
}

// Whether it may lie in the folder of a consumer that was never finished. meta.inf and meta.sum get
// their names last.
bool IsLeftover(const DirEntry& entry) {
  if (entry.is_directory) return false;
  for (const std::string_view name : {format::kMetaFile, format::kMetaSumFile, format::kMetaKeyFile,
                                      format::kConsumerStateFile}) {
    if (entry.name == Temporary(name)) return true;
  }
  return entry.name == format::kMetaKeyFile || entry.name == format::kConsumerStateFile ||
         entry.name == kOldKeyFile;
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

void FileConsumerStore::RefuseCopy() {
  CHECK(phase_ == Phase::kScanned);
  Fail("o.dat, offset 0: a copy of another consumer's");
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
  if (done.ticket == listing_) {
    listed_ = true;
    only_leftovers_ =
        done.ok() && std::all_of(done.entries.begin(), done.entries.end(), IsLeftover);
    return;
  }
  // What none of them knows is a step on the way to another one.
  (void)(meta_files_.OnDisk(done) || steps_.OnDisk(done) ||
         (reads_ != nullptr && reads_->OnDisk(done)));
}

void FileConsumerStore::Work(const Now& now) {
  now_ = now;
  if (phase_ == Phase::kOpening) return WorkOpening();
  if (!failure_) WorkFiles();
  if (!failure_) return;
  // The journal has what the files have not.
  if (phase_ == Phase::kStarting) phase_ = Phase::kFailed;
  if (phase_ == Phase::kStopping) phase_ = Phase::kStopped;
}

void FileConsumerStore::WorkFiles() {
  if (stage_ != Stage::kNone) WorkCheckpoint();
  if (stage_ != Stage::kNone || failure_) return;
  if (phase_ == Phase::kStarting) {
    if (!taken_) return BeginCheckpoint();
    // That it was made: else it would pass for one that never was, without its meta.inf.
    if (number_ == 0 && !MUTANT(202)) config_due_ = true;
    if (std::exchange(config_due_, false)) AppendConfig();
    if (!journal_->Covers(last_point_)) return;
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
  // Whether the folder can go.
  if (!failure_ && options_.meta.empty() && !meta_files_.json() && !listed_) {
    if (listing_.value == 0) listing_ = disk_.List("");
    return;
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
  if (!taken_) incarnation_ = DrawIncarnation(disk_.Path(""), &rng_);
  reads_.reset();
  phase_ = Phase::kScanned;
}

void FileConsumerStore::TakeFiles() {
  std::string* const state = reads_->Get(format::kConsumerStateFile);
  if (!options_.meta.empty()) {
    meta_due_ = true;
    return;
  }
  if (!meta_files_.json()) {
    phase_ = Phase::kAbsent;
    const bool was_made =
        (meta_files_.has_sum() || (state != nullptr && !IsOfNewOne(state))) && !MUTANT(210);
    only_leftovers_ = only_leftovers_ && !was_made;
    // reference: "Missing consumer metafile".
    if (was_made) notices_.push_back(MissingMeta());
    return;
  }
  steps_.Remove(Temporary(format::kConsumerStateFile));
  meta_ = *meta_files_.json();
  // The reference does not look at it. It may be that of a change which the journal has.
  if (!meta_files_.sum_is_right()) meta_trouble_ = "meta.inf, offset 0: invalid checksum";
  if (!meta_files_.current() || !meta_files_.came_after_state()) meta_due_ = true;
  key_file_ = KeyFile();
  // reference: an empty one is none.
  if (state == nullptr || state->empty()) {
    if (!meta_files_.came_after_state() || MUTANT(197)) return;
    return Fail(state == nullptr ? "o.dat, offset 0: it is missing"
                                 : "o.dat, offset 0: it is empty");
  }
  has_state_ = true;
  if (!OpenState(state)) return Fail("o.dat, offset 0: does not open with the key in meta.key");
  ReadState(*state);
  if (reseal_due_) return;
  old_key_ = key_file_;
  if (meta_files_.key()) steps_.Remove(kOldKeyFile);
}

// Whether this is the o.dat of a consumer that never got a meta.inf.
bool FileConsumerStore::IsOfNewOne(std::string* state) {
  const auto checksum = format::ConsumerChecksum(options_.stream, options_.name);
  ConsumerTrailer trailer;
  if (!OpenState(state) || ReadConsumerTrailer(*state, checksum, &trailer) != TrailerFound::kYes ||
      trailer.number != 0 || trailer.changed || !trailer.meta.empty())
    return false;
  incarnation_ = trailer.incarnation;
  return true;
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
  if (unseal(meta_files_.key())) return true;
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

// The file with the key that is in use; empty: there is none.
std::string FileConsumerStore::KeyFile() {
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
  if (found != TrailerFound::kYes && MUTANT(214)) return;
  if (found == TrailerFound::kDamaged) return Fail("o.dat, offset 0: invalid checksum");
  ConsumerState state;
  uint64_t used = 0;
  const format::Damage damage = format::DecodeConsumerState(file, &state, &used);
  if (!damage.ok()) {
    return Fail("o.dat, offset " + std::to_string(damage.offset) + ": " +
                format::Describe(damage.fault));
  }
  const bool goes_on = used < file.size();
  const bool should = format::HowConsumerStateEnds(file) == format::StateEnds::kBeforeMore;
  if (found == TrailerFound::kNone && (goes_on || should)) {
    const auto fault = goes_on ? format::Fault::kTrailing : format::Fault::kShort;
    return Fail("o.dat, offset " + std::to_string(used) + ": " + format::Describe(fault));
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
  if (trailer.meta.empty()) return;
  meta_ = std::move(trailer.meta);
  meta_due_ = meta_changed_ = true;
  meta_trouble_.clear();
}

void FileConsumerStore::Start(const Now& now) {
  CHECK(phase_ == Phase::kScanned);
  now_ = now;
  TakeReplay();
  phase_ = Phase::kStarting;
  if (options_.meta.empty()) {
    // By now the records behind the state have been replayed by the configuration of their time.
    const auto meta = format::DecodeConsumerMeta(meta_);
    if (!meta.ok()) return Fail("meta.inf, offset 0: " + meta.error().text);
    if (!meta_trouble_.empty()) notices_.push_back(Where(meta_trouble_));
    ConsumerStoreConfig config = meta->config;
    config.name = options_.name;
    // Nor are those from here on to be replayed by that of the state.
    const ConsumerStoreConfig& replayed = ledger_.config();
    if (taken_ &&
        (config.max_deliver != replayed.max_deliver || config.ack_policy != replayed.ack_policy)) {
      config_due_ = true;
    }
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
  trailer_ = {};
  trailer_.incarnation = incarnation_;
  trailer_.number = number_;
  trailer_.max_deliver = ledger_.config().max_deliver;
  trailer_.ack_policy = ledger_.config().ack_policy;
  trailer_.changed = HasState();
  state_ = format::EncodeConsumerState(ledger_.State(), now_.wall, format::StateEnds::kBeforeMore);
  begun_number_ = number_;
  // As it is now: a later one is not to be found beside this state, without what came before it.
  if (meta_due_) begun_meta_ = meta_;
  ahead_ = meta_due_ && ((meta_changed_ && !MUTANT(196)) || !has_state_);
  if (has_state_ && meta_changed_ && !MUTANT(196)) trailer_.meta = meta_;
  meta_due_ = meta_changed_ = state_is_written_ = false;
  begun_point_ = last_point_;
  first_point_after_ = {};
  bytes_since_ = 0;
  stage_ = Stage::kGathering;
  WorkCheckpoint();
}

void FileConsumerStore::WorkCheckpoint() {
  if (stage_ == Stage::kGathering) {
    // A state must not show before the journal has what made it, and what that stands on.
    if (!journal_->Covers(begun_point_)) return;
    if (!steps_.idle()) return;
    steps_.Clear();
    stage_ = Stage::kNewKey;
    // What seals a new one is there before what is sealed with it.
    const bool is_new = !has_state_ && !meta_files_.json();
    if (is_new && options_.keys != nullptr && !meta_files_.current()) meta_files_.Write("");
  }
  if (stage_ < Stage::kOldKey && !WorkAhead()) return;
  if (stage_ < Stage::kState && !WorkMeta()) return;
  if (!StepsDone()) return;
  stage_ = Stage::kNone;
  state_.clear();
  taken_ = has_state_ = true;
  reseal_due_ = false;
  taken_number_ = begun_number_;
  PassTaken();
}

// True: the o.dat that is to be there before meta.inf is.
bool FileConsumerStore::WorkAhead() {
  if (stage_ == Stage::kNewKey) {
    if (!meta_files_.idle()) return false;
    if (!meta_files_.error().empty()) {
      Fail(meta_files_.error());
      return false;
    }
    stage_ = Stage::kAhead;
    if (ahead_) WriteState();
  }
  if (!StepsDone()) return false;
  if (ahead_) {
    has_state_ = true;
    reseal_due_ = false;
    old_key_ = key_file_;
    state_is_written_ = trailer_.meta.empty();
  }
  stage_ = Stage::kOldKey;
  // From here on o.dat is not what meta.key opens, until it is written once more.
  if (begun_meta_ && !meta_files_.current()) {
    state_is_written_ = false;
    steps_.SyncDir("", steps_.Put(kOldKeyFile, old_key_));
  }
  return true;
}

// True: meta.inf is there, and o.dat is being written, if that is still to be done.
bool FileConsumerStore::WorkMeta() {
  if (stage_ == Stage::kOldKey) {
    if (!StepsDone()) return false;
    stage_ = Stage::kMeta;
    if (begun_meta_) meta_files_.Write(*std::exchange(begun_meta_, std::nullopt));
  }
  if (!meta_files_.idle()) return false;
  if (!meta_files_.error().empty()) {
    Fail(meta_files_.error());
    return false;
  }
  stage_ = Stage::kState;
  trailer_.meta.clear();
  if (!state_is_written_) WriteState();
  return true;
}

// False: not yet, or it failed.
bool FileConsumerStore::StepsDone() {
  if (!steps_.idle()) return false;
  if (!steps_.error().empty()) Fail(steps_.error());
  return !failure_;
}

void FileConsumerStore::WriteState() {
  const std::string name(format::kConsumerStateFile);
  std::string bytes = state_;
  AppendConsumerTrailer(trailer_, format::ConsumerChecksum(options_.stream, options_.name), &bytes);
  if (options_.keys != nullptr && meta_files_.key()) {
    const crypto::DataKey& key = meta_files_.key()->key;
    bytes = crypto::Seal(key.kind, key.seed, bytes, options_.keys->entropy());
  }
  steps_.Clear();
  DiskTicket step = steps_.Put(Temporary(name), std::move(bytes));
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
