// Keeps secrets out of the log.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::session {

// The arguments of CONNECT with the values of pass*, auth_token*, sig, proxy_sig and nkey replaced
// by [REDACTED], wherever they stand; the text need not be valid JSON.
[[nodiscard]] std::string RedactSecrets(std::string_view connect);

}  // namespace dunlin::session
