#include "storage/file/checkpoint.h"

#include <algorithm>

#include "engine/base/check.h"
#include "storage/format/byte_reader.h"
#include "storage/format/little_endian.h"

namespace dunlin::file {
namespace {

constexpr std::string_view kMagic = "DLCP";
constexpr uint8_t kVersion = 5, kVersionWithUnsureLengths = 4, kVersionWithoutLengths = 3;
constexpr size_t kFixedBytes = 5 + 16 + 8 + 8 + 8 + 8 + 8 + 4 + 8 + 4 + 4 + 4 + 4 + 4 + 4;
constexpr size_t kChecksumBytes = 8;

void AppendNumbers(const std::vector<uint32_t>& numbers, std::string* out) {
  format::AppendU32(static_cast<uint32_t>(numbers.size()), out);
  for (const uint32_t number : numbers) format::AppendU32(number, out);
}

template <typename T>
T Take(std::string_view* in) {
  const T value = format::GetLittleEndian<T>(in->data());
  in->remove_prefix(sizeof(T));
  return value;
}

}  // namespace

std::string EncodeCheckpoint(const Checkpoint& checkpoint, const crypto::HighwayHash64& checksum) {
  CHECK(checkpoint.lengths.size() == checkpoint.blocks.size());
  std::string out(kMagic);
  out.push_back(static_cast<char>(kVersion));
  for (const uint8_t byte : checkpoint.incarnation.bytes) out.push_back(static_cast<char>(byte));
  format::AppendU64(checkpoint.number, &out);
  format::AppendU64(checkpoint.floor, &out);
  format::AppendU64(checkpoint.last.seq, &out);
  format::AppendU64(static_cast<uint64_t>(checkpoint.last.time.ns), &out);
  format::AppendU64(checkpoint.msgs, &out);
  format::AppendU32(checkpoint.head, &out);
  format::AppendU64(checkpoint.head_bytes, &out);
  AppendNumbers(checkpoint.blocks, &out);
  for (const uint64_t length : checkpoint.lengths) format::AppendU64(length, &out);
  const OtherFile other = checkpoint.other.value_or(OtherFile{});
  format::AppendU32(other.block, &out);
  format::AppendU64(other.bytes, &out);
  format::AppendU32(static_cast<uint32_t>(checkpoint.cuts.size()), &out);
  for (const BlockCut& cut : checkpoint.cuts) {
    format::AppendU32(cut.block, &out);
    format::AppendU64(cut.seq, &out);
  }
  AppendNumbers(checkpoint.erasures, &out);
  const std::string purge = checkpoint.purge ? EncodePurgeIntent(*checkpoint.purge) : "";
  format::AppendU32(static_cast<uint32_t>(purge.size()), &out);
  out += purge;
  AppendNumbers(checkpoint.unsure, &out);
  format::AppendU32(static_cast<uint32_t>(checkpoint.index.size()), &out);
  for (const IndexPart& part : checkpoint.index) {
    format::AppendU32(part.number, &out);
    format::AppendU64(part.bytes, &out);
    format::AppendU64(part.checksum, &out);
  }
  format::AppendU64(checksum.Of(out), &out);
  return out;
}

std::optional<Checkpoint> DecodeCheckpoint(std::string_view bytes,
                                           const crypto::HighwayHash64& checksum) {
  if (bytes.size() < kFixedBytes + kChecksumBytes || !bytes.starts_with(kMagic)) {
    return std::nullopt;
  }
  const std::string_view content = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (format::GetU64(bytes.data() + content.size()) != checksum.Of(content)) return std::nullopt;
  std::string_view in = content.substr(kMagic.size());
  const auto version = Take<uint8_t>(&in);
  if (version < kVersionWithoutLengths || version > kVersion) return std::nullopt;
  Checkpoint out;
  for (uint8_t& byte : out.incarnation.bytes) byte = Take<uint8_t>(&in);
  out.number = Take<uint64_t>(&in);
  out.floor = Take<uint64_t>(&in);
  out.last.seq = Take<uint64_t>(&in);
  out.last.time.ns = Take<int64_t>(&in);
  out.msgs = Take<uint64_t>(&in);
  out.head = Take<uint32_t>(&in);
  out.head_bytes = Take<uint64_t>(&in);
  // So many of so many bytes, and another count or the end.
  const auto fits = [&](uint32_t count, uint64_t each, uint64_t more) {
    return in.size() >= count * each + more;
  };
  const uint32_t count = Take<uint32_t>(&in);
  if (!fits(count, sizeof(uint32_t), sizeof(uint32_t))) return std::nullopt;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t block = Take<uint32_t>(&in);
    if (!out.blocks.empty() && block <= out.blocks.back()) return std::nullopt;
    out.blocks.push_back(block);
  }
  out.lengths.resize(count);
  if (version > kVersionWithoutLengths) {
    if (!fits(count, sizeof(uint64_t), sizeof(uint32_t))) return std::nullopt;
    for (uint64_t& length : out.lengths) length = Take<uint64_t>(&in);
  }
  if (version == kVersion) {
    if (!fits(1, sizeof(uint32_t) + sizeof(uint64_t), sizeof(uint32_t))) return std::nullopt;
    const auto block = Take<uint32_t>(&in);
    const auto bytes = Take<uint64_t>(&in);
    if (block == 0 && bytes != 0) return std::nullopt;
    if (block != 0) out.other = OtherFile{block, bytes};
  }
  const uint32_t cuts = Take<uint32_t>(&in);
  if (!fits(cuts, sizeof(uint32_t) + sizeof(uint64_t), sizeof(uint32_t))) return std::nullopt;
  for (uint32_t i = 0; i < cuts; ++i) {
    const uint32_t block = Take<uint32_t>(&in);
    out.cuts.push_back({block, Take<uint64_t>(&in)});
  }
  const uint32_t erasures = Take<uint32_t>(&in);
  if (!fits(erasures, sizeof(uint32_t), sizeof(uint32_t))) return std::nullopt;
  for (uint32_t i = 0; i < erasures; ++i) out.erasures.push_back(Take<uint32_t>(&in));
  const uint32_t purge = Take<uint32_t>(&in);
  if (!fits(purge, 1, sizeof(uint32_t))) return std::nullopt;
  if (purge > 0 && !DecodePurgeIntent(in.substr(0, purge), &out.purge.emplace())) {
    return std::nullopt;
  }
  in.remove_prefix(purge);
  const uint32_t unsure = Take<uint32_t>(&in);
  if (!fits(unsure, sizeof(uint32_t), sizeof(uint32_t))) return std::nullopt;
  for (uint32_t i = 0; i < unsure; ++i) out.unsure.push_back(Take<uint32_t>(&in));
  for (size_t i = 0; i < count && version == kVersionWithUnsureLengths; ++i) {
    const auto& all = out.unsure;
    if (std::find(all.begin(), all.end(), out.blocks[i]) != all.end()) out.lengths[i] = 0;
  }
  const uint32_t parts = Take<uint32_t>(&in);
  if (in.size() != uint64_t{parts} * (sizeof(uint32_t) + 2 * sizeof(uint64_t))) return std::nullopt;
  for (uint32_t i = 0; i < parts; ++i) {
    IndexPart part;
    part.number = Take<uint32_t>(&in);
    part.bytes = Take<uint64_t>(&in);
    part.checksum = Take<uint64_t>(&in);
    out.index.push_back(part);
  }
  return out;
}

}  // namespace dunlin::file
