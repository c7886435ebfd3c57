// From a configuration file to Options: reads it, checks it against the schema, completes it.
//
//   LoadResult loaded = LoadFile("server.conf", source);
//   if (!loaded.ok()) ... loaded.Complaint() ...
//   ApplyFlags(command_line, loaded.options);
//   if (auto error = Finish(loaded.options)) ... error->text ...
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/options.h"
#include "engine/config/parser.h"

namespace dunlin::config {

struct LoadResult {
  Options options;

  // The file could not be read, or is no configuration at all; then nothing else is said.
  std::string unreadable;
  // In the order in which the fields stand in the file. (The reference's order is random.)
  std::vector<std::string> warnings;
  std::vector<std::string> errors;

  // Nothing stands in the way of starting; there may be warnings.
  bool ok() const { return unreadable.empty() && errors.empty(); }
  // Everything said, a line each, warnings first; empty if nothing was.
  std::string Complaint() const;
};

// Files and environment come from 'source'. Options that the file does not set keep their defaults.
[[nodiscard]] LoadResult LoadFile(const std::string& path, Source& source);

// The same for a text that is no file: errors then begin ':LINE:COLUMN: ', and there is no digest.
[[nodiscard]] LoadResult LoadText(std::string_view text, Source& source);

// Puts in the defaults that depend on others or were asked for with a zero, and says what is wrong
// with the options as a whole. Call it last, once, with file and flags applied. '-t' does not come
// here.
[[nodiscard]] std::optional<Error> Finish(Options& options);

}  // namespace dunlin::config
