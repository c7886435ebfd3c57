// The reader of stories: what a step says of a consumer.
#include "sim/store/story_parser_impl.h"
#include "sim/store/story_words.h"

namespace dunlin::sim {

using scenario::LineCursor;
using scenario::Position;
using scenario::Word;
using Starting = StoryConsumer::Starting;
using Verb = StoryStep::Verb;

bool StoryParser::TakeConsumer(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  const Word name = cursor.TakeWord();
  if (!scenario::IsName(name.text)) return Fail(here, "expected the name of a consumer");
  step->consumer.name = std::string(name.text);
  return true;
}

bool StoryParser::ParseConsumerConfig(LineCursor& cursor, StoryStep* step) {
  ConsumerStoreConfig& said = consumers_[{step->stream, step->consumer.name}];
  // What is not mentioned stays as it was said last, of the same one.
  if (step->verb == Verb::kAdd) said = {};
  said.name = step->consumer.name;
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"acks=", "max_deliver="}, &all)) return false;
  for (const Given& given : all) {
    if (given.key.text == "acks") {
      if (!ReadAckPolicy(given.value->text, &said.ack_policy))
        return Fail(given.value->at, "expected none, all or explicit");
      continue;
    }
    uint64_t number = 0;
    if (!NumberOf(given, &number)) return false;
    said.max_deliver = number == 0 ? -1 : static_cast<int64_t>(number);
  }
  step->consumer.config = said;
  return true;
}

bool StoryParser::ConsumerErrorOf(const Given& given, StoryStep* step) {
  std::vector<std::string> all;
  for (int i = 1; i <= static_cast<int>(ConsumerError::kFailed); ++i) {
    const auto error = static_cast<ConsumerError>(i);
    all.emplace_back(ConsumerErrorText(error));
    if (given.value->text != all.back()) continue;
    step->consumer.error = error;
    return true;
  }
  std::string text = "no consumer store says so" + scenario::Suggestion(given.value->text, all);
  for (const std::string& one : all) text += "\n    " + one;
  return Fail(given.value->at, text);
}

// "9/20": the consumer's sequence, and the stream's.
bool StoryParser::TakePair(const Word& word, SequencePair* out) {
  const size_t slash = word.text.find('/');
  const auto consumer = scenario::ParseNumber(word.text.substr(0, slash));
  const auto stream = slash == std::string_view::npos
                          ? std::nullopt
                          : scenario::ParseNumber(word.text.substr(slash + 1));
  if (!consumer || !stream)
    return Fail(word.at, "expected the consumer's sequence and the stream's, such as 9/20");
  *out = {*consumer, *stream};
  return true;
}

bool StoryParser::ParseConsumerChange(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step) || !TakeConsumer(cursor, step)) return false;
  if (step->verb == Verb::kState) return ParseConsumerState(cursor, step);
  if (!TakeNumber(cursor, "a sequence of the stream", &step->seq)) return false;
  if (step->verb == Verb::kStarting) {
    if (cursor.Take("reset")) step->consumer.starting = Starting::kReset;
    if (cursor.Take("moved")) step->consumer.starting = Starting::kMoved;
    return true;
  }
  return step->verb == Verb::kForget || ParseDelivery(cursor, step);
}

bool StoryParser::ParseDelivery(LineCursor& cursor, StoryStep* step) {
  if (step->verb == Verb::kDeliver && !TakeTimes(cursor, "how many", &step->count)) return false;
  std::vector<Given> all;
  const bool right = step->verb == Verb::kDeliver
                         ? TakeGiven(cursor, {"as=", "deliveries=", "error="}, &all)
                         : TakeGiven(cursor, {"as=", "error="}, &all);
  if (!right) return false;
  for (const Given& given : all) {
    const bool number = given.key.text != "error";
    uint64_t* const out = given.key.text == "as" ? &step->consumer.seq : &step->consumer.deliveries;
    if (number ? !NumberOf(given, out) : !ConsumerErrorOf(given, step)) return false;
  }
  return true;
}

bool StoryParser::ParseConsumerState(LineCursor& cursor, StoryStep* step) {
  ConsumerState& state = step->consumer.state;
  step->consumer.force = cursor.Take("force");
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"delivered=", "floor=", "pending=", "redelivered=", "error="}, &all))
    return false;
  for (const Given& given : all) {
    const std::string_view key = given.key.text;
    SequencePair pair;
    if (key == "error") {
      if (!ConsumerErrorOf(given, step)) return false;
      continue;
    }
    if (!TakePair(*given.value, &pair)) return false;
    if (key == "delivered") state.delivered = pair;
    if (key == "floor") state.ack_floor = pair;
    const uint64_t after =
        key == "pending" && !state.pending.empty()           ? state.pending.back().stream_seq
        : key == "redelivered" && !state.redelivered.empty() ? state.redelivered.back().stream_seq
                                                             : 0;
    if ((key == "pending" || key == "redelivered") && pair.stream <= after)
      return Fail(given.value->at, "sequences of the stream stand in order");
    if (key == "pending") state.pending.push_back({pair.stream, pair.consumer, {}});
    if (key == "redelivered") state.redelivered.push_back({pair.stream, pair.consumer});
  }
  return true;
}

bool StoryParser::ParseExpectConsumer(LineCursor& cursor, StoryStep* step) {
  step->verb = Verb::kExpectConsumer;
  if (!TakeConsumer(cursor, step)) return false;
  const Position here = cursor.Here();
  if (cursor.Take("absent")) {
    step->count = 0;
    return true;
  }
  if (cursor.Take("failed")) {
    const Position at = cursor.Here();
    const auto text = cursor.TakeQuoted();
    if (!text) return Fail(at, "expected what it says, in double quotes");
    step->has_text = true;
    return TakeText(*text, &step->text);
  }
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"delivered=", "floor=", "pending=", "redelivered="}, &all)) return false;
  if (all.empty())
    return Fail(here, "expected 'absent', 'failed', or what it has: delivered=9/20 pending=3");
  for (const Given& given : all) {
    const std::string key(given.key.text);
    StoryNumber number{key, 0};
    if (key == "delivered" || key == "floor") {
      SequencePair pair;
      if (!TakePair(*given.value, &pair)) return false;
      step->numbers.push_back({key, pair.consumer});
      number = {key + "_stream", pair.stream};
    } else if (!NumberOf(given, &number.value)) {
      return false;
    }
    step->numbers.push_back(std::move(number));
  }
  return true;
}

}  // namespace dunlin::sim
