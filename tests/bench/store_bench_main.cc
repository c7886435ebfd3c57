// The benchmarks of storage, on the disk that holds the temporary directory (TMPDIR). Run through
// scripts/bench-store, which makes one table of it.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
