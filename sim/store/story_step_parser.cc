// The reader of stories: one step.
#include "sim/store/story_parser_impl.h"
#include "sim/store/story_words.h"

namespace dunlin::sim {

using scenario::LineCursor;
using scenario::Position;
using scenario::Word;
using Verb = StoryStep::Verb;

bool StoryParser::ParseStep(const Word& verb, LineCursor& cursor, StoryStep* step) {
  const std::optional<Verb> known = VerbOf(verb.text);
  if (!known) {
    return Fail(verb.at, "there is no '" + std::string(verb.text) + "'" +
                             scenario::Suggestion(verb.text, StepWords()));
  }
  step->verb = *known;
  switch (step->verb) {
    case Verb::kStore: return ParseStore(cursor, step);
    case Verb::kSkip:
      return TakeStream(cursor, step) && TakeNumber(cursor, "how many sequences", &step->count) &&
             ((step->advance = cursor.Take("advance")), true);
    case Verb::kRemove:
    case Verb::kErase:
    case Verb::kCompact:
    case Verb::kTruncate: return ParseRemoval(cursor, step);
    case Verb::kDeleted: return ParseDeleted(cursor, step);
    case Verb::kPurge: return ParsePurge(cursor, step);
    case Verb::kConfig: {
      if (!TakeStream(cursor, step)) return false;
      if (cursor.Take("consumer"))
        return TakeConsumer(cursor, step) && ParseConsumerConfig(cursor, step);
      // What is not mentioned stays as it was said last.
      StoryStream& stream = story_.setup.streams[step->stream];
      StoryStream changed = stream;
      if (!ParseConfig(cursor, &changed)) return false;
      step->config = changed.config;
      return true;
    }
    case Verb::kCheck: return cursor.AtEnd() || TakeStream(cursor, step);
    case Verb::kCheckpoint:
      if (cursor.AtEnd()) return true;
      [[fallthrough]];
    case Verb::kDrop:
      if (!TakeStream(cursor, step)) return false;
      return !cursor.Take("consumer") || TakeConsumer(cursor, step);
    case Verb::kAdd:
      if (!TakeStream(cursor, step)) return false;
      if (!cursor.Take("consumer")) return true;
      return TakeConsumer(cursor, step) && ParseConsumerConfig(cursor, step);
    case Verb::kDeliver:
    case Verb::kAck:
    case Verb::kStarting:
    case Verb::kForget:
    case Verb::kState: return ParseConsumerChange(cursor, step);
    case Verb::kTurn:
      if (cursor.Take("until")) return ParseAwaited(cursor, step);
      return TakeNumber(cursor, "how many turns", &step->count);
    case Verb::kAdvance: return TakeTime(cursor.TakeWord(), &step->time);
    case Verb::kKill:
    case Verb::kPowerLoss:
    case Verb::kStop: return ParseDeath(cursor, step);
    case Verb::kFaults: return ParseFaults(cursor, step);
    case Verb::kFail: return ParseFail(cursor, step);
    case Verb::kSpace:
      if (!cursor.Take("plenty")) return TakeSize(cursor.TakeWord(), &step->size);
      step->size = UINT64_MAX;
      return true;
    case Verb::kRot:
    case Verb::kCut:
    case Verb::kDelete:
    case Verb::kForeign: return ParseFile(cursor, step);
    case Verb::kEncrypt: return ParseEncrypt(cursor, step);
    case Verb::kExpectState: return ParseExpect(cursor, step);
    default: return true;  // settle, stop, start, wipe.
  }
}

bool StoryParser::ParseStore(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step)) return false;
  const Position here = cursor.Here();
  const Word subject = cursor.TakeWord();
  if (subject.text.empty() || subject.text.find('=') != std::string_view::npos)
    return Fail(here, "expected the subject of the message");
  step->subject = std::string(subject.text);
  if (!TakeTimes(cursor, "how often", &step->count)) return false;
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"size=", "payload=", "header=", "ttl=", "error="}, &all)) return false;
  for (const Given& given : all) {
    const std::string_view key = given.key.text;
    if (key == "size") {
      if (!TakeSize(*given.value, &step->size)) return false;
    } else if (key == "payload") {
      step->has_text = true;
      if (!TakeText(*given.value, &step->text)) return false;
    } else if (key == "header") {
      if (!TakeText(*given.value, &step->header)) return false;
    } else if (key == "error") {
      if (!ErrorOf(given, step)) return false;
    } else if (given.value->text == "never") {
      step->ttl = -1;
    } else {
      Duration ttl;
      if (!TakeTime(*given.value, &ttl)) return false;
      if (ttl < Seconds(1) || ttl.ns % Seconds(1).ns != 0)
        return Fail(given.value->at, "a message lives for whole seconds, or never ends");
      step->ttl = ttl.ns / Seconds(1).ns;
    }
  }
  if (step->ttl != 0 && !step->header.empty())
    return Fail(step->at, "'ttl' makes a header of its own: either one or the other");
  if (step->ttl != 0) step->header = TtlHeader(step->ttl);
  return true;
}

