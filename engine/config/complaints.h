// What is wrong with a configuration: errors and warnings in the order found, in the reference's
// words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/value.h"

namespace dunlin::config {

class Complaints {
 public:
  // REQUIRES: 'document' outlives this.
  explicit Complaints(const Document& document) : document_(document) {}

  // 'FILE:LINE:COLUMN: reason'.
  void Error(const Position& where, std::string_view reason);

  // '... unknown field "key"', unless the value served as a variable: then the key is a fine one.
  void UnknownField(std::string_view key, const Value& value);

  // '... unsupported field "key": this version has no FEATURE yet'.
  void MissingFeature(std::string_view key, const Value& value, std::string_view feature);

  // '... invalid use of field "key": reason'. Stops '-t', but not a server that starts.
  void Warning(std::string_view key, const Value& value, std::string_view reason);

  // The value, or null and an error if it is of another kind: 'interface conversion: interface {}
  // is int64, not string'. (What the reference prints, whose options are read by type assertions.)
  const std::string* String(const Value& value);
  const int64_t* Integer(const Value& value);
  const bool* Bool(const Value& value);
  const Map* MapOf(const Value& value);

  const std::vector<std::string>& errors() const { return errors_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void WrongKind(const Value& value, std::string_view wanted);

  const Document& document_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
};

// How the reference names the kind of a value: 'int64', 'map[string]interface {}'.
[[nodiscard]] std::string_view KindName(const Value& value);

}  // namespace dunlin::config
