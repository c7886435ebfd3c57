// Beside replay_main.cc, which has no libFuzzer to keep memory in bounds: ends the program if an
// input of at most 64 KiB makes it ask for very much at once, or hold very much.
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

// A block that says how long it is unpacked gets that much room: 64 MiB at most.
constexpr size_t kOneMax = 65u << 20, kAllMax = 512u << 20;
std::atomic<size_t> g_held{0};

void* Take(size_t size) {
  if (size > kOneMax || g_held > kAllMax) {
    std::fprintf(stderr, "memory: %zu bytes are held, %zu more are wanted\n", g_held.load(), size);
    std::abort();
  }
  void* const memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) std::abort();
  g_held += malloc_usable_size(memory);
  return memory;
}

void Give(void* memory) {
  if (memory != nullptr) g_held -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Take(size); }
void* operator new[](size_t size) { return Take(size); }
void operator delete(void* memory) noexcept { Give(memory); }
void operator delete[](void* memory) noexcept { Give(memory); }
void operator delete(void* memory, size_t) noexcept { Give(memory); }
void operator delete[](void* memory, size_t) noexcept { Give(memory); }