bool StoryParser::ParseRemoval(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step) || !TakeNumber(cursor, "a sequence", &step->seq)) return false;
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"error="}, &all)) return false;
  return all.empty() || ErrorOf(all[0], step);
}

bool StoryParser::ParseDeleted(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step)) return false;
  const Position here = cursor.Here();
  while (!cursor.AtEnd()) {
    const Word word = cursor.TakeWord();
    const size_t dots = word.text.find("..");
    const auto first = scenario::ParseNumber(word.text.substr(0, dots));
    const auto last =
        dots == std::string_view::npos ? first : scenario::ParseNumber(word.text.substr(dots + 2));
    const Seq after = step->ranges.empty() ? 0 : step->ranges.back().last;
    if (!first || !last || *first == 0 || *last < *first || *first <= after)
      return Fail(word.at, "expected sequences in order, such as 3..7 9");
    step->ranges.push_back({*first, *last});
  }
  return !step->ranges.empty() || Fail(here, "expected sequences in order, such as 3..7 9");
}

bool StoryParser::ParsePurge(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step)) return false;
  const Word subject = cursor.PeekWord();
  if (!cursor.AtEnd() && subject.text.find('=') == std::string_view::npos) {
    cursor.TakeWord();
    step->subject = std::string(subject.text);
  }
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"below=", "keep="}, &all)) return false;
  for (const Given& given : all) {
    if (!NumberOf(given, given.key.text == "below" ? &step->below : &step->keep)) return false;
  }
  return true;
}

bool StoryParser::ParseDeath(LineCursor& cursor, StoryStep* step) {
  std::vector<Given> all;
  if (const auto variant = scenario::ParseNumber(cursor.PeekWord().text)) {
    step->variant = *variant;
    cursor.TakeWord();
  }
  if (step->verb != Verb::kStop && cursor.Take("after")) return ParseAwaited(cursor, step);
  if (!TakeGiven(cursor, {"in="}, &all)) return false;
  if (all.empty()) return true;
  uint64_t in = 0;
  if (!NumberOf(all[0], &in)) return false;
  step->in = in;
  return true;
}

bool StoryParser::ParseAwaited(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  const Word word = cursor.TakeWord();
  const std::optional<DiskOp::Kind> kind = OpNamed(word.text);
  if (!kind) {
    return Fail(here, "expected what the disk does, such as rename" +
                          scenario::Suggestion(word.text, OpWords()));
  }
  const Position at = cursor.Here();
  const Word path = cursor.TakeWord();
  if (path.text.empty()) return Fail(at, "expected what it does that to: streams/S/msgs/1.blk");
  step->after = {*kind, std::string(path.text)};
  return TakeTimes(cursor, "which one of these", &step->after->nth);
}

bool StoryParser::ParseFaults(LineCursor& cursor, StoryStep* step) {
  if (cursor.Take("none")) return true;
  if (cursor.AtEnd()) return Fail(cursor.Here(), "expected 'none', or faults such as sync=5000/3");
  while (!cursor.AtEnd()) {
    const auto option = cursor.TakeOption();
    const Word key = option ? option->key : cursor.TakeWord();
    FaultRate* rate = FaultNamed(key.text, &step->faults);
    if (rate == nullptr)
      return Fail(key.at, "there is no fault '" + std::string(key.text) + "'" +
                              scenario::Suggestion(key.text, FaultWords()));
    const std::string_view value = option ? option->value.text : std::string_view();
    const size_t slash = value.find('/');
    const auto million = scenario::ParseNumber(value.substr(0, slash));
    const auto budget = slash == std::string_view::npos
                            ? std::optional<uint64_t>(UINT32_MAX)
                            : scenario::ParseNumber(value.substr(slash + 1));
    if (!million || *million > 1'000'000 || !budget || *budget > UINT32_MAX)
      return Fail(key.at, "expected how often in a million, and how often at most: " +
                              std::string(key.text) + "=5000/3");
    *rate = {static_cast<uint32_t>(*million), static_cast<uint32_t>(*budget)};
  }
  return true;
}

