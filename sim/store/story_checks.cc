// StoryRunner: what must be so, while the process runs and after it stopped.
#include <algorithm>

#include "engine/base/check.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {
namespace {

uint64_t Field(const std::string& field, const StreamState& state, const file::FileStore* file) {
  if (field == "msgs") return state.msgs;
  if (field == "bytes") return state.bytes;
  if (field == "first") return state.first_seq;
  if (field == "last") return state.last_seq;
  if (field == "deleted") return state.num_deleted;
  if (field == "subjects") return state.num_subjects;
  CHECK(field == "blocks");
  return file == nullptr ? 0 : file->index().blocks.size();
}

bool HasText(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::string Listed(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n    " + line;
  return text.empty() ? " nothing" : text;
}

}  // namespace

bool StoryRunner::DoExpect(const StoryStep& step) {
  switch (step.verb) {
    case Verb::kCheck:
      for (size_t i = 0; i < histories_.size(); ++i) {
        if (step.stream != step.kAllStreams && step.stream != i) continue;
        if ((!there_[i] || IsLame(i)) && step.stream != i) continue;
        if (!IsThere(i)) break;
        if (!Check(i)) return false;
        if (!running() || failed()) break;
      }
      return true;
    case Verb::kExpectState: {
      if (!IsThere(step.stream)) return well();
      const StreamState state = process_->store(step.stream).State();
      for (const StoryNumber& number : step.numbers) {
        const uint64_t is = Field(number.field, state, process_->file(step.stream));
        if (is != number.value)
          return Fail(number.field + " is " + std::to_string(is) + ", not " +
                      std::to_string(number.value));
      }
      return true;
    }
    case Verb::kExpectConsumer: return ExpectConsumer(step);
    case Verb::kExpectMessage:
    case Verb::kExpectGone: {
      if (!IsThere(step.stream)) return well();
      LoadMsg load;
      load.seq = step.seq;
      const Outcome outcome = process_->Run(step.stream, load);
      const std::string name = "message " + std::to_string(step.seq);
      if (outcome == Outcome::kDied) return true;
      const bool there = outcome == Outcome::kDone;
      const std::string is =
          there ? "'" + std::string(load.msg.subject) + "' '" + std::string(load.msg.payload) + "'"
                : DescribeStoreError(load.error) + load.detail;
      if (step.verb == Verb::kExpectGone) {
        return is == step.text || (!there && step.text.empty()) ||
               Fail(name + " is " + is + ", not gone" +
                    (step.text.empty() ? "" : " (" + step.text + ")"));
      }
      const bool right = there && load.msg.subject == step.subject &&
                         (!step.has_text || load.msg.payload == step.text);
      return right || Fail(name + " is " + is + ", not '" + step.subject + "'" +
                           (step.has_text ? " '" + step.text + "'" : ""));
    }
    case Verb::kExpectNotice: {
      const auto& notices = process_ != nullptr ? process_->notices() : last_notices_;
      if (step.count == 0) return notices.empty() || Fail("there is a notice:" + Listed(notices));
      return HasText(notices, step.text) ||
             Fail("no notice has \"" + step.text + "\"; there is" + Listed(notices));
    }
    case Verb::kExpectFailed: {
      const std::string why = failed() ? process_->Why() : why_;
      if (why.empty()) return Fail("nothing failed");
      return why.find(step.text) != std::string::npos || Fail("it failed otherwise: " + why);
    }
    case Verb::kExpectFile: {
      const bool there = driver_.disk().Contents(PathOf(step.path)).has_value();
      if (there == (step.count > 0)) return true;
      return Fail(step.path + (there ? " is there" : " is not there; there is") +
                  (there ? "" : Listed(driver_.disk().Files())));
    }
    default: CHECK(false);
  }
}

// What a running process says of a stream.
bool StoryRunner::Check(size_t stream) {
  // What the store asks for while it comes to rest, and gets, is work for it again.
  for (int rounds = 0; rounds < 8; ++rounds) {
    for (int turns = 0; turns < 2000 && running() && !failed() && !process_->idle(stream); ++turns)
      Turn();
    process_->CatchUp();
    Absorb();
    if (!well() || !running() || failed()) return well();
    if (process_->idle(stream)) break;
  }
  return CheckState(stream) && CheckContents(stream) && AskSome(stream) && CheckConsumers(stream);
}

bool StoryRunner::CheckState(size_t stream) {
  if (damaged_) return true;
  const std::string name = "stream " + setup_.streams[stream].config.name + ": ";
  StreamState is = process_->store(stream).State();
  StreamState should = twin(stream).State();
  const auto differs = [&](const char* what, uint64_t a, uint64_t b) {
    return a != b && !Fail(name + what + " is " + std::to_string(a) + ", not " + std::to_string(b));
  };
  if (differs("msgs", is.msgs, should.msgs) || differs("last", is.last_seq, should.last_seq) ||
      differs("deleted", is.num_deleted, should.num_deleted) ||
      differs("subjects", is.num_subjects, should.num_subjects) ||
      differs("bytes", is.bytes, should.bytes))
    return false;
  if (is.msgs == 0) return true;
  return !differs("first", is.first_seq, should.first_seq) &&
         !differs("first_time", static_cast<uint64_t>(is.first_time.ns),
                  static_cast<uint64_t>(should.first_time.ns));
}

bool StoryRunner::CheckContents(size_t stream) {
  constexpr int kAttempts = 16;
  Reading reading;
  for (int attempt = 0;; ++attempt) {  // Time passes, and messages go.
    if (attempt == kAttempts) return well();
    if (!ReadAll(process_.get(), stream, &reading)) {
      return !running() || failed() || Fail(reading.problem);
    }
    const StreamState before = twin(stream).State();
    Absorb();
    if (!well() || !running() || failed() || damaged_) return well();
    if (twin(stream).State() == before) break;
  }
  if (!reading.problem.empty()) return Fail(reading.problem);
  StreamTwin found;
  found.Become(std::move(reading.entries), reading.state);
  const std::string difference = StreamHistory::FirstDifference(found, twin(stream));
  if (found.entries().size() == twin(stream).entries().size() &&
      difference.starts_with("only the bounds"))
    return true;
  return Fail("stream " + setup_.streams[stream].config.name +
              " is not what it should be: " + difference);
}

// A handful of questions, answered by the store and by its twin.
bool StoryRunner::AskSome(size_t stream) {
  const StreamTwin& model = twin(stream);
  if (damaged_ || model.last() == 0) return true;
  std::vector<std::string> filters;
  if (!model.entries().empty()) {
    const auto& entry = model.entries()[questions_.Below(model.entries().size())];
    filters.push_back(entry.msg->subject);
    if (questions_.Chance(1, 4)) filters.push_back("orders.*");
  }
  if (filters.empty() || questions_.Chance(1, 4)) filters = {questions_.Chance(1, 2) ? ">" : "*.a"};
  const Seq from = std::max<Seq>(1, model.first()) + questions_.Below(model.last() + 1);
  // Time passes while it is asked, and messages go.
  const auto changed = [&, before = model.State()] {
    Absorb();
    return !running() || failed() || model.State() != before;
  };
  const bool lasts = questions_.Chance(1, 2);
  const std::string about = " by '" + filters[0] + "' from " + std::to_string(from) + " is ";
  const auto wrong = [&](const std::string& what, uint64_t is, uint64_t should) {
    return is != should && !Fail("stream " + setup_.streams[stream].config.name + ": " + what +
                                 about + std::to_string(is) + ", not " + std::to_string(should));
  };
  CountPending count;
  count.filters = filters;
  count.from = from;
  count.last_per_subject = lasts;
  if (process_->Run(stream, count) != Outcome::kDone)
    return !running() || failed() || Fail("cannot count");
  if (changed()) return well();
  if (wrong("the number pending", count.total, model.Count(filters, from, lasts).msgs))
    return false;
  MultiLast last;
  last.filters = filters;
  last.max_seq = from;
  if (process_->Run(stream, last) != Outcome::kDone)
    return !running() || failed() || Fail("cannot find the last");
  if (changed()) return well();
  const std::vector<Seq> wanted = model.MultiLast(filters, from);
  if (wrong("the number of last ones", last.seqs.size(), wanted.size())) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wrong("a last one", last.seqs[i], wanted[i])) return false;
  }
  for (const LoadMatch::Way way : {LoadMatch::Way::kNext, LoadMatch::Way::kPrev}) {
    LoadMatch load;
    load.filters = filters;
    load.from = from;
    load.way = way;
    const Outcome outcome = process_->Run(stream, load);
    if (changed()) return well();
    const Seq should =
        way == LoadMatch::Way::kNext ? model.Next(filters, from) : model.Prev(filters, from);
    const char* what = way == LoadMatch::Way::kNext ? "the next one" : "the one before";
    if (wrong(what, outcome == Outcome::kDone ? load.msg.seq : 0, should)) return false;
  }
  return true;
}

