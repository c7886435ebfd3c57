#include "storage/format/meta_file.h"

#include <gtest/gtest.h>

#include "engine/base/rfc3339.h"
#include "storage/format/checksum_key.h"

namespace dunlin::format {
namespace {

// As the reference (v2.14.5) wrote them.
constexpr std::string_view kStream =
    R"({"Created":"2026-11-22T02:35:00.345818308Z","name":"S","subjects":["a.\u003e"],)"
    R"("retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,)"
    R"("max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"file",)"
    R"("num_replicas":1,"duplicate_window":120000000000,"compression":"none",)"
    R"("allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,)"
    R"("deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},)"
    R"("allow_msg_ttl":false,"metadata":{"_nats.req.level":"0"}})";
constexpr std::string_view kConsumer =
    R"({"Created":"2026-11-22T02:35:00.362118203Z","Name":"C","durable_name":"C","name":"C",)"
    R"("deliver_policy":"all","ack_policy":"explicit","ack_wait":30000000000,"max_deliver":-1,)"
    R"("replay_policy":"instant","max_waiting":512,"max_ack_pending":1000,"num_replicas":0,)"
    R"("metadata":{"_nats.req.level":"0"}})";

TEST(MetaFile, ReadsAStreamOfTheReference) {
  const auto meta = DecodeStreamMeta(kStream);
  ASSERT_TRUE(meta.ok()) << meta.error().text;
  EXPECT_EQ(FormatRfc3339(meta->created), "2026-11-22T02:35:00.345818308Z");
  EXPECT_EQ(meta->config.name, "S");
  EXPECT_EQ(meta->subjects, std::vector<std::string>{"a.>"});
  EXPECT_EQ(meta->config.max_msg_size, -1);
  EXPECT_FALSE(meta->in_memory);
  EXPECT_EQ(MetaSum(kStream, StreamChecksum("S")), "046549166f77707e");
}

TEST(MetaFile, ReadsEveryMemberThatAStoreActsOn) {
  const auto meta = DecodeStreamMeta(
      R"({"name":"W","retention":"workqueue","max_msgs":1,"max_bytes":2,"max_age":3,)"
      R"("max_msgs_per_subject":4,"max_msg_size":5,"discard":"new","storage":"memory",)"
      R"("discard_new_per_subject":true,"compression":"s2","first_seq":6,"allow_msg_ttl":true,)"
      R"("subject_delete_marker_ttl":7,"from_the_future":[{}]})");
  ASSERT_TRUE(meta.ok()) << meta.error().text;
  EXPECT_TRUE(meta->in_memory);
  const StoreConfig& config = meta->config;
  EXPECT_EQ(config.retention, RetentionPolicy::kWorkQueue);
  EXPECT_EQ(config.max_msgs, 1);
  EXPECT_EQ(config.max_bytes, 2);
  EXPECT_EQ(config.max_age, Nanos(3));
  EXPECT_EQ(config.max_msgs_per_subject, 4);
  EXPECT_EQ(config.max_msg_size, 5);
  EXPECT_EQ(config.discard, DiscardPolicy::kNew);
  EXPECT_TRUE(config.discard_new_per_subject);
  EXPECT_EQ(config.compression, StoreCompression::kS2);
  EXPECT_EQ(config.first_seq, 6u);
  EXPECT_TRUE(config.allow_msg_ttl);
  EXPECT_EQ(config.subject_delete_marker_ttl, Nanos(7));
}

TEST(MetaFile, ReadsAConsumerOfTheReference) {
  const auto meta = DecodeConsumerMeta(kConsumer);
  ASSERT_TRUE(meta.ok()) << meta.error().text;
  EXPECT_EQ(meta->config.name, "C");
  EXPECT_EQ(meta->config.ack_policy, AckPolicy::kExplicit);
  EXPECT_EQ(meta->config.max_deliver, -1);
  EXPECT_EQ(MetaSum(kConsumer, ConsumerChecksum("S", "C")), "a9fab03c93e89de9");
  EXPECT_NE(MetaSum(kConsumer, ConsumerChecksum("S", "D")), "a9fab03c93e89de9");
}

