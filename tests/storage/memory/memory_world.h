// A memory store for the suite of all stores.
#pragma once

#include <memory>

#include "tests/storage/store_suite.h"

namespace dunlin {

[[nodiscard]] std::unique_ptr<StoreWorld> MakeMemory(const StoreConfig& config, const Now& now);
// Slices as small as can be: everything that can be cut is.
[[nodiscard]] std::unique_ptr<StoreWorld> MakeMemoryInSmallSlices(const StoreConfig& config,
                                                                  const Now& now);

}  // namespace dunlin
