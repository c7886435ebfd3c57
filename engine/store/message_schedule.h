// Messages that are to be published at a time of their own (headers Nats-Schedule...): when that
// is, and what is published then.
//
//   Nats-Schedule            '@at 2026-11-21T22:58:19Z', '@every 1m30s', '@daily' and its like, or
//                            a pattern of six fields (cron.h)
//   Nats-Schedule-Target     the subject that is published to
//   Nats-Schedule-Source     a subject whose last message is published in place of the schedule
//   Nats-Schedule-TTL        the time to live of what is published
//   Nats-Schedule-Rollup     its Nats-Rollup
//   Nats-Schedule-Time-Zone  where a pattern of six fields is at home: not supported, UTC only
//
// What is published says where it comes from (Nats-Scheduler), and when the schedule fires next, or
// that it goes (Nats-Schedule-Next: a time, or 'purge'). Pure: reads no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace dunlin {

enum class ScheduleFault : uint8_t {
  kNone,
  kPattern,   // "message schedules pattern is invalid"
  kTimeZone,  // "message schedules time zone is invalid": or one that we do not know
};

struct ScheduleTime {
  ScheduleFault fault = ScheduleFault::kNone;
  WallTime next;
  bool repeats = false;
  bool ok() const { return fault == ScheduleFault::kNone; }
  bool operator==(const ScheduleTime&) const = default;
};

// When a pattern fires next, after 'last': the time of the message at first, then the time it fired
// at last. What was missed is passed over: a repeating schedule fires after 'now'. reference:
// parseMsgSchedule.
[[nodiscard]] ScheduleTime NextSchedule(std::string_view pattern, WallTime last, WallTime now);

// Likewise, of a message with these headers; nullopt: it is no schedule.
[[nodiscard]] std::optional<ScheduleTime> ScheduleOf(std::string_view headers, WallTime last,
                                                     WallTime now);

struct ScheduledMsg {
  std::string subject, header, payload;
  bool operator==(const ScheduledMsg&) const = default;
};
// What a schedule that is due publishes. 'source_header' and 'source_payload' are the schedule's
// own, or those of the last message of its source. nullopt: what the headers say makes no sense,
// and the schedule is given up. reference: getScheduledMessages.
struct DueSchedule {
  std::string_view subject, header;
  std::string_view source_header, source_payload;
  WallTime at;  // When it was due.
};
[[nodiscard]] std::optional<ScheduledMsg> MakeScheduledMsg(const DueSchedule& due, WallTime now);

}  // namespace dunlin
