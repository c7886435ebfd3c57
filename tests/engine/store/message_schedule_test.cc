#include "engine/store/message_schedule.h"

#include <gtest/gtest.h>

#include "engine/store/msg_headers.h"

namespace dunlin {
namespace {

const WallTime kNoon = FromCivil({.year = 2026, .month = 3, .day = 1, .hour = 12});  // A Sunday.

std::string Next(std::string_view pattern, WallTime last = kNoon, WallTime now = kNoon) {
  const ScheduleTime time = NextSchedule(pattern, last, now);
  if (!time.ok()) return "bad";
  return FormatRfc3339(time.next) + (time.repeats ? " again" : "");
}

TEST(MessageSchedule, FiresOnceAtATime) {
  EXPECT_EQ(Next("@at 2026-03-01T12:00:05.25Z"), "2026-03-01T12:00:05.25Z");
  EXPECT_EQ(Next("@at 2025-03-01T12:00:05+01:00"), "2025-03-01T11:00:05Z") << "even a past one";
  EXPECT_EQ(Next("@at tomorrow"), "bad");
}

TEST(MessageSchedule, FiresEverySoOften) {
  EXPECT_EQ(Next("@every 5s"), "2026-03-01T12:00:05Z again");
  EXPECT_EQ(Next("@every 999ms"), "bad");
  EXPECT_EQ(Next("@every now"), "bad");
  EXPECT_EQ(Next("@every 2562047h"), "bad");  // There is no such time.
  EXPECT_EQ(Next("@every 2562047h", WallTime{}), "2262-04-11T23:00:00Z again");
  // From the nearest second on, again and again.
  EXPECT_EQ(Next("@every 1500ms", kNoon + Millis(499)), "2026-03-01T12:00:01.5Z again");
  EXPECT_EQ(Next("@every 1500ms", kNoon + Millis(1500)), "2026-03-01T12:00:03.5Z again");
  // What was missed is passed over.
  EXPECT_EQ(Next("@every 5s", WallTime{}), "2026-03-01T12:00:05Z again");
}

TEST(MessageSchedule, FiresByFields) {
  EXPECT_EQ(Next("* * * * * *"), "2026-03-01T12:00:01Z again");
  EXPECT_EQ(Next("* * * * * *", WallTime{}), "2026-03-01T12:00:01Z again");
  EXPECT_EQ(Next("0 30 8 * * mon-fri"), "2026-03-02T08:30:00Z again");
  EXPECT_EQ(Next("30 8 * * mon-fri"), "bad");
  for (const auto& [pattern, next] : {std::pair{"@yearly", "2027-01-01T00:00:00Z again"},
                                      {"@annually", "2027-01-01T00:00:00Z again"},
                                      {"@monthly", "2026-04-01T00:00:00Z again"},
                                      {"@weekly", "2026-03-08T00:00:00Z again"},
                                      {"@daily", "2026-03-02T00:00:00Z again"},
                                      {"@midnight", "2026-03-02T00:00:00Z again"},
                                      {"@hourly", "2026-03-01T13:00:00Z again"},
                                      {"@fortnightly", "bad"}}) {
    EXPECT_EQ(Next(pattern), next) << pattern;
  }
}

TEST(MessageSchedule, IsFoundInHeaders) {
  const auto of = [](std::string headers) {
    return ScheduleOf("NATS/1.0\r\n" + headers + "\r\n", kNoon, kNoon);
  };
  EXPECT_FALSE(of(""));
  EXPECT_FALSE(of("Nats-Schedule-Target: a\r\n"));
  EXPECT_EQ(of("Nats-Schedule: @every 5s\r\n")->next, kNoon + Seconds(5));
  EXPECT_EQ(of("Nats-Schedule: @soon\r\n")->fault, ScheduleFault::kPattern);
  const std::string fields = "Nats-Schedule: 0 * * * * *\r\n";
  EXPECT_EQ(of(fields + "Nats-Schedule-Time-Zone: UTC\r\n")->next, kNoon + Minutes(1));
  for (const char* zone : {"", "Nowhere", "Europe/Amsterdam"}) {
    EXPECT_EQ(of(fields + "Nats-Schedule-Time-Zone: " + zone + "\r\n")->fault,
              ScheduleFault::kTimeZone);
  }
  EXPECT_EQ(of("Nats-Schedule: @every 5s\r\nNats-Schedule-Time-Zone: UTC\r\n")->fault,
            ScheduleFault::kPattern);
}

std::optional<ScheduledMsg> Make(const std::string& header, std::string_view source_header,
                                 std::string_view source_payload) {
  return MakeScheduledMsg({"foo.schedule", header, source_header, source_payload, kNoon}, kNoon);
}

TEST(MessageSchedule, PublishesWhatItSays) {
  const std::string header =
      "NATS/1.0\r\nNats-Schedule: @at 2026-03-01T12:00:00Z\r\nNats-Schedule-Target: foo.target\r\n"
      "Mine: 1\r\nNats-Msg-Id: x\r\nNats-Expected-Stream: S\r\nNats-TTL: 5m\r\n\r\n";
  const auto msg = Make(header, header, "payload");
  ASSERT_TRUE(msg);
  EXPECT_EQ(msg->subject, "foo.target");
  EXPECT_EQ(msg->payload, "payload");
  EXPECT_EQ(
      msg->header,
      "NATS/1.0\r\nMine: 1\r\nNats-Scheduler: foo.schedule\r\nNats-Schedule-Next: purge\r\n\r\n");
}

TEST(MessageSchedule, PublishesAgainAndWithItsOwnTtlAndRollup) {
  const std::string header =
      "NATS/1.0\r\nNats-Schedule: @every 10s\r\nNats-Schedule-Target: foo.target\r\n"
      "Nats-Schedule-TTL: 1m\r\nNats-Schedule-Rollup: sub\r\n\r\n";
  const auto msg =
      Make(header, "NATS/1.0\r\nOther: 2\r\nNats-Rollup: all\r\n\r\n", "of the source");
  ASSERT_TRUE(msg);
  EXPECT_EQ(msg->payload, "of the source");
  EXPECT_EQ(FindHeader(msg->header, "Nats-Schedule-Next"), "2026-03-01T12:00:10Z");
  EXPECT_EQ(FindHeader(msg->header, "Nats-TTL"), "1m");
  EXPECT_EQ(FindHeader(msg->header, "Nats-Rollup"), "sub");
  EXPECT_EQ(FindHeader(msg->header, "Other"), "2");
  EXPECT_FALSE(FindHeader(msg->header, "Nats-Schedule"));
  EXPECT_EQ(Make(header, "", "")->header.substr(0, 24), "NATS/1.0\r\nNats-Scheduler");
}

TEST(MessageSchedule, IsGivenUpIfItMakesNoSense) {
  for (const char* rest : {"Nats-Schedule: @every 10s\r\n", "Nats-Schedule-Target: a\r\n",
                           "Nats-Schedule: @soon\r\nNats-Schedule-Target: a\r\n",
                           "Nats-Schedule: @every 10s\r\nNats-Schedule-Target: a\r\n"
                           "Nats-Schedule-TTL: soon\r\n"}) {
    EXPECT_FALSE(Make("NATS/1.0\r\n" + std::string(rest) + "\r\n", "", "")) << rest;
  }
}

}  // namespace
}  // namespace dunlin
