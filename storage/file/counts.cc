// FileStore: requests that count.
//
// A subject whose bounds lie on one side of where counting begins is counted from memory; only if
// some subject lies across does a scan of the messages decide. The cursor's 'b' says how far a
// request is: 0 subjects, 1 messages, then whatever the request has behind the count.
#include <algorithm>

#include "storage/file/file_store.h"

namespace dunlin::file {
namespace {

using Step = SubjectMap::Walk::Step;

bool IsAll(const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(),
                                        [](const std::string& f) { return f.empty() || f == ">"; });
}

std::vector<std::string> TreeFilters(const std::vector<std::string>& filters) {
  return IsAll(filters) ? std::vector<std::string>{} : filters;
}

constexpr uint64_t kSubjects = 0, kMessages = 1, kCounted = 2, kFirst = 3;
constexpr uint64_t kSorting = 1;  // Of MultiLast.

}  // namespace

// Messages at or after 'from', whatever their subject.
uint64_t FileStore::CountAll(Seq from) const {
  uint64_t total = 0;
  for (size_t place = index_.Place(from); place < index_.blocks.size(); ++place) {
    const Block& block = *index_.blocks[place];
    if (block.msgs == 0) continue;
    if (block.first.seq >= from) {
      total += block.msgs;
      continue;
    }
    total += block.last.seq + 1 - from;
    for (auto dead = block.deleted.Next(from); dead; dead = block.deleted.Next(*dead + 1)) --total;
  }
  return total;
}

// Messages at or after 'from' that match. REQUIRES: no debts. Ends with cursor.b at kCounted.
Progress FileStore::Count(const std::vector<std::string>& filters, Seq from, StoreRequest* request,
                          uint64_t* total) {
  RequestCursor& cursor = request->cursor;
  from = std::max(from, index_.first.seq);
  if (cursor.b == kSubjects && IsAll(filters)) {
    *total = CountAll(from);
    cursor.b = kCounted;
  }
  if (cursor.b == kSubjects) {
    int budget = options_.limits.records_per_slice;
    SubjectMap::Walk walk(index_.subjects, filters, cursor.text);
    for (;;) {
      const Step step = walk.Next(&budget);
      if (step == Step::kBudget) {
        cursor.text = walk.Position();
        return Progress::kMore;
      }
      if (step == Step::kEnd) {
        cursor.b = kCounted;
        break;
      }
      const SubjectInfo& info = *walk.value();
      if (info.last < from) continue;
      if (info.first < from) {
        cursor.b = kMessages;
        cursor.at = from;
        *total = 0;
        break;
      }
      *total += info.total;
    }
  }
  if (cursor.b == kMessages) {
    format::Record found;
    int budget = options_.limits.records_per_slice;
    const Progress progress =
        SearchUp(filters, &cursor.at, index_.last.seq, request, &found, &budget, total);
    if (progress != Progress::kFailed || request->error != StoreError::kEof) return progress;
    request->error = StoreError::kNone;
    cursor.b = kCounted;
  }
  cursor.at = 0;
  return Progress::kDone;
}

Progress FileStore::CountLasts(const CountPending& pending, StoreRequest* request,
                               uint64_t* total) {
  const std::vector<std::string> filters = TreeFilters(pending.filters);
  if (filters.empty() && pending.from <= index_.first.seq) {
    *total = index_.subjects.size();
    return Progress::kDone;
  }
  int budget = options_.limits.records_per_slice;
  SubjectMap::Walk walk(index_.subjects, filters, request->cursor.text);
  for (;;) {
    const Step step = walk.Next(&budget);
    if (step == Step::kEnd) return Progress::kDone;
    if (step == Step::kBudget) {
      request->cursor.text = walk.Position();
      return Progress::kMore;
    }
    const SubjectInfo& info = *walk.value();
    if (info.last < pending.from) continue;
    if (!info.last_exact) {
      request->cursor.text = walk.subject();
      const Progress progress = Resolve(request->cursor.text, true, request);
      if (progress != Progress::kDone) return progress;
    }
    if (info.last >= pending.from) ++*total;
  }
}

Progress FileStore::Run(CountPending& request) {
  request.error = StoreError::kNone;
  if (index_.unsettled > 0) return DebtsFirst();
  request.valid_through = index_.last.seq;
  if (index_.msgs == 0 || request.from > index_.last.seq) return Progress::kDone;
  return request.last_per_subject ? CountLasts(request, &request, &request.total)
                                  : Count(request.filters, request.from, &request, &request.total);
}

