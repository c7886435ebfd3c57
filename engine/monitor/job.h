// A page that is being made, slice by slice.
//
// Work is counted in units of about 100 ns, measured once on a slow machine; the engine has no
// clock to look at. What one step costs stands beside its constant.
#pragma once

#include <cstddef>
#include <string>

#include "engine/monitor/source.h"

namespace dunlin::monitor {

// Half a millisecond.
inline constexpr size_t kSliceBudget = 5'000;

inline constexpr size_t kCollectCost = 2;      // Look at one connection or subscription.
inline constexpr size_t kSortRunCost = 2'000;  // Sort a run of rows.
inline constexpr size_t kPopCost = 2;          // Take a row out of the sorted ones.
inline constexpr size_t kConnCost = 20;        // Write one connection.
inline constexpr size_t kSubCost = 5;          // Write one subscription.
inline constexpr size_t kSearchCost = 1'000;   // Look through the closed ring.

// Subscriptions that are asked of the source at once.
inline constexpr size_t kSubPage = 64;

class Job {
 public:
  virtual ~Job() = default;

  // Works for about '*budget' units and takes off what it used; appends what is ready to 'text'.
  // True: that was the last of it.
  [[nodiscard]] virtual bool Continue(Source& source, size_t* budget, std::string* text) = 0;
};

}  // namespace dunlin::monitor
