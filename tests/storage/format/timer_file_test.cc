#include "storage/format/timer_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "tests/storage/format/hex.h"

namespace dunlin::format {
namespace {

TEST(TimerFile, WritesLittleEndianCountsAndVarints) {
  std::string ttls;
  AppendTimerHead(1, 5, &ttls);
  AppendTimerEntry(TimerFile::kTtls, {.seq = 4, .time = {100}, .subject = {}}, &ttls);
  EXPECT_EQ(ttls, FromHex("01"
                          "0100000000000000"
                          "0500000000000000"
                          "c801"
                          "04"));
  std::string schedules;
  AppendTimerHead(1, 5, &schedules);
  AppendTimerEntry(TimerFile::kSchedules, {.seq = 4, .time = {-1}, .subject = "a.b"}, &schedules);
  EXPECT_EQ(schedules, FromHex("01"
                               "0100000000000000"
                               "0500000000000000"
                               "0300612e62"
                               "01"
                               "04"));
}

TEST(TimerFile, SaysWhereItEndsTooEarly) {
  const std::string bytes = FromHex(
      "01"
      "0200000000000000"
      "0500000000000000"
      "c801"
      "04");
  TimerFileReader reader(TimerFile::kTtls, bytes);
  TimerEntry entry;
  EXPECT_EQ(reader.next_seq(), 5u);
  ASSERT_TRUE(reader.Next(&entry));
  EXPECT_EQ(entry.seq, 4u);
  EXPECT_FALSE(reader.Next(&entry));
  EXPECT_EQ(reader.damage(), (Damage{Fault::kShort, bytes.size()}));
  EXPECT_EQ(TimerFileReader(TimerFile::kTtls, bytes.substr(0, 16)).damage().fault, Fault::kShort);
  EXPECT_EQ(TimerFileReader(TimerFile::kTtls, "\2" + bytes.substr(1)).damage().fault,
            Fault::kBadVersion);
}

TEST(TimerFile, RefusesSchedulesThatAreCutShort) {
  const std::string head = FromHex(
      "01"
      "0100000000000000"
      "0000000000000000");
  const auto fault = [](const std::string& bytes) {
    TimerFileReader reader(TimerFile::kSchedules, bytes);
    TimerEntry entry;
    EXPECT_FALSE(reader.Next(&entry));
    return reader.damage().fault;
  };
  EXPECT_EQ(fault(head.substr(1)), Fault::kShort);
  EXPECT_EQ(fault("\2" + head.substr(1)), Fault::kBadVersion);
  EXPECT_EQ(fault(head), Fault::kShort);
  EXPECT_EQ(fault(head + FromHex("0500")), Fault::kShort);              // No subject.
  EXPECT_EQ(fault(head + FromHex("0300666f6f")), Fault::kShort);        // No time.
  EXPECT_EQ(fault(head + FromHex("0300666f6ff2c001")), Fault::kShort);  // No sequence.
}

RC_GTEST_PROP(TimerFileProperty, ReadsBackWhatItWrites,
              (const std::vector<std::tuple<uint64_t, int64_t, std::string>>& entries, bool ttls)) {
  const TimerFile kind = ttls ? TimerFile::kTtls : TimerFile::kSchedules;
  std::string bytes;
  AppendTimerHead(entries.size(), 77, &bytes);
  for (const auto& [seq, time, subject] : entries) {
    AppendTimerEntry(kind, {seq, {time}, subject}, &bytes);
  }
  TimerFileReader reader(kind, bytes);
  TimerEntry entry;
  for (const auto& [seq, time, subject] : entries) {
    RC_ASSERT(reader.Next(&entry));
    RC_ASSERT(entry == (TimerEntry{seq, {time}, ttls ? std::string_view() : subject}));
  }
  RC_ASSERT(!reader.Next(&entry));
  RC_ASSERT(reader.damage().ok());
}

}  // namespace
}  // namespace dunlin::format
