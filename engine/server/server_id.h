// The id of a server: a random public key of kind 'server' in the text form of nkeys.
#pragma once

#include <string>

#include "engine/base/rng.h"

namespace dunlin {

// 56 characters that start with 'N': base32 of a prefix byte, 32 random bytes and a CRC-16.
// https://docs.nats.io/reference/nats-protocol/nkeys. Nobody holds the private key: it only names.
[[nodiscard]] std::string NewServerId(Rng* rng);

}  // namespace dunlin
