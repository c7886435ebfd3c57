// What a connection between a client and a server is like.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace dunlin::sim {

// How a byte stream is cut up on its way. Whatever is cut, coalesces again when the reader is late.
enum class Chop : uint8_t {
  kWhole,  // What one write took arrives at once.
  kSome,   // One to four pieces of random size.
  kTiny,   // The first pieces of a write have 1 to 8 bytes.
};

struct LinkOptions {
  Duration latency_min = Micros(50);
  Duration latency_max = Micros(50);  // Uniform in between.
  Chop chop = Chop::kWhole;
  // Bytes that a direction holds between the writer and the reader's program; a writer that finds
  // it full is blocked. At least 1.
  size_t to_server_bytes_max = 256 * 1024;
  size_t to_client_bytes_max = 256 * 1024;
  Duration accept_delay_max{};  // How long a connection waits for its server to take it.
};

}  // namespace dunlin::sim
