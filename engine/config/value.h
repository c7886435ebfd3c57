// What a configuration text says: a tree of values, each with the place it was written at.
//
// The tree knows nothing of which options exist; the schema reads it. A Value owns all below it,
// and its depth is bounded by config::Limits, so that copying and destroying it may recurse.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dunlin::config {

class Value;

// Where something stands, as the reference counts: lines from 1; columns in bytes, from 0 on the
// first line and from 1 on the others; of the value after an escape ("\n") the column is less
// exact. A value in a map stands where its *key* does; an array element where it is written itself
// (a map or array in an array: where it ends).
struct Position {
  int32_t line = 0;
  int32_t column = 0;
  uint32_t file = 0;  // Index into Document::files.
  bool operator==(const Position&) const = default;
};

// Entries in the order in which their keys first appeared. A key written again keeps its place in
// that order and takes the later value.
class Map {
 public:
  struct Entry;

  Map();
  Map(const Map&);
  Map(Map&&) noexcept;
  Map& operator=(const Map&);
  Map& operator=(Map&&) noexcept;
  ~Map();

  // Null if there is none. Valid until the next Set().
  Value* Find(std::string_view key);
  const Value* Find(std::string_view key) const;

  void Set(std::string key, Value value);

  const std::vector<Entry>& entries() const { return entries_; }
  // REQUIRES: index < size().
  Value& value_at(size_t index);
  size_t size() const;
  bool empty() const { return size() == 0; }

 private:
  std::vector<Entry> entries_;
  // Position by key, kept only once there are enough entries for a scan to hurt.
  std::map<std::string, uint32_t, std::less<>> index_;
};

using Array = std::vector<Value>;

// A date and time in UTC as it was written; years 0 to 9999, more than a WallTime holds. Valid.
struct DateTime {
  int year = 0;
  int month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  bool operator==(const DateTime&) const = default;
};

class Value {
 public:
  // In the order of the alternatives of 'Data'.
  enum class Kind : uint8_t { kMap, kArray, kString, kInteger, kFloat, kBool, kDateTime };
  using Data = std::variant<Map, Array, std::string, int64_t, double, bool, DateTime>;

  Value() = default;  // An empty map.
  explicit Value(Data data, Position where = {}) : data_(std::move(data)), where_(where) {}

  Kind kind() const { return static_cast<Kind>(data_.index()); }

  // Null if the value is of another kind.
  const Map* IfMap() const { return std::get_if<Map>(&data_); }
  Map* IfMap() { return std::get_if<Map>(&data_); }
  const Array* IfArray() const { return std::get_if<Array>(&data_); }
  Array* IfArray() { return std::get_if<Array>(&data_); }
  const std::string* IfString() const { return std::get_if<std::string>(&data_); }
  const int64_t* IfInteger() const { return std::get_if<int64_t>(&data_); }
  const double* IfFloat() const { return std::get_if<double>(&data_); }
  const bool* IfBool() const { return std::get_if<bool>(&data_); }
  const DateTime* IfDateTime() const { return std::get_if<DateTime>(&data_); }

  const Position& where() const { return where_; }
  void set_where(Position where) { where_ = where; }
  // Says of this value and of all below it that it stands there.
  void Relocate(Position where);

  // Some '$name' after it referred to this value. The reference does not complain about an unknown
  // field that was used so: such a field is a variable.
  bool used_as_variable() const { return used_as_variable_; }
  void MarkUsedAsVariable() { used_as_variable_ = true; }

  // The copy that a '$name' becomes: nothing refers to that one yet.
  Value Referenced() const { return Value(data_, where_); }

 private:
  Data data_;
  Position where_;
  bool used_as_variable_ = false;
};

struct Map::Entry {
  std::string key;
  Value value;
};

inline size_t Map::size() const { return entries_.size(); }
inline Value& Map::value_at(size_t index) { return entries_[index].value; }

// One configuration, its includes and variables resolved.
struct Document {
  Value root;                      // A map; its own position means nothing.
  std::vector<std::string> files;  // As they were opened; [0] is the main one, "" for a bare text.

  // 'FILE:LINE:COLUMN', as the reference begins its complaints about a value.
  std::string Locate(const Position& where) const;
};

}  // namespace dunlin::config
