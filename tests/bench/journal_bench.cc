// The journal's own cost per record, without a disk: append, seal, complete, release. The disk is
// one that has done everything at once.
//
//   ninja -C build tests/bench/journal_bench && build/tests/bench/journal_bench
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "engine/base/crc32c.h"
#include "storage/journal/journal.h"

namespace dunlin {
namespace {

// Completes whatever is asked; reads find nothing.
void CompleteAll(DiskQueue* disk, Journal* journal) {
  for (size_t i = 0; i < disk->ops().size();) {
    const DiskOp& op = disk->ops()[i];
    DiskDone done;
    done.ticket = op.ticket;
    if (op.kind == DiskOp::Kind::kFreeSpace) done.size = uint64_t{1} << 40;
    if (++i == disk->ops().size()) {
      disk->Clear();
      i = 0;
    }
    (void)journal->OnDisk(done);
  }
}

// Arguments: bytes of a record, records of a batch, assets.
void AppendAndSeal(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const int64_t batch = state.range(1), assets = state.range(2);
  JournalOptions options;
  options.segment_bytes = 16u << 20;
  DiskQueue disk;
  Journal journal(options, &disk, Rng(1));
  journal.Open();
  CompleteAll(&disk, &journal);
  Recovered found;
  if (journal.NextRecovered(&found) != Progress::kDone) return state.SkipWithError("not empty");
  std::vector<AssetNumber> numbers;
  for (int64_t i = 0; i < assets; ++i) {
    Incarnation incarnation;
    for (int b = 0; b < 8; ++b) incarnation.bytes[b] = static_cast<uint8_t>(i >> (8 * b));
    incarnation.bytes[15] = 1;
    numbers.push_back(journal.Attach(incarnation));
  }
  journal.Start();
  CompleteAll(&disk, &journal);

  const std::vector<uint8_t> head(50, 'h'), body(bytes - 50, 'b');
  uint64_t next = 0;
  for (auto _ : state) {
    for (int64_t i = 0; i < batch; ++i)
      benchmark::DoNotOptimize(journal.Append(numbers[next++ % numbers.size()], 1, head, body));
    journal.EndOfBatch({});
    CompleteAll(&disk, &journal);
    if (journal.Wanted().batch != 0) {
      state.PauseTiming();
      for (const AssetNumber asset : numbers) journal.Passed(asset, journal.durable().through());
      journal.EndOfBatch({});
      CompleteAll(&disk, &journal);
      state.ResumeTiming();
    }
  }
  if (journal.Failure()) state.SkipWithError(journal.Failure()->c_str());
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(AppendAndSeal)
    ->ArgNames({"bytes", "batch", "assets"})
    ->Args({128, 1, 1})
    ->Args({128, 256, 1})
    ->Args({128, 1024, 1})
    ->Args({200, 256, 1})
    ->Args({200, 256, 1000})
    ->Args({200, 1024, 100'000})
    ->Args({4096, 256, 1});

void Checksum(benchmark::State& state) {
  const std::vector<uint8_t> bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(1, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Checksum)->Arg(180)->Arg(4136)->Arg(65536);

}  // namespace
}  // namespace dunlin

BENCHMARK_MAIN();
