// What this disk does by itself, and what host/disk adds to it: the figures that all others of
// storage are to be read beside.
#include <string>

#include "tests/bench/raw_sync.h"
#include "tests/bench/store_meter.h"
#include "tests/host/disk/disk_fixture.h"

namespace dunlin::bench {
namespace {

constexpr size_t kFileBytes = RawFile::kBytes;
constexpr size_t kBlock = kDirectAlignment;
constexpr size_t kBlocks = kFileBytes / kBlock;

template <class Work>
void MeasureEach(benchmark::State& state, Work work) {
  Meter meter;
  size_t i = 0;
  for (auto _ : state) {
    const int64_t begin = NowNs();
    work(i++);
    meter.Add(NowNs() - begin);
  }
  meter.Report(state);
}

void RawDirectSync(benchmark::State& state) {
  const testing::TempDir dir;
  RawFile file(dir.File("raw"), O_DIRECT | O_DSYNC);
  MeasureEach(state, [&](size_t i) { file.Write(i % kBlocks * kBlock, kBlock); });
}
BENCHMARK(RawDirectSync)->Name("raw/O_DIRECT|O_DSYNC 4 KiB")->UseRealTime();

void RawWriteAndSync(benchmark::State& state) {
  const testing::TempDir dir;
  RawFile file(dir.File("raw"), 0);
  MeasureEach(state, [&](size_t i) {
    file.Write(i % kBlocks * kBlock, kBlock);
    file.Sync();
  });
}
BENCHMARK(RawWriteAndSync)->Name("raw/pwrite+fdatasync 4 KiB")->UseRealTime();

void RawSequential(benchmark::State& state) {
  constexpr size_t kChunk = 1 << 20;
  const testing::TempDir dir;
  RawFile file(dir.File("raw"), O_DIRECT);
  MeasureEach(state, [&](size_t i) { file.Write(i * kChunk % kFileBytes, kChunk); });
  file.Sync();
  state.SetBytesProcessed(state.iterations() * int64_t{kChunk});
}
BENCHMARK(RawSequential)->Name("raw/O_DIRECT sequential 1 MiB")->UseRealTime();

// The same one durable write through the host's disk and an event loop's round trip.
void DiskDurableWrite(benchmark::State& state, host::DiskWay way) {
  const testing::TempDir dir;
  host::SimpleDisk disk(dir.path(), way);
  const FileId file = disk.Open("seg", Access::kDurableWrites);
  host::AlignedBuffer bytes(kFileBytes, 'x');
  const auto write = [&](size_t offset, size_t size) {
    CHECK(disk.Do(disk.queue().Write(file, offset, bytes.data(), size)).ok());
  };
  write(0, kFileBytes);
  MeasureEach(state, [&](size_t i) { write(i % kBlocks * kBlock, kBlock); });
}
BENCHMARK_CAPTURE(DiskDurableWrite, ring, host::kDiskWays[0])
    ->Name("disk/durable write 4 KiB, io_uring")
    ->UseRealTime();
BENCHMARK_CAPTURE(DiskDurableWrite, threads, host::kDiskWays[2])
    ->Name("disk/durable write 4 KiB, threads, direct")
    ->UseRealTime();
BENCHMARK_CAPTURE(DiskDurableWrite, buffered, host::kDiskWays[3])
    ->Name("disk/durable write 4 KiB, threads, buffered")
    ->UseRealTime();

void DiskRead(benchmark::State& state, host::DiskWay way, size_t size) {
  const testing::TempDir dir;
  host::SimpleDisk disk(dir.path(), way);
  const FileId file = disk.Open("blk");
  host::AlignedBuffer bytes(kFileBytes, 'x');
  CHECK(disk.Do(disk.queue().Write(file, 0, bytes.data(), kFileBytes)).ok());
  MeasureEach(state, [&](size_t i) {
    CHECK(disk.Do(disk.queue().Read(file, i * size % kFileBytes, bytes.data(), size)).ok());
  });
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}
BENCHMARK_CAPTURE(DiskRead, ring, host::kDiskWays[0], 64 << 10)
    ->Name("disk/read 64 KiB from the page cache, io_uring")
    ->UseRealTime();
BENCHMARK_CAPTURE(DiskRead, threads, host::kDiskWays[2], 64 << 10)
    ->Name("disk/read 64 KiB from the page cache, threads")
    ->UseRealTime();

}  // namespace
}  // namespace dunlin::bench
