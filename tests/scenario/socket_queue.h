// Looks into the kernel's socket table, to see whether a server has read what was sent to it.
#pragma once

#include <cstdint>
#include <optional>

namespace dunlin::scenario {

// Bytes that the socket with this local and remote port on the IPv4 loopback has received and
// nobody has read yet. Nothing if there is no such connection.
[[nodiscard]] std::optional<uint32_t> UnreadBytes(int local_port, int remote_port);

}  // namespace dunlin::scenario
