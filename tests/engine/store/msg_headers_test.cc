#include "engine/store/msg_headers.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

std::string With(std::string_view line) {
  return "NATS/1.0\r\nA: 1\r\n" + std::string(line) + "\r\n\r\n";
}

TEST(MsgHeaders, FindsAHeaderByItsWholeName) {
  const std::string headers = "NATS/1.0\r\nNats-TTL-X: 1\r\nX-Nats-TTL: 2\r\nNats-TTL:   3\r\n\r\n";
  EXPECT_EQ(FindHeader(headers, "Nats-TTL"), "3");
  EXPECT_EQ(FindHeader(headers, "nats-ttl"), std::nullopt);
  EXPECT_EQ(FindHeader(headers, "TTL"), std::nullopt);
  EXPECT_EQ(FindHeader("", "A"), std::nullopt);
  EXPECT_EQ(FindHeader("NATS/1.0\r\nA", "A"), std::nullopt);
  EXPECT_EQ(FindHeader("NATS/1.0\r\nA:", "A"), "");
  EXPECT_EQ(FindHeader("NATS/1.0\r\nA: b\rc\r\n", "A"), "b\rc");
}

TEST(MsgHeaders, ReadsATimeToLive) {
  const std::pair<const char*, int64_t> cases[] = {{"Nats-TTL: 10", 10},
                                                   {"Nats-TTL: 1h30m", 5400},
                                                   {"Nats-TTL: 1500ms", 1},
                                                   {"Nats-TTL: 999ms", 0},
                                                   {"Nats-TTL: never", -1},
                                                   {"Nats-TTL: NeVeR", -1},
                                                   {"Nats-TTL: -1", 0},
                                                   {"Nats-TTL: -1s", 0},
                                                   {"Nats-TTL: 1x", 0},
                                                   {"Nats-TTL:", 0},
                                                   {"Nats-TTL: 0", 0},
                                                   {"B: 10", 0},
                                                   {"Nats-TTL: 99999999999999999999", 0}};
  for (const auto& [line, ttl] : cases) EXPECT_EQ(MessageTtl(With(line)), ttl) << line;
}

TEST(MsgHeaders, KnowsRollupsAndMarkers) {
  EXPECT_TRUE(IsRollup(With("Nats-Rollup: sub")));
  EXPECT_FALSE(IsRollup(With("Nats-Rollup:")));
  EXPECT_FALSE(IsRollup(""));
  EXPECT_TRUE(IsDeleteMarker(With("Nats-Marker-Reason: MaxAge")));
  EXPECT_TRUE(IsDeleteMarker(With("KV-Operation: PURGE")));
  EXPECT_FALSE(IsDeleteMarker(With("KV-Operation: DEL")));
  EXPECT_FALSE(IsDeleteMarker(""));
}

TEST(MsgHeaders, WritesTheMarkerAsTheReferenceDoes) {
  EXPECT_EQ(
      DeleteMarkerHeaders(Seconds(90)),
      "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: 1m30s\r\nNats-Rollup: sub\r\n\r\n");
  EXPECT_TRUE(IsDeleteMarker(DeleteMarkerHeaders(Seconds(1))));
  EXPECT_EQ(MessageTtl(DeleteMarkerHeaders(Millis(61'500))), 61);
}

}  // namespace
}  // namespace dunlin
