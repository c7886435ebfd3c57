// FileStore: requests that read.
//
// Searches go block by block, from one that can match on; what a block says is in its cache. A
// search that gives the thread back keeps its place in the request's cursor: 'at' is the next
// sequence to look at.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/subject/subject.h"
#include "storage/file/file_store.h"

namespace dunlin::file {
namespace {

using Got = BlockReader::Got;

bool IsAll(const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(),
                                        [](const std::string& f) { return f.empty() || f == ">"; });
}

// Filters as a search holds very many subjects against them.
class Matcher {
 public:
  explicit Matcher(const std::vector<std::string>& filters)
      : filters_(filters),
        all_(IsAll(filters)),
        literal_(filters.size() == 1 && subject::IsLiteral(filters[0])) {}

  bool Matches(std::string_view subject) const {
    if (all_) return true;
    if (literal_) return subject == filters_[0];
    return std::any_of(filters_.begin(), filters_.end(), [&](const std::string& filter) {
      return subject::MatchesLiteral(subject, filter);
    });
  }

 private:
  const std::vector<std::string>& filters_;
  const bool all_, literal_;
};

// What a subject tree takes for "everything" is the empty list.
std::vector<std::string> TreeFilters(const std::vector<std::string>& filters) {
  return IsAll(filters) ? std::vector<std::string>{} : filters;
}

StoredMsg Message(const format::Record& record) {
  return {record.subject, record.header, record.payload, record.seq, record.time};
}

}  // namespace

Progress FileStore::Wait(BlockReader::Got got, StoreRequest* request, std::string why) {
  if (got == Got::kMore) return Progress::kMore;
  if (got == Got::kWait) return Progress::kWait;
  request->error = StoreError::kFailed;
  request->detail = std::move(why);
  return Progress::kFailed;
}

// A search that a block is in the way of, which cannot be read, goes on behind it.
bool FileStore::PassesOver(Unreadable unreadable, Got got) {
  return unreadable == Unreadable::kIsPassedOver && got == Got::kDamaged;
}

Progress FileStore::Run(LoadMsg& request) {
  request.error = StoreError::kNone;
  const Seq seq = request.seq;
  const auto fail = [&](StoreError error) {
    request.error = error;
    return Progress::kFailed;
  };
  if (seq > index_.last.seq || seq < index_.first.seq) return fail(WhyMissing(seq));
  Block* block = index_.Find(seq);
  if (block == nullptr || !block->Live(seq)) {
    for (size_t i = 0; block != nullptr && i < block->lost.size(); ++i) {
      if (seq < block->lost[i].seqs.first || seq > block->lost[i].seqs.last) continue;
      const std::string& what = block->lost[i].what;
      request.detail = what.empty() ? block->more_lost : what;
      return fail(StoreError::kFailed);
    }
    return fail(StoreError::kDeleted);
  }
  format::Record record;
  const std::optional<Got> read = reader_.Read(block, seq, &record);
  if (read == Got::kHere) {
    request.msg = Message(record);
    return Progress::kDone;
  }
  if (read == Got::kWait) return Progress::kWait;
  std::string why;
  if (const Got got = reader_.Need(block, seq, &why); got != Got::kHere) {
    return Wait(got, &request, std::move(why));
  }
  if (!block->cache->Find(seq, &record)) {
    request.detail = Where(*block) + "the record of message " + std::to_string(seq) +
                     " is damaged: " + block->cache->DescribeHoles();
    return fail(StoreError::kFailed);
  }
  request.msg = Message(record);
  return Progress::kDone;
}

// What the stretch of the block that 'seq' is in says of its subjects; made if nobody did before.
// Null: it goes on growing. REQUIRES: the block is cached, the stretch whole.
const TokenSet* FileStore::TokensAt(Block* block, size_t at, int* budget) {
  BlockMap& map = block->map;
  if (!map.Closed(at) && block->life == BlockLife::kOpen) return nullptr;
  BlockMap::Stretch& stretch = map[at];
  if (stretch.has_tokens) return &stretch.tokens;
  const BlockCache& cache = *block->cache;
  const size_t end = cache.IndexAt(map.EndSeq(at));
  for (size_t i = cache.IndexAt(stretch.first); i < end; ++i) {
    stretch.tokens.Add(cache.At(i).subject);
    --*budget;
  }
  stretch.has_tokens = true;
  return &stretch.tokens;
}

