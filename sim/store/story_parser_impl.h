// The inside of the reader of stories: what its parts (story_parser.cc, story_step_parser.cc)
// share.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/scenario/line_cursor.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/words.h"
#include "sim/store/story.h"

namespace dunlin::sim {

class StoryParser {
 public:
  StoryParser(std::string_view text, std::vector<scenario::Problem>* problems)
      : lines_(scenario::SplitLines(text)), problems_(problems) {}

  std::optional<Story> Parse(std::string path);

 private:
  struct Given {
    scenario::Word key;
    std::optional<scenario::Word> value;  // None: a flag.
  };

  bool Fail(scenario::Position at, std::string text) {
    if (problems_->size() < scenario::kProblemsMax) problems_->push_back({at, std::move(text)});
    return false;
  }
  bool NextLine(std::string_view* line);
  void ParseBlock(std::vector<StoryStep>* steps, bool top);
  bool ParseLine(scenario::LineCursor& cursor, std::vector<StoryStep>* steps);

  bool ParseStorage(scenario::LineCursor& cursor);
  bool ParseStream(scenario::LineCursor& cursor);
  bool ParseConfig(scenario::LineCursor& cursor, StoryStream* stream);
  bool ParseEveryPoint(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseStep(const scenario::Word& verb, scenario::LineCursor& cursor, StoryStep* step);
  bool ParseStore(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseRemoval(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseDeleted(scenario::LineCursor& cursor, StoryStep* step);
  bool ParsePurge(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseDeath(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseAwaited(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseFaults(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseFail(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseFile(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseEncrypt(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseExpect(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseExpectStream(scenario::LineCursor& cursor, StoryStep* step);

  // --- Consumers: story_consumer_parser.cc.
  bool TakeConsumer(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseConsumerConfig(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseConsumerChange(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseDelivery(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseConsumerState(scenario::LineCursor& cursor, StoryStep* step);
  bool ParseExpectConsumer(scenario::LineCursor& cursor, StoryStep* step);
  bool TakePair(const scenario::Word& word, SequencePair* out);
  bool ConsumerErrorOf(const Given& given, StoryStep* step);

  // --- Pieces.
  bool TakeStream(scenario::LineCursor& cursor, StoryStep* step);
  bool TakeNumber(scenario::LineCursor& cursor, const char* what, uint64_t* out);
  bool TakeSize(const scenario::Word& word, uint64_t* out);
  bool TakeTime(const scenario::Word& word, Duration* out);
  bool TakeText(const scenario::Word& word, std::string* out);
  bool TakeKeys(const std::vector<Given>& all, std::string* key, std::string* previous,
                crypto::CipherKind* cipher);
  // "x10", if it comes next.
  bool TakeTimes(scenario::LineCursor& cursor, const char* what, uint64_t* out);
  bool TakeGiven(scenario::LineCursor& cursor, std::initializer_list<const char*> keys,
                 std::vector<Given>* out);
  bool NumberOf(const Given& given, uint64_t* out);
  bool ErrorOf(const Given& given, StoryStep* step);
  bool AtEnd(scenario::LineCursor& cursor);

  const std::vector<std::string_view> lines_;
  std::vector<scenario::Problem>* const problems_;
  size_t next_ = 0;
  Story story_;
  // As they were said last.
  std::map<std::pair<size_t, std::string>, ConsumerStoreConfig> consumers_;
  bool has_storage_ = false;
  bool in_every_point_ = false;
};

}  // namespace dunlin::sim