TEST(MetaFile, WritesTheConfigurationBehindTheTimeOfCreation) {
  WallTime created;
  ASSERT_TRUE(ParseRfc3339("2026-11-22T02:35:00.345818308Z", &created));
  const std::string config = "{" + std::string(kStream.substr(kStream.find("\"name\"")));
  EXPECT_EQ(EncodeStreamMeta(created, config), kStream);
  ASSERT_TRUE(ParseRfc3339("2026-11-22T02:35:00.362118203Z", &created));
  const std::string consumer = "{" + std::string(kConsumer.substr(kConsumer.find("\"durable")));
  EXPECT_EQ(EncodeConsumerMeta(created, "C", consumer), kConsumer);
  EXPECT_EQ(EncodeStreamMeta({}, " { } "), "{\"Created\":\"1970-01-01T00:00:00Z\" } ");
}

TEST(MetaFile, AConfigurationMadeFromAStoresReadsBack) {
  StoreConfig config;
  config.name = "K";
  config.max_age = Seconds(5);
  config.retention = RetentionPolicy::kInterest;
  config.compression = StoreCompression::kS2;
  config.first_seq = 9;
  config.allow_msg_ttl = true;
  const auto meta = DecodeStreamMeta(StreamConfigJson(config, {"a", "b.*"}));
  ASSERT_TRUE(meta.ok()) << meta.error().text;
  EXPECT_EQ(meta->config.max_age, Seconds(5));
  EXPECT_EQ(meta->config.retention, RetentionPolicy::kInterest);
  EXPECT_EQ(meta->config.compression, StoreCompression::kS2);
  EXPECT_EQ(meta->config.first_seq, 9u);
  EXPECT_EQ(meta->subjects, (std::vector<std::string>{"a", "b.*"}));
  const auto consumer = DecodeConsumerMeta(
      ConsumerConfigJson({.name = "D", .ack_policy = AckPolicy::kAll, .max_deliver = 3}));
  ASSERT_TRUE(consumer.ok());
  EXPECT_EQ(consumer->config.ack_policy, AckPolicy::kAll);
  EXPECT_EQ(consumer->config.max_deliver, 3);
}

TEST(MetaFile, SaysWhatIsWrong) {
  EXPECT_EQ(DecodeStreamMeta("").error().text, "not a JSON object");
  EXPECT_EQ(DecodeStreamMeta("[1]").error().text, "not a JSON object");
  EXPECT_EQ(DecodeStreamMeta("{}").error().text, "no \"name\"");
  EXPECT_EQ(DecodeStreamMeta(R"({"name":"S","max_msgs":"x"})").error().text,
            "\"max_msgs\" can not be \"x\"");
  EXPECT_EQ(DecodeStreamMeta(R"({"name":"S","compression":"zstd"})").error().text,
            "\"compression\" can not be \"zstd\"");
  EXPECT_EQ(DecodeConsumerMeta(R"({"ack_policy":"sometimes"})").error().text,
            "\"ack_policy\" can not be \"sometimes\"");
}

TEST(MetaFile, ReadsTimesWithAZone) {
  WallTime a, b;
  ASSERT_TRUE(ParseRfc3339("2026-11-22T03:35:00.5+01:00", &a));
  ASSERT_TRUE(ParseRfc3339("2026-11-22T02:35:00.500Z", &b));
  EXPECT_EQ(a, b);
  ASSERT_TRUE(ParseRfc3339("0001-01-01T00:00:00Z", &a));
  EXPECT_EQ(a, WallTime{});
  for (const char* bad :
       {"", "2026-11-22", "2026-11-22T02:35:00", "2026-13-22T02:35:00Z", "2026-11-22T02:35:00.Z",
        "2026-11-22t02:35:00Z", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseRfc3339(bad, &a)) << bad;
  }
}

}  // namespace
}  // namespace dunlin::format
