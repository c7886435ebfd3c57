// The questions that a memory store answers, in slices.
//
// Two ways to find messages: along the sequences, testing each subject; or along the tree of
// subjects, whose values know the first and the last message of each, and from there along the
// chain of one subject's messages. The tree is asked first.
#include <algorithm>
#include <utility>

#include "engine/base/mutant.h"
#include "engine/subject/subject.h"
#include "storage/memory/memory_store.h"

namespace dunlin::memory {
namespace {

using Step = subject::SubjectTree::Walk::Step;

// With wildcards so many messages are looked at before the tree is asked: mostly one of the next
// matches, and the tree may have very many subjects to tell of.
constexpr int kPeek = 128;

// Above this many results that may come in any order, they are looked for in order instead, which
// is slower and can be sliced, as sorting cannot.
constexpr size_t kSortMax = 8192;

const std::vector<std::string> kEverything;

Progress Fail(StoreRequest& request, StoreError error) {
  request.error = error;
  return Progress::kFailed;
}

bool IsEverything(std::string_view filter) { return filter.empty() || filter == ">"; }

bool MatchesAny(std::string_view subject, const std::vector<std::string>& filters) {
  return std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    return subject::MatchesLiteral(subject, filter);
  });
}

std::vector<std::string> FilterList(const std::string& filter) {
  if (IsEverything(filter)) return {};
  return {filter};
}

}  // namespace

bool MemoryStore::IsAll(const std::vector<std::string>& filters) const {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), IsEverything);
}

void MemoryStore::Found(Message* message, StoredMsg* out) const {
  *out = {message->subject(), message->header(), message->payload(), message->seq, message->time};
}

Progress MemoryStore::Run(LoadMsg& request) {
  Message* message = messages_.Find(request.seq);
  if (message == nullptr) return Fail(request, WhyMissing(request.seq));
  Found(message, &request.msg);
  return Progress::kDone;
}

// --- The next and the previous one

// Where the next match at or after 'from' lies, by what the tree says of subjects, as far as a
// slice gets: exactly at 'low', or somewhere from 'low' to 'high', or nowhere.
MemoryStore::Bounds MemoryStore::NextBounds(const LoadMatch& request, Seq from) const {
  Bounds bounds{Bounds::Kind::kNothing, last_, 0};
  bool exact = true;
  int budget = steps_per_slice_;
  Subjects::Walk walk(subjects_, request.filters);
  for (Step step = walk.Next(&budget); step != Step::kEnd; step = walk.Next(&budget)) {
    if (step == Step::kBudget) return {Bounds::Kind::kRange, from, last_};
    const SubjectInfo info = *walk.value();
    if (info.last < from) continue;
    if (info.first < from) exact = false;
    bounds.kind = Bounds::Kind::kRange;
    bounds.low = std::min(bounds.low, std::max(Seq{info.first}, from));
    bounds.high = std::max(bounds.high, Seq{info.last});
  }
  if (exact && bounds.kind == Bounds::Kind::kRange) bounds.kind = Bounds::Kind::kExact;
  return bounds;
}

MemoryStore::Bounds MemoryStore::PrevBounds(const LoadMatch& request, Seq from) const {
  Bounds bounds{Bounds::Kind::kNothing, last_, 0};
  bool exact = true;
  int budget = steps_per_slice_;
  Subjects::Walk walk(subjects_, request.filters);
  for (Step step = walk.Next(&budget); step != Step::kEnd; step = walk.Next(&budget)) {
    if (step == Step::kBudget) return {Bounds::Kind::kRange, first_, from};
    const SubjectInfo info = *walk.value();
    if (info.first > from) continue;
    if (info.last > from) exact = false;
    bounds.kind = Bounds::Kind::kRange;
    bounds.low = std::min(bounds.low, Seq{info.first});
    bounds.high = std::max(bounds.high, std::min(Seq{info.last}, from));
  }
  if (exact && bounds.kind == Bounds::Kind::kRange) bounds.kind = Bounds::Kind::kExact;
  return bounds;
}

// Along the messages, up or down as asked, to 'bound' at most.
Progress MemoryStore::Scan(LoadMatch& request, Seq bound, int budget) {
  const bool next = request.way == LoadMatch::Way::kNext;
  const auto from = [&](Seq seq) { return next ? messages_.Next(seq) : messages_.Prev(seq); };
  for (Message* at = from(request.cursor.at);
       at != nullptr && (next ? at->seq <= bound : at->seq >= bound);
       at = from(next ? at->seq + 1 : at->seq - 1)) {
    if (budget-- == 0) {
      request.cursor.at = at->seq;
      return Progress::kMore;
    }
    if (MatchesAny(at->subject(), request.filters)) {
      Found(at, &request.msg);
      request.skip = at->seq;
      return Progress::kDone;
    }
  }
  request.skip = next ? last_ : first_;
  return Fail(request, StoreError::kEof);
}

