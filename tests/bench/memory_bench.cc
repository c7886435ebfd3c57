// What the indexes of stores and the memory store cost: time for each call, bytes for each subject
// or message. Google Benchmark; figures are in the READMEs of engine/subject, engine/base and
// storage/memory.
//
//   ninja -C build tests/bench/memory_bench && build/tests/bench/memory_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/seq_set.h"
#include "engine/store/expiry_queue.h"
#include "engine/subject/subject_tree.h"
#include "storage/memory/memory_store.h"

namespace dunlin {
namespace {

struct __attribute__((packed, aligned(4))) Info {
  uint64_t msgs, first, last;
};
using Subjects = subject::SubjectMap<Info>;

constexpr int64_t kMany = 1'000'000;

// orders.eu.123456, in an order that is none.
std::string OrderSubject(uint64_t i) {
  return "orders.eu." + std::to_string(100'000 + i * 7'919 % kMany);
}

// device.0123456789abcdef01, of random digits.
std::string DeviceSubject(uint64_t i) {
  Rng rng(i);
  std::string out = "device.";
  uint64_t bits = rng.Next();
  for (int n = 0; n < 18; ++n) {
    out += "0123456789abcdef"[bits % 16];
    bits = n == 9 ? rng.Next() : bits / 16;
  }
  return out;
}

std::vector<std::string> Names(std::string (*name)(uint64_t), int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(name(static_cast<uint64_t>(i)));
  return names;
}

template <std::string (*kName)(uint64_t)>
void SubjectInsert(benchmark::State& state) {
  const std::vector<std::string> names = Names(kName, state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    Subjects subjects;
    for (const std::string& name : names) benchmark::DoNotOptimize(subjects.Insert(name));
    bytes = static_cast<double>(subjects.BytesUsed()) / static_cast<double>(subjects.size());
  }
  state.counters["bytes_each"] = bytes;
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SubjectInsert<OrderSubject>)->Arg(10'000)->Arg(kMany)->Unit(benchmark::kMillisecond);
BENCHMARK(SubjectInsert<DeviceSubject>)->Arg(10'000)->Arg(kMany)->Unit(benchmark::kMillisecond);

void SubjectFind(benchmark::State& state) {
  const std::vector<std::string> names = Names(OrderSubject, state.range(0));
  Subjects subjects;
  for (const std::string& name : names) (void)subjects.Insert(name);
  Rng rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(subjects.Find(names[rng.Below(names.size())]));
}
BENCHMARK(SubjectFind)->Arg(1000)->Arg(kMany);

void SubjectWalk(benchmark::State& state) {
  Subjects subjects;
  for (const std::string& name : Names(OrderSubject, kMany)) (void)subjects.Insert(name);
  const std::vector<std::string> filters = {"orders.*.>"};
  int64_t found = 0;
  for (auto _ : state) {
    int budget = 1 << 30;
    Subjects::Walk walk(subjects, filters);
    while (walk.Next(&budget) == Subjects::Walk::Step::kFound) ++found;
  }
  state.SetItemsProcessed(found);
}
BENCHMARK(SubjectWalk)->Unit(benchmark::kMillisecond);

void SeqSetInsert(benchmark::State& state) {
  const uint64_t step = static_cast<uint64_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    SeqSet set;
    for (uint64_t seq = 0; seq < 200'000; ++seq) set.Insert(seq * step);
    bytes = static_cast<double>(set.BytesUsed()) / 200'000;
  }
  state.counters["bytes_each"] = bytes;
  state.SetItemsProcessed(state.iterations() * 200'000);
}
BENCHMARK(SeqSetInsert)->Arg(1)->Arg(7)->Arg(211)->Unit(benchmark::kMillisecond);

void ExpiryAddRemove(benchmark::State& state) {
  ExpiryQueue queue;
  uint64_t seq = 0;
  for (; seq < 100'000; ++seq) queue.Add({{static_cast<int64_t>(seq)}, seq});
  for (auto _ : state) {
    queue.Add({{static_cast<int64_t>(seq)}, seq});
    queue.Remove(*queue.First());
    ++seq;
  }
}
BENCHMARK(ExpiryAddRemove);

memory::MemoryStore MakeStore(StoreConfig config = {}) {
  return memory::MemoryStore({.config = std::move(config)});
}
constexpr Now kNow{{1}, {1'700'000'000'000'000'000}};

void MemoryStoreMessage(benchmark::State& state) {
  const std::string payload(static_cast<size_t>(state.range(0)), 'x');
  const std::vector<std::string> names = Names(OrderSubject, state.range(1));
  StoreConfig config;
  config.max_msgs = 1'000'000;  // So that it also removes, as a stream in its life does.
  memory::MemoryStore store = MakeStore(config);
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(store.Store(kNow, names[at], "", payload, 0));
    if (++at == names.size()) at = 0;
    if (at % 1024 == 0) benchmark::DoNotOptimize(store.TakeChanges());
  }
  state.counters["overhead_each"] =
      static_cast<double>(store.BytesUsed() - store.State().msgs * (payload.size() + 16)) /
      static_cast<double>(store.State().msgs);
}
BENCHMARK(MemoryStoreMessage)->Args({128, 1})->Args({128, 100'000})->Args({4096, 100});

struct Filled {
  memory::MemoryStore store = MakeStore();
  Filled() {
    for (uint64_t i = 0; i < static_cast<uint64_t>(kMany); ++i) {
      (void)store.Store(kNow, OrderSubject(i), "", "12345678", 0);
    }
  }
};
Filled& OneMillion() {
  static Filled filled;
  return filled;
}

void MemoryLoad(benchmark::State& state) {
  memory::MemoryStore& store = OneMillion().store;
  Rng rng(1);
  for (auto _ : state) {
    LoadMsg load;
    load.seq = rng.Below(kMany) + 1;
    benchmark::DoNotOptimize(store.Run(load));
  }
}
BENCHMARK(MemoryLoad);

void MemoryLoadNextByWildcard(benchmark::State& state) {
  memory::MemoryStore& store = OneMillion().store;
  Seq from = 1;
  for (auto _ : state) {
    LoadMatch load;
    load.filters = {"orders.*.*"};
    load.from = from;
    while (store.Run(load) == Progress::kMore) {
    }
    from = load.skip % kMany + 1;
  }
}
BENCHMARK(MemoryLoadNextByWildcard);

// The longest that one slice holds the thread.
void MemoryCountPendingSlice(benchmark::State& state) {
  memory::MemoryStore& store = OneMillion().store;
  CountPending count;
  for (auto _ : state) {
    if (count.filters.empty()) {
      count.filters = {"orders.*.*"};
      count.from = kMany / 2;
    }
    if (store.Run(count) == Progress::kDone) count = {};
  }
}
BENCHMARK(MemoryCountPendingSlice)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace dunlin

BENCHMARK_MAIN();