Progress FileStore::Run(FilteredState& request) {
  request.error = StoreError::kNone;
  if (index_.unsettled > 0) return DebtsFirst();
  if (index_.msgs == 0 || request.from > index_.last.seq) return Progress::kDone;
  const std::vector<std::string> filters{request.filter};
  RequestCursor& cursor = request.cursor;
  const Seq from = std::max(request.from, index_.first.seq);
  if (cursor.b < kCounted) {
    const Progress progress = Count(filters, from, &request, &request.state.msgs);
    if (progress != Progress::kDone) return progress;
    if (request.state.msgs == 0) return Progress::kDone;
    const Bounds bounds = SubjectBounds(filters);
    cursor.at = std::max(from, bounds.first);
    cursor.a = std::min(bounds.last, index_.last.seq);
  }
  format::Record found;
  if (cursor.b == kCounted) {
    int budget = options_.limits.records_per_slice;
    const Progress progress =
        SearchUp(filters, &cursor.at, index_.last.seq, &request, &found, &budget);
    if (progress != Progress::kDone) return progress;
    request.state.first = found.seq;
    cursor.b = kFirst;
    cursor.at = cursor.a;
  }
  const Progress progress = SearchDown(filters, &cursor.at, from, &request, &found);
  if (progress == Progress::kDone) request.state.last = found.seq;
  return progress;
}

// The sequences have been a heap all along: 'budget' of them go to their places. cursor: 'a' has so
// many left.
Progress FileStore::SortSome(MultiLast* request, int budget) {
  uint64_t& left = request->cursor.a;
  const auto begin = request->seqs.begin();
  for (; left > 1 && budget > 0; --left, --budget) {
    std::pop_heap(begin, begin + static_cast<ptrdiff_t>(left));
  }
  return left > 1 ? Progress::kMore : Progress::kDone;
}

Progress FileStore::Run(SubjectsTotals& request) {
  const std::vector<std::string> filters = TreeFilters({request.filter});
  int budget = options_.limits.records_per_slice;
  SubjectMap::Walk walk(index_.subjects, filters, request.cursor.text);
  Step step = walk.Next(&budget);
  for (; step == Step::kFound; step = walk.Next(&budget)) {
    request.totals.emplace_back(walk.subject(), uint64_t{walk.value()->total});
  }
  request.cursor.text = walk.Position();
  return step == Step::kEnd ? Progress::kDone : Progress::kMore;
}

Progress FileStore::Run(MultiLast& request) {
  request.error = StoreError::kNone;
  if (request.cursor.b == kSorting) return SortSome(&request, options_.limits.records_per_slice);
  if (index_.unsettled > 0) return DebtsFirst();
  if (index_.msgs == 0) return Progress::kDone;
  // What grows is moved in one piece.
  if (request.cursor.text.empty()) {
    const size_t allowed = request.allowed_max > 0 ? request.allowed_max + 1u : SIZE_MAX;
    request.seqs.reserve(std::min(allowed, AnswersAtMost(request.filters)));
  }
  const Seq max = request.max_seq == 0 ? index_.last.seq : request.max_seq;
  const std::vector<std::string> filters = TreeFilters(request.filters);
  int budget = options_.limits.records_per_slice;
  SubjectMap::Walk walk(index_.subjects, filters, request.cursor.text);
  for (;;) {
    const Step step = walk.Next(&budget);
    if (step == Step::kBudget) {
      request.cursor.text = walk.Position();
      return Progress::kMore;
    }
    if (step == Step::kEnd) break;
    const SubjectInfo& info = *walk.value();
    Seq last = info.last;
    if (info.first > max) continue;
    if (last > max || !info.last_exact) {
      const std::vector<std::string> self{std::string(walk.subject())};
      // Another one's place, which needed no search any more, is not this one's.
      if (request.cursor.text != self[0]) request.cursor.at = 0;
      request.cursor.text = self[0];
      if (request.cursor.at == 0) request.cursor.at = std::min(last, max);
      format::Record found;
      const Progress progress =
          SearchDown(self, &request.cursor.at, index_.first.seq, &request, &found);
      if (progress == Progress::kFailed && request.error == StoreError::kEof) {
        request.error = StoreError::kNone;
        request.cursor.at = 0;
        continue;
      }
      if (progress != Progress::kDone) return progress;
      last = found.seq;
      request.cursor.at = 0;
    }
    request.seqs.push_back(last);
    std::push_heap(request.seqs.begin(), request.seqs.end());
    if (request.allowed_max > 0 && request.seqs.size() > static_cast<size_t>(request.allowed_max)) {
      request.seqs.clear();
      request.error = StoreError::kTooManyResults;
      return Progress::kFailed;
    }
  }
  request.cursor.b = kSorting;
  request.cursor.a = request.seqs.size();
  return SortSome(&request, budget);
}

}  // namespace dunlin::file
