// The port: the state of a consumer that must survive, and the arithmetic on it. In the reference's
// terms (ConsumerStore, ConsumerState); the encoding of a state as bytes, which replicas and
// snapshots exchange and o.dat holds, is storage/format/consumer_state.h.
//
// Pure and single-threaded; changes are decided at once and durable at their WritePoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/store/write_point.h"

namespace dunlin {

enum class AckPolicy : uint8_t {
  kNone,
  kAll,
  kExplicit,
  kFlowControl,  // Acknowledged by flow control; to a store the same as kAll.
};

struct SequencePair {
  uint64_t consumer = 0;
  uint64_t stream = 0;
  bool operator==(const SequencePair&) const = default;
};

// Of a stream, in a consumer's state: what is written down of it has room for no higher one. A
// consumer that is told to start above it starts here; a state that is above it is refused.
inline constexpr uint64_t kConsumerStreamSeqMax = (uint64_t{1} << 63) - 1;

// A message that was delivered and not acknowledged yet.
struct PendingAck {
  uint64_t stream_seq = 0;
  uint64_t consumer_seq = 0;
  WallTime delivered;
  bool operator==(const PendingAck&) const = default;
};

// How often a message was delivered beyond the first time.
struct Redelivered {
  uint64_t stream_seq = 0;
  uint64_t count = 0;
  bool operator==(const Redelivered&) const = default;
};

struct ConsumerState {
  SequencePair delivered;
  SequencePair ack_floor;
  std::vector<PendingAck> pending;       // By stream sequence, increasing. Not AckPolicy::kNone.
  std::vector<Redelivered> redelivered;  // Likewise.
  bool operator==(const ConsumerState&) const = default;
};

// What of a consumer's configuration its store acts on.
struct ConsumerStoreConfig {
  std::string name;
  AckPolicy ack_policy = AckPolicy::kExplicit;
  int64_t max_deliver = -1;
};

enum class ConsumerError : uint8_t {
  kNone,
  kNoAckPolicy,  // "ack policy is none": an ack for a consumer that takes none, or a redelivery.
  kNotPending,   // "no message found": an ack for what is not pending.
  kOldUpdate,    // "old update ignored": Update() with an older state.
  kBadConsumerFloor,  // "bad ack floor for consumer": above what was delivered.
  kBadStreamFloor,    // "bad ack floor for stream": likewise, or too high a sequence.
  kBadPending,        // "bad pending entry, sequence [7] out of range"; ConsumerResult::seq.
  kClosed,            // "store is closed"
  kFailed,            // The disk failed or the data is damaged; Failure() has the words.
};

struct ConsumerResult {
  ConsumerError error = ConsumerError::kNone;
  uint64_t seq = 0;  // kBadPending: the stream sequence.
  WritePoint point;
  bool ok() const { return error == ConsumerError::kNone; }
};

// The text that users see.
[[nodiscard]] std::string Describe(const ConsumerResult& result);

class ConsumerStore {
 public:
  virtual ~ConsumerStore() = default;

  // Where a new consumer starts: as if everything up to 'stream_seq' were delivered and acked.
  virtual ConsumerResult SetStarting(uint64_t stream_seq) = 0;
  // Forgets everything, then SetStarting().
  virtual ConsumerResult Reset(uint64_t stream_seq) = 0;
  // Where the stream begins later than what was delivered: as if that had been delivered (and, with
  // AckPolicy::kNone, acked).
  virtual ConsumerResult UpdateStarting(uint64_t stream_seq) = 0;
  // reference: UpdateDelivered(dseq, sseq, dc, ts), UpdateAcks(dseq, sseq).
  virtual ConsumerResult Delivered(uint64_t consumer_seq, uint64_t stream_seq,
                                   uint64_t delivery_count, WallTime time) = 0;
  virtual ConsumerResult Acked(uint64_t consumer_seq, uint64_t stream_seq) = 0;
  virtual ConsumerResult RemoveRedeliveredBelow(uint64_t stream_seq) = 0;
  // REQUIRES: the same name and ack policy (reference: "ack policy can not be updated").
  virtual ConsumerResult UpdateConfig(const ConsumerStoreConfig& config) = 0;
  // Replaces the state: refused if older than the present one (kOldUpdate) unless forced.
  virtual ConsumerResult Update(const ConsumerState& state) = 0;
  virtual ConsumerResult ForceUpdate(const ConsumerState& state) = 0;

  virtual bool HasState() const = 0;
  virtual ConsumerState State() const = 0;
  // 'now' is the base of the times in it, which are rounded to seconds.
  virtual std::string EncodedState(WallTime now) const = 0;
  virtual std::optional<std::string> Failure() const = 0;
};

}  // namespace dunlin
