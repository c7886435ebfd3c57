// Reads a story of stores: scenarios/storage/README.md shows the language by example. Here: lines,
// blocks, what stands before the first step, and pieces of a line.
#include "engine/store/stream_store.h"
#include "sim/scenario/text.h"
#include "sim/store/story_parser_impl.h"
#include "sim/store/story_words.h"

namespace dunlin::sim {

using scenario::LineCursor;
using scenario::Position;
using scenario::Problem;
using scenario::Word;
using Verb = StoryStep::Verb;

bool StoryParser::NextLine(std::string_view* line) {
  while (next_ < lines_.size()) {
    *line = lines_[next_++];
    if (!scenario::IsBlankOrComment(*line)) return true;
  }
  return false;
}

std::optional<Story> StoryParser::Parse(std::string path) {
  story_.path = std::move(path);
  story_.setup = SmallStorySetup();
  if (lines_.empty() || !scenario::Trimmed(lines_[0]).starts_with('#')) {
    Fail({1, 1}, "the file must begin with a comment ('# ...') that says what must hold");
  } else {
    story_.about = std::string(scenario::Trimmed(scenario::Trimmed(lines_[0]).substr(1)));
  }
  ParseBlock(&story_.steps, true);
  if (problems_->empty() && story_.setup.streams.empty())
    Fail({1, 1}, "there is no 'stream' in this story");
  if (problems_->empty() && story_.steps.empty()) Fail({1, 1}, "nothing happens in this story");
  if (!problems_->empty()) return std::nullopt;
  return std::move(story_);
}

void StoryParser::ParseBlock(std::vector<StoryStep>* steps, bool top) {
  std::string_view line;
  while (problems_->size() < scenario::kProblemsMax) {
    if (!NextLine(&line)) {
      if (!top)
        Fail({static_cast<int>(lines_.size()), 1}, "the file ends within a block; expected '}'");
      return;
    }
    LineCursor cursor(line, static_cast<int>(next_));
    if (cursor.PeekWord().text == "}") {
      const Word brace = cursor.TakeWord();
      if (top) {
        Fail(brace.at, "'}' without a block that it ends");
        continue;
      }
      (void)AtEnd(cursor);
      return;
    }
    (void)ParseLine(cursor, steps);
  }
}

bool StoryParser::ParseLine(LineCursor& cursor, std::vector<StoryStep>* steps) {
  const Word verb = cursor.TakeWord();
  if (verb.text == "storage") {
    if (has_storage_) return Fail(verb.at, "'storage' stands once, before everything else");
    has_storage_ = true;
    return ParseStorage(cursor);
  }
  if (!has_storage_) {
    has_storage_ = true;
    return Fail(verb.at, "a story of stores begins with 'storage'");
  }
  if (verb.text == "stream") {
    if (!steps->empty() || in_every_point_)
      return Fail(verb.at, "'stream' stands before the first step");
    return ParseStream(cursor);
  }
  StoryStep step;
  step.at = verb.at;
  if (verb.text == "at") {
    if (!ParseEveryPoint(cursor, &step)) return false;
  } else if (!ParseStep(verb, cursor, &step) || !AtEnd(cursor)) {
    return false;
  }
  steps->push_back(std::move(step));
  return true;
}

bool StoryParser::AtEnd(LineCursor& cursor) {
  if (cursor.AtEnd()) return true;
  return Fail(cursor.Here(), "expected the end of the line instead of '" +
                                 std::string(cursor.PeekWord().text) + "'");
}

// --- Pieces.

bool StoryParser::TakeGiven(LineCursor& cursor, std::initializer_list<const char*> keys,
                            std::vector<Given>* out) {
  while (!cursor.AtEnd()) {
    Given given;
    if (auto option = cursor.TakeOption()) {
      given = {option->key, option->value};
    } else {
      given = {cursor.TakeWord(), std::nullopt};
    }
    std::vector<std::string> names;
    for (const char* key : keys) {
      std::string name = key;
      const bool takes_value = name.ends_with('=');
      if (takes_value) name.pop_back();
      names.push_back(name);
      if (given.key.text != name) continue;
      if (takes_value != given.value.has_value())
        return Fail(given.key.at, "'" + name + "' is written " +
                                      (takes_value ? "'" + name + "=...'" : "without a value"));
      out->push_back(given);
      names.clear();
      break;
    }
    if (names.empty()) continue;
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return Fail(given.key.at, "'" + std::string(given.key.text) + "' is not known here" +
                                  scenario::Suggestion(given.key.text, names) + "; there is " +
                                  (all.empty() ? "nothing more to say" : all));
  }
  return true;
}

bool StoryParser::TakeNumber(LineCursor& cursor, const char* what, uint64_t* out) {
  const Position here = cursor.Here();
  const Word word = cursor.TakeWord();
  const auto number = scenario::ParseNumber(word.text);
  if (!number) return Fail(here, std::string("expected ") + what);
  *out = *number;
  return true;
}

bool StoryParser::TakeTimes(LineCursor& cursor, const char* what, uint64_t* out) {
  const Word times = cursor.PeekWord();
  if (!times.text.starts_with('x')) return true;
  const auto count = scenario::ParseNumber(times.text.substr(1));
  if (!count || *count == 0 || *count > 100'000)
    return Fail(times.at, std::string("expected ") + what + ", such as x10");
  cursor.TakeWord();
  *out = *count;
  return true;
}

bool StoryParser::TakeSize(const Word& word, uint64_t* out) {
  std::string_view text = word.text;
  int shift = 0;
  if (text.ends_with('k')) shift = 10;
  if (text.ends_with('m')) shift = 20;
  if (shift > 0) text.remove_suffix(1);
  const auto number = scenario::ParseNumber(text);
  if (!number || *number > (uint64_t{1} << 40))
    return Fail(word.at, "expected a number of bytes such as 300, 64k or 2m");
  *out = *number << shift;
  return true;
}

bool StoryParser::TakeTime(const Word& word, Duration* out) {
  const auto time = scenario::ParseDuration(word.text);
  if (!time) return Fail(word.at, "expected a length of time such as 200ms, 5s, 2m, 1h");
  *out = *time;
  return true;
}

bool StoryParser::TakeText(const Word& word, std::string* out) {
  if (Unescape(word.text, out)) return true;
  return Fail(word.at, "expected \\n, \\r, \\t, \\0, \\\\, \\\" or \\xHH behind a backslash");
}

bool StoryParser::NumberOf(const Given& given, uint64_t* out) {
  const auto number = scenario::ParseNumber(given.value->text);
  if (!number) return Fail(given.value->at, "expected a number");
  *out = *number;
  return true;
}

bool StoryParser::ErrorOf(const Given& given, StoryStep* step) {
  std::vector<std::string> all;
  for (int i = 1; i <= static_cast<int>(StoreError::kFailed); ++i) {
    const auto error = static_cast<StoreError>(i);
    if (given.value->text == DescribeStoreError(error)) {
      step->error = error;
      return true;
    }
    all.emplace_back(DescribeStoreError(error));
  }
  std::string text = "no store says so" + scenario::Suggestion(given.value->text, all);
  for (const std::string& one : all) text += "\n    " + one;
  return Fail(given.value->at, text);
}

bool StoryParser::TakeStream(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  const Word word = cursor.TakeWord();
  std::vector<std::string> names;
  for (size_t i = 0; i < story_.setup.streams.size(); ++i) {
    names.push_back(story_.setup.streams[i].config.name);
    if (word.text != names.back()) continue;
    step->stream = i;
    return true;
  }
  if (word.text.empty()) return Fail(here, "expected the name of a stream");
  return Fail(word.at, "no stream '" + std::string(word.text) + "' stands above" +
                           scenario::Suggestion(word.text, names));
}

// --- Before the first step.

bool StoryParser::ParseStorage(LineCursor& cursor) {
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"seed=",           "tries=",
                          "pace=",           "rush=",
                          "meta=",           "alone=",
                          "block=",          "checkpoint=",
                          "cache=",          "write_min=",
                          "slice=",          "index=",
                          "index_slack=",    "segment=",
                          "segments=",       "ahead=",
                          "gather=",         "depth=",
                          "sync=",           "key=",
                          "cipher=",         "consumer_checkpoint=",
                          "consumer_record="},
                 &all))
    return false;
  StorySetup& setup = story_.setup;
  for (const Given& given : all) {
    const std::string_view key = given.key.text;
    uint64_t number = 0;
    if (key == "sync") {
      if (!ReadSync(given.value->text, &setup.journal))
        return Fail(given.value->at, "expected direct, buffered, or how often: 200ms");
      continue;
    }
    if (key == "key" || key == "cipher") continue;
    if (!TakeSize(*given.value, &number)) return false;
    if (key == "seed") setup.seed = number;
    if (key == "tries") setup.tries = number;
    if (key == "pace") setup.pace = number;
    if (key == "rush") setup.rush = number > 0;
    if (key == "meta") setup.meta = number > 0;
    if (key == "alone") setup.alone = number > 0;
    if (key == "block") setup.limits.block_bytes = number;
    if (key == "checkpoint") setup.limits.checkpoint_bytes = number;
    if (key == "cache") setup.limits.reader.cache_bytes_max = number;
    if (key == "slice") setup.limits.records_per_slice = static_cast<int>(number);
    if (key == "index") setup.limits.index.data_bytes_min = number;
    if (key == "index_slack") setup.limits.index.slack_bytes = number;
    if (key == "write_min") setup.limits.writer.write_bytes_min = number;
    if (key == "consumer_checkpoint") setup.consumer_limits.checkpoint_bytes = number;
    if (key == "consumer_record") setup.consumer_limits.record_bytes = number;
    if (key == "segment") setup.journal.segment_bytes = number;
    if (key == "segments") setup.journal.segments_max = static_cast<uint32_t>(number);
    if (key == "ahead") setup.journal.prepare_bytes_ahead = number;
    if (key == "gather") setup.journal.gather_bytes_max = number;
    if (key == "depth") setup.journal.depth = static_cast<uint32_t>(number);
    if (key == "segment" && (number < 16 * kDirectAlignment || number % kDirectAlignment != 0))
      return Fail(given.value->at, "a segment is a multiple of 4096 bytes, and 64k at least");
    if (key == "segments" && (number < 3 || number > 100))
      return Fail(given.value->at, "there are 3 to 100 segments");
    if (key == "consumer_record" && number < 1)
      return Fail(given.value->at, "a record has a byte at least");
    if (key == "slice" && (number < 1 || number > 1'000'000))
      return Fail(given.value->at, "a slice is 1 to 1000000 records");
    if (key == "depth" && (number < 1 || number > 4))
      return Fail(given.value->at, "the depth is 1 to 4");
  }
  return TakeKeys(all, &setup.key, &setup.previous_key, &setup.cipher);
}

