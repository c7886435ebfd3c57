#include "sim/pipe.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace dunlin::sim {
namespace {

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

Pipe::Options Wide() {
  return {.bytes_max = 1000, .latency_min = Millis(1), .latency_max = Millis(1)};
}

TEST(Pipe, NothingIsThereBeforeItArrives) {
  Pipe pipe(Wide(), Rng(1));
  std::vector<Instant> arrivals;
  pipe.Write(Instant{0}, Bytes("hello"), 5, &arrivals);
  ASSERT_EQ(arrivals, std::vector<Instant>{Instant{} + Millis(1)});
  EXPECT_EQ(pipe.Arrived(), "");
  pipe.Arrive();
  EXPECT_EQ(pipe.Arrived(), "hello");
}

TEST(Pipe, TheEndComesBehindTheBytes) {
  Pipe pipe(Wide(), Rng(1));
  std::vector<Instant> arrivals;
  pipe.Write(Instant{0}, Bytes("hello"), 5, &arrivals);
  pipe.Finish(Instant{0}, &arrivals);
  pipe.Arrive();
  pipe.Arrive();
  EXPECT_FALSE(pipe.AtEnd());
  (void)pipe.Read(5);
  EXPECT_TRUE(pipe.AtEnd());
}

TEST(Pipe, AFullBufferTakesNothingUntilTheReaderReads) {
  Pipe pipe({.bytes_max = 6, .latency_min = {}, .latency_max = {}}, Rng(1));
  std::vector<Instant> arrivals;
  pipe.Write(Instant{0}, Bytes("hello!"), 6, &arrivals);
  EXPECT_EQ(pipe.Room(), 0u);
  pipe.Arrive();
  EXPECT_EQ(pipe.Room(), 0u) << "arrived is not read";
  pipe.writer_waits = true;
  EXPECT_FALSE(pipe.Read(1)) << "less than a third is free";
  EXPECT_TRUE(pipe.Read(1));
  EXPECT_EQ(pipe.Room(), 2u);
}

TEST(Pipe, ACutPipeFillsUpAndDeliversNothing) {
  Pipe pipe({.bytes_max = 6, .latency_min = {}, .latency_max = {}}, Rng(1));
  std::vector<Instant> arrivals;
  pipe.Cut();
  pipe.Write(Instant{0}, Bytes("hello"), 5, &arrivals);
  EXPECT_TRUE(arrivals.empty());
  EXPECT_EQ(pipe.Room(), 1u);
}

// However it is written, cut up and read: the bytes come in order, complete, never early, and the
// buffer never holds more than it may.
RC_GTEST_PROP(PipeProperty, BytesArriveInOrderAndComplete, ()) {
  const auto chop = *rc::gen::element(Chop::kWhole, Chop::kSome, Chop::kTiny);
  const auto bytes_max = *rc::gen::inRange<size_t>(1, 200);
  const auto latency_max = *rc::gen::inRange<int64_t>(0, 1000);
  const auto text = *rc::gen::arbitrary<std::string>();
  Rng rng(*rc::gen::arbitrary<uint64_t>());
  Pipe pipe({bytes_max, Duration{0}, Duration{latency_max}, chop}, rng.Fork("pipe"));

  Instant now{};
  std::vector<Instant> arrivals;
  size_t written = 0, next_arrival = 0;
  std::string read;
  while (!pipe.AtEnd()) {
    const size_t size = std::min<size_t>(pipe.Room(), rng.Below(text.size() - written + 1));
    pipe.Write(now, Bytes(text) + written, size, &arrivals);
    written += size;
    if (written == text.size()) pipe.Finish(now, &arrivals);
    RC_ASSERT(std::is_sorted(arrivals.begin(), arrivals.end()));
    while (next_arrival < arrivals.size() && arrivals[next_arrival] <= now) {
      pipe.Arrive();
      ++next_arrival;
    }
    const size_t take = rng.Below(pipe.Arrived().size() + 1);
    read += pipe.Arrived().substr(0, take);
    (void)pipe.Read(take);
    RC_ASSERT(written - read.size() <= bytes_max);
    now = now + Nanos(rng.Between(0, 300));
  }
  RC_ASSERT(read == text);
  RC_ASSERT(!pipe.in_flight());
}

}  // namespace
}  // namespace dunlin::sim
