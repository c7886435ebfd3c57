#include "engine/config/value.h"

#include "engine/base/check.h"

namespace dunlin::config {
namespace {

// Up to here a scan of the entries is faster than the index, and most maps are far smaller.
constexpr size_t kScannedEntriesMax = 16;

}  // namespace

Map::Map() = default;
Map::Map(const Map&) = default;
Map::Map(Map&&) noexcept = default;
Map& Map::operator=(const Map&) = default;
Map& Map::operator=(Map&&) noexcept = default;
Map::~Map() = default;

const Value* Map::Find(std::string_view key) const {
  if (entries_.size() > kScannedEntriesMax) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &entries_[found->second].value;
  }
  for (const Entry& entry : entries_) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Value* Map::Find(std::string_view key) {
  return const_cast<Value*>(static_cast<const Map*>(this)->Find(key));
}

void Map::Set(std::string key, Value value) {
  if (Value* existing = Find(key)) {
    *existing = std::move(value);
    return;
  }
  entries_.push_back({std::move(key), std::move(value)});
  if (entries_.size() <= kScannedEntriesMax) return;
  for (size_t i = index_.size(); i < entries_.size(); ++i) {
    index_.emplace(entries_[i].key, static_cast<uint32_t>(i));
  }
}

void Value::Relocate(Position where) {
  where_ = where;
  if (Array* array = IfArray()) {
    for (Value& element : *array) element.Relocate(where);
  }
  if (Map* map = IfMap()) {
    for (size_t i = 0; i < map->size(); ++i) map->value_at(i).Relocate(where);
  }
}

std::string Document::Locate(const Position& where) const {
  CHECK(where.file < files.size());
  return files[where.file] + ':' + std::to_string(where.line) + ':' + std::to_string(where.column);
}

}  // namespace dunlin::config
