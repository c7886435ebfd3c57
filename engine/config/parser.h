// Configuration text -> Document, with the reference's grammar and, to the byte, its error texts.
//
// The grammar in short (README.md has the corners): 'key = value', 'key: value' or 'key value';
// maps '{}', arrays '[]', block strings '(' ... ')', comments '#' and '//'; a JSON document is one
// too. '$name' is the nearest value of that key in the maps around it, or else an environment
// variable whose text is parsed as a value. 'include "path"' puts another file's entries here.
//
// Pure: files and environment come from a Source that the caller hands in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/config/value.h"

namespace dunlin::config {

// The outside world as a configuration can refer to it. The caller implements it and owns it; it is
// used during the call only.
class Source {
 public:
  virtual ~Source() = default;

  // The whole file, or why not, in the reference's words: 'open PATH: no such file or directory'.
  virtual Result<std::string> ReadFile(const std::string& path) = 0;

  // An environment variable; none if it is not set.
  virtual std::optional<std::string> Env(const std::string& name) = 0;
};

// What a configuration may ask of us at most; past any of these it is refused with an error. The
// reference has no such limits: it runs until its stack or memory ends.
struct Limits {
  int nesting_max = 1'000;    // Maps and arrays in one another.
  int inclusion_max = 64;     // Files and environment values being parsed because of one another.
  size_t files_max = 10'000;  // Files of one configuration, each inclusion counted.
  // Memory of the tree, which variables can make far larger than the text.
  size_t tree_bytes_max = size_t{256} << 20;
};

// Reads and parses 'path'. Includes are looked for relative to the directory of the file they are
// in.
Result<Document> ParseFile(const std::string& path, Source& source, const Limits& limits = {});

// Parses 'text', taken to come from a file without a name; includes are relative to '.'.
Result<Document> ParseText(std::string_view text, Source& source, const Limits& limits = {});

}  // namespace dunlin::config
