// What is kept from whoever measures us.
#pragma once

#include <string_view>

namespace dunlin {

// Whether two texts are the same, without telling by its duration where they differ. Their lengths
// may be told.
[[nodiscard]] bool SameSecret(std::string_view a, std::string_view b);

}  // namespace dunlin
