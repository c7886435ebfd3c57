#include "engine/config/digest.h"

#include <algorithm>
#include <cstdio>

#include "engine/base/json_out.h"
#include "engine/base/sha256.h"

namespace dunlin::config {
namespace {

std::string FormatDateTime(const DateTime& t) {
  char text[96];  // Room for any ints; 20 characters of valid ones.
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day, t.hour,
                t.minute, t.second);
  return text;
}

void AppendValue(const Value& value, std::string* out);

void AppendMap(const Map& map, std::string* out) {
  std::vector<const Map::Entry*> sorted;
  sorted.reserve(map.size());
  for (const Map::Entry& entry : map.entries()) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Map::Entry* a, const Map::Entry* b) { return a->key < b->key; });
  *out += '{';
  for (const Map::Entry* entry : sorted) {
    if (entry != sorted.front()) *out += ',';
    AppendJsonString(entry->key, out);
    *out += ':';
    AppendValue(entry->value, out);
  }
  *out += '}';
}

void AppendArray(const Array& array, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < array.size(); ++i) {
    if (i > 0) *out += ',';
    AppendValue(array[i], out);
  }
  *out += ']';
}

void AppendValue(const Value& value, std::string* out) {
  switch (value.kind()) {
    case Value::Kind::kMap: return AppendMap(*value.IfMap(), out);
    case Value::Kind::kArray: return AppendArray(*value.IfArray(), out);
    case Value::Kind::kString: return AppendJsonString(*value.IfString(), out);
    case Value::Kind::kInteger: *out += std::to_string(*value.IfInteger()); return;
    case Value::Kind::kFloat: return AppendJsonDouble(*value.IfFloat(), out);
    case Value::Kind::kBool: *out += *value.IfBool() ? "true" : "false"; return;
    case Value::Kind::kDateTime: return AppendJsonString(FormatDateTime(*value.IfDateTime()), out);
  }
}

}  // namespace

std::string CanonicalJson(const Value& root) {
  std::string json;
  AppendValue(root, &json);
  json += '\n';
  return json;
}

std::string Digest(const Value& root) { return "sha256:" + Sha256Hex(CanonicalJson(root)); }

}  // namespace dunlin::config
