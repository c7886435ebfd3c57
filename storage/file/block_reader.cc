#include "storage/file/block_reader.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "storage/format/file_names.h"

namespace dunlin::file {
namespace {

// To read a block, before whoever asks is told.
constexpr uint32_t kAttempts = 3;
// In a row, and the device has lost it: who must go on goes on without.
constexpr uint32_t kIoErrorsMax = 9;

bool IsCached(const Block& block, Seq seq) {
  return block.cache != nullptr && (seq == 0 ? block.cache->CoversAll() : block.cache->Covers(seq));
}

}  // namespace

std::string BlockReader::Where(const Block& block, uint64_t offset) const {
  return "stream '" + codec_->stream() + "', block " + std::to_string(block.number) + ", offset " +
         std::to_string(offset) + ": ";
}

BlockReader::~BlockReader() { Report(0); }

void BlockReader::NoteUse(Block* block, Seq seq) {
  block->used = ++uses_;
  asked_from_ = asked_block_ == block->number ? std::min(asked_from_, seq) : seq;
  asked_block_ = block->number;
  asked_last_ = seq;
}

bool BlockReader::Has(const Block& block, Seq seq) {
  return IsCached(block, seq) || !block.damage.empty() || block.loading != nullptr;
}

BlockReader::Got BlockReader::Need(Block* block, Seq seq, std::string* why) {
  NoteUse(block, seq);
  if (IsCached(*block, seq)) return Got::kHere;
  if (!block->damage.empty()) {
    *why = block->damage;
    return Got::kDamaged;
  }
  if (!block->read_error.empty()) {
    *why = std::move(block->read_error);
    block->read_error.clear();
    if (block->io_errors >= kIoErrorsMax) return GiveUp(block, *why);
    if (block->failures % kAttempts == 0) {
      starved_ = block->io_errors < block->failures;
      return Got::kFailed;
    }
  }
  if (block->loading == nullptr) {
    if (Reading(block->number)) return Got::kWait;
    if (loads_.size() >= limits_.loads_max || block->replacing) return Got::kWait;
    Begin(block);
    return block->loading == nullptr ? Got::kWait : Got::kMore;
  }
  BlockCache& loading = *block->loading;
  // What was written anew does not grow: it is another file than an index has told of.
  if (block->rewritten && block->cache == nullptr && loading.end() != block->raw_bytes) {
    *why = Where(*block, 0) + "there are " + std::to_string(loading.end()) + " bytes of records; " +
           std::to_string(block->raw_bytes) + " were written";
    block->loading.reset();
    return GiveUp(block, *why);
  }
  if (loading.end() != (block->cache == nullptr ? block->raw_bytes : block->cache->from())) {
    // It has grown since, and what it grew by was written and let go of: read it anew.
    block->loading.reset();
    Begin(block);
    return block->loading == nullptr ? Got::kWait : Got::kMore;
  }
  if (!loading.IndexSome(block->checksum, limits_.index_bytes_per_slice)) return Got::kMore;
  const bool holes_found = NoteHoles(block, loading);
  if (block->cache != nullptr) loading.Join(block->cache.get());
  block->cache = std::move(block->loading);
  if (holes_found) NoteUnreadable(block);
  const BlockCache& cache = *block->cache;
  if (cache.size() > 0 && (block->map.empty() || block->map[0].first > cache.SeqAt(0))) {
    MapMessages(block, cache);
  }
  return Got::kHere;
}

// What was a record when the store was opened, and is none any more. True: there is more of that.
bool BlockReader::NoteHoles(Block* block, const BlockCache& cache) {
  if (cache.holes().size() <= block->holes || MUTANT(220)) return false;
  block->holes = cache.holes().size();
  notices_.push_back(Where(*block, cache.holes()[0].begin) +
                     "it is damaged: " + cache.DescribeHoles());
  return true;
}

void BlockReader::NoteUnreadable(Block* block) {
  const uint64_t unreadable = block->msgs - std::min(block->msgs, CountReadable(*block).msgs);
  unreadable_ += unreadable - std::min(unreadable, block->unreadable);
  block->unreadable = unreadable;
}

BlockReader::Got BlockReader::GiveUp(Block* block, std::string what) {
  block->damage = std::move(what);
  notices_.push_back(block->damage);
  return Got::kDamaged;
}

std::optional<BlockReader::Got> BlockReader::Read(Block* block, Seq seq, format::Record* out) {
  if (block->cache != nullptr && block->cache->Covers(seq)) {
    NoteUse(block, seq);
    if (block->cache->Find(seq, out)) return Got::kHere;
    return std::nullopt;
  }
  const BlockMap& map = block->map;
  if (limits_.pieces_max == 0 || !map.Reaches(seq) || !block->plain_file() || block->replacing ||
      !block->damage.empty() || !block->read_error.empty() || block->loading != nullptr) {
    return std::nullopt;
  }
  const size_t stretch = map.Find(seq);
  const uint64_t offset = map[stretch].offset;
  const uint64_t end = map.Closed(stretch) ? map[stretch + 1].offset : block->written;
  if (end <= offset || end > block->written) return std::nullopt;
  Piece* piece = FindPiece(*block, offset, end - offset);
  if (piece == nullptr) {
    // Who goes on from one to the next, and on, wants them all.
    const Piece* const before = PieceUpTo(*block, offset);
    if (before != nullptr && PieceUpTo(*block, before->offset) != nullptr) return std::nullopt;
    if (loads_.size() >= limits_.loads_max) return Got::kWait;
    BeginPiece(block, offset, end - offset);
    return Got::kWait;
  }
  piece->used = ++uses_;
  // Only the record that is asked for is verified; what does not lead to it is the block's matter.
  for (uint64_t at = 0; at < piece->bytes.size();) {
    format::Record record;
    if (format::DecodeRecord(piece->bytes, at, nullptr, &record) != format::RecordDamage::kNone) {
      return std::nullopt;
    }
    if (record.kind == format::RecordKind::kMessage && record.seq == seq) {
      if (format::DecodeRecord(piece->bytes, at, &block->checksum, out) ==
          format::RecordDamage::kNone) {
        piece->answered = true;
        return Got::kHere;
      }
      return std::nullopt;
    }
    at += record.bytes;
  }
  return std::nullopt;
}

BlockReader::Piece* BlockReader::FindPiece(const Block& block, uint64_t offset, uint64_t size) {
  for (Piece& piece : pieces_) {
    if (piece.block == block.number && piece.offset == offset && piece.size == size &&
        piece.rewrites == block.rewrites) {
      return &piece;
    }
  }
  return nullptr;
}

const BlockReader::Piece* BlockReader::PieceUpTo(const Block& block, uint64_t end) const {
  for (const Piece& piece : pieces_) {
    if (piece.block == block.number && piece.offset + piece.size == end &&
        piece.rewrites == block.rewrites) {
      return &piece;
    }
  }
  return nullptr;
}

void BlockReader::BeginPiece(Block* block, uint64_t offset, uint64_t size) {
  for (const auto& load : loads_) {
    if (load->block == block->number && load->is_piece && load->offset == offset) return;
  }
  auto load = std::make_unique<Load>();
  load->block = block->number;
  load->is_piece = true;
  load->offset = offset;
  load->size = size;
  load->file = disk_.NewFile();
  load->open = disk_.Open(load->file, BlockPath(block->number), Access::kRead, Creation::kExisting);
  ReadOn(load.get(), load->open);
  loads_.push_back(std::move(load));
}

// Large ones are few: one that answered goes for another.
void BlockReader::KeepPiece(Load* load, const Block& block) {
  uint64_t bytes = load->bytes.size();
  for (const Piece& piece : pieces_) bytes += piece.bytes.size();
  while (bytes > limits_.piece_bytes_max) {
    auto oldest = pieces_.end();
    for (auto piece = pieces_.begin(); piece != pieces_.end(); ++piece) {
      if (piece->answered && (oldest == pieces_.end() || piece->used < oldest->used))
        oldest = piece;
    }
    if (oldest == pieces_.end()) break;
    bytes -= oldest->bytes.size();
    pieces_.erase(oldest);
  }
  Piece* place = nullptr;
  if (pieces_.size() < limits_.pieces_max) {
    place = &pieces_.emplace_back();
  } else {
    place = &*std::min_element(pieces_.begin(), pieces_.end(),
                               [](const Piece& a, const Piece& b) { return a.used < b.used; });
  }
  *place = {block.number, block.rewrites, load->offset,
            load->size,   ++uses_,        std::move(load->bytes)};
}

void BlockReader::Begin(Block* block) {
  const uint64_t size = block->rewritten          ? block->file_bytes
                        : block->cache == nullptr ? block->raw_bytes
                                                  : block->cache->from();
  if (size == 0) {
    block->loading = std::make_unique<BlockCache>();
    return;
  }
  auto load = std::make_unique<Load>();
  load->block = block->number;
  load->size = size;
  load->file = disk_.NewFile();
  load->open = disk_.Open(load->file, BlockPath(block->number), Access::kRead, Creation::kExisting);
  ReadOn(load.get(), load->open);
  loads_.push_back(std::move(load));
}

// The next part: memory is made ready for a part at a time, since that takes the engine's thread
// longer than handing it over.
void BlockReader::ReadOn(Load* load, DiskTicket after) {
  constexpr uint64_t kPart = 1u << 20;
  load->bytes.reserve(load->size);
  const uint64_t begin = load->bytes.size(), part = std::min(kPart, load->size - begin);
  load->bytes.resize(begin + part);
  load->read = disk_.Read(load->file, load->offset + begin,
                          reinterpret_cast<uint8_t*>(load->bytes.data()) + begin, part, after);
}

bool BlockReader::Reading(uint32_t block) const {
  return std::any_of(loads_.begin(), loads_.end(),
                     [&](const std::unique_ptr<Load>& load) { return load->block == block; });
}

bool BlockReader::OnDisk(const DiskDone& done, StreamIndex* index) {
  for (size_t i = 0; i < loads_.size(); ++i) {
    Load& load = *loads_[i];
    if (done.ticket == load.open) {
      // If it failed the read comes back too, canceled; the words are here.
      Block* block = index->ByNumber(load.block);
      if (!done.ok() && block != nullptr) {
        NoteError("open", done, block);
      }
      return true;
    }
    if (done.ticket == load.read) {
      load.got += done.size;
      if (done.ok() && load.got == load.bytes.size() && load.got < load.size) {
        ReadOn(&load, {});
        return true;
      }
      if (done.error != DiskError::kCanceled) load.close = disk_.Close(load.file);
      if (Block* block = index->ByNumber(load.block); block != nullptr) {
        Finish(&load, done, block);
      }
      if (load.close.value == 0) loads_.erase(loads_.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
    if (done.ticket == load.close) {
      loads_.erase(loads_.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

void BlockReader::NoteError(std::string_view what, const DiskDone& done, Block* block) {
  block->read_error = Where(*block, 0) + std::string(what) + ": " + Describe(done.error) +
                      (done.text.empty() ? "" : " (" + done.text + ")");
  ++block->failures;
  // Somebody took the file away: it will not come back by being asked for.
  const bool gone = done.error == DiskError::kNotFound && !MUTANT(222);
  if (done.error == DiskError::kIo || gone) ++block->io_errors;
}

void BlockReader::Finish(Load* load, const DiskDone& done, Block* block) {
  if (!done.ok()) {
    if (done.error != DiskError::kCanceled) NoteError("read", done, block);
    return;
  }
  block->failures = block->io_errors = 0;
  // One that is cut short is kept as it is: what is asked of it is then the whole block's matter.
  if (load->is_piece) {
    load->bytes.resize(load->got);
    return KeepPiece(load, *block);
  }
  if (load->got != load->size && (block->compressed || load->got == 0)) {
    (void)GiveUp(block, Where(*block, load->got) + "the file ends here; " +
                            std::to_string(load->size) + " bytes were written");
    return;
  }
  // What is missing of plain records is a hole at the end; those before it answer.
  load->bytes.resize(load->got);
  load->bytes.resize(load->size, '\0');
  std::string why;
  if (!codec_->Decode(block, &load->bytes, &why)) {
    (void)GiveUp(block, Where(*block, 0) + why);
    return;
  }
  block->loading = std::make_unique<BlockCache>();
  block->loading->Take(std::move(load->bytes));
}

uint64_t BlockReader::Total(const StreamIndex& index) const {
  uint64_t total = 0;
  for (const auto& block : index.blocks) {
    if (block->cache != nullptr) total += block->cache->BytesUsed();
  }
  return total;
}

void BlockReader::Report(uint64_t total) {
  if (pool_ == nullptr) return;
  pool_->Report(reported_, total);
  reported_ = total;
}

void BlockReader::Trim(StreamIndex* index) {
  uint64_t total = Total(*index);
  Report(total);
  uint64_t max = limits_.cache_bytes_max;
  if (pool_ != nullptr && pool_->over()) max = std::min(max, pool_->share());
  while (total > max) {
    Block* oldest = nullptr;
    for (const auto& block : index->blocks) {
      // What was asked for last has been given out, and is being looked at.
      if (block->cache == nullptr || block->pinned() || block->used == uses_) continue;
      if (oldest == nullptr || block->used < oldest->used) oldest = block.get();
    }
    if (oldest == nullptr) break;
    total -= oldest->cache->BytesUsed();
    oldest->cache.reset();
  }
  if (total > max) {
    for (const auto& block : index->blocks) {
      if (block->cache == nullptr || !block->unsettled.empty()) continue;
      const Seq keep = block->number == asked_block_ ? asked_from_ : UINT64_MAX;
      if (keep != 0) block->cache->LetGoBelow(block->written, keep);
    }
    total = Total(*index);
  }
  asked_from_ = asked_last_;
  Report(total);
}

}  // namespace dunlin::file