Progress MemoryStore::Run(LoadMatch& request) {
  const bool next = request.way == LoadMatch::Way::kNext;
  const Seq from = next ? std::max(request.from, first_) : std::min(request.from, last_);
  request.skip = next ? last_ : first_;
  if (messages_.size() == 0 || (next ? from > last_ : from < first_)) {
    return Fail(request, StoreError::kEof);
  }
  if (IsAll(request.filters)) {
    Message* found = next ? messages_.Next(from) : messages_.Prev(from);
    if (found == nullptr) return Fail(request, StoreError::kEof);
    Found(found, &request.msg);
    request.skip = found->seq;
    return Progress::kDone;
  }
  // cursor: a is how far the scan goes down, at where it is; 0 before the tree was asked. Up it
  // goes to the last one: what the tree said may have gone since, and more have come.
  RequestCursor& cursor = request.cursor;
  if (cursor.at == 0) {
    const bool wild =
        std::any_of(request.filters.begin(), request.filters.end(),
                    [](const std::string& filter) { return subject::HasWildcard(filter); });
    cursor.at = from;
    if (wild) {
      const int peek = std::min(kPeek, steps_per_slice_);
      const Progress progress = Scan(request, next ? last_ : first_, peek);
      if (progress != Progress::kMore) return progress;
    }
    const Bounds bounds = next ? NextBounds(request, cursor.at) : PrevBounds(request, cursor.at);
    if (bounds.kind == Bounds::Kind::kNothing) return Fail(request, StoreError::kEof);
    if (bounds.kind == Bounds::Kind::kExact) {
      Message* found = messages_.Find(next ? bounds.low : bounds.high);
      Found(found, &request.msg);
      request.skip = found->seq;
      return Progress::kDone;
    }
    cursor.at = next ? bounds.low : bounds.high;
    cursor.a = next ? bounds.high : bounds.low;
  }
  return Scan(request, next ? last_ : cursor.a, steps_per_slice_);
}

Progress MemoryStore::Run(LoadLast& request) {
  Seq last = request.cursor.a;
  if (IsEverything(request.subject)) {
    if (const Message* message = messages_.Prev(last_)) last = message->seq;
  } else {
    const std::vector<std::string> filters = {request.subject};
    int budget = steps_per_slice_;
    Subjects::Walk walk(subjects_, filters, request.cursor.text);
    Step step = walk.Next(&budget);
    for (; step == Step::kFound; step = walk.Next(&budget)) {
      last = std::max(last, Seq{walk.value()->last});
    }
    if (step == Step::kBudget) {
      request.cursor.text = walk.Position();
      request.cursor.a = last;
      return Progress::kMore;
    }
  }
  Message* message = messages_.Find(last);
  // It may have gone meanwhile: mostly for another one, which is among those that came since.
  if (message == nullptr && last != 0) {
    message = messages_.Prev(last_);
    for (int budget = steps_per_slice_; message != nullptr && message->seq > last; --budget) {
      if (budget == 0 || subject::MatchesLiteral(message->subject(), request.subject)) break;
      message = messages_.Prev(message->seq - 1);
    }
    const bool is_it = message != nullptr && message->seq > last &&
                       subject::MatchesLiteral(message->subject(), request.subject);
    if (!is_it) {
      request.cursor = {};
      return Progress::kMore;
    }
  }
  if (message == nullptr) return Fail(request, StoreError::kNotFound);
  Found(message, &request.msg);
  return Progress::kDone;
}

// --- Counting

// The message where a walk along a subject's chain goes on; null if it is gone, and the walk has to
// begin anew.
const Message* MemoryStore::Resume(std::string_view subject, Seq seq) const {
  const Message* message = seq == 0 ? nullptr : messages_.Find(seq);
  return message != nullptr && message->subject() == subject ? message : nullptr;
}

// Begins at the nearer end of the subject's chain. cursor: at is the message it is at, b twice the
// number of messages behind it, and one more if it goes backward. False: the budget is used up.
bool MemoryStore::CountPart(std::string_view subject, const SubjectInfo& info, Seq from,
                            RequestCursor* cursor, int* budget, SimpleState* part) const {
  const Message* at = Resume(subject, cursor->at);
  if (at == nullptr) {
    cursor->b = info.last - from < from - info.first ? 1 : 0;
    at = messages_.Find(cursor->b == 1 ? info.last : info.first);
  }
  const bool backward = cursor->b % 2 == 1;
  Seq first = backward ? info.last : 0;
  // One step in any case: the tree may have used up the budget.
  for (bool moved = false; at != nullptr && (backward ? at->seq >= from : at->seq < from);
       moved = true) {
    if ((*budget)-- <= 0 && moved) {
      cursor->at = at->seq;
      return false;
    }
    cursor->b += 2;
    first = at->seq;
    const Seq next = backward ? at->older : at->newer;
    at = next == 0 ? nullptr : messages_.Find(next);
  }
  if (!backward) first = at == nullptr ? 0 : at->seq;
  const uint64_t counted = cursor->b / 2;
  *part = {backward ? counted : info.msgs - std::min<uint64_t>(counted, info.msgs), first,
           info.last};
  cursor->at = 0;
  return true;
}

