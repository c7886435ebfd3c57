// Writes a story as the file that says it.
#include <algorithm>

#include "sim/store/story.h"
#include "sim/store/story_words.h"

namespace dunlin::sim {
namespace {

using Verb = StoryStep::Verb;

std::string Quoted(std::string_view text) { return "\"" + Escape(text) + "\""; }

std::string Option(const char* key, uint64_t value) {
  return std::string(" ") + key + "=" + std::to_string(value);
}

std::string OpText(const char* word, const AwaitedOp& op) {
  return std::string(" ") + word + " " + OpWord(op.kind) + " " + op.path +
         (op.nth > 1 ? " x" + std::to_string(op.nth) : "");
}

std::string TimeText(Duration time) {
  if (time.ns % Seconds(1).ns == 0) return std::to_string(time.ns / Seconds(1).ns) + "s";
  if (time.ns % Millis(1).ns == 0) return std::to_string(time.ns / Millis(1).ns) + "ms";
  return std::to_string(time.ns / Micros(1).ns) + "us";
}

std::string ConfigText(const StoreConfig& config) {
  static constexpr const char* kRetention[] = {"limits", "interest", "workqueue"};
  std::string text;
  if (config.max_msgs > 0) text += Option("max_msgs", static_cast<uint64_t>(config.max_msgs));
  if (config.max_bytes > 0) text += Option("max_bytes", static_cast<uint64_t>(config.max_bytes));
  if (config.max_age > Duration{}) text += " max_age=" + TimeText(config.max_age);
  if (config.max_msgs_per_subject > 0)
    text += Option("max_msgs_per_subject", static_cast<uint64_t>(config.max_msgs_per_subject));
  if (config.discard == DiscardPolicy::kNew) text += " discard=new";
  if (config.discard_new_per_subject) text += " discard_new_per_subject";
  if (config.retention != RetentionPolicy::kLimits)
    text += std::string(" retention=") + kRetention[static_cast<int>(config.retention)];
  if (config.compression == StoreCompression::kS2) text += " compression=s2";
  if (config.first_seq > 0) text += Option("first_seq", config.first_seq);
  if (config.allow_msg_ttl) text += " ttl";
  if (config.subject_delete_marker_ttl > Duration{})
    text += " markers=" + TimeText(config.subject_delete_marker_ttl);
  return text;
}

// What a config says from here on, whatever it said before.
std::string WholeConfigText(const StoreConfig& config) {
  std::string text;
  if (config.max_msgs <= 0) text += " max_msgs=0";
  if (config.max_bytes <= 0) text += " max_bytes=0";
  if (config.max_age <= Duration{}) text += " max_age=0s";
  if (config.max_msgs_per_subject <= 0) text += " max_msgs_per_subject=0";
  if (config.discard == DiscardPolicy::kOld) text += " discard=old";
  if (config.compression == StoreCompression::kNone) text += " compression=none";
  return ConfigText(config) + text;
}

std::string FaultsText(const DiskFaults& faults) {
  std::string text;
  DiskFaults copy = faults;
  for (const std::string& word : FaultWords()) {
    const FaultRate* rate = FaultNamed(word, &copy);
    if (rate->per_million == 0) continue;
    text += " " + word + "=" + std::to_string(rate->per_million);
    if (rate->budget != UINT32_MAX) text += "/" + std::to_string(rate->budget);
  }
  return text.empty() ? " none" : text;
}

std::string StoreText(const StoryStep& step) {
  std::string text = " " + step.subject;
  if (step.count != 1) text += " x" + std::to_string(step.count);
  if (step.has_text) text += " payload=" + Quoted(step.text);
  if (!step.has_text && step.size > 0) text += Option("size", step.size);
  if (step.ttl != 0) {
    text += " ttl=" + (step.ttl < 0 ? "never" : std::to_string(step.ttl) + "s");
  } else if (!step.header.empty()) {
    text += " header=" + Quoted(step.header);
  }
  return text;
}

// What a step says of a consumer, behind its name.
std::string ConsumerText(const StoryStep& step) {
  const StoryConsumer& consumer = step.consumer;
  const auto pair = [](const char* key, uint64_t seq, uint64_t stream_seq) {
    return std::string(" ") + key + "=" + std::to_string(seq) + "/" + std::to_string(stream_seq);
  };
  const std::string seq = " " + std::to_string(step.seq);
  const std::string as = consumer.seq > 0 ? Option("as", consumer.seq) : "";
  switch (step.verb) {
    case Verb::kAdd:
    case Verb::kConfig:
      return std::string(" acks=") + AckPolicyWord(consumer.config.ack_policy) +
             Option("max_deliver",
                    static_cast<uint64_t>(std::max<int64_t>(consumer.config.max_deliver, 0)));
    case Verb::kDeliver:
      return seq + (step.count == 1 ? "" : " x" + std::to_string(step.count)) + as +
             (consumer.deliveries > 0 ? Option("deliveries", consumer.deliveries) : "");
    case Verb::kAck: return seq + as;
    case Verb::kStarting:
      return seq + (consumer.starting == StoryConsumer::Starting::kReset   ? " reset"
                    : consumer.starting == StoryConsumer::Starting::kMoved ? " moved"
                                                                           : "");
    case Verb::kForget: return seq;
    case Verb::kState: {
      const ConsumerState& state = consumer.state;
      std::string text = (consumer.force ? " force" : "") +
                         pair("delivered", state.delivered.consumer, state.delivered.stream) +
                         pair("floor", state.ack_floor.consumer, state.ack_floor.stream);
      for (const PendingAck& one : state.pending)
        text += pair("pending", one.consumer_seq, one.stream_seq);
      for (const Redelivered& one : state.redelivered)
        text += pair("redelivered", one.count, one.stream_seq);
      return text;
    }
    default: return "";
  }
}

std::string ExpectConsumerText(const StoryStep& step) {
  if (step.count == 0) return " absent";
  if (step.has_text) return " failed " + Quoted(step.text);
  std::string text;
  for (const StoryNumber& number : step.numbers) {
    text += number.field.ends_with("_stream") ? "/" + std::to_string(number.value)
                                              : Option(number.field.c_str(), number.value);
  }
  return text;
}

std::string DiskText(const StoryStep& step) {
  switch (step.verb) {
    case Verb::kFaults: return FaultsText(step.faults);
    case Verb::kFail:
      return std::string(" ") + FailureWord(step.fault) +
             (step.count == 1 ? "" : " " + std::to_string(step.count));
    case Verb::kSpace: return step.size == UINT64_MAX ? " plenty" : " " + std::to_string(step.size);
    case Verb::kRot:
      return " " + step.path + Option("at", step.offset) + Option("seed", step.variant);
    case Verb::kCut: return " " + step.path + Option("to", step.size);
    case Verb::kEncrypt:
      return " key=" + Quoted(step.text) +
             (step.header.empty() ? "" : " previous=" + Quoted(step.header)) +
             (step.cipher == crypto::CipherKind::kAes ? " cipher=aes" : "");
    case Verb::kDelete: return " " + step.path;
    case Verb::kForeign: return " " + step.path + " holds=" + Quoted(step.text);
    default: return "";
  }
}

std::string ExpectText(const StoryStep& step) {
  switch (step.verb) {
    case Verb::kExpectState: {
      std::string text;
      for (const StoryNumber& number : step.numbers)
        text += Option(number.field.c_str(), number.value);
      return text;
    }
    case Verb::kExpectMessage:
      return " " + std::to_string(step.seq) + " is " + step.subject +
             (step.has_text ? " " + Quoted(step.text) : "");
    case Verb::kExpectGone:
      return " " + std::to_string(step.seq) + " gone" +
             (step.has_text ? " " + Quoted(step.text) : "");
    case Verb::kExpectNotice:
      return step.count == 0 ? " no notice" : " notice " + Quoted(step.text);
    case Verb::kExpectFailed: return " failed" + (step.text.empty() ? "" : " " + Quoted(step.text));
    case Verb::kExpectFile: return " file " + step.path + (step.count == 0 ? " absent" : " there");
    default: return "";
  }
}

std::string Details(const StoryStep& step) {
  switch (step.verb) {
    case Verb::kStore: return StoreText(step);
    case Verb::kSkip: return " " + std::to_string(step.count) + (step.advance ? " advance" : "");
    case Verb::kRemove:
    case Verb::kErase:
    case Verb::kCompact:
    case Verb::kTruncate: return " " + std::to_string(step.seq);
    case Verb::kDeleted: {
      std::string text;
      for (const SeqRange& range : step.ranges)
        text += " " + std::to_string(range.first) + ".." + std::to_string(range.last);
      return text;
    }
    case Verb::kPurge:
      return (step.subject.empty() ? "" : " " + step.subject) +
             (step.below > 0 ? Option("below", step.below) : "") +
             (step.keep > 0 ? Option("keep", step.keep) : "");
    case Verb::kConfig: return WholeConfigText(step.config);
    case Verb::kTurn:
      return step.after ? OpText("until", *step.after) : " " + std::to_string(step.count);
    case Verb::kAdvance: return " " + TimeText(step.time);
    case Verb::kKill:
    case Verb::kPowerLoss:
    case Verb::kStop:
      return (step.variant > 0 ? " " + std::to_string(step.variant) : "") +
             (step.in ? Option("in", *step.in) : "") +
             (step.after ? OpText("after", *step.after) : "");
    default: break;
  }
  return step.verb >= Verb::kFaults && step.verb <= Verb::kEncrypt ? DiskText(step)
                                                                   : ExpectText(step);
}

std::string StorageText(const StorySetup& setup) {
  const JournalOptions& journal = setup.journal;
  const file::FileLimits& limits = setup.limits;
  std::string text =
      "storage" + Option("seed", setup.seed) +
      (setup.tries > 1 ? Option("tries", setup.tries) : "") + Option("pace", setup.pace) +
      (setup.rush ? Option("rush", 1) : "") + (setup.meta ? Option("meta", 1) : "") +
      (setup.alone ? Option("alone", 1) : "") + Option("block", limits.block_bytes) +
      Option("checkpoint", limits.checkpoint_bytes) +
      Option("cache", limits.reader.cache_bytes_max) +
      Option("write_min", limits.writer.write_bytes_min) +
      (limits.records_per_slice != file::FileLimits{}.records_per_slice
           ? Option("slice", static_cast<uint64_t>(limits.records_per_slice))
           : "") +
      Option("index", limits.index.data_bytes_min) +
      Option("index_slack", limits.index.slack_bytes) + Option("segment", journal.segment_bytes) +
      Option("segments", journal.segments_max) + Option("ahead", journal.prepare_bytes_ahead) +
      Option("gather", journal.gather_bytes_max) + Option("depth", journal.depth);
  const file::ConsumerLimits usual, &consumers = setup.consumer_limits;
  if (consumers.checkpoint_bytes != usual.checkpoint_bytes)
    text += Option("consumer_checkpoint", consumers.checkpoint_bytes);
  if (consumers.record_bytes != usual.record_bytes)
    text += Option("consumer_record", consumers.record_bytes);
  if (!setup.key.empty()) {
    text += " key=" + Quoted(setup.key);
    if (setup.cipher == crypto::CipherKind::kAes) text += " cipher=aes";
  }
  if (setup.has_interval_policy()) return text + " sync=" + TimeText(journal.sync_interval);
  return text + (journal.access == Access::kDurableWrites ? " sync=direct" : " sync=buffered");
}

}  // namespace

StorySetup SmallStorySetup() {
  StorySetup setup;
  setup.pace = 1;
  setup.journal.segment_bytes = 64 << 10;
  setup.journal.segments_max = 4;
  setup.journal.prepare_bytes_ahead = 32 << 10;
  setup.journal.gather_bytes_max = 64 << 10;
  setup.limits.block_bytes = 250;  // Four or five small messages.
  setup.limits.checkpoint_bytes = 30'000;
  setup.limits.reader.cache_bytes_max = 20'000;
  setup.limits.writer.write_bytes_min = 100;
  setup.limits.writer.write_bytes_max = 4096;
  setup.limits.index.data_bytes_min = 0;
  setup.limits.index.slack_bytes = 400;
  return setup;
}

std::string FormatStep(const StorySetup& setup, const StoryStep& step) {
  std::string text = WordOf(step.verb);
  if (step.stream != StoryStep::kAllStreams) text += " " + setup.streams[step.stream].config.name;
  if (!step.consumer.name.empty()) {
    const bool change = step.verb >= Verb::kDeliver && step.verb <= Verb::kState;
    text += (change ? " " : " consumer ") + step.consumer.name +
            (step.verb == Verb::kExpectConsumer ? ExpectConsumerText(step) : ConsumerText(step));
    if (step.consumer.error) text += " error=" + Quoted(ConsumerErrorText(*step.consumer.error));
    return text;
  }
  text += Details(step);
  if (step.error) text += " error=" + Quoted(DescribeStoreError(*step.error));
  return text;
}

std::string FormatStory(const Story& story) {
  std::string text = "# " + story.about + "\n" + StorageText(story.setup) + "\n";
  for (const StoryStream& stream : story.setup.streams) {
    text += "stream " + stream.config.name + (stream.in_memory ? " memory" : "") +
            (stream.late ? " late" : "") + ConfigText(stream.config) + "\n";
  }
  text += "\n";
  for (const StoryStep& step : story.steps) {
    if (step.verb != Verb::kEveryPoint) {
      text += FormatStep(story.setup, step) + "\n";
      continue;
    }
    text += std::string("at every point") + (step.twice ? " twice" : "") +
            (!step.kills          ? " power_loss"
             : !step.power_losses ? " kill"
                                  : "") +
            " {\n";
    for (const StoryStep& inner : step.body) text += "  " + FormatStep(story.setup, inner) + "\n";
    text += "}\n";
  }
  return text;
}

}  // namespace dunlin::sim
