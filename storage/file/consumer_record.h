// What a consumer store writes: its records in the journal, and what stands behind the state in
// its o.dat.
//
// A record: its number (uvarint), then by kind what the call was, as varints. Replay makes the same
// calls again, on the state that o.dat has and by the configuration of that time, so it ends where
// the last durable record was. Numbers go up by one with each record of a store, across restarts.
//
// o.dat is what the reference writes there (storage/format/consumer_state.h) and a trailer, which
// the reference does not look at: whose journal records go on from here, and from which one.
//
//   metadata, and their length u32: of a configuration that meta.inf may not have yet; else neither
//   "DLCC", version u8; incarnation 16; record number u64; max_deliver i64; ack policy u8;
//   flags u8: 1 changed, 2 there are metadata;
//   HighwayHash-64 of all before, the state included, by ConsumerChecksum()
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/store/consumer_ledger.h"
#include "engine/store/incarnation.h"
#include "storage/crypto/highway_hash.h"

namespace dunlin::file {

// Beside o.dat, while meta.key is another one's: what opens it.
inline constexpr std::string_view kOldKeyFile = "o.key";

enum class ConsumerRecordType : uint8_t {
  kDelivered = 1,  // consumer sequence, stream sequence, delivery count, time
  kAcked = 2,      // consumer sequence, stream sequence
  kStarting = 3,   // stream sequence; likewise the next three
  kReset = 4,
  kUpdateStarting = 5,
  kRemoveRedelivered = 6,
  kConfig = 7,  // max_deliver, ack policy
  kPart = 8,    // Bytes of a state or metadata that is too long for one record. The rest of it
                // comes next; if a death cut that off, something that is no part of anything.
  kState = 9,   // The rest of a state: all of it is as in o.dat.
  kMeta = 10,   // The rest of the metadata, plain.
};

// A record as it goes to the journal, without memory of its own.
class ConsumerRecord {
 public:
  explicit ConsumerRecord(uint64_t number) { Add(number); }
  ConsumerRecord& Add(uint64_t value);
  ConsumerRecord& AddSigned(int64_t value);
  std::span<const uint8_t> bytes() const { return {bytes_, size_}; }

 private:
  static constexpr size_t kNumbersMax = 5;
  uint8_t bytes_[kNumbersMax * 10];
  size_t size_ = 0;
};

// Reads one back. False: it is cut short, its kind unknown, or a sequence of the stream not one
// that o.dat can hold. 'rest': kPart, kState and kMeta.
struct DecodedConsumerRecord {
  uint64_t number = 0;
  uint64_t a = 0, b = 0, count = 0;
  int64_t time = 0;  // kConfig: max_deliver.
  std::string_view rest;
};
[[nodiscard]] bool DecodeConsumerRecord(ConsumerRecordType type, std::span<const uint8_t> body,
                                        DecodedConsumerRecord* out);

struct ConsumerTrailer {
  Incarnation incarnation;
  uint64_t number = 0;  // Of the last journal record that the state has.
  int64_t max_deliver = -1;
  AckPolicy ack_policy = AckPolicy::kExplicit;
  bool changed = false;  // Somebody set the state, be it to nothing.
  std::string meta;      // What meta.inf is to hold; empty: it does.
  bool operator==(const ConsumerTrailer&) const = default;
};

// 'file' holds the encoded state.
void AppendConsumerTrailer(const ConsumerTrailer& trailer, const crypto::HighwayHash64& checksum,
                           std::string* file);
// The trailer, if there is one. kDamaged: there seems to be one, and it does not fit the file.
enum class TrailerFound : uint8_t { kYes, kNone, kDamaged };
[[nodiscard]] TrailerFound ReadConsumerTrailer(std::string_view file,
                                               const crypto::HighwayHash64& checksum,
                                               ConsumerTrailer* out);

}  // namespace dunlin::file