bool StoryParser::ParseFail(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  const Word word = cursor.TakeWord();
  const std::optional<DiskFault> fault = FailureNamed(word.text);
  if (!fault)
    return Fail(here, "expected what fails next: read, write, sync, space, files or stall");
  step->fault = *fault;
  if (cursor.AtEnd()) return true;
  return TakeNumber(cursor, "how often", &step->count);
}

bool StoryParser::ParseFile(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  const Word path = cursor.TakeWord();
  if (path.text.empty()) return Fail(here, "expected a file, such as streams/S/msgs/1.blk");
  step->path = std::string(path.text);
  std::vector<Given> all;
  switch (step->verb) {
    case Verb::kRot:
      if (!TakeGiven(cursor, {"at=", "seed="}, &all)) return false;
      for (const Given& given : all) {
        if (!NumberOf(given, given.key.text == "at" ? &step->offset : &step->variant)) return false;
      }
      return true;
    case Verb::kCut:
      if (!TakeGiven(cursor, {"to="}, &all)) return false;
      if (all.empty()) return Fail(cursor.Here(), "expected where it ends now: to=100");
      return TakeSize(*all[0].value, &step->size);
    case Verb::kForeign:
      if (!TakeGiven(cursor, {"holds="}, &all)) return false;
      return all.empty() || TakeText(*all[0].value, &step->text);
    default: return true;
  }
}

bool StoryParser::ParseEncrypt(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"key=", "previous=", "cipher="}, &all)) return false;
  if (all.empty()) return Fail(here, "expected key=\"...\", previous=\"...\" or cipher=aes");
  return TakeKeys(all, &step->text, &step->header, &step->cipher);
}

bool StoryParser::ParseExpect(LineCursor& cursor, StoryStep* step) {
  const Position here = cursor.Here();
  if (cursor.Take("no")) {
    step->verb = Verb::kExpectNotice;
    step->count = 0;
    return cursor.Take("notice") || Fail(cursor.Here(), "expected 'no notice'");
  }
  if (cursor.Take("notice") || cursor.Take("failed")) {
    step->verb = cursor.line().substr(0, cursor.position()).ends_with("notice")
                     ? Verb::kExpectNotice
                     : Verb::kExpectFailed;
    if (cursor.AtEnd() && step->verb == Verb::kExpectFailed) return true;
    const Position at = cursor.Here();
    const auto text = cursor.TakeQuoted();
    if (!text) return Fail(at, "expected what it says, in double quotes");
    return TakeText(*text, &step->text);
  }
  if (cursor.Take("file")) {
    step->verb = Verb::kExpectFile;
    step->path = std::string(cursor.TakeWord().text);
    if (cursor.Take("absent")) {
      step->count = 0;
      return true;
    }
    return cursor.Take("there") || Fail(cursor.Here(), "expected 'there' or 'absent'");
  }
  if (cursor.AtEnd())
    return Fail(here, "expected a stream, 'notice', 'no notice', 'failed' or 'file'");
  return ParseExpectStream(cursor, step);
}

bool StoryParser::ParseExpectStream(LineCursor& cursor, StoryStep* step) {
  if (!TakeStream(cursor, step)) return false;
  if (cursor.Take("consumer")) return ParseExpectConsumer(cursor, step);
  const Position here = cursor.Here();
  if (const auto seq = scenario::ParseNumber(cursor.PeekWord().text)) {
    cursor.TakeWord();
    step->seq = *seq;
    const bool gone = cursor.Take("gone");
    if (!gone && !cursor.Take("is")) return Fail(cursor.Here(), "expected 'is' or 'gone'");
    step->verb = gone ? Verb::kExpectGone : Verb::kExpectMessage;
    if (!gone) {
      const Position at = cursor.Here();
      step->subject = std::string(cursor.TakeWord().text);
      if (step->subject.empty()) return Fail(at, "expected the subject of the message");
    }
    if (cursor.AtEnd()) return true;
    const Position at = cursor.Here();
    const auto text = cursor.TakeQuoted();
    if (!text) return Fail(at, "expected a text in double quotes");
    step->has_text = true;
    return TakeText(*text, &step->text);
  }
  std::vector<Given> all;
  if (!TakeGiven(cursor, {"msgs=", "bytes=", "first=", "last=", "deleted=", "subjects=", "blocks="},
                 &all))
    return false;
  if (all.empty()) return Fail(here, "expected a sequence, or what the state is: msgs=3 last=7");
  for (const Given& given : all) {
    StoryNumber number{std::string(given.key.text), 0};
    if (!NumberOf(given, &number.value)) return false;
    step->numbers.push_back(std::move(number));
  }
  return true;
}

}  // namespace dunlin::sim
