// The fingerprint of a configuration that '-t' prints and the monitoring pages show.
#pragma once

#include <string>

#include "engine/config/value.h"

namespace dunlin::config {

// The bytes that are hashed: the tree as the reference's JSON encoder writes it (map keys sorted by
// their bytes, no spaces, '<', '>' and '&' escaped, one newline at the end). Positions and the use
// of variables leave no trace in it.
[[nodiscard]] std::string CanonicalJson(const Value& root);

// 'sha256:' and 64 hexadecimal digits.
[[nodiscard]] std::string Digest(const Value& root);

}  // namespace dunlin::config