// The first live match at or after '*at', no higher than 'last'. Moves '*at' along. With 'count',
// all of them are counted instead, and the end is kFailed with kEof as well. Takes one off
// '*budget' for each record that is looked at.
Progress FileStore::SearchUp(const std::vector<std::string>& filters, Seq* at, Seq last,
                             StoreRequest* request, format::Record* found, int* budget,
                             uint64_t* count, Unreadable unreadable) {
  const Matcher matcher(filters);
  const TokenQuery query(filters);
  for (size_t place = index_.Place(*at); place < index_.blocks.size(); ++place) {
    Block* block = index_.blocks[place].get();
    if (block->msgs == 0) continue;
    const Seq from = std::max(*at, block->first.seq);
    if (from > last) break;
    if (block->map.RulesOut(query, from)) {
      *at = block->last.seq + 1;
      --*budget;
      continue;
    }
    std::string why;
    if (const Got got = reader_.Need(block, from, &why); got != Got::kHere) {
      if (!PassesOver(unreadable, got)) return Wait(got, request, std::move(why));
      *at = block->last.seq + 1;
      continue;
    }
    const BlockCache& cache = *block->cache;
    Seq known_below = 0;  // What the map says of sequences below this one was looked at.
    for (size_t i = cache.IndexAt(from); i < cache.size(); ++i) {
      const Seq seq = cache.SeqAt(i);
      // Records that were cut off may still lie there: their sequences are those of later blocks.
      if (seq > last || seq > block->last.seq) break;
      *at = seq;
      if (--*budget < 0) return Progress::kMore;
      if (seq >= known_below && !query.matches_all() && cache.CoversAll() &&
          block->map.Reaches(seq)) {
        const size_t stretch = block->map.Find(seq);
        known_below = block->map.EndSeq(stretch);
        const TokenSet* tokens = TokensAt(block, stretch, budget);
        if (tokens != nullptr && !query.MayMatch(*tokens)) {
          i = cache.IndexAt(known_below) - 1;
          continue;
        }
      }
      *found = cache.At(i);
      if (!matcher.Matches(found->subject) || !block->Live(seq)) continue;
      if (count == nullptr) return Progress::kDone;
      ++*count;
    }
    *at = std::max(*at, block->last.seq + 1);
  }
  *at = last + 1;
  request->error = StoreError::kEof;
  return Progress::kFailed;
}

// The last live match at or before '*at', no lower than 'first'.
Progress FileStore::SearchDown(const std::vector<std::string>& filters, Seq* at, Seq first,
                               StoreRequest* request, format::Record* found,
                               Unreadable unreadable) {
  const Matcher matcher(filters);
  int budget = options_.limits.records_per_slice;
  const auto goes_below = [&](const Block& block) {
    *at = std::min(*at, block.first.seq);
    if (*at <= first || *at == 0) return false;
    *at -= 1;
    return true;
  };
  size_t place = std::min(index_.Place(*at) + 1, index_.blocks.size());
  while (place-- > 0) {
    Block* block = index_.blocks[place].get();
    if (block->msgs == 0 || block->first.seq > *at) continue;
    if (block->last.seq < first) break;
    const Seq from = std::min(*at, block->last.seq);
    std::string why;
    // A part of the block may answer for its end.
    const Seq need = block->cache != nullptr && block->cache->Covers(std::max(first, from))
                         ? from
                         : std::max(first, block->first.seq);
    if (const Got got = reader_.Need(block, need, &why); got != Got::kHere) {
      if (!PassesOver(unreadable, got)) return Wait(got, request, std::move(why));
      if (!goes_below(*block)) break;
      continue;
    }
    const BlockCache& cache = *block->cache;
    size_t i = cache.IndexAt(from + 1);
    while (i-- > 0) {
      const Seq seq = cache.SeqAt(i);
      if (seq < first) break;
      *at = seq;
      if (budget-- == 0) return Progress::kMore;
      *found = cache.At(i);
      if (!matcher.Matches(found->subject) || !block->Live(seq)) continue;
      reader_.NoteUse(block, seq);
      return Progress::kDone;
    }
    if (!cache.CoversAll() && cache.from() > 0 && *at > block->first.seq && *at > first) {
      *at -= 1;
      return Progress::kMore;  // The rest of the block is asked for next.
    }
    if (!goes_below(*block)) break;
  }
  request->error = StoreError::kEof;
  return Progress::kFailed;
}

