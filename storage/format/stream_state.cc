#include "storage/format/stream_state.h"

#include <algorithm>
#include <optional>

#include "storage/format/byte_reader.h"

namespace dunlin::format {
namespace {

constexpr uint8_t kMagic = 42;
constexpr uint8_t kVersion = 1;
constexpr uint8_t kRunMagic = 33;
constexpr uint8_t kSetMagic = 22;

void AppendBlock(const DeleteBlock& block, std::string* out) {
  if (const auto* set = std::get_if<SeqSet>(&block)) return set->AppendEncoded(*out);
  const SeqRange range = std::get<SeqRange>(block);
  out->push_back(static_cast<char>(kRunMagic));
  AppendUvarint(range.first, out);
  AppendUvarint(range.last - range.first + 1, out);
}

void ReadRun(ByteReader* in, ReplicatedState* out) {
  const uint64_t at = in->offset();
  in->Skip(1);
  const uint64_t first = in->Uvarint(), count = in->Uvarint();
  if (!in->ok() || count == 0) return;
  if (count - 1 > UINT64_MAX - first) return in->Fail(Fault::kBadValue, at);
  out->deleted.emplace_back(SeqRange{first, first + (count - 1)});
}

void ReadSet(ByteReader* in, ReplicatedState* out) {
  SeqSet set;
  size_t used = 0;
  if (set.Decode(in->Rest(), &used) != SeqSet::DecodeError::kNone) {
    return in->Fail(Fault::kBadValue);
  }
  in->Skip(used);
  out->deleted.emplace_back(std::move(set));
}

}  // namespace

bool IsReplicatedState(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == kMagic && bytes[1] == kVersion;
}

std::string EncodeReplicatedState(const ReplicatedState& state) {
  std::string out;
  out.push_back(static_cast<char>(kMagic));
  out.push_back(static_cast<char>(kVersion));
  AppendUvarint(state.msgs, &out);
  AppendUvarint(state.bytes, &out);
  AppendUvarint(state.first_seq, &out);
  AppendUvarint(state.last_seq, &out);
  AppendUvarint(state.failed, &out);
  AppendUvarint(state.num_deleted, &out);
  if (state.num_deleted == 0) return out;
  for (const DeleteBlock& block : state.deleted) AppendBlock(block, &out);
  return out;
}

Damage DecodeReplicatedState(std::string_view bytes, ReplicatedState* out) {
  *out = {};
  ByteReader in(bytes);
  if (in.U8() != kMagic) in.Fail(Fault::kBadMagic, 0);
  if (in.U8() != kVersion) in.Fail(Fault::kBadVersion, 1);
  out->msgs = in.Uvarint();
  out->bytes = in.Uvarint();
  out->first_seq = in.Uvarint();
  out->last_seq = in.Uvarint();
  out->failed = in.Uvarint();
  out->num_deleted = in.Uvarint();
  while (out->num_deleted > 0 && in.ok() && !in.at_end()) {
    switch (static_cast<uint8_t>(in.Rest()[0])) {
      case kSetMagic: ReadSet(&in, out); break;
      case kRunMagic: ReadRun(&in, out); break;
      default: in.Fail(Fault::kBadValue); break;
    }
  }
  return in.damage();
}

std::vector<SeqRange> DeletedRanges(const std::vector<DeleteBlock>& blocks) {
  std::vector<SeqRange> ranges;
  for (const DeleteBlock& block : blocks) {
    if (const auto* range = std::get_if<SeqRange>(&block)) {
      ranges.push_back(*range);
      continue;
    }
    const SeqSet& set = std::get<SeqSet>(block);
    std::optional<uint64_t> first = set.Next(0);
    while (first) {
      const std::optional<uint64_t> end = set.NextAbsent(*first);
      ranges.push_back({*first, end ? *end - 1 : UINT64_MAX});
      first = end ? set.Next(*end) : std::nullopt;
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const SeqRange& a, const SeqRange& b) {
    return a.first != b.first ? a.first < b.first : a.last < b.last;
  });
  std::vector<SeqRange> joined;
  for (const SeqRange& range : ranges) {
    if (!joined.empty() && (range.first == 0 || range.first - 1 <= joined.back().last)) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

}  // namespace dunlin::format
