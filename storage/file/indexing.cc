// FileStore: index.db, and thw.db, at a clean stop: caches, for the reference and for the next
// start.
#include <algorithm>

#include "storage/file/file_store.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/timer_file.h"

namespace dunlin::file {

// Blocks whose first message moved while they were not in memory do not know its time.
Progress FileStore::FindTimes() {
  for (const auto& block : index_.blocks) {
    if (block->msgs == 0 || block->first.time != WallTime{}) continue;
    std::string why;
    format::Record record;
    switch (Need(block.get(), block->first.seq, &why)) {
      case BlockReader::Got::kHere: break;
      case BlockReader::Got::kMore: return Progress::kMore;
      case BlockReader::Got::kWait: return Progress::kWait;
      case BlockReader::Got::kDamaged: return Progress::kFailed;
      case BlockReader::Got::kFailed: Damaged(why); return Progress::kFailed;
    }
    if (!block->cache->Find(block->first.seq, &record)) return Progress::kFailed;
    if (record.time == WallTime{}) continue;
    block->first.time = record.time;
    if (index_.first.seq == block->first.seq) index_.first.time = record.time;
  }
  return Progress::kDone;
}

std::string FileStore::TtlFile() const {
  std::string out;
  format::AppendTimerHead(ttls_.size(), index_.last.seq + 1, &out);
  for (std::optional<Expiry> at = ttls_.First(); at; at = ttls_.After(*at)) {
    format::AppendTimerEntry(format::TimerFile::kTtls, {at->seq, at->at, {}}, &out);
  }
  return out;
}

// True: they are written, or there is nothing to be written.
bool FileStore::WriteIndex() {
  if (indexing_ == nullptr) {
    if (!CanIndex(index_)) return true;
    const Progress progress = FindTimes();
    if (progress == Progress::kMore) Touch();
    if (progress == Progress::kMore || progress == Progress::kWait) return false;
    if (progress == Progress::kFailed) return true;
    const IndexPoint point{incarnation_, record_number_, purged_};
    indexing_ = std::make_unique<Indexing>(index_, point, disk_);
  }
  if (!indexing_->built) {
    if (!indexing_->builder.Step(options_.limits.records_per_slice)) {
      Touch();
      return false;
    }
    indexing_->built = true;
    std::string file = indexing_->builder.Take();
    if (const auto& key = meta_.key(); options_.keys != nullptr && key) {
      file = crypto::Seal(key->key.kind, key->key.seed, file, options_.keys->entropy());
    }
    format::AppendIndexChecksum(format::StreamChecksum(options_.config.name), &file);
    const auto in_msgs = [](std::string_view name, std::string_view suffix) {
      return std::string(format::kMsgsDir).append("/").append(name).append(suffix);
    };
    const auto put = [&](std::string_view name, std::string bytes, DiskTicket after) {
      const std::string temporary = in_msgs(name, format::kTemporarySuffix);
      after = indexing_->steps.Put(temporary, std::move(bytes), after);
      return indexing_->steps.Rename(temporary, in_msgs(name, ""), after);
    };
    DiskTicket step = put(format::kIndexFile, std::move(file), {});
    if (options_.config.allow_msg_ttl) step = put(format::kTtlFile, TtlFile(), step);
    indexing_->steps.SyncDir(format::kMsgsDir, step);
  }
  if (!indexing_->steps.idle()) return false;
  // A failure costs the next start time, and nothing else: what was begun goes.
  if (indexing_->steps.error().empty() || indexing_->given_up) return true;
  indexing_->given_up = true;
  for (const std::string_view name : {format::kIndexFile, format::kTtlFile}) {
    indexing_->steps.Remove(
        std::string(format::kMsgsDir).append("/").append(name).append(format::kTemporarySuffix));
  }
  return false;
}

bool FileStore::OnIndexDisk(const DiskDone& done) {
  return indexing_ != nullptr && indexing_->steps.OnDisk(done);
}

}  // namespace dunlin::file
