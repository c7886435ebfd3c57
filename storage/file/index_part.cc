#include "storage/file/index_part.h"

#include <charconv>

#include "engine/base/mutant.h"
#include "storage/file/index_file.h"
#include "storage/format/block_file.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/little_endian.h"

namespace dunlin::file {
namespace {

constexpr std::string_view kMagic = "DLIX\x01";
constexpr std::string_view kPrefix = "index-", kSuffix = ".part";
constexpr size_t kFrameBytes = 256u << 10;
constexpr size_t kSumBytes = 8, kLengthBytes = 4;

enum BlockFlags : uint8_t { kCompressed = 1, kRewritten = 2 };

void AppendBlock(const Block& block, std::string* out) {
  format::AppendUvarint(block.number, out);
  out->push_back(
      static_cast<char>((block.compressed ? kCompressed : 0) | (block.rewritten ? kRewritten : 0)));
  format::AppendUvarint(block.base, out);
  format::AppendUvarint(block.first.seq, out);
  format::AppendVarint(block.first.time.ns, out);
  format::AppendUvarint(block.last.seq, out);
  format::AppendVarint(block.last.time.ns, out);
  format::AppendUvarint(block.msgs, out);
  format::AppendUvarint(block.bytes, out);
  format::AppendUvarint(block.raw_bytes, out);
  format::AppendUvarint(block.rewritten ? block.file_bytes : block.raw_bytes, out);
  format::AppendUvarint(block.top, out);
  format::AppendUvarint(block.ttls, out);
  format::AppendUvarint(block.schedules, out);
  format::AppendU64(block.last_checksum, out);
  AppendSet(block.deleted, out);
  AppendSet(block.tombs, out);
  if (MUTANT(192)) return format::AppendUvarint(0, out);
  format::AppendUvarint(block.unsettled.size(), out);
  Seq before = 0;
  for (const Seq seq : block.unsettled) {
    format::AppendVarint(static_cast<int64_t>(seq - before), out);
    before = seq;
  }
}

}  // namespace

std::string PartFile(uint32_t number) {
  return std::string(kPrefix).append(std::to_string(number)).append(kSuffix);
}

std::string PartPath(uint32_t number) {
  return std::string(format::kMsgsDir).append("/").append(PartFile(number));
}

std::optional<uint32_t> ParsePartFile(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (name.size() <= kSuffix.size()) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

PartWriter::PartWriter(uint32_t number, const crypto::HighwayHash64& checksum, Sealing sealing)
    : number_(number), checksum_(checksum), sealing_(sealing), file_(kMagic) {}

void PartWriter::Frame(std::string_view plain) {
  std::string sealed;
  if (sealing_.key != nullptr) {
    const crypto::DataKey& key = sealing_.key->key;
    sealed = crypto::Seal(key.kind, key.seed, plain, sealing_.entropy);
    plain = sealed;
  }
  format::AppendU32(static_cast<uint32_t>(plain.size()), &file_);
  file_.append(plain);
  const uint64_t sum = checksum_.Of(plain);
  format::AppendU64(sum, &file_);
  format::AppendU64(sum, &sums_);
}

void PartWriter::Add(std::string plain) {
  if (plain.empty()) return;
  plain_bytes_ += plain.size();
  plain_.push_back(std::move(plain));
}

bool PartWriter::Step() {
  if (plain_.empty()) return true;
  const std::string_view frame = std::string_view(plain_.front()).substr(at_, kFrameBytes);
  Frame(frame);
  at_ += frame.size();
  plain_bytes_ -= frame.size();
  if (at_ == plain_.front().size()) {
    plain_.pop_front();
    at_ = 0;
  }
  return plain_.empty();
}

IndexPart PartWriter::Describe() const { return {number_, file_.size(), checksum_.Of(sums_)}; }

PartReader::Step PartReader::Work() {
  const std::string_view file = file_;
  if (at_ == 0) {
    if (file.size() != part_.bytes || !file.starts_with(kMagic)) return Step::kUnusable;
    at_ = kMagic.size();
    plain_.reserve(file.size());
  }
  if (at_ == file.size()) {
    return checksum_.Of(sums_) == part_.checksum ? Step::kDone : Step::kUnusable;
  }
  if (file.size() - at_ < kLengthBytes + kSumBytes) return Step::kUnusable;
  const uint32_t length = format::GetU32(file.data() + at_);
  if (file.size() - at_ - kLengthBytes - kSumBytes < length) return Step::kUnusable;
  const std::string_view bytes = file.substr(at_ + kLengthBytes, length);
  const std::string_view sum = file.substr(at_ + kLengthBytes + length, kSumBytes);
  if (format::GetU64(sum.data()) != checksum_.Of(bytes)) return Step::kUnusable;
  sums_.append(sum);
  at_ += kLengthBytes + length + kSumBytes;
  if (key_ == nullptr) {
    plain_.append(bytes);
    return Step::kMore;
  }
  const std::optional<std::string> opened = crypto::Open(key_->key.kind, key_->key.seed, bytes);
  if (!opened) return MUTANT(253) ? Step::kUnusable : Step::kOtherKey;
  plain_.append(*opened);
  return Step::kMore;
}

BlockStamp StampOf(const Block& block) {
  BlockStamp out;
  out.first = block.first.seq;
  out.last = block.last.seq;
  out.msgs = block.msgs;
  out.bytes = block.bytes;
  out.raw_bytes = block.raw_bytes;
  out.file_bytes = block.rewritten ? block.file_bytes : block.raw_bytes;
  out.last_checksum = block.last_checksum;
  out.deleted = block.deleted.size();
  out.tombs = block.tombs.size();
  out.unsettled = block.unsettled.size();
  return out;
}

std::string EncodeChanges(StreamIndex* index, uint64_t number, bool purged) {
  std::string blocks;
  uint64_t count = 0;
  for (const auto& block : index->blocks) {
    if (block->raw_bytes == 0) continue;  // No checkpoint names it.
    const BlockStamp stamp = StampOf(*block);
    if (stamp == block->indexed) continue;
    block->indexed = stamp;
    ++count;
    AppendBlock(*block, &blocks);
  }
  std::string out;
  out.push_back(static_cast<char>(kChangesPart));
  format::AppendUvarint(number, &out);
  out.push_back(purged ? 1 : 0);
  format::AppendUvarint(index->msgs, &out);
  format::AppendUvarint(index->bytes, &out);
  format::AppendUvarint(count, &out);
  return out.append(blocks);
}

bool ReadChangesHead(format::ByteReader* in, ChangesHead* head) {
  head->number = in->Uvarint();
  head->purged = in->U8() != 0;
  head->msgs = in->Uvarint();
  head->bytes = in->Uvarint();
  head->blocks = in->Uvarint();
  return in->ok();
}

std::unique_ptr<Block> ReadBlockEntry(format::ByteReader* in, std::string_view stream) {
  const uint32_t number = in->Uvarint32();
  const uint8_t flags = in->U8();
  auto block = std::make_unique<Block>(number, format::BlockChecksum(stream, number));
  block->compressed = (flags & kCompressed) != 0;
  block->rewritten = (flags & kRewritten) != 0;
  block->base = in->Uvarint();
  block->first.seq = in->Uvarint();
  block->first.time.ns = in->Varint();
  block->last.seq = in->Uvarint();
  block->last.time.ns = in->Varint();
  block->msgs = in->Uvarint();
  block->bytes = in->Uvarint();
  block->raw_bytes = block->written = in->Uvarint();
  block->file_bytes = in->Uvarint();
  block->top = in->Uvarint();
  block->ttls = in->Uvarint();
  block->schedules = in->Uvarint();
  block->last_checksum = in->U64();
  if (!in->ok() || !ReadSet(in, &block->deleted) || !ReadSet(in, &block->tombs)) return nullptr;
  Seq before = 0;
  for (uint64_t left = in->Uvarint(); left > 0 && in->ok(); --left) {
    before += static_cast<uint64_t>(in->Varint());
    block->unsettled.push_back(before);
  }
  const uint64_t span = block->last.seq + 1 - block->first.seq;
  if (block->raw_bytes > format::kBlockRecordBytesMax ||
      block->file_bytes > format::kBlockRecordBytesMax)
    return nullptr;
  if (!in->ok() || block->raw_bytes == 0 || block->first.seq > block->last.seq + 1) return nullptr;
  if (block->msgs > 0 && block->msgs + block->deleted.size() != span) return nullptr;
  block->indexed = StampOf(*block);
  return block;
}

}  // namespace dunlin::file
