#include "storage/format/index_state.h"

#include "engine/base/check.h"
#include "engine/subject/subject.h"
#include "storage/format/little_endian.h"

namespace dunlin::format {
namespace {

constexpr uint8_t kMagic = 11;
constexpr uint8_t kVersion = 4;
constexpr uint8_t kVersionWithTtls = 2, kVersionWithSchedules = 3, kVersionWithLastBlocks = 4;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kFileBytesMin = 32;  // reference: shorter files are not looked at.

// Times in a damaged file may be anything: they wrap.
WallTime After(int64_t base, int64_t difference) {
  return {static_cast<int64_t>(static_cast<uint64_t>(base) + static_cast<uint64_t>(difference))};
}
int64_t Since(int64_t base, WallTime time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.ns) - static_cast<uint64_t>(base));
}

}  // namespace

uint64_t IndexBlock::msgs() const {
  const uint64_t span = last_seq - first_seq + 1;
  return span > deleted.size() ? span - deleted.size() : 0;
}

IndexWriter::IndexWriter(const IndexStream& stream, uint64_t subjects, std::string* out)
    : out_(out), base_time_(stream.first_time.ns), subjects_left_(subjects) {
  out->push_back(static_cast<char>(kMagic));
  out->push_back(static_cast<char>(kVersion));
  AppendUvarint(stream.msgs, out);
  AppendUvarint(stream.bytes, out);
  AppendUvarint(stream.first_seq, out);
  AppendVarint(stream.first_time.ns, out);
  AppendUvarint(stream.last_seq, out);
  AppendVarint(stream.last_time.ns, out);
  AppendUvarint(subjects, out);
}

void IndexWriter::Add(const IndexSubject& subject) {
  CHECK(subjects_left_-- > 0);
  AppendUvarint(subject.subject.size(), out_);
  out_->append(subject.subject);
  AppendUvarint(subject.msgs, out_);
  AppendUvarint(subject.first_block, out_);
  AppendUvarint(subject.last_block, out_);
}

void IndexWriter::BeginBlocks(uint64_t blocks) {
  CHECK(subjects_left_ == 0);
  blocks_left_ = blocks;
  AppendUvarint(blocks, out_);
}

void IndexWriter::Add(const IndexBlock& block) {
  CHECK(blocks_left_-- > 0);
  AppendUvarint(block.number, out_);
  AppendUvarint(block.bytes, out_);
  AppendUvarint(block.first_seq, out_);
  AppendVarint(Since(base_time_, block.first_time), out_);
  AppendUvarint(block.last_seq, out_);
  AppendVarint(Since(base_time_, block.last_time), out_);
  AppendUvarint(block.deleted.size(), out_);
  AppendUvarint(block.ttls, out_);
  AppendUvarint(block.schedules, out_);
  if (!block.deleted.empty()) block.deleted.AppendEncoded(*out_);
}

void IndexWriter::End(const IndexTail& tail) {
  CHECK(blocks_left_ == 0);
  AppendUvarint(tail.last_block, out_);
  uint8_t checksum[kChecksumBytes];
  PutU64(tail.last_checksum, checksum);
  out_->append(reinterpret_cast<const char*>(checksum), sizeof(checksum));
}

IndexReader::IndexReader(std::string_view bytes) : in_(bytes) {
  if (in_.U8() != kMagic) in_.Fail(Fault::kBadMagic, 0);
  version_ = in_.U8();
  if (in_.ok() && (version_ < 1 || version_ > kVersion)) in_.Fail(Fault::kBadVersion, 1);
  stream_.msgs = in_.Uvarint();
  stream_.bytes = in_.Uvarint();
  stream_.first_seq = in_.Uvarint();
  stream_.first_time.ns = in_.Varint();
  stream_.last_seq = in_.Uvarint();
  stream_.last_time.ns = in_.Varint();
  subjects_ = left_ = in_.Uvarint();
}

IndexReader::Piece IndexReader::Next() {
  if (!in_.ok()) return Piece::kDamaged;
  if (state_ == State::kSubjects) {
    if (left_ > 0) return NextSubject();
    state_ = State::kBlocks;
    left_ = in_.Uvarint();
    if (!in_.ok()) return Piece::kDamaged;
  }
  if (state_ == State::kBlocks) {
    if (left_ > 0) return NextBlock();
    return ReadTail();
  }
  return Piece::kEnd;
}

IndexReader::Piece IndexReader::Damaged(Fault fault) {
  in_.Fail(fault);
  return Piece::kDamaged;
}

IndexReader::Piece IndexReader::NextSubject() {
  --left_;
  subject_.subject = in_.Bytes(in_.Uvarint());
  if (!in_.ok()) return Piece::kDamaged;
  // reference: an index with a subject that is none is thrown away.
  if (!subject::IsValidSubjectText(subject_.subject)) return Damaged(Fault::kBadValue);
  subject_.msgs = in_.Uvarint();
  subject_.first_block = in_.Uvarint32();
  subject_.last_block = subject_.msgs > 1 || version_ >= kVersionWithLastBlocks
                            ? in_.Uvarint32()
                            : subject_.first_block;
  return in_.ok() ? Piece::kSubject : Piece::kDamaged;
}

IndexReader::Piece IndexReader::NextBlock() {
  --left_;
  const int64_t base = stream_.first_time.ns;
  block_.number = in_.Uvarint32();
  block_.bytes = in_.Uvarint();
  block_.first_seq = in_.Uvarint();
  block_.first_time = After(base, in_.Varint());
  block_.last_seq = in_.Uvarint();
  block_.last_time = After(base, in_.Varint());
  const uint64_t deleted = in_.Uvarint();
  block_.ttls = version_ >= kVersionWithTtls ? in_.Uvarint() : 0;
  block_.schedules = version_ >= kVersionWithSchedules ? in_.Uvarint() : 0;
  block_.deleted.Clear();
  if (!in_.ok()) return Piece::kDamaged;
  if (block_.last_seq + 1 < block_.first_seq) return Damaged(Fault::kBadValue);
  if (deleted > 0) {
    size_t used = 0;
    if (block_.deleted.Decode(in_.Rest(), &used) != SeqSet::DecodeError::kNone ||
        block_.deleted.size() != deleted) {
      return Damaged(Fault::kBadValue);
    }
    in_.Skip(used);
  }
  return Piece::kBlock;
}

IndexReader::Piece IndexReader::ReadTail() {
  tail_.last_block = in_.Uvarint32();
  tail_.last_checksum = in_.U64();
  if (in_.ok() && in_.Rest().starts_with(kIndexExtraMagic)) {
    extra_ = in_.Rest();
  } else if (in_.ok() && !in_.at_end()) {
    in_.Fail(Fault::kTrailing);
  }
  if (!in_.ok()) return Piece::kDamaged;
  state_ = State::kDone;
  return Piece::kEnd;
}

void AppendIndexChecksum(const crypto::HighwayHash64& checksum, std::string* file) {
  uint8_t hash[kChecksumBytes];
  PutU64(checksum.Of(*file), hash);
  file->append(reinterpret_cast<const char*>(hash), sizeof(hash));
}

Damage CheckIndexFile(std::string_view file, const crypto::HighwayHash64& checksum,
                      std::string_view* content) {
  if (file.size() < kFileBytesMin) return {Fault::kShort, file.size()};
  const size_t end = file.size() - kChecksumBytes;
  *content = file.substr(0, end);
  if (checksum.Of(*content) != GetU64(file.data() + end)) return {Fault::kBadChecksum, end};
  return {};
}

}  // namespace dunlin::format
