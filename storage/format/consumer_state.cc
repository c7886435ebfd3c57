#include "storage/format/consumer_state.h"

#include <algorithm>
#include <vector>

#include "storage/format/byte_reader.h"

namespace dunlin::format {
namespace {

constexpr uint8_t kMagic = 22;
constexpr uint8_t kOldVersion = 1;
constexpr uint8_t kVersion = 2;
constexpr int64_t kSecond = 1'000'000'000;
constexpr uint64_t kSeqEnd = uint64_t{1} << 63;

// As the reference rounds: to the next second from the middle on.
int64_t RoundToSeconds(WallTime time) {
  int64_t seconds = time.ns / kSecond, rest = time.ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  return rest * 2 >= kSecond ? seconds + 1 : seconds;
}

// Sums and products of numbers from a file, which may be anything, wrap as the reference's do.
int64_t Add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t Subtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
WallTime Time(int64_t seconds) {
  return {static_cast<int64_t>(static_cast<uint64_t>(seconds) * uint64_t{kSecond})};
}

// Sorted by sequence, the last of equals kept.
template <typename Entry>
void Tidy(std::vector<Entry>* entries) {
  const auto before = [](const Entry& a, const Entry& b) { return a.stream_seq < b.stream_seq; };
  if (!std::is_sorted(entries->begin(), entries->end(), before)) {
    std::stable_sort(entries->begin(), entries->end(), before);
  }
  size_t kept = 0;
  for (size_t i = 0; i < entries->size(); ++i) {
    if (i + 1 < entries->size() && (*entries)[i + 1].stream_seq == (*entries)[i].stream_seq) {
      continue;
    }
    (*entries)[kept++] = (*entries)[i];
  }
  entries->resize(kept);
}

void ReadPending(uint8_t version, ByteReader* in, ConsumerState* out) {
  const uint64_t count = in->Uvarint();
  if (count == 0) return;
  const int64_t base = in->Varint();
  out->pending.reserve(std::min(count, in->left() / 2));
  for (uint64_t i = 0; i < count && in->ok(); ++i) {
    const uint64_t at = in->offset();
    PendingAck ack;
    ack.stream_seq = in->Uvarint() + out->ack_floor.stream;
    if (version == kVersion) ack.consumer_seq = in->Uvarint() + out->ack_floor.consumer;
    const int64_t seconds = in->Varint();
    ack.delivered = Time(version == kVersion ? Subtract(base, seconds) : Add(seconds, base));
    if (in->ok() && ack.stream_seq == 0) in->Fail(Fault::kBadValue, at);
    out->pending.push_back(ack);
  }
  Tidy(&out->pending);
}

void ReadRedelivered(ByteReader* in, ConsumerState* out) {
  const uint64_t count = in->Uvarint();
  out->redelivered.reserve(std::min(count, in->left() / 2));
  for (uint64_t i = 0; i < count && in->ok(); ++i) {
    const uint64_t above = in->Uvarint();
    const uint64_t times = in->Uvarint();
    if (above == 0 || times == 0) continue;
    out->redelivered.push_back({above + out->ack_floor.stream, times});
  }
  Tidy(&out->redelivered);
}

}  // namespace

std::string EncodeConsumerState(const ConsumerState& state, WallTime now, StateEnds ends) {
  std::string out;
  out.reserve(64 + state.pending.size() * 8 + state.redelivered.size() * 6);
  out.push_back(static_cast<char>(kMagic));
  out.push_back(static_cast<char>(kVersion));
  AppendUvarint(state.ack_floor.consumer, &out);
  AppendUvarint(state.ack_floor.stream, &out);
  // Ten bytes at most, since the sequence is below 2^63.
  if (ends == StateEnds::kBeforeMore) {
    out.back() = static_cast<char>(out.back() | 0x80);
    out.push_back(0);
  }
  AppendUvarint(state.delivered.consumer, &out);
  AppendUvarint(state.delivered.stream, &out);
  AppendUvarint(state.pending.size(), &out);
  if (!state.pending.empty()) {
    const int64_t base = RoundToSeconds(now);
    AppendVarint(base, &out);
    for (const PendingAck& ack : state.pending) {
      AppendUvarint(ack.stream_seq - state.ack_floor.stream, &out);
      AppendUvarint(ack.consumer_seq - state.ack_floor.consumer, &out);
      AppendVarint(base - ack.delivered.ns / kSecond, &out);
    }
  }
  AppendUvarint(state.redelivered.size(), &out);
  for (const Redelivered& again : state.redelivered) {
    AppendUvarint(again.stream_seq - state.ack_floor.stream, &out);
    AppendUvarint(again.count, &out);
  }
  return out;
}

StateEnds HowConsumerStateEnds(std::string_view bytes) {
  ByteReader in(bytes);
  in.Skip(2);
  (void)in.Uvarint();
  const uint64_t from = in.offset();
  (void)in.Uvarint();
  const bool longer = in.ok() && in.offset() > from + 1 && bytes[in.offset() - 1] == 0;
  return longer ? StateEnds::kBeforeMore : StateEnds::kThere;
}

Damage DecodeConsumerState(std::string_view bytes, ConsumerState* out, uint64_t* used) {
  *out = {};
  ByteReader in(bytes);
  if (in.U8() != kMagic) in.Fail(Fault::kBadMagic, 0);
  const uint8_t version = in.U8();
  if (in.ok() && version != kOldVersion && version != kVersion) in.Fail(Fault::kBadVersion, 1);
  out->ack_floor.consumer = in.Uvarint();
  out->ack_floor.stream = in.Uvarint();
  out->delivered.consumer = in.Uvarint();
  out->delivered.stream = in.Uvarint();
  if (version == kOldVersion) {
    // Also, 'delivered' was the next one to deliver.
    if (out->ack_floor.consumer > 1) out->delivered.consumer += out->ack_floor.consumer - 1;
    if (out->ack_floor.stream > 1) out->delivered.stream += out->ack_floor.stream - 1;
  }
  if (out->ack_floor.stream >= kSeqEnd || out->delivered.stream >= kSeqEnd) {
    in.Fail(Fault::kBadValue, 2);
  }
  if (in.ok()) ReadPending(version, &in, out);
  if (in.ok()) ReadRedelivered(&in, out);
  if (used != nullptr) *used = in.offset();
  return in.damage();
}

}  // namespace dunlin::format
