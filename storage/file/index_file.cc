#include "storage/file/index_file.h"

#include <algorithm>

#include "engine/subject/subject.h"
#include "storage/format/checksum_key.h"
#include "storage/format/little_endian.h"

namespace dunlin::file {
namespace {

constexpr size_t kChecksumBytes = 8;

format::IndexStream StreamOf(const StreamIndex& index) {
  format::IndexStream out;
  out.msgs = index.msgs;
  out.bytes = index.bytes;
  out.first_seq = index.first.seq;
  out.first_time = index.first.time;
  out.last_seq = index.last.seq;
  out.last_time = index.last.time;
  return out;
}

uint32_t NumberAt(const StreamIndex& index, Seq seq) {
  const Block* block = index.Find(seq);
  return block == nullptr ? index.blocks.back()->number : block->number;
}

}  // namespace

void AppendSet(const SeqSet& set, std::string* out) {
  format::AppendUvarint(set.size(), out);
  if (!set.empty()) set.AppendEncoded(*out);
}

bool ReadSet(format::ByteReader* in, SeqSet* out) {
  const uint64_t size = in->Uvarint();
  if (!in->ok()) return false;
  if (size == 0) return true;
  size_t used = 0;
  if (out->Decode(in->Rest(), &used) != SeqSet::DecodeError::kNone || out->size() != size) {
    return false;
  }
  in->Skip(used);
  return true;
}

bool CanIndex(const StreamIndex& index) {
  if (index.blocks.empty() || index.unsettled > 0 || index.miscounted > 0) return false;
  return std::all_of(index.blocks.begin(), index.blocks.end(), [](const auto& block) {
    return block->damage.empty() && block->holes == 0 && block->lost.empty() && block->cut == 0 &&
           block->raw_bytes > 0 && block->has_file && (block->msgs == 0 || block->top > 0);
  });
}

BlockEnd EndInFile(const StreamIndex& index, const Block& block) {
  if (&block == index.blocks.back().get() || block.msgs == 0 || block.top >= block.last.seq) {
    return {block.last.seq, 0};
  }
  // All between two records that is no record is dead.
  return {block.top, block.last.seq - block.top};
}

IndexBuilder::IndexBuilder(const StreamIndex& index, const IndexPoint& point)
    : index_(index), point_(point), writer_(StreamOf(index), index.subjects.size(), &out_) {}

bool IndexBuilder::Step(int subjects_max) {
  if (done_) return true;
  int budget = subjects_max;
  SubjectMap::Walk walk(index_.subjects, {}, from_);
  for (;;) {
    switch (walk.Next(&budget)) {
      case SubjectMap::Walk::Step::kFound: {
        const SubjectInfo& info = *walk.value();
        writer_.Add({walk.subject(), info.total, NumberAt(index_, info.first),
                     NumberAt(index_, info.last)});
        break;
      }
      case SubjectMap::Walk::Step::kBudget: from_ = walk.Position(); return false;
      case SubjectMap::Walk::Step::kEnd: AddBlocks(); return done_ = true;
    }
  }
}

void IndexBuilder::AddBlocks() {
  writer_.BeginBlocks(index_.blocks.size());
  for (const auto& block : index_.blocks) {
    format::IndexBlock out;
    out.number = block->number;
    out.bytes = block->bytes;
    out.first_seq = block->first.seq;
    out.first_time = block->first.time;
    const BlockEnd end = EndInFile(index_, *block);
    out.last_seq = end.last;
    out.last_time = block->last.time;
    out.ttls = block->ttls;
    out.schedules = block->schedules;
    out.deleted = block->deleted;
    if (end.beyond > 0) out.deleted.DeleteRange(end.last + 1, block->last.seq);
    writer_.Add(out);
  }
  const Block& last = *index_.blocks.back();
  writer_.End({last.number, last.last_checksum});
  out_.append(format::kIndexExtraMagic);
  for (const uint8_t byte : point_.incarnation.bytes) out_.push_back(static_cast<char>(byte));
  format::AppendUvarint(point_.number, &out_);
  out_.push_back(point_.purged ? 1 : 0);
  for (const auto& block : index_.blocks) {
    out_.push_back(block->compressed ? 1 : 0);
    format::AppendUvarint(block->raw_bytes, &out_);
    format::AppendUvarint(block->rewritten ? block->file_bytes : block->raw_bytes, &out_);
    format::AppendUvarint(block->base, &out_);
    uint8_t checksum[kChecksumBytes];
    format::PutU64(block->last_checksum, checksum);
    out_.append(reinterpret_cast<const char*>(checksum), sizeof(checksum));
    AppendSet(block->tombs, &out_);
  }
}

IndexLoader::IndexLoader(std::string plain, std::string stream, StreamIndex* to)
    : plain_(std::move(plain)),
      stream_(std::move(stream)),
      reader_(std::make_unique<format::IndexReader>(plain_)),
      to_(to) {}

IndexLoader::Step IndexLoader::Unusable() {
  pass_ = Pass::kUnusable;
  to_->subjects.Clear();
  return Step::kUnusable;
}

IndexLoader::Step IndexLoader::Work(int subjects_max) {
  switch (pass_) {
    case Pass::kBlocks: return WalkOver(subjects_max);
    case Pass::kSubjects: return AddSubjects(subjects_max);
    case Pass::kDone: return Step::kDone;
    case Pass::kUnusable: break;
  }
  return Step::kUnusable;
}

IndexLoader::Step IndexLoader::WalkOver(int budget) {
  for (; budget > 0; --budget) {
    switch (reader_->Next()) {
      case format::IndexReader::Piece::kSubject: break;
      case format::IndexReader::Piece::kBlock: {
        const format::IndexBlock& in = reader_->block();
        auto block = std::make_unique<Block>(in.number, format::BlockChecksum(stream_, in.number));
        block->bytes = in.bytes;
        block->first = {in.first_seq, in.first_time};
        block->last = {in.last_seq, in.last_time};
        block->ttls = in.ttls;
        block->schedules = in.schedules;
        block->top = in.last_seq;
        block->deleted = in.deleted;
        block->msgs = in.msgs();
        index_.msgs += block->msgs;
        index_.bytes += block->bytes;
        index_.blocks.push_back(std::move(block));
        break;
      }
      case format::IndexReader::Piece::kEnd: {
        const format::IndexStream& stream = reader_->stream();
        index_.first = {stream.first_seq, stream.first_time};
        index_.last = {stream.last_seq, stream.last_time};
        if (!ReadExtra() || !Agrees()) return Unusable();
        pass_ = Pass::kSubjects;
        reader_ = std::make_unique<format::IndexReader>(plain_);
        return Step::kMore;
      }
      case format::IndexReader::Piece::kDamaged: return Unusable();
    }
  }
  return Step::kMore;
}

bool IndexLoader::ReadExtra() {
  if (reader_->extra().empty()) return false;
  format::ByteReader in(reader_->extra());
  in.Skip(format::kIndexExtraMagic.size());
  for (uint8_t& byte : point_.incarnation.bytes) byte = in.U8();
  point_.number = in.Uvarint();
  point_.purged = in.U8() != 0;
  for (const auto& block : index_.blocks) {
    block->compressed = block->rewritten = in.U8() != 0;
    block->raw_bytes = block->written = in.Uvarint();
    block->file_bytes = in.Uvarint();
    block->base = in.Uvarint();
    block->last_checksum = in.U64();
    if (!in.ok() || !ReadSet(&in, &block->tombs)) return false;
  }
  return in.ok() && in.at_end();
}

// What the stream says of itself is what its blocks say.
bool IndexLoader::Agrees() const {
  const format::IndexStream& stream = reader_->stream();
  const Block* before = nullptr;
  Seq first = 0;
  for (const auto& block : index_.blocks) {
    const uint64_t span = block->last.seq + 1 - block->first.seq;
    if (block->first.seq > block->last.seq + 1 || block->raw_bytes == 0) return false;
    if (block->msgs > 0 && block->msgs + block->deleted.size() != span) return false;
    if (!block->deleted.empty() &&
        (block->deleted.Min() < block->first.seq || block->deleted.Max() > block->last.seq)) {
      return false;
    }
    if (before != nullptr &&
        (block->number <= before->number || block->last.seq < before->last.seq)) {
      return false;
    }
    if (first == 0 && block->msgs > 0) first = block->first.seq;
    before = block.get();
  }
  if (before == nullptr || index_.msgs != stream.msgs || index_.bytes != stream.bytes) return false;
  if (before->last.seq != stream.last_seq || reader_->tail().last_block != before->number ||
      reader_->tail().last_checksum != before->last_checksum) {
    return false;
  }
  return stream.first_seq == (first == 0 ? stream.last_seq + 1 : first);
}

IndexLoader::Step IndexLoader::AddSubjects(int budget) {
  for (; budget > 0; --budget) {
    if (reader_->Next() != format::IndexReader::Piece::kSubject) {
      pass_ = Pass::kDone;
      to_->blocks = std::move(index_.blocks);
      to_->msgs = index_.msgs;
      to_->bytes = index_.bytes;
      to_->first = index_.first;
      to_->last = index_.last;
      return Step::kDone;
    }
    const format::IndexSubject& in = reader_->subject();
    const Block* first = index_.ByNumber(in.first_block);
    const Block* last = index_.ByNumber(in.last_block);
    // What no stream could have stored is damage that was written with its checksum.
    if (!subject::IsValidSubjectText(in.subject)) return Unusable();
    const SubjectMap::Inserted made = to_->subjects.Insert(in.subject);
    if (first == nullptr || last == nullptr || in.msgs == 0 || in.msgs > index_.msgs ||
        made.value == nullptr || !made.fresh) {
      return Unusable();
    }
    *made.value = {first->first.seq, last->last.seq, static_cast<uint32_t>(in.msgs), false, false};
  }
  return Step::kMore;
}

}  // namespace dunlin::file