// --- After a clean stop.

// Whether it is there: "7 of S" is no part of "17 of S".
static bool HasPayload(const std::string& contents, const std::string& payload) {
  for (size_t at = contents.find(payload); at != std::string::npos;
       at = contents.find(payload, at + 1)) {
    const char before = at == 0 ? ' ' : contents[at - 1];
    if (before < '0' || before > '9') return true;
  }
  return false;
}

// Part of what was deleted, and could not be taken away, or not for good, as somebody has said: the
// next start sees to that.
// 'living': directories that have gone in the end, and are somebody else's now.
static bool IsStuck(const std::string& path, const std::vector<std::string>& notices,
                    const std::set<std::string>& living = {}) {
  return std::any_of(notices.begin(), notices.end(), [&](const std::string& notice) {
    const size_t end = notice.find("' cannot be removed: ");
    if (end == std::string::npos || !notice.starts_with('\'')) return false;
    const std::string directory = notice.substr(1, end - 1);
    const size_t name = directory.rfind('/') + 1;
    const std::string grave = directory.substr(0, name) + "." + directory.substr(name) + ".";
    return path.starts_with(grave) ||
           (!living.contains(directory) && (path + "/").starts_with(directory + "/"));
  });
}

// No file that nobody knows of, and nothing left of what was erased.
bool StoryRunner::CheckAfterStop() {
  if (damaged_) return true;
  const auto planted_in = [&](const std::string& folder) {
    const auto next = planted_.lower_bound(folder);
    return next != planted_.end() && next->starts_with(folder);
  };
  std::set<std::string> known;
  for (size_t i = 0; i < histories_.size(); ++i) {
    const file::FileStore* file = process_->file(i);
    if (file == nullptr) continue;
    const std::string folder = "streams/" + setup_.streams[i].config.name + "/";
    for (const auto& block : file->index().blocks)
      known.insert(folder + "msgs/" + std::to_string(block->number) + ".blk");
    for (const char* name :
         {"msgs/index.db", "msgs/thw.db", "msgs/sched.db", "meta.inf", "meta.sum", "meta.key"})
      known.insert(folder + name);
    for (const auto& block : file->index().blocks)
      known.insert(folder + "msgs/" + std::to_string(block->number) + ".key");
    for (std::string& path : consumers_.Files(process_.get(), i))
      known.insert(folder + std::move(path));
    const std::vector<std::string> consumers = process_->Consumers(i);
    for (const std::string& name : driver_.disk().Names(folder + "obs")) {
      const std::string path = folder + "obs/" + name;
      if (!planted_in(path + "/") && !IsStuck(path, process_->notices()) &&
          std::find(consumers.begin(), consumers.end(), name) == consumers.end())
        return Fail("after a clean stop there is a stray folder: " + path);
    }
  }
  for (const std::string& path : driver_.disk().Files()) {
    if (!path.starts_with("streams/") || planted_.contains(path)) continue;
    if (IsStuck(path, process_->notices())) continue;
    // What somebody planted in the folder of a consumer that was never made keeps it.
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    if (folder.find("/obs/") != std::string::npos && planted_in(folder)) continue;
    if (!known.contains(path)) return Fail("after a clean stop there is a stray file: " + path);
    const std::optional<std::string> contents = driver_.disk().Truth(path);
    for (const Erased& erased : erased_) {
      if (contents && HasPayload(*contents, erased.payload))
        return Fail("what was erased is still in " + path + ": '" + erased.payload.substr(0, 20) +
                    "'");
    }
  }
  return true;
}

