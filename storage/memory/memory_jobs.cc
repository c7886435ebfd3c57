// What removes many messages at once: purge, compact, truncate.
//
// Everything at once is quick: the tables change places with empty ones, and what was in them is
// freed bit by bit (graveyard_). The rest goes message by message, in slices.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/subject/subject.h"
#include "storage/memory/memory_store.h"

namespace dunlin::memory {
namespace {

using Step = subject::SubjectTree::Walk::Step;

bool IsEverything(std::string_view filter) { return filter.empty() || filter == ">"; }

}  // namespace

// 'messages_' is moved out of; whoever was in the graveyard before is freed now.
void MemoryStore::FreshTables() {
  graveyard_ = std::exchange(messages_, MessageTable());
  subjects_.Clear();
  ttls_.Clear();
  requests_.Clear();
  chores_ = {};
  expire_ = {};
  bytes_ = 0;
  never_up_to_ = 0;
}

// Nothing is left; the next sequence is 'first'.
void MemoryStore::PurgeAll(Seq first) {
  removed_.msgs = messages_.size();
  removed_.bytes = bytes_;
  if (removed_.msgs == 1) {
    const Message* only = messages_.Next(0);
    removed_.seq = only->seq;
    removed_.subject = only->subject();
  }
  FreshTables();
  first_ = first;
  last_ = first - 1;
  first_time_ = {};
}

// The job is done: what it removed is told, and counted.
void MemoryStore::FinishJob(uint64_t* purged) {
  job_ = false;
  *purged = removed_.msgs;
  TellSum();
}

Progress MemoryStore::FailJob(StoreRequest* job, StoreError error) {
  job->error = error;
  return Progress::kFailed;
}

// --- Purge. cursor: b is the phase; for those that keep some, a is how many more may go.

Progress MemoryStore::Run(const Now& now, Purge& job) {
  CHECK(!job_ || job.cursor.b != 0);
  if (failure_) return FailJob(&job, StoreError::kFailed);
  seen_ = now;
  if (job.cursor.b == 0) {
    removed_ = {};
    if (job.below == 1) return Progress::kDone;
    if (IsEverything(job.filter)) {
      if (job.keep == 0 && job.below == 0) {
        PurgeAll(last_ + 1);
        FinishJob(&job.purged);
        return Progress::kDone;
      }
      if (job.below > 1) {
        job.cursor.b = 3;
        return PurgeByCompact(now, job);
      }
    }
    job.cursor.b = job.keep > 0 ? 1 : 2;
    job_ = true;
  }
  if (job.cursor.b == 3) return PurgeByCompact(now, job);
  if (job.cursor.b == 1) {
    if (CountForKeep(job) == Progress::kMore) return Progress::kMore;
    if (job.cursor.a == 0) {
      FinishJob(&job.purged);
      return Progress::kDone;
    }
    job.cursor.b = 2;
  }
  const Progress progress = job.keep > 0 ? PurgeScan(job) : PurgeSubjects(job);
  if (progress == Progress::kDone) FinishJob(&job.purged);
  return progress;
}

Progress MemoryStore::PurgeByCompact(const Now& now, Purge& job) {
  Compact compact;
  compact.seq = job.below;
  compact.cursor.b = job.cursor.a;
  const Progress progress = Run(now, compact);
  job.cursor.a = compact.cursor.b;
  job.error = compact.error;
  job.purged = compact.purged;
  return progress;
}

// Counts what matches, for those that keep some of it.
Progress MemoryStore::CountForKeep(Purge& job) {
  FilteredState count;
  count.filter = job.filter;
  count.state.msgs = job.cursor.a;
  count.cursor.text = std::move(job.cursor.text);
  count.cursor.at = 0;
  const Progress progress = Run(count);
  job.cursor.text = std::move(count.cursor.text);
  job.cursor.a = count.state.msgs;
  if (progress != Progress::kDone) return progress;
  const uint64_t keep = job.keep + (MUTANT(184) ? 1 : 0);
  job.cursor.a = job.cursor.a > keep ? job.cursor.a - keep : 0;
  job.cursor.text.clear();
  job.cursor.at = first_;
  return Progress::kDone;
}

// The oldest ones of what matches, whatever their subject: along the sequences.
Progress MemoryStore::PurgeScan(Purge& job) {
  int budget = steps_per_slice_;
  const bool all = IsEverything(job.filter);
  for (const Message* at = messages_.Next(job.cursor.at);
       at != nullptr && job.cursor.a > 0 && (job.below == 0 || at->seq < job.below);
       at = messages_.Next(job.cursor.at)) {
    if (budget-- == 0) return Progress::kMore;
    job.cursor.at = at->seq + 1;
    if (!all && !subject::MatchesLiteral(at->subject(), job.filter)) continue;
    Drop(at->seq, Tell::kSum);
    --job.cursor.a;
  }
  return Progress::kDone;
}

// All of what matches: along the subjects, and along each one's messages.
Progress MemoryStore::PurgeSubjects(Purge& job) {
  int budget = steps_per_slice_;
  const std::vector<std::string> filters = {job.filter};
  while (true) {
    std::string subject;
    {
      Subjects::Walk walk(subjects_, filters, job.cursor.text);
      const Step step = walk.Next(&budget);
      if (step == Step::kEnd) return Progress::kDone;
      job.cursor.text = step == Step::kFound ? std::string(walk.subject()) : walk.Position();
      if (step == Step::kBudget) return Progress::kMore;
      subject = walk.subject();
    }
    // The tree changes when the last one goes.
    for (SubjectInfo* info = subjects_.Find(subject);
         info != nullptr && (job.below == 0 || info->first < job.below);
         info = subjects_.Find(subject)) {
      Drop(info->first, Tell::kSum);
      if (--budget <= 0) return Progress::kMore;
    }
    job.cursor.text = subject + '\0';
  }
}

// --- Compact, truncate. cursor: b is 1 once it has begun.

Progress MemoryStore::Run(const Now& now, Compact& job) {
  CHECK(!job_ || job.cursor.b == 1);
  if (failure_) return FailJob(&job, StoreError::kFailed);
  seen_ = now;
  if (job.cursor.b == 0) {
    removed_ = {};
    if (job.seq > kJumpMax) return FailJob(&job, StoreError::kInvalidSeq);
    if (job.seq == 0 || job.seq > last_) {
      PurgeAll(job.seq == 0 ? last_ + 1 : job.seq);
      FinishJob(&job.purged);
      return Progress::kDone;
    }
    job.cursor.b = 1;
    job_ = true;
  }
  int budget = steps_per_slice_;
  while (messages_.size() > 0 && first_ < job.seq + (MUTANT(188) ? 1 : 0)) {
    if (budget-- == 0) return Progress::kMore;
    Drop(first_, Tell::kSum);
  }
  FinishJob(&job.purged);
  return Progress::kDone;
}

Progress MemoryStore::Run(const Now& now, Truncate& job) {
  CHECK(!job_ || job.cursor.b == 1);
  if (failure_) return FailJob(&job, StoreError::kFailed);
  seen_ = now;
  uint64_t purged = 0;
  if (job.cursor.b == 0) {
    removed_ = {};
    if (job.seq > last_) return FailJob(&job, StoreError::kInvalidSeq);
    if (job.seq == 0) {
      PurgeAll(1);
      first_ = 0;
      last_time_ = now.wall;
      FinishJob(&purged);
      return Progress::kDone;
    }
    job.cursor.b = 1;
    job_ = true;
  }
  int budget = steps_per_slice_;
  for (const Message* at = messages_.Prev(last_); at != nullptr && at->seq > job.seq;
       at = messages_.Prev(last_)) {
    if (budget-- == 0) return Progress::kMore;
    Drop(at->seq, Tell::kSum);
  }
  last_ = job.seq;
  // What was to go above it is gone; those numbers are others' from now on.
  for (SeqRange& range : chores_.deleted) range.last = std::min(range.last, last_);
  never_up_to_ = std::min(never_up_to_, last_);
  if (const Message* at = messages_.Find(last_)) last_time_ = at->time;
  if (messages_.size() == 0) {
    first_ = last_ + 1;
    first_time_ = {};
  }
  FinishJob(&purged);
  return Progress::kDone;
}

}  // namespace dunlin::memory
