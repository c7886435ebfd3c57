// The state of a consumer as bytes: what o.dat holds (sealed, in an encrypted store), and what
// snapshots and replicas exchange.
//
//   22, version; then as varints: ack floor (consumer, stream), delivered (consumer, stream), the
//   number of pending messages and, if any, a base time; for each one its stream and consumer
//   sequence, above the ack floor's, and its time of delivery, whole seconds before the base;
//   the number of redelivered messages and, for each, its stream sequence above the ack floor's
//   and how often.
//
// Version 1 (long ago) had delivered above the floor, no consumer sequence and times the other way
// round.
//
// A state that more is to follow in its file says so: it has the ack floor's stream sequence a byte
// longer than need be, which whoever reads it passes over. So one that lost what follows is known.
#pragma once

#include <string>
#include <string_view>

#include "engine/store/consumer_store.h"
#include "storage/format/damage.h"

namespace dunlin::format {

// Writes version 2. Times of delivery are cut to seconds; 'now' becomes the base. Values below the
// ack floor (which no sane state has) wrap around and read back as they were.
enum class StateEnds : uint8_t { kThere, kBeforeMore };
[[nodiscard]] std::string EncodeConsumerState(const ConsumerState& state, WallTime now,
                                              StateEnds ends = StateEnds::kThere);
// What 'bytes', which decode, say of that.
[[nodiscard]] StateEnds HowConsumerStateEnds(std::string_view bytes);

// Reads versions 1 and 2. Entries come back sorted by stream sequence; of several with one
// sequence the last counts; redelivered ones with a sequence or count of 0 are left out
// (reference: all of this). On damage '*out' is unspecified.
// '*used', if wanted: how many bytes were the state's; what stands behind them is not looked at.
[[nodiscard]] Damage DecodeConsumerState(std::string_view bytes, ConsumerState* out,
                                         uint64_t* used = nullptr);

}  // namespace dunlin::format
