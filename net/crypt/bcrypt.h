// Passwords against bcrypt hashes: the answer to the engine's Computation::kBcryptMatches.
//
// Slow on purpose: a hash of cost 11 takes about a tenth of a second, and every further step of
// cost twice as long. So a driver does it beside the engine, never within a step. Pure, and safe to
// call from any thread.
#pragma once

#include <string>
#include <string_view>

namespace dunlin::crypt {

// Whether 'hash' ('$2a$11$...', 60 characters) was made of 'password'. As the reference: the letter
// behind '$2' does not matter, what follows the 72nd byte of a password does not count, and a hash
// that is none matches nothing. A password with a zero byte in it never matches.
[[nodiscard]] bool BcryptMatches(std::string_view hash, std::string_view password);

}  // namespace dunlin::crypt
