// Bytes as a stream of S2, and as one block of it: whatever they are, what comes out stays within
// its bound, and what went through our encoder comes back.
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "storage/s2/block.h"
#include "storage/s2/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace s2 = dunlin::s2;
  constexpr uint64_t kMax = 100'000;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string out = "x";
  s2::StreamDecoder decoder(bytes, kMax, &out);
  while (decoder.Step()) {
  }
  CHECK(out.size() <= kMax + 1 && out[0] == 'x');
  CHECK(decoder.fault() != s2::StreamFault::kNone || decoder.offset() == size);

  std::string block_out;
  if (s2::DecodeBlock(bytes, kMax, &block_out)) {
    CHECK(s2::DecodedBytes(bytes) == block_out.size() && block_out.size() <= kMax);
  } else {
    CHECK(block_out.empty());
  }

  std::string again, back;
  s2::EncodeStream(bytes, &again);
  CHECK(s2::DecodeStream(again, size, &back) == s2::StreamFault::kNone && back == bytes);
  return 0;
}
