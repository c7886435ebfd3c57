#include "storage/inspect/inspect.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/rng.h"
#include "storage/format/block_file.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/index_state.h"
#include "storage/inspect/print.h"
#include "tests/storage/inspect/memory_files.h"

namespace dunlin::inspect {
namespace {

constexpr WallTime kCreated{1'700'000'000'000'000'000};

// A stream S in account $G, made file by file.
class StoreInspect : public testing::Test {
 protected:
  StoreInspect() { config_.name = "S"; }

  void WriteMeta() {
    const std::string meta =
        format::EncodeStreamMeta(kCreated, format::StreamConfigJson(config_, {"a.>"}));
    Put("meta.inf", meta);
    Put("meta.sum", format::MetaSum(meta, format::StreamChecksum("S")));
  }
  void Put(const std::string& file, std::string bytes) {
    files_.files["d/jetstream/$G/streams/S/" + file] = std::move(bytes);
  }
  std::string& At(const std::string& file) {
    return files_.files.at("d/jetstream/$G/streams/S/" + file);
  }

  // Sequences first to last in a block, 100 bytes each with their overhead.
  static std::string Block(uint32_t number, Seq first, Seq last) {
    const auto checksum = format::BlockChecksum("S", number);
    std::string block;
    for (Seq seq = first; seq <= last; ++seq) {
      format::AppendMessage(checksum, seq, {kCreated.ns + static_cast<int64_t>(seq)},
                            "a." + std::to_string(seq % 3), "", std::string(67, 'p'), &block);
    }
    return block;
  }

  std::string Report(const Options& options = {}) {
    std::string text;
    TextSink sink(&text);
    totals_ = Inspect(&files_, "d", options, &sink);
    return text;
  }