bool StoryParser::TakeKeys(const std::vector<Given>& all, std::string* key, std::string* previous,
                           crypto::CipherKind* cipher) {
  for (const Given& given : all) {
    if (given.key.text == "key" && !TakeText(*given.value, key)) return false;
    if (given.key.text == "previous" && !TakeText(*given.value, previous)) return false;
    if (given.key.text != "cipher") continue;
    if (given.value->text != "aes" && given.value->text != "chacha")
      return Fail(given.value->at, "expected chacha or aes");
    *cipher = given.value->text == "aes" ? crypto::CipherKind::kAes : crypto::CipherKind::kChaCha;
  }
  return true;
}

bool StoryParser::ParseStream(LineCursor& cursor) {
  const Position here = cursor.Here();
  const Word name = cursor.TakeWord();
  if (!scenario::IsName(name.text)) return Fail(here, "expected a name for the stream");
  for (const StoryStream& stream : story_.setup.streams) {
    if (stream.config.name == name.text)
      return Fail(name.at, "there is a stream '" + std::string(name.text) + "' already");
  }
  StoryStream stream;
  stream.config.name = std::string(name.text);
  if (!ParseConfig(cursor, &stream)) return false;
  story_.setup.streams.push_back(std::move(stream));
  return true;
}

bool StoryParser::ParseConfig(LineCursor& cursor, StoryStream* stream) {
  std::vector<Given> all;
  if (!TakeGiven(cursor,
                 {"memory", "late", "max_msgs=", "max_bytes=", "max_age=", "max_msgs_per_subject=",
                  "discard=", "discard_new_per_subject",
                  "retention=", "compression=", "first_seq=", "ttl", "markers="},
                 &all))
    return false;
  StoreConfig& config = stream->config;
  for (const Given& given : all) {
    const std::string_view key = given.key.text;
    uint64_t number = 0;
    if (key == "memory") {
      stream->in_memory = true;
    } else if (key == "late") {
      stream->late = true;
    } else if (key == "ttl") {
      config.allow_msg_ttl = true;
    } else if (key == "discard_new_per_subject") {
      config.discard_new_per_subject = true;
    } else if (key == "max_age") {
      if (!TakeTime(*given.value, &config.max_age)) return false;
    } else if (key == "markers") {
      if (!TakeTime(*given.value, &config.subject_delete_marker_ttl)) return false;
    } else if (key == "discard" || key == "retention" || key == "compression") {
      std::string choices;
      if (!ReadChoice(key, given.value->text, &config, &choices))
        return Fail(given.value->at, "expected " + choices);
    } else {
      if (!TakeSize(*given.value, &number)) return false;
      if (key == "max_msgs") config.max_msgs = static_cast<int64_t>(number);
      if (key == "max_bytes") config.max_bytes = static_cast<int64_t>(number);
      if (key == "max_msgs_per_subject") config.max_msgs_per_subject = static_cast<int64_t>(number);
      if (key == "first_seq") config.first_seq = number;
    }
  }
  return true;
}

