// The longest that any operation holds the thread, on one store of some millions of messages: each
// case is an operation, its figures are the longest single call of the store and the longest step
// of the loop while it ran (both CPU time of the engine's thread). Cases run in their order, on one
// store; what destroys it comes last.
//
// DUNLIN_BENCH_MESSAGES says how many messages, 2,000,000 if it is not there.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "tests/bench/store_world.h"

namespace dunlin::bench {
namespace {

constexpr uint64_t kSubjects = 200'000;

uint64_t Messages() {
  const char* const text = std::getenv("DUNLIN_BENCH_MESSAGES");
  return text == nullptr ? 2'000'000 : std::strtoull(text, nullptr, 10);
}

// One for all cases; each may end its life and begin another.
std::unique_ptr<World> the_world;

World& Shared() {
  if (the_world == nullptr) {
    World::Options options;
    options.calls = World::Options::Calls::kNoted;
    the_world = std::make_unique<World>(options);
    Rng rng(1);
    the_world->Fill(Messages(), 128, [&](uint64_t) {
      return "orders." + std::to_string(rng.Below(kSubjects)) + ".new";
    });
    the_world->Settle();
  }
  return *the_world;
}

using Work = void (*)(World&);

void Measure(benchmark::State& state, Work work) {
  World& world = Shared();
  world.ForgetWorst();
  for (auto _ : state) work(world);
  state.counters["call_us"] = world.worst_call_us();
  state.counters["step_us"] = world.worst_step_us();
}

template <class Request>
void Ask(World& world, Request request) {
  CHECK(world.Run(request) == Progress::kDone || request.error == StoreError::kNotFound ||
        request.error == StoreError::kEof || request.error == StoreError::kDeleted);
}

template <class Change>
void Do(World& world, Change change) {
  const StoreResult result =
      world.Noted([&] { return change(world.store(), host::StorageLoop::ReadClocks()); });
  CHECK(result.ok());
  world.StepUntilDurable(result.point);
}

// --- What leaves the store as it is.

void Store(World& world) {
  for (int i = 0; i < 2'000; ++i) {
    const Now now = host::StorageLoop::ReadClocks();
    for (int k = 0; k < 100; ++k) {
      (void)world.Noted([&] { return world.Put(now, 0, "orders.17.new", std::string(128, 'x')); });
    }
    world.Step(host::StorageLoop::How::kLook);
    while (world.storage().full()) world.Step();
  }
}
void StoreLarge(World& world) {
  const std::string payload(8 << 20, 'x');
  for (int i = 0; i < 4; ++i) {
    Do(world,
       [&](auto& store, Now now) { return store.Store(now, "orders.17.new", "", payload, 0); });
  }
}
void Load(World& world) {
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    LoadMsg load;
    load.seq = rng.Below(Messages()) + 1;
    Ask(world, load);
  }
}
void Next(World& world) {
  for (const char* filter : {"orders.7.new", "orders.*.old", "orders.*.new", "*.77.*"}) {
    LoadMatch load;
    load.filters = {filter};
    load.from = 1;
    Ask(world, load);
    load = {};
    load.filters = {filter};
    load.from = Messages();
    load.way = LoadMatch::Way::kPrev;
    Ask(world, load);
  }
}
void Last(World& world) {
  for (const char* filter : {"orders.7.new", "orders.*.old", "orders.>", "*.77.*"}) {
    LoadLast load;
    load.subject = filter;
    Ask(world, load);
  }
}
void Count(World& world) {
  for (const char* filter : {"orders.7.new", "orders.*.old", "orders.>", "*.77.*"}) {
    for (const Seq from : {Seq{1}, Seq{Messages() / 2}}) {
      CountPending count;
      count.filters = {filter};
      count.from = from;
      Ask(world, count);
      count = {};
      count.filters = {filter};
      count.from = from;
      count.last_per_subject = true;
      Ask(world, count);
    }
  }
}
void Filtered(World& world) {
  for (const char* filter : {"orders.7.new", "orders.>", "*.77.*"}) {
    FilteredState state;
    state.filter = filter;
    state.from = Messages() / 2;
    Ask(world, state);
  }
}
void Subjects(World& world) { Ask(world, SubjectsState{}); }
void Multi(World& world) {
  MultiLast multi;
  multi.filters = {"orders.*.new"};
  Ask(world, multi);
  // Of few only: with a highest sequence each subject is searched for on its own.
  multi = {};
  multi.filters = {"orders.7.new", "orders.8.new"};
  multi.max_seq = Messages() * 3 / 4;
  Ask(world, multi);
}
void FromTime(World& world) {
  for (int i = 0; i < 10; ++i) {
    SeqFromTime request;
    request.time = world.store().State().first_time;
    request.time.ns += (world.store().State().last_time.ns - request.time.ns) / 10 * i;
    Ask(world, request);
  }
}
void States(World& world) {
  (void)world.Noted([&] { return world.store().State().msgs; });
  (void)world.Noted([&] { return world.store().EncodedState(0).size(); });
}
void Lists(World& world) {
  (void)world.Noted([&] { return world.store().Deleted().size(); });
  SubjectsTotals totals;
  totals.filter = "orders.>";
  Ask(world, totals);
}

// --- What takes from it.

void Remove(World& world) {
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const Seq seq = rng.Below(Messages()) + 1;
    (void)world.Noted(
        [&] { return world.store().Remove(host::StorageLoop::ReadClocks(), seq).ok(); });
    world.Step(host::StorageLoop::How::kLook);
  }
  world.Settle();
}
void Erase(World& world) {
  Rng rng(4);
  for (int i = 0; i < 5; ++i) {
    const Seq seq = rng.Below(Messages()) + 1;
    (void)world.Noted(
        [&] { return world.store().Erase(host::StorageLoop::ReadClocks(), seq).ok(); });
    world.Settle();
  }
}
void SyncDeleted(World& world) {
  Do(world, [&](auto& store, Now now) {
    const Seq at = Messages() / 4;
    return store.SyncDeleted(now, {{at, at + Messages() / 10}});
  });
  world.Settle();
}
void PurgeSubjects(World& world) {
  Purge purge;
  purge.filter = "orders.1.new";
  Ask(world, purge);
  purge = {};
  purge.filter = "*.77.*";
  Ask(world, purge);
  purge = {};
  purge.filter = "orders.*.new";
  purge.below = Messages() / 8;
  purge.keep = 100;
  Ask(world, purge);
  world.Settle();
}
void CompactHalf(World& world) {
  Compact compact;
  compact.seq = Messages() / 2;
  Ask(world, compact);
  world.Settle();
}
void TruncateSome(World& world) {
  Truncate truncate;
  truncate.seq = Messages() * 9 / 10;
  Ask(world, truncate);
  world.Settle();
}
void Limits(World& world) {
  const auto limit = [&](auto set) {
    Do(world, [&](auto& store, Now now) {
      StoreConfig config;
      config.name = "S0";
      set(&config);
      return store.UpdateConfig(now, config);
    });
    // Some of it is as good as all: over so many subjects it takes minutes.
    world.Settle(5'000'000'000);
  };
  limit([](StoreConfig* config) { config->max_msgs_per_subject = 1; });
  limit([](StoreConfig* config) { config->max_bytes = 8 << 20; });
  // One large message takes the place of very many small ones.
  const std::string payload(7 << 20, 'x');
  Do(world,
     [&](auto& store, Now now) { return store.Store(now, "orders.17.new", "", payload, 0); });
  world.Settle(5'000'000'000);
}
void StopAndStart(World& world) {
  world.Stop();
  world.Boot();
}
void KillAndStart(World& world) {
  world.Die();
  world.Boot();
}
void PurgeEverything(World& world) {
  Ask(world, Purge{});
  world.Settle();
}
void End(World&) {
  the_world->Die();
  the_world.reset();
}

[[maybe_unused]] const bool kRegistered = [] {
  const struct {
    const char* name;
    Work work;
  } cases[] = {
      {"store", Store},
      {"store 8 MiB", StoreLarge},
      {"load at random", Load},
      {"next and previous", Next},
      {"last", Last},
      {"count pending", Count},
      {"filtered state", Filtered},
      {"subjects' state", Subjects},
      {"last of many subjects", Multi},
      {"sequence from time", FromTime},
      {"state, encoded state", States},
      {"kill and start", KillAndStart},
      {"stop and start", StopAndStart},
      {"remove", Remove},
      {"erase", Erase},
      {"state after removals", States},
      {"deleted, subjects' totals", Lists},
      {"take deletions over", SyncDeleted},
      {"purge by subject", PurgeSubjects},
      {"kill and start, with holes", KillAndStart},
      {"compact to the middle", CompactHalf},
      {"truncate a tenth", TruncateSome},
      {"stop and start, with holes", StopAndStart},
      {"lower the limits", Limits},
      {"purge everything", PurgeEverything},
  };
  for (const auto& test : cases) {
    benchmark::RegisterBenchmark((std::string("worst/") + test.name).c_str(), Measure, test.work)
        ->Iterations(1)
        ->Repetitions(1);
  }
  benchmark::RegisterBenchmark("worst/end",
                               [](benchmark::State& state) {
                                 for (auto _ : state) End(Shared());
                               })
      ->Iterations(1)
      ->Repetitions(1);
  return true;
}();

}  // namespace
}  // namespace dunlin::bench
