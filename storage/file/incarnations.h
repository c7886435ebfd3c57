// Incarnations of stores: half of one says which directory it was drawn for, so that it can be told
// whose records lie in the journal when what named them is gone from there.
#pragma once

#include <string_view>

#include "engine/base/rng.h"
#include "engine/store/incarnation.h"

namespace dunlin::file {

// 'directory': as StoreDisk's.
[[nodiscard]] Incarnation DrawIncarnation(std::string_view directory, Rng* rng);
// The half that is the directory's.
[[nodiscard]] uint64_t DirectoryOf(const Incarnation& incarnation);
[[nodiscard]] uint64_t DirectoryHash(std::string_view directory);

}  // namespace dunlin::file
