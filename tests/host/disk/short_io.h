// The kernel under a program that has short_io.cc in it: reads and writes move less than they were
// asked for, or nothing because of a signal, as the real one may. What is moved, it moves.
//
// Of calls (pread, pwrite), and of what goes through io_uring; counted apart.
#pragma once

#include <cstdint>

namespace dunlin::host {

struct ShortIo {
  uint64_t reads = 0, writes = 0;            // By calls.
  uint64_t ring_reads = 0, ring_writes = 0;  // Through the ring.
  uint64_t signals = 0;
};
[[nodiscard]] ShortIo ShortOnes();

}  // namespace dunlin::host