// cursor: text is the subject it is at, a how many there are so far; at and b are CountPart()'s.
Progress MemoryStore::CountMatches(const std::vector<std::string>& filters, Seq from,
                                   bool last_per_subject, RequestCursor* cursor,
                                   SimpleState* sum) const {
  int budget = steps_per_slice_;
  Subjects::Walk walk(subjects_, filters, cursor->text);
  while (true) {
    switch (walk.Next(&budget)) {
      case Step::kEnd: return Progress::kDone;
      case Step::kBudget: cursor->text = walk.Position(); return Progress::kMore;
      case Step::kFound: break;
    }
    const SubjectInfo info = *walk.value();
    if (info.last < from) continue;
    SimpleState part{info.msgs, info.first, info.last};
    if (last_per_subject) {
      part = {1, info.last, info.last};
    } else if (info.first < from &&
               !CountPart(walk.subject(), info, from, cursor, &budget, &part)) {
      cursor->text = walk.subject();
      return Progress::kMore;
    }
    sum->msgs += part.msgs + (MUTANT(183) && info.first < from ? 1 : 0);
    if (part.msgs > 0 && (sum->first == 0 || part.first < sum->first)) sum->first = part.first;
    sum->last = std::max(sum->last, part.last);
  }
}

Progress MemoryStore::Run(CountPending& request) {
  const Seq from = std::max(request.from, first_);
  request.valid_through = last_;
  if (messages_.size() == 0 || from > last_) {
    request.total = 0;
    return Progress::kDone;
  }
  if (IsAll(request.filters) && !request.last_per_subject) {
    request.total = messages_.CountFrom(from);
    return Progress::kDone;
  }
  SimpleState sum{request.cursor.a, 0, 0};
  const Progress progress = CountMatches(IsAll(request.filters) ? kEverything : request.filters,
                                         from, request.last_per_subject, &request.cursor, &sum);
  request.cursor.a = request.total = sum.msgs;
  return progress;
}

Progress MemoryStore::Run(FilteredState& request) {
  const Seq from = std::max(request.from, first_);
  if (messages_.size() == 0 || from > last_) {
    request.state = {};
    return Progress::kDone;
  }
  if (IsEverything(request.filter)) {
    // Of everything, the ends are the stream's, deleted or not.
    request.state = {messages_.size(), first_, last_};
    if (from > first_) {
      const Message* next = messages_.Next(from);
      request.state = {};
      if (next != nullptr) {
        request.state = {messages_.CountFrom(from), next->seq, messages_.Prev(last_)->seq};
      }
    }
    return Progress::kDone;
  }
  return CountMatches({request.filter}, from, false, &request.cursor, &request.state);
}

Progress MemoryStore::Run(SubjectsState& request) {
  const std::vector<std::string> filters = FilterList(request.filter);
  int budget = steps_per_slice_;
  Subjects::Walk walk(subjects_, filters, request.cursor.text);
  while (true) {
    switch (walk.Next(&budget)) {
      case Step::kEnd: return Progress::kDone;
      case Step::kBudget: request.cursor.text = walk.Position(); return Progress::kMore;
      case Step::kFound: break;
    }
    const SubjectInfo info = *walk.value();
    request.subjects.push_back({std::string(walk.subject()), {info.msgs, info.first, info.last}});
  }
}

// What goes leaves nothing behind.
Utilization MemoryStore::Utilised() const {
  const uint64_t bytes = State().bytes;
  return {bytes, bytes};
}

Progress MemoryStore::Run(SubjectsTotals& request) {
  const std::vector<std::string> filters = FilterList(request.filter);
  int budget = steps_per_slice_;
  Subjects::Walk walk(subjects_, filters, request.cursor.text);
  Step step = walk.Next(&budget);
  for (; step == Step::kFound; step = walk.Next(&budget)) {
    request.totals.emplace_back(walk.subject(), uint64_t{walk.value()->msgs});
  }
  request.cursor.text = walk.Position();
  return step == Step::kEnd ? Progress::kDone : Progress::kMore;
}

// --- The last of each