FileStore::Bounds FileStore::SubjectBounds(const std::vector<std::string>& filters) const {
  // With many subjects the look at all of them costs more than it saves.
  constexpr int kStepsMax = 512;
  Bounds all{index_.first.seq, index_.last.seq, true};
  if (IsAll(filters)) return all;
  Bounds bounds{UINT64_MAX, 0, false};
  const auto add = [&](const SubjectInfo& info) {
    bounds.first = std::min(bounds.first, Seq{info.first});
    bounds.last = std::max(bounds.last, Seq{info.last});
    bounds.any = true;
  };
  if (filters.size() == 1 && subject::IsLiteral(filters[0])) {
    if (const SubjectInfo* info = index_.subjects.Find(filters[0])) add(*info);
    return bounds;
  }
  SubjectMap::Walk walk(index_.subjects, filters);
  int budget = kStepsMax;
  for (;;) {
    switch (walk.Next(&budget)) {
      case SubjectMap::Walk::Step::kFound: add(*walk.value()); break;
      case SubjectMap::Walk::Step::kEnd: return bounds;
      case SubjectMap::Walk::Step::kBudget: return all;
    }
  }
}

Progress FileStore::Run(LoadMatch& request) {
  request.error = StoreError::kNone;
  const bool next = request.way == LoadMatch::Way::kNext;
  const auto end = [&] {
    request.error = StoreError::kEof;
    request.skip = next ? index_.last.seq : State().first_seq;
    return Progress::kFailed;
  };
  if (index_.msgs == 0 || (next && request.from > index_.last.seq)) return end();
  if (!next && request.from < index_.first.seq) return end();
  // Anew in each slice: what was stored since the search began is found, too.
  const Bounds bounds = SubjectBounds(request.filters);
  if (!bounds.any) return end();
  Seq& at = request.cursor.at;
  if (at == 0) at = request.from;
  at = next ? std::max({at, bounds.first, index_.first.seq})
            : std::min({at, bounds.last, index_.last.seq});
  const Seq bound = next ? std::min(bounds.last, index_.last.seq)
                         : std::max({bounds.first, index_.first.seq, Seq{1}});
  if (next ? at > bound : at < bound) return end();
  format::Record found;
  int budget = options_.limits.records_per_slice;
  const Progress progress = next ? SearchUp(request.filters, &at, bound, &request, &found, &budget)
                                 : SearchDown(request.filters, &at, bound, &request, &found);
  if (progress == Progress::kDone) {
    request.msg = Message(found);
    request.skip = found.seq;
  } else if (progress == Progress::kFailed) {
    request.skip = next ? index_.last.seq : State().first_seq;
  }
  return progress;
}

Progress FileStore::Run(LoadLast& request) {
  request.error = StoreError::kNone;
  if (index_.unsettled > 0) return DebtsFirst();
  const std::vector<std::string> filters{request.subject};
  const Bounds bounds = index_.msgs == 0 ? Bounds{} : SubjectBounds(filters);
  if (!bounds.any) {
    request.error = StoreError::kNotFound;
    return Progress::kFailed;
  }
  // cursor: a is where the search began: what came meanwhile is above it.
  RequestCursor& cursor = request.cursor;
  const Seq top = std::min(bounds.last, index_.last.seq);
  cursor.at = cursor.at == 0 || top > cursor.a ? top : std::min(cursor.at, top);
  cursor.a = top;
  format::Record found;
  const Progress progress =
      SearchDown(filters, &cursor.at, std::max(index_.first.seq, bounds.first), &request, &found);
  if (progress == Progress::kFailed && request.error == StoreError::kEof) {
    request.error = StoreError::kNotFound;
  }
  if (progress == Progress::kDone) {
    if (SubjectInfo* info = index_.subjects.Find(request.subject)) {
      info->last = found.seq;
      info->last_exact = true;
    }
    request.msg = Message(found);
  }
  return progress;
}