bool StoryParser::ParseEveryPoint(LineCursor& cursor, StoryStep* step) {
  step->verb = Verb::kEveryPoint;
  if (in_every_point_) return Fail(step->at, "'at every point' stands within another one");
  if (!cursor.Take("every") || !cursor.Take("point"))
    return Fail(step->at, "expected 'at every point [twice] [kill|power_loss] {'");
  step->twice = cursor.Take("twice");
  if (cursor.Take("kill")) {
    step->power_losses = false;
  } else if (cursor.Take("power_loss")) {
    step->kills = false;
  }
  if (!cursor.Take("{"))
    return Fail(cursor.Here(),
                "expected 'twice', 'kill', 'power_loss' or '{' at the end of the line");
  (void)AtEnd(cursor);
  in_every_point_ = true;
  ParseBlock(&step->body, false);
  in_every_point_ = false;
  if (step->body.empty()) return Fail(step->at, "nothing happens in this block");
  return true;
}

bool IsStory(std::string_view text) {
  for (const std::string_view line : scenario::SplitLines(text)) {
    if (scenario::IsBlankOrComment(line)) continue;
    return LineCursor(line, 1).TakeWord().text == "storage";
  }
  return false;
}

std::optional<Story> ParseStory(std::string_view text, std::string path,
                                std::vector<Problem>* problems) {
  return StoryParser(text, problems).Parse(std::move(path));
}

}  // namespace dunlin::sim
