// One compressed block of S2: Snappy's format with one thing more, copies that repeat the last
// offset (and may then be long). https://github.com/google/snappy/blob/main/format_description.txt,
// https://github.com/klauspost/compress/tree/master/s2#format-extensions
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::s2 {

// How long what is compressed in 'block' is, as it says itself. nullopt: damaged.
[[nodiscard]] std::optional<uint64_t> DecodedBytes(std::string_view block);

// Appends what is compressed in 'block'. False, and 'out' as it was, if the block is damaged or
// says that it holds more than 'bytes_max'. Time and memory are bounded by what it says.
[[nodiscard]] bool DecodeBlock(std::string_view block, uint64_t bytes_max, std::string* out);

// Appends 'plain' compressed. Every reader of S2, and of Snappy, reads it.
void EncodeBlock(std::string_view plain, std::string* out);

}  // namespace dunlin::s2
