// What a notice of a store is about.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::sim {

// Whether it speaks of the block whose file this is: ".../STREAM/msgs/7.blk". A foreign file with a
// block's name counts as a block, and not a good one (reference: the same).
[[nodiscard]] bool SpeaksOfBlock(std::string_view notice, std::string_view path);

}  // namespace dunlin::sim
