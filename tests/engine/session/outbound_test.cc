#include "engine/session/outbound.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <string>

namespace dunlin::session {
namespace {

std::string All(const Outbound& out) {
  std::vector<IoSlice> slices(100'000);
  std::string text;
  const size_t n = out.Gather(slices);
  for (size_t i = 0; i < n; ++i)
    text.append(reinterpret_cast<const char*>(slices[i].data), slices[i].size);
  return text;
}

// Whatever is appended comes out once and in order; the driver's memory is not needed after
// Settle().
RC_GTEST_PROP(Outbound, GivesBackWhatItWasGiven, ()) {
  BlockPool pool;
  {
    Outbound out(&pool);
    std::string twin;
    std::deque<std::string> driver_memory;
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      const std::string bytes(*rc::gen::element<size_t>(1, 7, 100, 5'000, 70'000, 200'000),
                              static_cast<char>('a' + i % 26));
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
        case 1:
          out.Append(bytes);
          twin += bytes;
          break;
        case 2: {
          if (bytes.size() > BlockPool::kLargeChunk) break;
          uint8_t* const at = out.Reserve(bytes.size());
          std::copy(bytes.begin(), bytes.end(), at);
          out.Commit(at + bytes.size());
          twin += bytes;
          break;
        }
        case 3: {
          driver_memory.push_back(bytes);
          Block* const block = pool.Borrow(
              reinterpret_cast<const uint8_t*>(driver_memory.back().data()), bytes.size());
          const auto from = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(bytes.size()));
          out.AppendShared(block, from, static_cast<uint32_t>(bytes.size()) - from);
          twin += bytes.substr(from);
          pool.Unref(block);
          break;
        }
        case 4: {
          const auto size = *rc::gen::inRange<size_t>(0, twin.size() + 1);
          out.Consume(size);
          twin.erase(0, size);
          break;
        }
        case 5:
          pool.Settle();
          for (std::string& memory : driver_memory) std::fill(memory.begin(), memory.end(), '!');
          driver_memory.clear();
          break;
      }
      out.CheckInvariants();
      RC_ASSERT(out.pending() == static_cast<int64_t>(twin.size()));
      RC_ASSERT(All(out) == twin);
    }
    pool.Settle();
  }
  RC_ASSERT(pool.bytes_in_use() == 0);
  RC_ASSERT(pool.segments_in_use() == 0);
}

}  // namespace
}  // namespace dunlin::session
