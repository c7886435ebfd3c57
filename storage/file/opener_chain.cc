// Opener: by the index that the checkpoint names.
#include <algorithm>

#include "engine/store/msg_headers.h"
#include "storage/file/opener.h"
#include "storage/format/file_names.h"

namespace dunlin::file {

void Opener::BeginChain() {
  constexpr int kEntriesPerSlice = 4096;
  chain_ =
      std::make_unique<ChainOpening>(disk_, *checkpoint_, codec_->stream(),
                                     index_key_ ? &*index_key_ : nullptr, index_, kEntriesPerSlice);
  stage_ = Stage::kChain;
}

Opener::Step Opener::WorkChain() {
  switch (chain_->Work()) {
    case ChainOpening::Step::kMore: return Step::kMore;
    case ChainOpening::Step::kWait: return Step::kWait;
    case ChainOpening::Step::kUnusable: NoChain(chain_->why()); return Step::kMore;
    case ChainOpening::Step::kDone: break;
  }
  by_chain_ = true;
  purged_ = chain_->purged();
  chain_.reset();
  stage_ = Stage::kBlocks;
  std::string why;
  if (!FitsChain(&why)) NoChain(why);
  return Step::kMore;
}

// It is no use: all blocks are read. 'why' empty: as it may well be.
void Opener::NoChain(const std::string& why) {
  notices_.clear();  // What was damaged will be found again.
  if (!why.empty()) {
    notices_.push_back("stream '" + codec_->stream() + "', " + why +
                       "; the index is not used, all blocks are read");
  }
  by_chain_ = purged_ = false;
  chain_.reset();
  stage_ = Stage::kBlocks;
  index_->blocks.clear();
  index_->subjects.Clear();
  index_->msgs = index_->bytes = index_->unsettled = 0;
  index_->first = index_->last = {};
  ttls_.clear();
  block_.reset();
  scan_.reset();
  blocks_ = all_blocks_;
}

// Whether the files are there, and as long as the index says. Finds out which must be read.
bool Opener::FitsChain(std::string* why) {
  std::vector<std::pair<uint32_t, uint64_t>> sizes;
  for (const DirEntry& entry : entries_) {
    const std::optional<uint32_t> number = format::ParseBlockFile(entry.name);
    if (number && !entry.is_directory) sizes.emplace_back(*number, entry.size);
  }
  std::sort(sizes.begin(), sizes.end());
  blocks_.clear();
  const std::vector<uint32_t>& unsure = checkpoint_->unsure;
  for (const auto& block : index_->blocks) {
    const auto file = std::lower_bound(sizes.begin(), sizes.end(),
                                       std::pair<uint32_t, uint64_t>{block->number, 0});
    // It was dropped, or purged, after the checkpoint.
    if (file == sizes.end() || file->first != block->number) return false;
    const bool head = block->number == checkpoint_->head;
    const bool maybe = std::find(unsure.begin(), unsure.end(), block->number) != unsure.end();
    const bool fits = head ? file->second >= checkpoint_->head_bytes &&
                                 block->raw_bytes == checkpoint_->head_bytes
                      : maybe ? true
                              : file->second == block->file_bytes;
    if (!fits) {
      *why = "block " + std::to_string(block->number) + ", offset 0: it is " +
             std::to_string(file->second) + " bytes long, and not as its index says";
      return false;
    }
    const std::vector<uint32_t>& erasures = checkpoint_->erasures;
    block->erase = std::find(erasures.begin(), erasures.end(), block->number) != erasures.end();
    block->has_file = true;
    block->synced = block->written = block->raw_bytes;
    block->life = BlockLife::kPassed;
    const bool ttls = block->ttls > 0 && block->msgs > 0;
    if (head || maybe || ttls || keys_.undecided(block->number)) {
      blocks_.push_back(block->number);
    } else if (!keys_.Give(block.get(), why)) {
      return false;
    }
  }
  return checkpoint_->cuts.empty();
}

// A block was read that the index knows: it must have all that lives, and what else is in it is
// taken as it is.
void Opener::FinishByChain() {
  Block& found = *block_;
  Block& block = *index_->ByNumber(found.number);
  const std::vector<uint32_t>& unsure = checkpoint_->unsure;
  const bool maybe = std::find(unsure.begin(), unsure.end(), found.number) != unsure.end();
  uint64_t msgs = 0, bytes = 0;
  Seq highest = 0;
  SeqSet tombs;
  for (uint64_t at = 0; found.damage.empty() && scan_->holes().empty() && at < scan_->end();) {
    format::Record record;
    const std::string_view all = scan_->BytesFrom(0);
    if (format::DecodeRecord(all, at, nullptr, &record) != format::RecordDamage::kNone) break;
    at += record.bytes;
    found.last_checksum = record.checksum;
    if (record.kind == format::RecordKind::kTombstone) tombs.Insert(record.seq);
    if (record.kind == format::RecordKind::kTombstone || record.seq <= highest) continue;
    highest = record.seq;
    if (record.kind != format::RecordKind::kMessage || !block.Live(record.seq)) continue;
    ++msgs;
    bytes += record.bytes;
    const int64_t ttl = record.header.empty() ? 0 : MessageTtl(record.header);
    if (ttl > 0) ttls_.push_back({record.seq, record.time, ttl});
  }
  const bool same = maybe || (scan_->end() == block.raw_bytes && tombs == block.tombs &&
                              found.last_checksum == block.last_checksum);
  // What could not be read may say what no message does: what is deleted.
  const bool whole = found.damage.empty() && scan_->holes().empty();
  if (!whole || msgs != block.msgs || (block.unsettled.empty() && bytes != block.bytes) || !same) {
    return NoChain("block " + std::to_string(found.number) +
                   ", offset 0: it is not as its index says");
  }
  block.compressed = found.compressed;
  block.rewritten = found.rewritten;
  block.file_bytes = found.file_bytes;
  block.raw_bytes = block.written = block.synced = scan_->end();
  block.tombs = std::move(tombs);
  block.top = highest;
  block.last_checksum = found.last_checksum;
  block.cipher = std::move(found.cipher);
  block.key_current = found.key_current;
  block.has_key = found.has_key;
  MapMessages(&block, *scan_);
  const bool head = found.number == checkpoint_->head;
  const bool open = head && !block.rewritten && !block.erase && codec_->Current(block);
  if (head) block.life = open ? BlockLife::kOpen : BlockLife::kSealed;
  if (head) block.cache = std::move(scan_);
  scan_.reset();
  block_.reset();
}

}  // namespace dunlin::file
