#include "storage/file/stream_snapshot.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/meta_file.h"
#include "storage/format/record.h"
#include "storage/format/tar.h"

namespace dunlin::file {
namespace {

// Of plain bytes, looked through or compressed in one call.
constexpr size_t kSliceBytes = 256u << 10;
// Of checksums, in search of what comes behind damage.
constexpr uint64_t kSearchBytesMax = 4u << 20;

}  // namespace

StreamSnapshot::StreamSnapshot(Options options, StoreDisk disk, FileStore* store)
    : options_(std::move(options)), disk_(std::move(disk)), store_(store) {
  store_->Pin();
}

StreamSnapshot::~StreamSnapshot() {
  if (store_ != nullptr) store_->Unpin();
}

void StreamSnapshot::Cancel(std::string why) {
  if (store_ != nullptr) store_->Unpin();
  store_ = nullptr;
  block_ = nullptr;
  if (stage_ != Stage::kDone && stage_ != Stage::kFailed) (void)Fail(std::move(why));
}

Progress StreamSnapshot::Fail(std::string why) {
  stage_ = Stage::kFailed;
  failure_ = std::move(why);
  if (store_ != nullptr) store_->Unpin();
  store_ = nullptr;
  return Progress::kFailed;
}

std::string StreamSnapshot::Where(uint64_t offset) const {
  return "stream '" + options_.stream + "', block " + std::to_string(block_->number) + ", offset " +
         std::to_string(offset) + ": ";
}

bool StreamSnapshot::TakeMoment() {
  if (store_ == nullptr || store_->pinned().moment == moment_) return false;
  moment_ = store_->pinned().moment;
  return true;
}

void StreamSnapshot::Emit(std::string_view bytes) { tar_.append(bytes); }

void StreamSnapshot::AddFile(const std::string& name, std::string_view bytes) {
  format::AppendTarHeader(name, bytes.size(), time_, &tar_);
  Emit(bytes);
  format::AppendTarPadding(bytes.size(), &tar_);
}

void StreamSnapshot::Begin(const Now& now) {
  time_ = now.wall;
  state_ = store_->pinned().state;
  AddFile(std::string(format::kMetaFile), options_.meta);
  AddFile(std::string(format::kMetaSumFile),
          format::MetaSum(options_.meta, format::StreamChecksum(options_.stream)));
  stage_ = Stage::kNextBlock;
}

void StreamSnapshot::OnDisk(const DiskDone& done) {
  if (done.ticket == open_) {
    if (!done.ok()) {
      read_error_ = std::string("open: ") + Describe(done.error);
      read_done_ = true;
      return;
    }
    if (block_ == nullptr) {
      close_ = disk_.Close(file_);
      return;
    }
    // The open block goes on growing; what is behind the checkpoint is not ours.
    bytes_.resize(std::min(done.size, block_->file_bytes));
    if (bytes_.empty()) {
      close_ = disk_.Close(file_);
    } else {
      read_ = disk_.Read(file_, 0, reinterpret_cast<uint8_t*>(bytes_.data()), bytes_.size());
    }
  } else if (done.ticket == read_) {
    if (!done.ok()) read_error_ = std::string("read: ") + Describe(done.error);
    bytes_.resize(done.ok() ? done.size : 0);
    close_ = disk_.Close(file_);
  } else if (done.ticket == close_) {
    read_done_ = true;
  }
}

void StreamSnapshot::NextBlock() {
  const std::vector<Pinned::Block>& blocks = store_->pinned().blocks;
  if (next_block_ == blocks.size()) {
    store_->Unpin();
    store_ = nullptr;
    block_ = nullptr;
    stage_ = Stage::kConsumers;
    return;
  }
  block_ = &blocks[next_block_++];
  // What is before it may change again.
  store_->Unpin(block_->number);
  kept_.clear();
  decrypted_ = offset_ = last_ = found_ = emitted_ = 0;
  damage_.clear();
  bytes_.clear();
  unpacker_.reset();
  search_.reset();
  if (block_->msgs == 0) {  // Only here so that there is a place for the last sequence.
    stage_ = Stage::kFiltering;
    return;
  }
  read_done_ = false;
  read_error_.clear();
  file_ = disk_.NewFile();
  open_ = disk_.Open(file_, BlockPath(block_->number), Access::kRead, Creation::kExisting);
  stage_ = Stage::kReading;
}

// Takes over what lived, a slice of the block. To pass over damage costs more than to read.
void StreamSnapshot::Filter() {
  const crypto::HighwayHash64 checksum = format::BlockChecksum(options_.stream, block_->number);
  const std::string_view plain =
      unpacker_ == nullptr ? std::string_view() : std::string_view(unpacker_->records());
  uint64_t left = kSliceBytes;
  const auto pay = [&](uint64_t bytes) { left -= std::min(left, bytes); };
  while (offset_ < plain.size() && left > 0) {
    if (search_) {
      if (!search_->Step(plain, checksum, &left)) return;
      offset_ = search_->found().value_or(plain.size());
      search_.reset();
      continue;
    }
    format::Record record;
    const format::RecordDamage damage = format::DecodeRecord(plain, offset_, &checksum, &record);
    if (damage != format::RecordDamage::kNone) {
      // What was known to be lost when the stream was opened is not missed.
      if (damage_.empty()) damage_ = Where(offset_) + format::Describe(damage);
      // It may have been hashed, too.
      if (format::DecodeRecord(plain, offset_, nullptr, &record) == format::RecordDamage::kNone) {
        pay(record.bytes);
      }
      search_.emplace(offset_ + 1, block_->last, kSearchBytesMax);
      continue;
    }
    offset_ += record.bytes;
    pay(record.bytes);
    if (record.kind != format::RecordKind::kMessage || record.seq <= last_) continue;
    last_ = record.seq;
    if (!block_->Lives(record.seq)) continue;
    if (found_++ == 0) first_kept_ = record.seq;
    if (MUTANT(215) && !store_->index().Live(record.seq)) continue;
    kept_.append(plain.substr(record.offset, record.bytes));
  }
  if (offset_ < plain.size()) return;
  if (found_ != block_->msgs) {
    (void)Fail(damage_.empty() ? Where(offset_) + "the file ends here" : damage_);
    return;
  }
  // The last sequence of all, if nothing else says it. A gap inside of a block counts each sequence
  // of it: if there are too many for that a tombstone says it, to us alone. (reference: it takes a
  // tombstone for that in a block without messages only.)
  if (next_block_ == store_->pinned().blocks.size() && state_.last_seq > 0 &&
      !block_->Lives(state_.last_seq)) {
    const bool counts = found_ == 0 || state_.last_seq - first_kept_ <= kDeadMax;
    (counts ? format::AppendSkipped : format::AppendTombstone)(checksum, state_.last_seq,
                                                               state_.last_time, &kept_);
  }
  unpacker_.reset();
  format::AppendTarHeader(BlockPath(block_->number), kept_.size(), time_, &tar_);
  stage_ = Stage::kWriting;
}

void StreamSnapshot::WriteConsumers() {
  if (next_consumer_ == consumers_.size()) {
    format::AppendTarEnd(&tar_);
    stage_ = Stage::kDone;
    return;
  }
  const ConsumerCopy& copy = consumers_[next_consumer_++];
  std::string folder(format::kConsumersDir);
  folder.append("/").append(copy.name).append("/");
  AddFile(folder + std::string(format::kMetaFile), copy.meta);
  AddFile(folder + std::string(format::kMetaSumFile),
          format::MetaSum(copy.meta, format::ConsumerChecksum(options_.stream, copy.name)));
  AddFile(folder + std::string(format::kConsumerStateFile), copy.state);
}

// Gives out what has gathered, once it is worth a chunk of its own.
Progress StreamSnapshot::Flush(std::string* out) {
  if (tar_.size() < kSliceBytes && stage_ != Stage::kDone) return Progress::kMore;
  const size_t bytes = std::min(tar_.size(), kSliceBytes);
  encoder_.Append(std::string_view(tar_).substr(0, bytes));
  tar_.erase(0, bytes);
  out->append(packed_);
  packed_.clear();
  return stage_ == Stage::kDone && tar_.empty() ? Progress::kDone : Progress::kMore;
}

Progress StreamSnapshot::Read(const Now& now, std::string* out) {
  if (tar_.size() >= kSliceBytes) return Flush(out);
  switch (stage_) {
    case Stage::kPinning:
      if (!store_->pinned().ready) {
        if (const auto failure = store_->Failure()) return Fail(*failure);
        return Progress::kWait;
      }
      Begin(now);
      break;
    case Stage::kNextBlock: NextBlock(); break;
    case Stage::kReading:
      if (!read_done_) return Progress::kWait;
      if (!read_error_.empty()) return Fail(Where(0) + read_error_);
      stage_ = Stage::kDecrypting;
      break;
    case Stage::kDecrypting: {
      const size_t bytes = std::min<uint64_t>(bytes_.size() - decrypted_, kSliceBytes);
      store_->DecryptPinned(block_->number, decrypted_,
                            reinterpret_cast<uint8_t*>(bytes_.data()) + decrypted_, bytes);
      decrypted_ += bytes;
      if (decrypted_ < bytes_.size()) break;
      unpacker_ = std::make_unique<format::BlockUnpacker>(std::move(bytes_));
      bytes_.clear();
      stage_ = Stage::kUnpacking;
      break;
    }
    case Stage::kUnpacking:
      if (unpacker_->Step()) break;
      if (!unpacker_->damage().ok()) {
        return Fail(Where(unpacker_->damage().offset) +
                    format::Describe(unpacker_->damage().fault));
      }
      stage_ = Stage::kFiltering;
      break;
    case Stage::kFiltering:
      Filter();
      if (stage_ == Stage::kFailed) return Progress::kFailed;
      break;
    case Stage::kWriting: {
      const size_t bytes = std::min<uint64_t>(kept_.size() - emitted_, kSliceBytes);
      Emit(std::string_view(kept_).substr(emitted_, bytes));
      emitted_ += bytes;
      if (emitted_ == kept_.size()) {
        format::AppendTarPadding(kept_.size(), &tar_);
        stage_ = Stage::kNextBlock;
      }
      break;
    }
    case Stage::kConsumers: WriteConsumers(); break;
    case Stage::kDone: break;
    case Stage::kFailed: return Progress::kFailed;
  }
  return Flush(out);
}

}  // namespace dunlin::file
