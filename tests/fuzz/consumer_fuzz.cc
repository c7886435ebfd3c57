// Bytes as what a consumer store writes. By the first one:
//
//   r  records of the journal: ack policy, then for each its kind, how long it is, its bytes. They
//      are read, written again, and make of a ledger what their replay makes
//   o  an o.dat with its trailer, whose checksum is made to fit; O: with its own
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/store/consumer_ledger.h"
#include "storage/file/consumer_record.h"
#include "storage/file/consumer_replay.h"
#include "storage/format/byte_reader.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"

namespace {

using namespace dunlin;        // NOLINT: a program of one file.
using namespace dunlin::file;  // NOLINT

using Type = ConsumerRecordType;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Times are cut to seconds, and that what lies at the floor was redelivered is not kept.
ConsumerState AsWritten(ConsumerState state) {
  std::erase_if(state.redelivered, [&](const Redelivered& redelivered) {
    return redelivered.stream_seq == state.ack_floor.stream;
  });
  for (PendingAck& pending : state.pending) {
    constexpr int64_t kSecond = 1'000'000'000;
    pending.delivered.ns = pending.delivered.ns / kSecond * kSecond;
  }
  return state;
}

// What is written of a state is what is read, whatever follows.
void CheckState(const ConsumerState& state) {
  for (const auto ends : {format::StateEnds::kThere, format::StateEnds::kBeforeMore}) {
    std::string bytes = format::EncodeConsumerState(state, {}, ends);
    CHECK(format::HowConsumerStateEnds(bytes) == ends);
    const size_t size = bytes.size();
    bytes += "more";
    ConsumerState back;
    uint64_t used = 0;
    CHECK(format::DecodeConsumerState(bytes, &back, &used).ok());
    CHECK(used == size && back == AsWritten(state));
  }
}

std::string Encode(Type type, const DecodedConsumerRecord& record) {
  ConsumerRecord out(record.number);
  switch (type) {
    case Type::kDelivered:
      out.Add(record.a).Add(record.b).Add(record.count).AddSigned(record.time);
      break;
    case Type::kAcked: out.Add(record.a).Add(record.b); break;
    case Type::kConfig: out.AddSigned(record.time).Add(record.a); break;
    case Type::kPart:
    case Type::kState:
    case Type::kMeta: break;
    default: out.Add(record.a);
  }
  const auto bytes = out.bytes();
  return std::string(bytes.begin(), bytes.end()).append(record.rest);
}

void CheckRecord(Type type, std::string_view body) {
  DecodedConsumerRecord record, back;
  if (!DecodeConsumerRecord(type, Bytes(body), &record)) return;
  const std::string again = Encode(type, record);
  // Numbers may be written longer than they have to be.
  CHECK(again.size() <= body.size());
  CHECK(DecodeConsumerRecord(type, Bytes(again), &back));
  CHECK(back.number == record.number && back.a == record.a && back.b == record.b);
  CHECK(back.count == record.count && back.time == record.time && back.rest == record.rest);
}

void Records(std::string_view bytes) {
  if (bytes.empty()) return;
  ConsumerStoreConfig config;
  config.name = "C";
  config.ack_policy = static_cast<AckPolicy>(static_cast<uint8_t>(bytes[0]) % 4);
  ConsumerLedger ledger(config);
  ConsumerReplay replay(&ledger, 0);
  bytes.remove_prefix(1);
  while (bytes.size() >= 2) {
    const auto kind = static_cast<uint8_t>(bytes[0]);
    const size_t size = std::min<size_t>(static_cast<uint8_t>(bytes[1]), bytes.size() - 2);
    const std::string_view body = bytes.substr(2, size);
    bytes.remove_prefix(2 + size);
    CheckRecord(static_cast<Type>(kind), body);
    const uint64_t before = replay.number();
    (void)replay.Take(kind, Bytes(body));
    CHECK(replay.number() >= before);
  }
  CheckState(ledger.State());
}

void StateFile(std::string file) {
  static const auto* const checksum = new crypto::HighwayHash64(format::ConsumerChecksum("S", "C"));
  ConsumerState state;
  uint64_t used = 0;
  if (format::DecodeConsumerState(file, &state, &used).ok()) {
    CHECK(used <= file.size() && state.pending.size() <= file.size());
    CheckState(state);
  }
  ConsumerTrailer trailer, back;
  const TrailerFound found = ReadConsumerTrailer(file, *checksum, &trailer);
  if (found != TrailerFound::kYes) return;
  CHECK(trailer.meta.size() < file.size());
  // Behind another state it is the same.
  std::string again = format::EncodeConsumerState({}, {}, format::StateEnds::kBeforeMore);
  AppendConsumerTrailer(trailer, *checksum, &again);
  CHECK(ReadConsumerTrailer(again, *checksum, &back) == TrailerFound::kYes && back == trailer);
  // A file with one byte less, or another one, has none.
  CHECK(ReadConsumerTrailer(std::string_view(again).substr(1), *checksum, &back) !=
        TrailerFound::kYes);
  again.front() = static_cast<char>(again.front() ^ 1);
  CHECK(ReadConsumerTrailer(again, *checksum, &back) == TrailerFound::kDamaged);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const auto* const checksum = new crypto::HighwayHash64(format::ConsumerChecksum("S", "C"));
  switch (data[0]) {
    case 'r': Records(bytes); break;
    case 'o': {
      std::string file(bytes);
      format::AppendU64(checksum->Of(file), &file);
      StateFile(std::move(file));
      break;
    }
    case 'O': StateFile(std::string(bytes)); break;
    default: break;
  }
  return 0;
}
