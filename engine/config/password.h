// What a configured password or token is written as.
#pragma once

#include <string_view>

namespace dunlin::config {

// '$2a$11$...': a bcrypt hash, and not the secret itself.
[[nodiscard]] constexpr bool LooksLikeBcrypt(std::string_view text) {
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  return text.size() >= 7 && text.starts_with("$2") &&
         (text[2] == 'a' || text[2] == 'b' || text[2] == 'x' || text[2] == 'y') && text[3] == '$' &&
         digit(4) && digit(5) && text[6] == '$';
}

}  // namespace dunlin::config