  MemoryFiles files_;
  StoreConfig config_;
  Totals totals_;
};

TEST_F(StoreInspect, CountsWhatTombstonesLeave) {
  WriteMeta();
  std::string second = Block(2, 6, 10);
  format::AppendTombstone(format::BlockChecksum("S", 2), 3, kCreated, &second);
  Put("msgs/1.blk", Block(1, 1, 5));
  Put("msgs/2.blk", second);
  const std::string report = Report();
  EXPECT_EQ(totals_.damages, 0u) << report;
  EXPECT_NE(report.find("9 messages, 900 bytes, sequences 1 "), std::string::npos) << report;
  EXPECT_NE(report.find(" to 10 "), std::string::npos) << report;
  EXPECT_NE(report.find("3 subjects, 1 deleted"), std::string::npos) << report;
  EXPECT_NE(report.find("index.db: missing"), std::string::npos) << report;
}

// A server that was killed while it made a stream has lost nothing. With a block it is damage.
TEST_F(StoreInspect, AStreamThatWasBeingMadeIsNoDamage) {
  Put("meta.inf.tmp", "{");
  Put("msgs/checkpoint.tmp", "DLCP");
  std::string report = Report();
  EXPECT_EQ(totals_.damages, 0u) << report;
  EXPECT_NE(report.find("was being made when the server ended"), std::string::npos) << report;
  Put("msgs/1.blk", Block(1, 1, 5));
  report = Report();
  EXPECT_NE(report.find("meta.inf: is missing"), std::string::npos) << report;
}

TEST_F(StoreInspect, AChangeOfTheMetadataThatWasCutOffIsNoDamage) {
  WriteMeta();
  Put("msgs/1.blk", "");
  At("meta.sum") = "0123456789abcdef";
  EXPECT_NE(Report().find("meta.inf: invalid checksum"), std::string::npos);
  Put("meta.sum.tmp", format::MetaSum(At("meta.inf"), format::StreamChecksum("S")));
  const std::string report = Report();
  EXPECT_EQ(totals_.damages, 0u) << report;
}

TEST_F(StoreInspect, PassesOverWhatWasDeleted) {
  WriteMeta();
  Put("msgs/1.blk", "");
  Put("obs/.C.0123456789abcdef/meta.inf", "half");
  files_.files["d/jetstream/$G/streams/.T.0123456789abcdef/meta.inf"] = "half";
  const std::string report = Report();
  EXPECT_EQ(totals_.damages, 0u) << report;
  EXPECT_EQ(totals_.streams, 1u);
  EXPECT_EQ(totals_.consumers, 0u);
}

TEST_F(StoreInspect, AppliesTheLimitsThatLeaveNoTrace) {
  config_.max_msgs_per_subject = 2;
  config_.max_msgs = 7;
  WriteMeta();
  Put("msgs/1.blk", Block(1, 1, 10));
  // The first three go for the count; of 4 to 10, 4 for its subject, which has three.
  const std::string report = Report();
  EXPECT_NE(report.find("6 messages, 600 bytes, sequences 5 "), std::string::npos) << report;
}

TEST_F(StoreInspect, WithDiscardNewOnlyTheLimitOfASubjectTakesAway) {
  config_.discard = DiscardPolicy::kNew;
  config_.max_msgs_per_subject = 3;
  config_.max_msgs = 7;
  config_.max_bytes = 700;
  WriteMeta();
  Put("msgs/1.blk", Block(1, 1, 10));
  const std::string report = Report();
  EXPECT_NE(report.find("9 messages, 900 bytes, sequences 2 "), std::string::npos) << report;
}

TEST_F(StoreInspect, ABlockOfTombstonesRemembersTheLastSequence) {
  WriteMeta();
  std::string block;
  format::AppendTombstone(format::BlockChecksum("S", 4), 500, kCreated, &block);
  Put("msgs/4.blk", block);
  const std::string report = Report();
  EXPECT_NE(
      report.find("0 messages, 0 bytes, sequences 501 (no time) to 500 (2023-11-14T22:13:20Z)"),
      std::string::npos)
      << report;
}

TEST_F(StoreInspect, FinishesAPurgeThatWasCutOff) {
  WriteMeta();
  Put("msgs/1.blk", Block(1, 1, 5));
  Put("__new_msgs__/2.key", "not yet");
  EXPECT_NE(Report().find("5 messages"), std::string::npos);
  std::string tombstone;
  format::AppendTombstone(format::BlockChecksum("S", 2), 5, kCreated, &tombstone);
  Put("__new_msgs__/2.blk", tombstone);
  const std::string report = Report();
  EXPECT_NE(report.find("note d/jetstream/$G/streams/S/__new_msgs__: "), std::string::npos);
  EXPECT_NE(report.find("0 messages, 0 bytes, sequences 6 "), std::string::npos) << report;
  EXPECT_EQ(totals_.damages, 0u);
}

TEST_F(StoreInspect, NamesEveryDamageByFileAndOffset) {
  WriteMeta();
  Put("msgs/1.blk", Block(1, 1, 5));
  Put("msgs/2.blk", Block(2, 6, 10) + "torn");
  Put("msgs/3.blk", format::CompressBlock(Block(3, 11, 15)));
  At("msgs/1.blk")[250] ^= 1;
  At("msgs/3.blk")[40] ^= 1;
  const std::string report = Report();
  EXPECT_EQ(totals_.damages, 3u);
  EXPECT_NE(report.find("DAMAGE d/jetstream/$G/streams/S/msgs/1.blk at offset 200: invalid "
                        "checksum; 100 bytes up to the next whole record"),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("2.blk at offset 500: message overrun; 4 bytes to the end"),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("3.blk at offset 16: "), std::string::npos) << report;
  EXPECT_NE(report.find("9 messages"), std::string::npos) << report;  // What is whole is counted.
}

TEST_F(StoreInspect, HoldsTheIndexAgainstTheBlocks) {
  WriteMeta();
  Put("msgs/1.blk", Block(1, 1, 3));
  const auto write_index = [&](uint64_t msgs, uint64_t checksum) {
    std::string index;
    format::IndexWriter writer({msgs, msgs * 100, 1, kCreated, 3, kCreated}, 0, &index);
    writer.BeginBlocks(1);
    format::IndexBlock block{1, msgs * 100, 1, kCreated, 3, kCreated, 0, 0, {}};
    if (msgs == 2) block.deleted.Insert(2);
    writer.Add(block);
    writer.End({1, checksum});
    format::AppendIndexChecksum(format::StreamChecksum("S"), &index);
    Put("msgs/index.db", index);
  };
  const uint64_t last = format::LastChecksum(At("msgs/1.blk"));
  write_index(3, last);
  EXPECT_NE(Report().find("index.db: current"), std::string::npos);
  EXPECT_EQ(totals_.damages, 0u);
  write_index(2, last);  // It knows of a deletion that left no trace.
  EXPECT_NE(Report().find("2 messages"), std::string::npos);
  EXPECT_EQ(totals_.damages, 0u);
  write_index(3, last + 1);
  EXPECT_NE(Report().find("index.db: stale"), std::string::npos);
  EXPECT_EQ(totals_.damages, 0u);
  write_index(4, last);
  EXPECT_NE(Report().find("contradicts the blocks"), std::string::npos);
  EXPECT_NE(totals_.damages, 0u);
  At("msgs/index.db")[5] ^= 1;
  EXPECT_NE(Report().find("index.db at offset "), std::string::npos);
  EXPECT_EQ(totals_.damages, 1u);
}

TEST_F(StoreInspect, ReadsConsumersAndMissesTheirFiles) {
  WriteMeta();
  Put("msgs/1.blk", "");
  const std::string meta = format::EncodeConsumerMeta(
      kCreated, "C",
      format::ConsumerConfigJson({.name = "C", .ack_policy = {}, .max_deliver = -1}));
  Put("obs/C/meta.inf", meta);
  Put("obs/C/meta.sum", format::MetaSum(meta, format::ConsumerChecksum("S", "C")));
  ConsumerState state;
  state.delivered = {.consumer = 3, .stream = 7};
  state.pending = {{7, 3, kCreated}};
  Put("obs/C/o.dat", format::EncodeConsumerState(state, kCreated));
  EXPECT_NE(Report().find("consumer C: delivered 3 (stream 7), ack floor 0 (stream 0), 1 pending"),
            std::string::npos);
  EXPECT_EQ(totals_.damages, 0u);
  files_.files.erase("d/jetstream/$G/streams/S/obs/C/meta.sum");
  EXPECT_NE(Report().find("obs/C/meta.sum: is missing"), std::string::npos);
  EXPECT_EQ(totals_.damages, 1u);
}

TEST_F(StoreInspect, SaysThatThereIsNoSuchDirectory) {
  EXPECT_EQ(Report(), "DAMAGE d: is no directory\n");
  EXPECT_EQ(totals_.damages, 1u);
}

TEST_F(StoreInspect, OpensAnEncryptedStoreWithItsKeyOnly) {
  crypto::SeededEntropy entropy(Rng(1));
  const crypto::MasterKey master("k", "$G");
  const auto kind = crypto::CipherKind::kAes;
  const crypto::NewKey key = crypto::MakeKeyFile(kind, master.ForStream("S"), &entropy);
  const std::string meta = crypto::Seal(
      kind, key.key.seed,
      format::EncodeStreamMeta(kCreated, format::StreamConfigJson(config_, {"a.>"})), &entropy);
  Put("meta.inf", meta);
  Put("meta.sum", format::MetaSum(meta, format::StreamChecksum("S")));
  Put("meta.key", key.file);
  const crypto::NewKey block_key = crypto::MakeKeyFile(kind, master.ForBlock("S", 1), &entropy);
  std::string block = format::CompressBlock(Block(1, 1, 20));
  crypto::BlockCipher(block_key.key)
      .Apply(0, reinterpret_cast<uint8_t*>(block.data()), block.size());
  Put("msgs/1.blk", block);
  Put("msgs/1.key", block_key.file);
  Options options;
  options.key = "k";
  EXPECT_NE(Report(options).find("20 messages"), std::string::npos);
  EXPECT_EQ(totals_.damages, 0u);
  options.cipher = crypto::CipherKind::kChaCha;
  EXPECT_NE(Report(options).find("does not open with this key"), std::string::npos);
  EXPECT_NE(Report().find("is encrypted, and no key was given"), std::string::npos);
  EXPECT_EQ(totals_.msgs, 0u);
}

}  // namespace
}  // namespace dunlin::inspect