// The last message of a subject at or before 'max', along its chain from the nearer end. cursor: at
// is where it is. False: the budget is used up.
bool MemoryStore::LastUpTo(std::string_view subject, const SubjectInfo& info, Seq max,
                           RequestCursor* cursor, int* budget, Seq* found) const {
  *found = 0;
  const Message* at = Resume(subject, cursor->at);
  if (at == nullptr) {
    if (info.first > max) return true;
    const bool backward = info.last <= max || info.last - max < max - info.first;
    at = messages_.Find(backward ? info.last : info.first);
  }
  for (bool moved = false; at != nullptr; moved = true) {
    // Above 'max' it goes back, else on as long as it can.
    const Seq next = at->seq > max ? at->older : at->newer;
    if (at->seq <= max && (next == 0 || next > max - (MUTANT(189) ? 1 : 0))) break;
    if ((*budget)-- <= 0 && moved) {
      cursor->at = at->seq;
      return false;
    }
    at = next == 0 ? nullptr : messages_.Find(next);
  }
  cursor->at = 0;
  if (at != nullptr) *found = at->seq;
  return true;
}

// Along the subjects, and sorted at the end.
Progress MemoryStore::WalkLasts(MultiLast& request, Seq max) {
  int budget = steps_per_slice_;
  const bool all = IsAll(request.filters);
  Subjects::Walk walk(subjects_, all ? kEverything : request.filters, request.cursor.text);
  while (true) {
    const Step step = walk.Next(&budget);
    if (step == Step::kEnd) break;
    if (step == Step::kBudget) {
      request.cursor.text = walk.Position();
      return Progress::kMore;
    }
    Seq found = 0;
    if (!LastUpTo(walk.subject(), *walk.value(), max, &request.cursor, &budget, &found)) {
      request.cursor.text = walk.subject();
      return Progress::kMore;
    }
    if (found != 0) request.seqs.push_back(found);
    if (request.allowed_max > 0 && request.seqs.size() > static_cast<size_t>(request.allowed_max)) {
      return Fail(request, StoreError::kTooManyResults);
    }
  }
  std::sort(request.seqs.begin(), request.seqs.end());
  return Progress::kDone;
}

// Along the messages: a message is the answer for its subject if the next one of it is beyond
// 'max'.
Progress MemoryStore::ScanLasts(MultiLast& request, Seq max) {
  int budget = steps_per_slice_;
  const bool all = IsAll(request.filters);
  for (const Message* at = messages_.Next(request.cursor.at); at != nullptr && at->seq <= max;
       at = messages_.Next(at->seq + 1)) {
    if (budget-- == 0) {
      request.cursor.at = at->seq;
      return Progress::kMore;
    }
    if (at->subject_bytes == 0 || (at->newer != 0 && at->newer <= max)) continue;
    if (!all && !MatchesAny(at->subject(), request.filters)) continue;
    request.seqs.push_back(at->seq);
    if (request.allowed_max > 0 && request.seqs.size() > static_cast<size_t>(request.allowed_max)) {
      return Fail(request, StoreError::kTooManyResults);
    }
  }
  return Progress::kDone;
}

Progress MemoryStore::Run(MultiLast& request) {
  if (messages_.size() == 0) return Progress::kDone;
  // What the messages were when it began decides, so that the answer is of one time. cursor: a is
  // the way and b the bound.
  RequestCursor& cursor = request.cursor;
  if (cursor.b == 0) {
    cursor.b = request.max_seq == 0 ? last_ : request.max_seq;
    const bool wild =
        IsAll(request.filters) ||
        std::any_of(request.filters.begin(), request.filters.end(),
                    [](const std::string& filter) { return subject::HasWildcard(filter); });
    const bool few =
        request.allowed_max > 0 && static_cast<size_t>(request.allowed_max) <= kSortMax;
    cursor.a = wild && !few && subjects_.size() > kSortMax ? 1 : 0;
  }
  return cursor.a == 1 ? ScanLasts(request, cursor.b) : WalkLasts(request, cursor.b);
}

// --- By time

Progress MemoryStore::Run(SeqFromTime& request) {
  request.seq = last_ + 1;
  if (messages_.size() == 0) return Progress::kDone;
  if (request.time <= first_time_) {
    request.seq = first_;
    return Progress::kDone;
  }
  // Times go up with sequences, but where a clock was set back; then some answer will do.
  Seq low = first_, high = last_;
  while (low <= high) {
    const Seq middle = low + (high - low) / 2;
    const Message* at = messages_.Next(middle);
    if (at == nullptr || at->seq > high) {
      high = middle - 1;
    } else if (at->time >= request.time) {
      request.seq = at->seq;
      high = middle - 1;
    } else {
      low = at->seq + 1;
    }
  }
  return Progress::kDone;
}

}  // namespace dunlin::memory
