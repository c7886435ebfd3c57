// Any sequence of commands over the whole port, on a store and on its dumb twin: they agree after
// each one. In the middle the store is stopped and started, cut off, its limits change, time goes
// by.
#include "tests/storage/store_model.h"

#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

#include "tests/storage/store_suite.h"

namespace dunlin {
namespace {

enum class Do : uint8_t {
  kStore,
  kStoreMore,
  kStoreTtl,
  kStoreRaw,
  kSkip,
  kRemove,
  kRemoveFirst,
  kErase,
  kSync,
  kPurge,
  kPurgeAll,
  kCompact,
  kTruncate,
  kLimits,
  kAge,
  kAdvance,
  kReopen,
  kCrash,
  kCrashAtOnce,
  kSettle,
  kNext,
  kPrev,
  kCount,
  kMultiLast,
  kSubjects,
  kFromTime,
  kEnd,
};

// What the numbers mean depends on the command and the store: so any command is possible at any
// time, and a failing sequence shrinks.
struct Command {
  Do what;
  uint32_t a, b, c;
};

std::ostream& operator<<(std::ostream& out, const Command& command) {
  return out << "{" << static_cast<int>(command.what) << ", " << command.a << ", " << command.b
             << ", " << command.c << "}";
}

const char* const kSubjects[] = {"a", "a.b", "a.b.c", "b.1", "b.2", "c"};
const char* const kFilters[] = {"a", "a.*", "a.>", "b.*", "*", ">", "", "*.2", "x", "a.b.c"};
const char* const kTtl[] = {
    "", "NATS/1.0\r\nNats-TTL: 2\r\n\r\n", "NATS/1.0\r\nNats-TTL: 9s\r\n\r\n",
    "NATS/1.0\r\nNats-TTL: never\r\n\r\n", "NATS/1.0\r\nNats-Rollup: sub\r\n\r\n"};
constexpr int64_t kTtlSeconds[] = {0, 2, 9, -1, 0};

template <class T, size_t N>
T Pick(T const (&from)[N], uint32_t number) {
  return from[number % N];
}

class TwinRun {
 public:
  explicit TwinRun(const StoreKind& kind) : driver_(kind, Start()), model_(driver_.config()) {}

  void Play(const Command& command);

 private:
  static StoreConfig Start() {
    StoreConfig config;
    config.name = "zzz";
    return config;
  }

  // A sequence around those that there are.
  Seq AnySeq(uint32_t number) const {
    const StreamState state = model_.State();
    const Seq low = state.first_seq > 2 ? state.first_seq - 2 : 0;
    return low + number % (state.last_seq + 3 - std::min(low, state.last_seq));
  }
  Filters AnyFilters(uint32_t number) const {
    Filters filters;
    for (uint32_t left = number % 4; left > 0; --left) {
      filters.emplace_back(Pick(kFilters, number / 4 + left * 7));
    }
    return filters;
  }

  bool Change(const Command& command);
  void Store(const Command& command, const char* header, int64_t ttl);
  void Limits(const Command& command);
  void Ask(const Command& command);
  void CrashAtOnce();
  void Compare();

