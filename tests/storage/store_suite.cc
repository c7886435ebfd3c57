#include "tests/storage/store_suite.h"

#include <utility>

namespace dunlin {
namespace {

// What is driven further than this does not come to an end.
constexpr int kSlicesMax = 1'000'000;

}  // namespace

StoreDriver::StoreDriver(const StoreKind& kind, StoreConfig config)
    : config_(std::move(config)), world_(kind.make(config_, now_)) {}

void StoreDriver::Due() {
  for (int i = 0; store().NextDeadline() <= now_.mono; ++i) {
    ASSERT_LT(i, kSlicesMax) << "it is always due";
    store().OnDeadline(now_);
    world_->Settle(now_);
    for (StoreChange& change : store().TakeChanges()) changes_.push_back(std::move(change));
  }
}

void StoreDriver::Tick(Duration time) {
  now_.mono = now_.mono + time;
  now_.wall = now_.wall + time;
}

void StoreDriver::Advance(Duration time) {
  Tick(time);
  Due();
  // What had to wait for the disk.
  world_->Settle(now_);
  Due();
}

void StoreDriver::Reopen() {
  world_->Reopen(now_, config_, StoreWorld::Indexes::kKept);
  Due();
}

void StoreDriver::ReopenWithoutIndexes() {
  world_->Reopen(now_, config_, StoreWorld::Indexes::kDeleted);
  Due();
}

void StoreDriver::ReopenWith(StoreConfig config) {
  config_ = std::move(config);
  Reopen();
}

void StoreDriver::Crash() {
  world_->Crash(now_, config_);
  Due();
}

void StoreDriver::Settle() { world_->Settle(now_); }

StoreResult StoreDriver::Update(StoreConfig config) {
  config_ = std::move(config);
  const StoreResult result = store().UpdateConfig(now_, config_);
  Due();
  return result;
}

StoreResult StoreDriver::Put(std::string_view subject, std::string_view payload,
                             std::string_view header, int64_t ttl) {
  const StoreResult result = store().Store(now_, subject, header, payload, ttl);
  Due();
  return result;
}

StoreResult StoreDriver::PutRaw(std::string_view subject, std::string_view payload, Seq seq,
                                WallTime time, std::string_view header, int64_t ttl) {
  const StoreResult result = store().StoreRaw(now_, subject, header, payload, seq, time, ttl);
  Due();
  return result;
}

void StoreDriver::PutMany(std::string_view subject, uint64_t count, std::string_view payload) {
  for (uint64_t i = 0; i < count; ++i) ASSERT_TRUE(Put(subject, payload).ok());
}

StoreResult StoreDriver::Skip(Seq seq, uint64_t count, StreamStore::SkipTime time) {
  const StoreResult result = store().Skip(now_, seq, count, time);
  Due();
  return result;
}

StoreError StoreDriver::Remove(Seq seq) {
  const StoreError error = store().Remove(now_, seq).error;
  Due();
  return error;
}

StoreError StoreDriver::Erase(Seq seq) {
  const StoreError error = store().Erase(now_, seq).error;
  Due();
  return error;
}

void StoreDriver::SyncDeleted(const std::vector<SeqRange>& ranges) {
  EXPECT_TRUE(store().SyncDeleted(now_, ranges).ok());
  Due();
}

template <class Request>
Progress StoreDriver::Ask(Request& request) {
  for (int i = 0; i < kSlicesMax; ++i) {
    const Progress progress = store().Run(request);
    if (progress == Progress::kDone || progress == Progress::kFailed) return progress;
    if (progress == Progress::kWait) world_->Settle(now_);
  }
  ADD_FAILURE() << "a request does not come to an end";
  return Progress::kFailed;
}

template <class Job>
Progress StoreDriver::Finish(Job& job) {
  for (int i = 0; i < kSlicesMax; ++i) {
    const Progress progress = store().Run(now_, job);
    if (progress == Progress::kWait) world_->Settle(now_);
    if (progress == Progress::kDone || progress == Progress::kFailed) {
      Due();
      return progress;
    }
  }
  ADD_FAILURE() << "a job does not come to an end";
  return Progress::kFailed;
}

namespace {

GotMsg Copy(Progress progress, StoreError error, const StoredMsg& msg) {
  GotMsg got;
  if (progress == Progress::kFailed) {
    EXPECT_NE(error, StoreError::kNone);
    got.error = error;
    return got;
  }
  got.subject = msg.subject;
  got.header = msg.header;
  got.payload = msg.payload;
  got.seq = msg.seq;
  got.time = msg.time;
  return got;
}

}  // namespace

GotMsg StoreDriver::Load(Seq seq) {
  LoadMsg request;
  request.seq = seq;
  const Progress progress = Ask(request);
  return Copy(progress, request.error, request.msg);
}

GotMsg StoreDriver::Match(const Filters& filters, Seq from, LoadMatch::Way way) {
  LoadMatch request;
  request.filters = filters;
  request.from = from;
  request.way = way;
  const Progress progress = Ask(request);
  GotMsg got = Copy(progress, request.error, request.msg);
  got.skip = request.skip;
  return got;
}

GotMsg StoreDriver::Next(const Filters& filters, Seq from) {
  return Match(filters, from, LoadMatch::Way::kNext);
}

GotMsg StoreDriver::Prev(const Filters& filters, Seq from) {
  return Match(filters, from, LoadMatch::Way::kPrev);
}

GotMsg StoreDriver::Last(const std::string& subject) {
  LoadLast request;
  request.subject = subject;
  const Progress progress = Ask(request);
  return Copy(progress, request.error, request.msg);
}

uint64_t StoreDriver::Pending(const Filters& filters, Seq from, bool last_per_subject) {
  CountPending request;
  request.filters = filters;
  request.from = from;
  request.last_per_subject = last_per_subject;
  EXPECT_EQ(Ask(request), Progress::kDone);
  EXPECT_EQ(request.valid_through, State().last_seq);
  return request.total;
}

SimpleState StoreDriver::Filtered(const std::string& filter, Seq from) {
  FilteredState request;
  request.filter = filter;
  request.from = from;
  EXPECT_EQ(Ask(request), Progress::kDone);
  return request.state;
}

std::vector<SubjectState> StoreDriver::Subjects(const std::string& filter) {
  SubjectsState request;
  request.filter = filter;
  EXPECT_EQ(Ask(request), Progress::kDone);
  return request.subjects;
}

SimpleState StoreDriver::Subject(const std::string& subject) {
  const std::vector<SubjectState> subjects = Subjects(subject);
  return subjects.empty() ? SimpleState{} : subjects[0].state;
}

StoreDriver::Lasts StoreDriver::MultiLasts(const Filters& filters, Seq max, int allowed) {
  MultiLast request;
  request.filters = filters;
  request.max_seq = max;
  request.allowed_max = allowed;
  if (Ask(request) == Progress::kFailed) return {request.error, {}};
  return {StoreError::kNone, request.seqs};
}

Seq StoreDriver::FromTime(WallTime time) {
  SeqFromTime request;
  request.time = time;
  EXPECT_EQ(Ask(request), Progress::kDone);
  return request.seq;
}

uint64_t StoreDriver::Purge(const std::string& filter, Seq below, uint64_t keep) {
  dunlin::Purge job;
  job.filter = filter;
  job.below = below;
  job.keep = keep;
  EXPECT_EQ(Finish(job), Progress::kDone);
  return job.purged;
}

uint64_t StoreDriver::Compact(Seq seq) {
  dunlin::Compact job;
  job.seq = seq;
  EXPECT_EQ(Finish(job), Progress::kDone);
  return job.purged;
}

StoreError StoreDriver::Truncate(Seq seq) {
  dunlin::Truncate job;
  job.seq = seq;
  return Finish(job) == Progress::kDone ? StoreError::kNone : job.error;
}

std::vector<StoreChange> StoreDriver::Changes() {
  for (StoreChange& change : store().TakeChanges()) changes_.push_back(std::move(change));
  return std::exchange(changes_, {});
}

uint64_t StoreDriver::Bytes(std::string_view subject, std::string_view payload,
                            std::string_view header) {
  return world_->CountedBytes(subject.size(), header.size(), payload.size());
}

std::string StoreDriver::Contents() {
  const StreamState state = State();
  std::string out = std::to_string(state.msgs) + " messages, " + std::to_string(state.bytes) +
                    " bytes, " + std::to_string(FirstShown(state)) + " to " +
                    std::to_string(state.last_seq) + ", " + std::to_string(state.num_deleted) +
                    " deleted, " + std::to_string(state.num_subjects) + " subjects\n";
  for (GotMsg got = Next({}, 0); got.error == StoreError::kNone; got = Next({}, got.seq + 1)) {
    out += std::to_string(got.seq) + " " + std::to_string(got.time.ns) + " " + got.subject + " " +
           got.header + "|" + got.payload + "\n";
  }
  return out;
}

std::vector<std::string> Listing(StoreDriver& driver) {
  std::vector<std::string> out;
  for (GotMsg got = driver.Next({}, 0); got.error == StoreError::kNone;
       got = driver.Next({}, got.seq + 1)) {
    out.push_back(std::to_string(got.seq) + " " + got.subject);
  }
  return out;
}

std::vector<Seq> DeletedSeqs(StoreDriver& driver) {
  std::vector<Seq> out;
  for (const SeqRange& run : driver.store().Deleted()) {
    for (Seq seq = run.first; seq <= run.last; ++seq) out.push_back(seq);
  }
  return out;
}

}  // namespace dunlin
