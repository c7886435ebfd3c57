// What the system says of a failed operation, as the port's terms and as words.
#pragma once

#include <string_view>

#include "storage/disk.h"

namespace dunlin::host {

[[nodiscard]] DiskError DiskErrorFrom(int error);

// Whether a durable write that failed so leaves its file in doubt. Not for want of space: what was
// not allocated was not lost either. (A sync that fails does, whatever it says.)
[[nodiscard]] bool PoisonsDurableWrite(int error);

// What an operation is called in such a text: 'open', 'sync directory'.
[[nodiscard]] std::string_view NameOf(DiskOp::Kind kind);

}  // namespace dunlin::host
