#include "engine/store/message_schedule.h"

#include <utility>

#include "engine/base/rfc3339.h"
#include "engine/config/duration.h"
#include "engine/store/cron.h"
#include "engine/store/msg_headers.h"

namespace dunlin {
namespace {

constexpr std::string_view kEmptyHeaders = "NATS/1.0\r\n\r\n";

// To the nearest second, halves up (reference: away from zero, and times are after 1970).
WallTime Rounded(WallTime at) {
  const int64_t half = at.ns + Millis(500).ns;
  return {half - ((half % Seconds(1).ns) + Seconds(1).ns) % Seconds(1).ns};
}

std::string_view Predefined(std::string_view pattern) {
  constexpr std::pair<std::string_view, std::string_view> kPatterns[] = {
      {"@yearly", "0 0 0 1 1 *"}, {"@annually", "0 0 0 1 1 *"}, {"@monthly", "0 0 0 1 * *"},
      {"@weekly", "0 0 0 * * 0"}, {"@daily", "0 0 0 * * *"},    {"@midnight", "0 0 0 * * *"},
      {"@hourly", "0 0 * * * *"},
  };
  for (const auto& [name, fields] : kPatterns) {
    if (pattern == name) return fields;
  }
  return pattern;
}

// Takes out all lines that begin with 'prefix'. Empty if nothing is left.
std::string Without(std::string headers, std::string_view prefix) {
  for (size_t at = headers.find(prefix); at != std::string::npos; at = headers.find(prefix, at)) {
    if (at == 0 || headers[at - 1] != '\n') {
      at += prefix.size();
      continue;
    }
    const size_t end = headers.find("\r\n", at);
    if (end == std::string::npos) break;
    headers.erase(at, end + 2 - at);
  }
  return headers.size() <= kEmptyHeaders.size() ? std::string() : headers;
}

ScheduleTime Wrong(ScheduleFault fault) {
  ScheduleTime out;
  out.fault = fault;
  return out;
}

void Add(std::string* headers, std::string_view name, std::string_view value) {
  if (headers->empty()) *headers = kEmptyHeaders;
  headers->resize(headers->size() - 2);  // The blank line.
  headers->append(name).append(": ").append(value).append("\r\n\r\n");
}

}  // namespace

ScheduleTime NextSchedule(std::string_view pattern, WallTime last, WallTime now) {
  constexpr std::string_view kAt = "@at ", kEvery = "@every ";
  ScheduleTime out;
  const auto bad = [] { return Wrong(ScheduleFault::kPattern); };
  if (pattern.starts_with(kAt)) {
    return ParseRfc3339(pattern.substr(kAt.size()), &out.next) ? out : bad();
  }
  out.repeats = true;
  if (pattern.starts_with(kEvery)) {
    const Result<Duration> every = config::ParseDuration(pattern.substr(kEvery.size()));
    if (!every.ok() || every.value() < Seconds(1)) return bad();
    const auto goes_on_from = [&](WallTime at) {
      return !__builtin_add_overflow(Rounded(at).ns, every.value().ns, &out.next.ns);
    };
    const bool has_next = goes_on_from(last) && (out.next >= now || goes_on_from(now));
    return has_next ? out : bad();
  }
  const std::string_view fields = Predefined(pattern);
  std::optional<WallTime> next = NextCron(fields, last);
  if (next && *next < now) next = NextCron(fields, Rounded(now));
  if (!next) return bad();
  out.next = *next;
  return out;
}

std::optional<ScheduleTime> ScheduleOf(std::string_view headers, WallTime last, WallTime now) {
  const std::string_view pattern = FindHeader(headers, "Nats-Schedule").value_or("");
  const std::optional<std::string_view> zone = FindHeader(headers, "Nats-Schedule-Time-Zone");
  const bool utc = zone == "UTC";
  if (zone && !utc) return Wrong(ScheduleFault::kTimeZone);
  if (pattern.empty()) return std::nullopt;
  if (utc && (pattern.starts_with("@at ") || pattern.starts_with("@every "))) {
    return Wrong(ScheduleFault::kPattern);  // They are at home anywhere.
  }
  return NextSchedule(pattern, last, now);
}

std::optional<ScheduledMsg> MakeScheduledMsg(const DueSchedule& due, WallTime now) {
  const std::optional<ScheduleTime> next = ScheduleOf(due.header, due.at, now);
  const std::string_view target = FindHeader(due.header, "Nats-Schedule-Target").value_or("");
  const std::string_view ttl = FindHeader(due.header, "Nats-Schedule-TTL").value_or("");
  const std::string_view rollup = FindHeader(due.header, "Nats-Schedule-Rollup").value_or("");
  if (!next || !next->ok() || target.empty()) return std::nullopt;
  if (!ttl.empty() && MessageTtl(std::string("NATS/1.0\r\nNats-TTL: ").append(ttl)) == 0) {
    return std::nullopt;
  }
  ScheduledMsg out;
  out.subject = target;
  out.payload = due.source_payload;
  out.header = due.source_header;
  // Everything about schedules goes, and what could keep the message from being stored.
  for (const char* prefix :
       {"Nats-Schedule", "Nats-Expected-", "Nats-Msg-Id:", "Nats-TTL:", "Nats-Rollup:"}) {
    out.header = Without(std::move(out.header), prefix);
  }
  Add(&out.header, "Nats-Scheduler", due.subject);
  Add(&out.header, "Nats-Schedule-Next", next->repeats ? FormatRfc3339(next->next) : "purge");
  if (!ttl.empty()) Add(&out.header, "Nats-TTL", ttl);
  if (!rollup.empty()) Add(&out.header, "Nats-Rollup", rollup);
  return out;
}

}  // namespace dunlin
