#include "storage/file/consumer_record.h"

#include "engine/base/check.h"
#include "storage/format/byte_reader.h"
#include "storage/format/little_endian.h"

namespace dunlin::file {
namespace {

constexpr std::string_view kMagic = "DLCC\x01";
constexpr size_t kTrailerBytes = 5 + 16 + 8 + 8 + 1 + 1 + 8;
constexpr uint8_t kChanged = 1, kHasMeta = 2;
// Of a stream: no o.dat that can be read has one from here on (format/consumer_state.h).
constexpr uint64_t kSeqEnd = uint64_t{1} << 63;

}  // namespace

ConsumerRecord& ConsumerRecord::Add(uint64_t value) {
  CHECK(size_ + 10 <= sizeof(bytes_));
  for (; value >= 0x80; value >>= 7) bytes_[size_++] = static_cast<uint8_t>(value | 0x80);
  bytes_[size_++] = static_cast<uint8_t>(value);
  return *this;
}

ConsumerRecord& ConsumerRecord::AddSigned(int64_t value) {
  return Add((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

bool DecodeConsumerRecord(ConsumerRecordType type, std::span<const uint8_t> body,
                          DecodedConsumerRecord* out) {
  *out = {};
  format::ByteReader in(std::string_view(reinterpret_cast<const char*>(body.data()), body.size()));
  out->number = in.Uvarint();
  const auto stream_seq = [&] {
    const uint64_t at = in.offset(), seq = in.Uvarint();
    if (seq >= kSeqEnd) in.Fail(format::Fault::kBadValue, at);
    return seq;
  };
  switch (type) {
    case ConsumerRecordType::kDelivered:
      out->a = in.Uvarint();
      out->b = stream_seq();
      out->count = in.Uvarint();
      out->time = in.Varint();
      break;
    case ConsumerRecordType::kAcked:
      out->a = in.Uvarint();
      out->b = stream_seq();
      break;
    case ConsumerRecordType::kStarting:
    case ConsumerRecordType::kReset:
    case ConsumerRecordType::kUpdateStarting:
    case ConsumerRecordType::kRemoveRedelivered: out->a = stream_seq(); break;
    case ConsumerRecordType::kConfig:
      out->time = in.Varint();
      out->a = in.Uvarint();
      if (out->a > static_cast<uint64_t>(AckPolicy::kFlowControl)) return false;
      break;
    case ConsumerRecordType::kPart:
    case ConsumerRecordType::kState:
    case ConsumerRecordType::kMeta:
      out->rest = in.Rest();
      in.Skip(out->rest.size());
      break;
    default: return false;
  }
  return in.ok() && in.at_end();
}

void AppendConsumerTrailer(const ConsumerTrailer& trailer, const crypto::HighwayHash64& checksum,
                           std::string* file) {
  if (!trailer.meta.empty()) {
    file->append(trailer.meta);
    format::AppendU32(static_cast<uint32_t>(trailer.meta.size()), file);
  }
  file->append(kMagic);
  for (const uint8_t byte : trailer.incarnation.bytes) file->push_back(static_cast<char>(byte));
  format::AppendU64(trailer.number, file);
  format::AppendU64(static_cast<uint64_t>(trailer.max_deliver), file);
  file->push_back(static_cast<char>(trailer.ack_policy));
  file->push_back(
      static_cast<char>((trailer.changed ? kChanged : 0) | (trailer.meta.empty() ? 0 : kHasMeta)));
  format::AppendU64(checksum.Of(*file), file);
}

TrailerFound ReadConsumerTrailer(std::string_view file, const crypto::HighwayHash64& checksum,
                                 ConsumerTrailer* out) {
  *out = {};
  if (file.size() < kTrailerBytes) return TrailerFound::kNone;
  const std::string_view trailer = file.substr(file.size() - kTrailerBytes);
  if (!trailer.starts_with(kMagic)) return TrailerFound::kNone;
  const std::string_view summed = file.substr(0, file.size() - 8);
  if (format::GetU64(file.data() + summed.size()) != checksum.Of(summed)) {
    return TrailerFound::kDamaged;
  }
  const char* at = trailer.data() + kMagic.size();
  for (uint8_t& byte : out->incarnation.bytes) byte = static_cast<uint8_t>(*at++);
  out->number = format::GetU64(at);
  out->max_deliver = static_cast<int64_t>(format::GetU64(at + 8));
  const auto policy = static_cast<uint8_t>(at[16]);
  if (policy > static_cast<uint8_t>(AckPolicy::kFlowControl)) return TrailerFound::kDamaged;
  out->ack_policy = static_cast<AckPolicy>(policy);
  const auto flags = static_cast<uint8_t>(at[17]);
  out->changed = (flags & kChanged) != 0;
  if ((flags & kHasMeta) == 0) return TrailerFound::kYes;
  std::string_view before = file.substr(0, file.size() - kTrailerBytes);
  if (before.size() < sizeof(uint32_t)) return TrailerFound::kDamaged;
  before.remove_suffix(sizeof(uint32_t));
  const uint32_t length = format::GetLittleEndian<uint32_t>(before.data() + before.size());
  if (length > before.size()) return TrailerFound::kDamaged;
  out->meta = before.substr(before.size() - length);
  return TrailerFound::kYes;
}

}  // namespace dunlin::file
