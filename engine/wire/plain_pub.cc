#include <bit>
#include <cstring>

#include "engine/wire/client_line.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace dunlin::wire {
namespace {

// A bit for each of the first 64 bytes that is a blank or a control character.
uint64_t Separators(const char* from) {
  uint64_t mask = 0;
#ifdef __SSE2__
  const __m128i blank = _mm_set1_epi8(' ');
  for (int i = 0; i < 4; ++i) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + i);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(part, blank), part);
    mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(low))) << (16 * i);
  }
#else
  for (size_t i = 0; i < kPlainPubSpan; ++i) {
    mask |= static_cast<uint64_t>(static_cast<uint8_t>(from[i]) <= ' ') << i;
  }
#endif
  return mask;
}

}  // namespace

bool ReadPlainPub(std::string_view input, PubArgs* out, size_t* line_size) {
  constexpr size_t kVerb = 4;
  if (input.size() < kPlainPubSpan || std::memcmp(input.data(), "PUB ", kVerb) != 0) return false;
  uint64_t gaps = Separators(input.data()) >> kVerb << kVerb;
  const auto blank = static_cast<size_t>(std::countr_zero(gaps));
  gaps &= gaps - 1;
  const auto end = static_cast<size_t>(std::countr_zero(gaps));  // 64: no second gap in the span.
  constexpr size_t kDigitsMax = 9;
  if (blank == kVerb || end + 1 >= kPlainPubSpan || end - blank - 1 - 1 >= kDigitsMax) return false;
  const char* const text = input.data();
  if (text[blank] != ' ' || text[end] != '\r' || text[end + 1] != '\n') return false;
  int32_t size = 0;
  for (size_t i = blank + 1; i < end; ++i) {
    const uint32_t digit = static_cast<uint8_t>(text[i]) - uint32_t{'0'};
    if (digit > 9) return false;
    size = size * 10 + static_cast<int32_t>(digit);
  }
  out->subject = input.substr(kVerb, blank - kVerb);
  out->reply = {};
  out->header_text = {};
  out->size_text = input.substr(blank + 1, end - blank - 1);
  out->header_size = -1;
  out->size = size;
  *line_size = end + 2;
  return true;
}

}  // namespace dunlin::wire