// Blocks alone, on another disk, make the same streams.
bool StoryRunner::CheckRebuild() {
  if (damaged_ || !well()) return well();
  DiskDriver other(setup_.seed + 1, {.timing = {}, .faults = {}});
  other.Advance(driver_.now().mono - other.now().mono);
  std::set<std::string> living;
  for (size_t i = 0; i < there_.size(); ++i) {
    if (!there_[i]) continue;
    const std::string directory = "streams/" + setup_.streams[i].config.name;
    living.insert(directory);
    for (const auto& [name, history] : consumers_.of(i))
      if (history.now()) living.insert(directory + "/obs/" + name);
  }
  for (const std::string& path : driver_.disk().Files()) {
    const bool left_out = path.ends_with(".db") || IsStuck(path, last_notices_, living);
    if (path.starts_with("streams/") && !left_out)
      other.disk().Put(path, *driver_.disk().Truth(path));
  }
  StoreProcess process(&other, setup_, there_, rng_.Fork("rebuild", counts_.lives));
  if (process.Boot() != Outcome::kDone)
    return Fail("does not start from its blocks alone: " + process.Why());
  process.CatchUp();
  for (const std::string& notice : process.notices()) {
    if (IsOfPlanted(notice) || notice.find(kBlocksAlone) != std::string::npos) continue;
    return Fail("from its blocks alone, it speaks of damage: " + notice);
  }
  for (size_t i = 0; i < histories_.size() && well(); ++i) {
    if (process.file(i) == nullptr) continue;
    Reading reading;
    if (!ReadAll(&process, i, &reading) || !reading.problem.empty()) {
      Fail("from its blocks alone, stream " + setup_.streams[i].config.name + " " +
           reading.problem);
      break;
    }
    StreamTwin found;
    found.Become(std::move(reading.entries), reading.state);
    StreamHistory copy(histories_[i].config());
    copy.Restart(twin(i));
    const std::string problem = copy.TakeRecovered(found, other.now().wall, false);
    if (!problem.empty())
      Fail("from its blocks alone, stream " + setup_.streams[i].config.name + " " + problem);
    const std::string other_one =
        consumers_.Difference(&process, i, StoryConsumers::Times::kStored);
    if (well() && !other_one.empty())
      Fail("from its files alone, stream " + setup_.streams[i].config.name + ": " + other_one);
  }
  other.Crash(CrashKind::kKill);
  return well();
}

}  // namespace dunlin::sim