  StoreDriver driver_;
  StoreModel model_;
  std::vector<StoreModel> not_durable_;  // What it was since the last Settle(), oldest first.
};

void TwinRun::Store(const Command& command, const char* header, int64_t ttl) {
  const char* subject = Pick(kSubjects, command.a);
  const std::string payload(command.b % 60, static_cast<char>('a' + command.c % 26));
  const uint64_t bytes = driver_.Bytes(subject, payload, header);
  const WallTime now = driver_.now().wall;
  if (command.what == Do::kStoreRaw) {
    RC_ASSERT(
        driver_.PutRaw(subject, payload, command.c % 2 * (model_.State().last_seq + 1), now).ok());
    model_.StoreRaw(subject, header, payload, 0, now, bytes);
    return;
  }
  const StoreError expected = model_.Store(subject, header, payload, ttl, now, bytes);
  RC_ASSERT(driver_.Put(subject, payload, header, ttl).error == expected);
}

void TwinRun::Limits(const Command& command) {
  StoreConfig config = driver_.config();
  switch (command.a % 6) {
    case 0: config.max_msgs = static_cast<int64_t>(command.b % 20) - 1; break;
    case 1: config.max_bytes = static_cast<int64_t>(command.b % 1000) - 1; break;
    case 2: config.max_msgs_per_subject = static_cast<int64_t>(command.b % 6) - 1; break;
    case 3:
      config.discard = command.b % 2 == 0 ? DiscardPolicy::kOld : DiscardPolicy::kNew;
      config.discard_new_per_subject = command.b % 4 == 3;
      break;
    case 4: config.allow_msg_ttl = command.b % 2 == 0; break;
    case 5: config.max_age = Seconds(command.b % 3 == 0 ? 0 : command.b % 20); break;
  }
  RC_ASSERT(driver_.Update(config).ok());
  model_.Update(config, driver_.now().wall);
}

// False: not one of these.
bool TwinRun::Change(const Command& command) {
  const uint32_t a = command.a, b = command.b, c = command.c;
  switch (command.what) {
    case Do::kStore:
    case Do::kStoreMore:
    case Do::kStoreRaw: Store(command, "", 0); return true;
    case Do::kStoreTtl: Store(command, Pick(kTtl, c), Pick(kTtlSeconds, c)); return true;
    case Do::kSkip: {
      using Time = StreamStore::SkipTime;
      RC_ASSERT(driver_.Skip(0, a % 5 + 1, b % 3 == 0 ? Time::kAdvance : Time::kKeep).ok());
      model_.Skip(a % 5 + 1, driver_.now().wall, b % 3 == 0);
      return true;
    }
    case Do::kRemove: {
      const Seq seq = std::max<Seq>(AnySeq(a), 1);  // 0 is none.
      RC_ASSERT(driver_.Remove(seq) == model_.Remove(seq));
      return true;
    }
    case Do::kRemoveFirst: {
      const Seq seq = std::max<Seq>(model_.State().first_seq, 1);
      RC_ASSERT(driver_.Remove(seq) == model_.Remove(seq));
      return true;
    }
    case Do::kErase: {
      const Seq seq = std::max<Seq>(AnySeq(a), 1);
      RC_ASSERT(driver_.Erase(seq) == model_.Remove(seq));
      return true;
    }
    case Do::kSync: {
      const Seq first = std::max<Seq>(AnySeq(a), 1), last = first + b % 4;
      driver_.SyncDeleted({{first, last}, {last + 2, last + 2 + c % 3}});
      model_.RemoveRange(first, last);
      model_.RemoveRange(last + 2, last + 2 + c % 3);
      return true;
    }
    case Do::kPurge: {
      const std::string filter = Pick(kFilters, a);
      const Seq below = b % 3 == 0 ? AnySeq(b / 3) : 0;
      const uint64_t keep = below == 0 ? c % 4 : 0;
      RC_ASSERT(driver_.Purge(filter, below, keep) == model_.Purge(filter, below, keep));
      return true;
    }
    case Do::kPurgeAll: RC_ASSERT(driver_.PurgeAll() == model_.Purge("", 0, 0)); return true;
    case Do::kCompact: {
      const Seq seq = AnySeq(a);
      RC_ASSERT(driver_.Compact(seq) == model_.Compact(seq));
      return true;
    }
    case Do::kTruncate: {
      // Rarely to nothing: it would always begin anew.
      const Seq seq = b % 4 == 0
                          ? AnySeq(a)
                          : model_.State().last_seq - std::min<Seq>(a % 4, model_.State().last_seq);
      RC_ASSERT(driver_.Truncate(seq) == model_.Truncate(seq));
      return true;
    }
    case Do::kLimits:
    case Do::kAge: Limits(command); return true;
    case Do::kAdvance:
      driver_.Advance(Seconds(a % 8 + 1));
      model_.Expire(driver_.now().wall);
      return true;
    default: return false;
  }
}

void TwinRun::Ask(const Command& command) {
  const Filters filters = AnyFilters(command.a);
  const Seq from = AnySeq(command.b);
  const std::string filter = Pick(kFilters, command.c);
  switch (command.what) {
    case Do::kNext:
      RC_ASSERT(driver_.Next(filters, from) == model_.Next(filters, from));
      RC_ASSERT(driver_.Load(from + 1) == model_.Load(from + 1));
      break;
    case Do::kPrev:
      if (model_.State().msgs > 0) {  // Else 'skip' may be any of two.
        RC_ASSERT(driver_.Prev(filters, from) == model_.Prev(filters, from));
      }
      RC_ASSERT(driver_.Last(filter) == model_.Last(filter));
      break;
    case Do::kCount: {
      const bool last = command.c % 2 == 0;
      RC_ASSERT(driver_.Pending(filters, from, last) == model_.Count(filters, from, last).msgs);
      const SimpleState state = driver_.Filtered(filter, from);
      const SimpleState expected = model_.Count({filter}, from, false);
      RC_ASSERT(state.msgs == expected.msgs);
      // Of everything, the ends may be the stream's.
      if (!filter.empty() && filter != ">") RC_ASSERT(state == expected);
      break;
    }
    case Do::kMultiLast: {
      const Seq max = command.b % 3 == 0 ? 0 : from;
      const int allowed = static_cast<int>(command.c % 5);
      RC_ASSERT(driver_.MultiLasts(filters, max, allowed) ==
                model_.MultiLasts(filters, max, allowed));
      break;
    }
    case Do::kSubjects: RC_ASSERT(driver_.Subjects(filter) == model_.Subjects(filter)); break;
    case Do::kFromTime: {
      const WallTime time{driver_.now().wall.ns - Seconds(command.a % 30).ns};
      RC_ASSERT(driver_.FromTime(time) == model_.FromTime(time));
      break;
    }
    default: break;
  }
}

// What was not durable may be lost, from the end. Then the model is what is left.
void TwinRun::CrashAtOnce() {
  driver_.Crash();
  const std::string contents = driver_.Contents();
  for (auto at = not_durable_.rbegin(); at != not_durable_.rend(); ++at) {
    // What is due is done again after the start.
    StoreModel now = *at;
    now.Update(driver_.config(), driver_.now().wall);
    if (now.Contents() != contents) continue;
    model_ = now;
    return;
  }
  RC_FAIL("after a crash the store is what it never was:\n" + contents);
}

void TwinRun::Compare() {
  StreamState state = driver_.State(), expected = model_.State();
  if (!model_.last_time_known()) state.last_time = expected.last_time = {};
  state.first_seq = FirstShown(state);
  expected.first_seq = FirstShown(expected);
  RC_ASSERT(state == expected);
  RC_ASSERT(DeletedSeqs(driver_) == model_.Deleted());
}

void TwinRun::Play(const Command& command) {
  switch (command.what) {
    case Do::kReopen:
      driver_.Reopen();
      not_durable_.clear();
      RC_ASSERT(driver_.Contents() == model_.Contents());
      break;
    case Do::kCrash:
      driver_.Settle();
      driver_.Crash();
      not_durable_.clear();
      RC_ASSERT(driver_.Contents() == model_.Contents());
      break;
    case Do::kCrashAtOnce:
      if (not_durable_.empty()) not_durable_.push_back(model_);
      CrashAtOnce();
      not_durable_.clear();
      break;
    case Do::kSettle:
      driver_.Settle();
      not_durable_.clear();
      break;
    default:
      if (not_durable_.empty()) not_durable_.push_back(model_);
      if (Change(command)) {
        not_durable_.push_back(model_);
      } else {
        Ask(command);
      }
  }
  Compare();
}

TEST_P(StoreSuite, AgreesWithItsTwin) {
  const StoreKind kind = GetParam();
  const bool agrees = rc::check("a store is a map", [&] {
    const auto number = rc::gen::inRange<uint32_t>(0, 10'000);
    const auto commands = *rc::gen::scale(
        3.0, rc::gen::container<std::vector<Command>>(rc::gen::construct<Command>(
                 rc::gen::weightedOneOf<Do>(
                     {{3, rc::gen::element(Do::kStore, Do::kStoreMore, Do::kStoreTtl)},
                      {5, rc::gen::map(rc::gen::inRange(0, static_cast<int>(Do::kEnd)),
                                       [](int what) { return static_cast<Do>(what); })}}),
                 number, number, number)));
    TwinRun run(kind);
    for (const Command& command : commands) run.Play(command);
  });
  EXPECT_TRUE(agrees);
}

}  // namespace
}  // namespace dunlin
