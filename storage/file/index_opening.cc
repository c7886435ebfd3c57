#include "storage/file/index_opening.h"

#include <algorithm>

#include "engine/base/mutant.h"
#include "engine/store/msg_headers.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"

namespace dunlin::file {
namespace {

std::string IndexPath() {
  return std::string(format::kMsgsDir).append("/").append(format::kIndexFile);
}

}  // namespace

void IndexOpening::Begin(const std::vector<DirEntry>& entries, const std::vector<uint32_t>& blocks,
                         const std::optional<crypto::FoundKey>& key) {
  for (const DirEntry& entry : entries) {
    const std::optional<uint32_t> number = format::ParseBlockFile(entry.name);
    if (number && !entry.is_directory) lengths_.emplace_back(*number, entry.size);
  }
  std::sort(lengths_.begin(), lengths_.end());
  numbers_ = blocks;
  key_ = key;
  reads_->Add(IndexPath());
}

IndexOpening::Step IndexOpening::Unusable() {
  index_->blocks.clear();
  index_->subjects.Clear();
  index_->msgs = index_->bytes = 0;
  index_->first = index_->last = {};
  return Step::kUnusable;
}

IndexOpening::Step IndexOpening::Work() {
  if (!reads_->done()) return Step::kWait;
  if (!reads_->failure().empty()) {
    // What became of a block says whoever reads that.
    if (stage_ == Stage::kReading) why_ = reads_->failure() + ": not now";
    return Unusable();
  }
  switch (stage_) {
    case Stage::kReading:
      if (!Unseal()) return Unusable();
      stage_ = Stage::kLoading;
      return Step::kMore;
    case Stage::kLoading:
      switch (loader_->Work(records_per_slice_)) {
        case IndexLoader::Step::kMore: return Step::kMore;
        case IndexLoader::Step::kUnusable: return Unusable();
        case IndexLoader::Step::kDone: break;
      }
      if (!MatchesDirectory()) return Unusable();
      stage_ = Stage::kBlocks;
      return BeginBlock();
    case Stage::kBlocks: return WorkBlock();
    case Stage::kDone: break;
  }
  return Step::kDone;
}

// False.
bool IndexOpening::Damaged(std::string why) {
  why_ = IndexPath() + ", offset 0: " + std::move(why);
  return false;
}

bool IndexOpening::Unseal() {
  const std::string* const file = reads_->Get(IndexPath());
  std::string_view content;
  if (file == nullptr) return false;
  const format::Damage damage =
      format::CheckIndexFile(*file, format::StreamChecksum(codec_->stream()), &content);
  if (!damage.ok()) return Damaged(format::Describe(damage.fault));
  std::string plain(content);
  if (codec_->keys() != nullptr) {
    std::optional<std::string> opened;
    if (key_) opened = crypto::Open(key_->key.kind, key_->key.seed, content);
    if (!opened) {
      // Whole, but plain where nothing was encrypted before, or sealed with the key before this
      // one.
      const bool is_old = key_ || format::IndexReader(content).damage().ok();
      return !is_old && Damaged("what opens it, meta.key, is missing");
    }
    plain = std::move(*opened);
  }
  const format::IndexReader head(plain);
  if (head.damage().ok()) remembered_ = {head.stream().last_seq, head.stream().last_time};
  loader_ = std::make_unique<IndexLoader>(std::move(plain), codec_->stream(), index_);
  return true;
}

std::optional<uint64_t> IndexOpening::LengthOf(uint32_t number) const {
  const auto found =
      std::lower_bound(lengths_.begin(), lengths_.end(), std::pair<uint32_t, uint64_t>{number, 0});
  if (found == lengths_.end() || found->first != number) return std::nullopt;
  return found->second;
}

// A block that the index does not speak of is newer, and so is what was appended to the last one:
// then others have been here since, who may remove blocks and write them anew.
void IndexOpening::FindShorter() {
  const auto& blocks = index_->blocks;
  std::vector<uint32_t> named;
  for (const auto& block : blocks) named.push_back(block->number);
  if (!std::includes(named.begin(), named.end(), numbers_.begin(), numbers_.end())) return;
  if (LengthOf(named.back()).value_or(0) > blocks.back()->file_bytes) return;
  for (const auto& block : blocks) {
    const std::optional<uint64_t> is = LengthOf(block->number);
    if (is.value_or(0) < block->file_bytes)
      shorter_.push_back({block->number, is, block->file_bytes});
  }
}

// The block files are those that the index speaks of, and as long.
bool IndexOpening::MatchesDirectory() {
  const auto& blocks = index_->blocks;
  const auto fits = [&](const auto& block, uint32_t number) {
    return block->number == number && LengthOf(number) == block->file_bytes;
  };
  const bool same =
      std::equal(blocks.begin(), blocks.end(), numbers_.begin(), numbers_.end(), fits);
  if (!same) FindShorter();
  if (!same && !MUTANT(167)) return false;
  for (const auto& block : blocks) {
    if (!LengthOf(block->number)) return false;
    if (!block->compressed && block->file_bytes != block->raw_bytes) return false;
    std::string why;
    if (!keys_->Give(block.get(), &why)) return false;
    block->has_file = true;
    block->synced = block->raw_bytes;
    block->life = BlockLife::kPassed;
    if (block->ttls > 0) to_read_.push_back(block.get());
  }
  if (to_read_.empty() || to_read_.back() != blocks.back().get()) {
    to_read_.push_back(blocks.back().get());
  }
  return true;
}

IndexOpening::Step IndexOpening::BeginBlock() {
  if (to_read_.empty()) {
    Block* last = index_->head();
    const bool open = !last->rewritten && codec_->Current(*last);
    if (open) last->life = BlockLife::kOpen;
    index_->FindFirst();
    stage_ = Stage::kDone;
    return Step::kDone;
  }
  reads_ = std::make_unique<FileReads>(disk_);
  reads_->Add(BlockPath(to_read_.back()->number));
  return Step::kWait;
}

IndexOpening::Step IndexOpening::WorkBlock() {
  Block* const block = to_read_.back();
  if (scan_ == nullptr) {
    std::string* const bytes = reads_->Get(BlockPath(block->number));
    std::string why;
    if (bytes == nullptr || !codec_->Decode(block, bytes, &why)) return Unusable();
    scan_ = std::make_unique<BlockCache>();
    scan_->Take(std::move(*bytes));
  }
  if (!scan_->IndexSome(block->checksum, bytes_per_slice_)) return Step::kMore;
  if (!Agrees(*block, &block->top) && !MUTANT(168)) return Unusable();
  for (size_t i = 0; i < scan_->size(); ++i) {
    const format::Record record = scan_->At(i);
    if (record.header.empty() || !block->Live(record.seq)) continue;
    const int64_t ttl = MessageTtl(record.header);
    if (ttl > 0) ttls_.push_back({record.seq, record.time, ttl});
  }
  MapMessages(block, *scan_);
  // The last one is what is asked for first.
  if (block == index_->head()) block->cache = std::move(scan_);
  scan_.reset();
  to_read_.pop_back();
  return BeginBlock();
}

// The block's records are what the index says.
bool IndexOpening::Agrees(const Block& block, Seq* top) const {
  if (!scan_->holes().empty() || scan_->end() != block.raw_bytes) return false;
  uint64_t msgs = 0, bytes = 0, last_checksum = 0;
  SeqSet tombs;
  const std::string_view all = scan_->BytesFrom(0);
  format::RecordReader reader(all, nullptr);
  Seq highest = 0;
  for (format::Record record; reader.Next(&record);) {
    last_checksum = record.checksum;
    if (record.kind == format::RecordKind::kTombstone) {
      tombs.Insert(record.seq);
    } else if (record.seq > highest) {
      highest = record.seq;
      if (record.kind != format::RecordKind::kMessage || !block.Live(record.seq)) continue;
      ++msgs;
      bytes += record.bytes;
    }
  }
  *top = highest;
  return reader.at_end() && msgs == block.msgs && bytes == block.bytes && tombs == block.tombs &&
         last_checksum == block.last_checksum;
}

}  // namespace dunlin::file
