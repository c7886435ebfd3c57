// What the system says of a failed operation, as the port's terms and as words.
#pragma once

#include <string_view>

#include "storage/disk.h"

namespace dunlin::host {

[[nodiscard]] DiskError DiskErrorFrom(int error);

// What an operation is called in such a text: 'open', 'sync directory'.
[[nodiscard]] std::string_view NameOf(DiskOp::Kind kind);

}  // namespace dunlin::host
