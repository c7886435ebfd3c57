// Short ways to parse a text and to say what came out.
#pragma once

#include <gtest/gtest.h>

#include "engine/config/digest.h"
#include "engine/config/parser.h"
#include "tests/engine/config/fake_source.h"

namespace dunlin::config {

// The tree as JSON with sorted keys, or 'error: ' and the text.
inline std::string Show(const Result<Document>& parsed) {
  if (!parsed.ok()) return "error: " + parsed.error().text;
  std::string json = CanonicalJson(parsed->root);
  json.pop_back();
  return json;
}

inline std::string Parsed(std::string_view text, FakeSource source = {}) {
  return Show(ParseText(text, source));
}

// The value at 'path', keys separated by '/'. Fails the test if there is none.
inline Value Get(const Document& document, std::string_view path) {
  const Value* value = &document.root;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const Map* const map = value->IfMap();
    value = map ? map->Find(path.substr(0, slash)) : nullptr;
    if (!value) {
      ADD_FAILURE() << "nothing at " << path;
      return Value();
    }
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return *value;
}

}  // namespace dunlin::config
