// The table of all keys that a configuration file may have at its top level: those that set an
// option, and those of the reference that this version cannot carry out yet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/config/complaints.h"
#include "engine/config/options.h"
#include "engine/config/value.h"

namespace dunlin::config {

// For what is more than one plain value; see field_readers.h.
using FieldReader = void (*)(const Map::Entry& field, Options& options, Complaints& complaints);

// Which values of a missing feature's key ask for what this version does anyway.
enum class Off : uint8_t { kNothing, kFalse, kZero, kFalseOrDisabled };

struct MissingFeature {
  std::string_view feature;
  Off off = Off::kNothing;
};

using FieldTarget = std::variant<bool Options::*, int Options::*, int64_t Options::*,
                                 std::string Options::*, FieldReader, MissingFeature>;

struct Field {
  std::string_view key;  // In lower case; files may write it in any.
  FieldTarget target;
};

[[nodiscard]] std::span<const Field> Fields();

// One top-level entry of a file: sets its option, or complains.
void ReadField(const Map::Entry& field, Options& options, Complaints& complaints);

}  // namespace dunlin::config
