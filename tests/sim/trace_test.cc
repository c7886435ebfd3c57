#include "sim/trace.h"

#include <gtest/gtest.h>

namespace dunlin::sim {
namespace {

constexpr Instant kAt{1'000'000'000};

uint64_t HashOf(std::string_view content, Instant at = kAt, uint64_t a = 1) {
  Trace trace;
  trace.Add(at, TraceKind::kBytes, 1, a, 2, content);
  return trace.hash();
}

TEST(Trace, EveryPartOfARecordIsInTheHash) {
  EXPECT_EQ(HashOf("x"), HashOf("x"));
  EXPECT_NE(HashOf("x"), HashOf("y"));
  EXPECT_NE(HashOf("x"), HashOf(""));
  EXPECT_NE(HashOf("x"), HashOf("x", kAt + Nanos(1)));
  EXPECT_NE(HashOf("x"), HashOf("x", kAt, 3));
}

TEST(Trace, OrderIsInTheHash) {
  Trace one, two;
  one.Add(kAt, TraceKind::kBytes, 1, 0, 0, "a");
  one.Add(kAt, TraceKind::kBytes, 1, 0, 0, "b");
  two.Add(kAt, TraceKind::kBytes, 1, 0, 0, "b");
  two.Add(kAt, TraceKind::kBytes, 1, 0, 0, "a");
  EXPECT_NE(one.hash(), two.hash());
}

TEST(Trace, MarksFindWhereTwoRunsPart) {
  Trace one, two;
  for (uint64_t i = 0; i < Trace::kRecordsPerMark * 8; ++i) {
    one.Add(kAt, TraceKind::kTick, 1, i, 0);
    two.Add(kAt, TraceKind::kTick, 1, i == Trace::kRecordsPerMark * 5 + 7 ? 0 : i, 0);
  }
  EXPECT_EQ(FirstDifference(one.marks(), two.marks()), 5u);
  EXPECT_EQ(FirstDifference(one.marks(), one.marks()), one.marks().size());
}

TEST(Trace, TheTailIsReadable) {
  Trace trace;
  trace.Add(kAt, TraceKind::kClientSend, 7, 0, 0, "PING\r\n");
  const std::string tail = trace.Tail(10);
  EXPECT_NE(tail.find("client-send"), std::string::npos);
  EXPECT_NE(tail.find("PING\\r\\n"), std::string::npos);
}

class Counter : public TraceSink {
 public:
  void OnRecord(const TraceRecord&, std::string_view) override { ++records; }
  int records = 0;
};

TEST(Trace, LookingOnDoesNotChangeTheHash) {
  Trace silent, watched;
  Counter counter;
  watched.SetSink(&counter);
  for (Trace* trace : {&silent, &watched}) trace->Add(kAt, TraceKind::kTick, 1, 2, 3);
  EXPECT_EQ(counter.records, 1);
  EXPECT_EQ(silent.hash(), watched.hash());
}

}  // namespace
}  // namespace dunlin::sim
