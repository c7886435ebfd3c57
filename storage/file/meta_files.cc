#include "storage/file/meta_files.h"

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"

namespace dunlin::file {

using format::kMetaFile;
using format::kMetaKeyFile;
using format::kMetaSumFile;
using format::kTemporarySuffix;

MetaFiles::MetaFiles(StoreDisk disk, Asset asset, const crypto::KeyRing* keys)
    : asset_(std::move(asset)), keys_(keys), reads_(disk), steps_(std::move(disk)) {}

std::string MetaFiles::Path(std::string_view name, std::string_view suffix) const {
  std::string path = asset_.directory;
  if (!path.empty()) path.append("/");
  return path.append(name).append(suffix);
}

void MetaFiles::Fail(std::string_view file, std::string_view why) {
  if (failure_.empty()) failure_ = Path(file) + ", offset 0: " + std::string(why);
}

crypto::HighwayHash64 MetaFiles::Checksum() const {
  return asset_.consumer.empty() ? format::StreamChecksum(asset_.stream)
                                 : format::ConsumerChecksum(asset_.stream, asset_.consumer);
}

std::optional<crypto::FoundKey> MetaFiles::OpenKey(std::string_view file) const {
  return asset_.consumer.empty() ? keys_->OpenStream(asset_.stream, file)
                                 : keys_->OpenConsumer(asset_.stream, asset_.consumer, file);
}

crypto::NewKey MetaFiles::NewKey() const {
  return asset_.consumer.empty() ? keys_->NewForStream(asset_.stream)
                                 : keys_->NewForConsumer(asset_.stream, asset_.consumer);
}

void MetaFiles::Read() {
  CHECK(state_ == State::kNew);
  state_ = State::kReading;
  for (const std::string_view name : {kMetaFile, kMetaSumFile, kMetaKeyFile}) {
    reads_.Add(Path(name));
    reads_.Add(Path(name, kTemporarySuffix));
  }
}

bool MetaFiles::OnDisk(const DiskDone& done) { return reads_.OnDisk(done) || steps_.OnDisk(done); }

bool MetaFiles::Work() {
  if (state_ == State::kReading && reads_.done()) {
    Look();
    state_ = State::kSettling;
    // The name of the new meta.inf must be durable before what belongs to it has no other one.
    DiskTicket step;
    if (key_is_pending_ || sum_is_pending_) step = steps_.SyncDir(asset_.directory);
    for (const auto& [name, pending] :
         {std::pair(kMetaKeyFile, key_is_pending_), std::pair(kMetaSumFile, sum_is_pending_)}) {
      const std::string temporary = Path(name, kTemporarySuffix);
      if (pending) {
        step = steps_.Rename(temporary, Path(name), step);
      } else if (failure_.empty() && reads_.Get(temporary) != nullptr) {
        steps_.Remove(temporary);
      }
    }
    const std::string cut_off = Path(kMetaFile, kTemporarySuffix);
    if (failure_.empty() && reads_.Get(cut_off) != nullptr) steps_.Remove(cut_off);
    if (step.value != 0) steps_.SyncDir(asset_.directory, step);
  }
  if (state_ == State::kSettling && steps_.idle()) {
    if (!steps_.error().empty() && failure_.empty()) failure_ = steps_.error();
    state_ = State::kReady;
  }
  return state_ == State::kReady;
}

void MetaFiles::Look() {
  if (!reads_.failure().empty()) {
    failure_ = reads_.failure();
    return;
  }
  const std::string* const meta = reads_.Get(Path(kMetaFile));
  has_sum_ = reads_.Get(Path(kMetaSumFile)) != nullptr;
  LookForKey(meta == nullptr ? "" : *meta);
  if (meta == nullptr || meta->empty() || !failure_.empty()) return;
  const std::string sum = format::MetaSum(*meta, Checksum());
  const std::string* const now = reads_.Get(Path(kMetaSumFile));
  const std::string* const pending = reads_.Get(Path(kMetaSumFile, kTemporarySuffix));
  sum_is_right_ = now != nullptr && *now == sum;
  if (!sum_is_right_ && pending != nullptr && *pending == sum && !MUTANT(164)) {
    sum_is_right_ = sum_is_pending_ = true;
  }
  if (!sealed_) json_ = *meta;
  if (asset_.consumer.empty() || !json_ || !json_->ends_with('\n')) return;
  came_after_state_ = true;
  json_->pop_back();
}

// Finds the key that opens meta.inf, or the one that is there. Decrypts.
void MetaFiles::LookForKey(std::string_view meta) {
  const std::string* const now = reads_.Get(Path(kMetaKeyFile));
  const std::string* const pending = reads_.Get(Path(kMetaKeyFile, kTemporarySuffix));
  const bool plain = meta.starts_with('{');
  // reference: what is sealed is no JSON, and whose it is is not recovered.
  const bool lost = now == nullptr && pending == nullptr && !plain && !meta.empty();
  if (lost && keys_ != nullptr && !MUTANT(242)) {
    return Fail(kMetaKeyFile, "missing, and meta.inf is sealed");
  }
  // What is sealed begins with any byte, that of plain JSON, too: where there is a key to try, not
  // the text tells but whether the key opens it.
  const bool tell = pending != nullptr && !meta.empty() && !(plain && keys_ == nullptr);
  if (now == nullptr && !tell) return;
  if (keys_ == nullptr) return Fail(kMetaKeyFile, crypto::kNoMainKey);
  for (const std::string* const file : {now, pending}) {
    if (file == nullptr) continue;
    std::optional<crypto::FoundKey> found = OpenKey(*file);
    if (!found) continue;
    if (!meta.empty()) {
      std::optional<std::string> opened = crypto::Open(found->key.kind, found->key.seed, meta);
      if (!opened) continue;
      json_ = std::move(opened);
      sealed_ = true;
    } else if (file == pending) {
      continue;
    }
    key_ = std::move(found);
    key_is_pending_ = file == pending;
    return;
  }
  // The reference makes the key before it seals: cut off in between, what is there is plain.
  if (plain) {
    if (now != nullptr) key_ = OpenKey(*now);
    return;
  }
  Fail(kMetaKeyFile, crypto::KeyRing::WhyClosed(now != nullptr ? *now : *pending));
}

bool MetaFiles::current() const {
  if (keys_ == nullptr) return true;
  return key_ && key_->current && (sealed_ || !json_);
}

DiskTicket MetaFiles::PutKey() {
  crypto::NewKey made = NewKey();
  key_ = crypto::FoundKey{std::move(made.key), true};
  return steps_.Put(Path(kMetaKeyFile, kTemporarySuffix), std::move(made.file));
}

void MetaFiles::Write(std::string json) {
  CHECK(state_ == State::kReady && idle() && failure_.empty());
  steps_.Clear();
  const std::string& directory = asset_.directory;
  const std::string temporary = Path(kMetaFile, kTemporarySuffix);
  const bool new_key = keys_ != nullptr && !(key_ && key_->current);
  const bool with_json = !json.empty();
  DiskTicket step = new_key ? PutKey() : DiskTicket{};
  if (with_json) {
    sealed_ = keys_ != nullptr;
    json_ = std::move(json);
    came_after_state_ = !asset_.consumer.empty();
    std::string bytes = came_after_state_ ? *json_ + '\n' : *json_;
    if (sealed_) bytes = crypto::Seal(key_->key.kind, key_->key.seed, bytes, keys_->entropy());
    const std::string sum = format::MetaSum(bytes, Checksum());
    step = steps_.Put(temporary, bytes, step);
    step = steps_.Put(Path(kMetaSumFile, kTemporarySuffix), sum, step);
    if (!MUTANT(165)) step = steps_.SyncDir(directory, step);
    step = steps_.Rename(temporary, Path(kMetaFile), step);
    if (!MUTANT(166)) step = steps_.SyncDir(directory, step);
  }
  if (new_key) step = steps_.Rename(Path(kMetaKeyFile, kTemporarySuffix), Path(kMetaKeyFile), step);
  if (with_json) {
    step = steps_.Rename(Path(kMetaSumFile, kTemporarySuffix), Path(kMetaSumFile), step);
  }
  steps_.SyncDir(directory, step);
  sum_is_right_ = true;
}

}  // namespace dunlin::file
