// The few headers that a store reads in the messages it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin {

// The value of the first header with this name, which is looked for as it is written; a view into
// 'headers'. Blanks before the value are passed over. reference: sliceHeader.
[[nodiscard]] std::optional<std::string_view> FindHeader(std::string_view headers,
                                                         std::string_view name);

// What Nats-TTL says, in seconds: 0 is none, or nonsense; -1 is never. A duration ('1h30m', at
// least a second) or whole seconds. reference: getMessageTTL.
[[nodiscard]] int64_t MessageTtl(std::string_view headers);

// Nats-Schedule is there: the message is to be published at a time of its own.
[[nodiscard]] bool HasSchedule(std::string_view headers);

// Nats-Rollup is there: the message will take the place of older ones, and passes limits.
[[nodiscard]] bool IsRollup(std::string_view headers);

// The message says that its subject was deleted (Nats-Marker-Reason, or KV-Operation: PURGE): when
// it goes, no marker takes its place.
[[nodiscard]] bool IsDeleteMarker(std::string_view headers);

// The headers of the marker for a subject whose last message went by age or TTL.
[[nodiscard]] std::string DeleteMarkerHeaders(Duration ttl);

}  // namespace dunlin