// Counts are not right before debts are paid.
Progress FileStore::DebtsFirst() {
  const size_t waiting = index_.unsettled;
  NewSlice();
  PayDebts();
  return index_.unsettled < waiting || !WaitsForDisk() ? Progress::kMore : Progress::kWait;
}

// The first ('down': last) message of a subject that has some, made exact in its SubjectInfo.
Progress FileStore::Resolve(std::string_view subject, bool down, StoreRequest* request) {
  SubjectInfo* info = index_.subjects.Find(subject);
  CHECK(info != nullptr);
  if (down ? info->last_exact : info->first_exact) return Progress::kDone;
  const std::vector<std::string> filters{std::string(subject)};
  Seq at = down ? std::min(Seq{info->last}, index_.last.seq)
                : std::max(Seq{info->first}, index_.first.seq);
  format::Record found;
  StoreRequest inner;
  int budget = options_.limits.records_per_slice;
  const Progress progress = down ? SearchDown(filters, &at, index_.first.seq, &inner, &found)
                                 : SearchUp(filters, &at, index_.last.seq, &inner, &found, &budget);
  if (progress == Progress::kFailed) {
    request->error = StoreError::kFailed;
    request->detail = inner.error == StoreError::kFailed
                          ? inner.detail
                          : "stream '" + options_.config.name + "': subject '" +
                                std::string(subject) + "' is counted and cannot be found";
    return progress;
  }
  // How far the search came is kept where the next one begins.
  if (down) {
    info->last = at;
    if (progress == Progress::kDone) info->last_exact = true;
  } else {
    info->first = at;
    if (progress == Progress::kDone) info->first_exact = true;
  }
  return progress;
}

// So many subjects a request may answer with.
size_t FileStore::AnswersAtMost(const std::vector<std::string>& filters) const {
  const bool literal =
      !IsAll(filters) && std::none_of(filters.begin(), filters.end(), subject::HasWildcard);
  return literal ? filters.size() : index_.subjects.size();
}

Progress FileStore::Run(SubjectsState& request) {
  request.error = StoreError::kNone;
  if (index_.unsettled > 0) return DebtsFirst();
  const std::vector<std::string> filters = TreeFilters({request.filter});
  // What grows is moved in one piece.
  if (request.cursor.text.empty()) request.subjects.reserve(AnswersAtMost(filters));
  int budget = options_.limits.records_per_slice;
  SubjectMap::Walk walk(index_.subjects, filters, request.cursor.text);
  for (;;) {
    const SubjectMap::Walk::Step step = walk.Next(&budget);
    if (step == SubjectMap::Walk::Step::kEnd) return Progress::kDone;
    if (step == SubjectMap::Walk::Step::kBudget) {
      request.cursor.text = walk.Position();
      return Progress::kMore;
    }
    const std::string subject(walk.subject());
    const SubjectInfo& info = *walk.value();
    if (!info.first_exact || !info.last_exact) {
      request.cursor.text = subject;
      Progress progress = Resolve(subject, false, &request);
      if (progress == Progress::kDone) progress = Resolve(subject, true, &request);
      if (progress != Progress::kDone) return progress;
    }
    request.subjects.push_back({subject, {info.total, info.first, info.last}});
  }
}

Progress FileStore::Run(SeqFromTime& request) {
  request.error = StoreError::kNone;
  const auto found =
      std::lower_bound(index_.blocks.begin(), index_.blocks.end(), request.time,
                       [](const auto& block, WallTime time) { return block->last.time < time; });
  for (auto at = found; at != index_.blocks.end(); ++at) {
    Block* block = at->get();
    if (block->msgs == 0) continue;
    std::string why;
    if (const Got got = reader_.Need(block, block->first.seq, &why); got != Got::kHere) {
      return Wait(got, &request, std::move(why));
    }
    const BlockCache& cache = *block->cache;
    // Times go up with the sequences.
    size_t low = cache.IndexAt(block->first.seq), high = cache.size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (cache.At(middle).time < request.time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    while (low < cache.size() && !block->Live(cache.SeqAt(low))) ++low;
    if (low == cache.size()) continue;
    request.seq = cache.SeqAt(low);
    return Progress::kDone;
  }
  request.seq = index_.last.seq + 1;
  return Progress::kDone;
}

}  // namespace dunlin::file
