#include "sim/scenario/json_value.h"

#include <charconv>

namespace dunlin::scenario {
namespace {

class Reader {
 public:
  Reader(std::string_view text, std::string* error) : text_(text), error_(error) {}

  std::optional<JsonValue> ReadAll() {
    JsonValue value;
    if (!Read(&value, 0)) return std::nullopt;
    SkipBlanks();
    if (pos_ != text_.size()) {
      Fail("something after the end of the value");
      return std::nullopt;
    }
    return value;
  }

 private:
  bool Read(JsonValue* value, int depth) {
    SkipBlanks();
    if (depth > kJsonDepthMax) return Fail("nested too deep");
    if (pos_ >= text_.size()) return Fail("it ends too early");
    const char c = text_[pos_];
    if (c == '{') return ReadObject(value, depth);
    if (c == '[') return ReadArray(value, depth);
    if (c == '"') {
      value->kind = JsonValue::Kind::kString;
      return ReadString(&value->text);
    }
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(pos_).starts_with(word)) continue;
      value->kind = word == "null" ? JsonValue::Kind::kNull : JsonValue::Kind::kBool;
      value->text = word;
      pos_ += word.size();
      return true;
    }
    const size_t end = text_.find_first_not_of("+-.0123456789eE", pos_);
    value->kind = JsonValue::Kind::kNumber;
    value->text = text_.substr(pos_, end == std::string_view::npos ? end : end - pos_);
    pos_ += value->text.size();
    return !value->text.empty() || Fail("a value was expected");
  }

  bool ReadObject(JsonValue* value, int depth) {
    value->kind = JsonValue::Kind::kObject;
    pos_++;
    if (Skip('}')) return true;
    while (true) {
      SkipBlanks();
      if (pos_ >= text_.size() || text_[pos_] != '"') return Fail("a field name was expected");
      auto& field = value->fields.emplace_back();
      if (!ReadString(&field.first)) return false;
      if (!Skip(':')) return Fail("a ':' was expected");
      if (!Read(&field.second, depth + 1)) return false;
      if (Skip('}')) return true;
      if (!Skip(',')) return Fail("a ',' or '}' was expected");
    }
  }

  bool ReadArray(JsonValue* value, int depth) {
    value->kind = JsonValue::Kind::kArray;
    pos_++;
    if (Skip(']')) return true;
    while (true) {
      if (!Read(&value->items.emplace_back(), depth + 1)) return false;
      if (Skip(']')) return true;
      if (!Skip(',')) return Fail("a ',' or ']' was expected");
    }
  }

  bool ReadString(std::string* out) {
    for (pos_++; pos_ < text_.size(); pos_++) {
      const char c = text_[pos_];
      if (c == '"') {
        pos_++;
        return true;
      }
      if (static_cast<unsigned char>(c) < 32) return Fail("a control byte in a string");
      if (c != '\\') {
        *out += c;
      } else if (!ReadEscape(out)) {
        return false;
      }
    }
    return Fail("a string does not end");
  }

  bool ReadEscape(std::string* out) {
    if (++pos_ >= text_.size()) return Fail("a string does not end");
    static constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (const size_t index = kFrom.find(text_[pos_]); index != std::string_view::npos) {
      *out += kTo[index];
      return true;
    }
    unsigned code = 0;
    const char* digits = text_.data() + pos_ + 1;
    if (text_[pos_] != 'u' || pos_ + 5 > text_.size() ||
        std::from_chars(digits, digits + 4, code, 16).ptr != digits + 4) {
      return Fail("an unknown escape in a string");
    }
    pos_ += 4;
    AppendUtf8(code, out);
    return true;
  }

  // Halves of surrogate pairs stay apart: good enough to compare.
  static void AppendUtf8(unsigned code, std::string* out) {
    if (code < 0x80) {
      *out += static_cast<char>(code);
    } else if (code < 0x800) {
      *out += static_cast<char>(0xC0 | (code >> 6));
      *out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      *out += static_cast<char>(0xE0 | (code >> 12));
      *out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      *out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  void SkipBlanks() {
    while (pos_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[pos_]) != std::string_view::npos) {
      pos_++;
    }
  }
  bool Skip(char c) {
    SkipBlanks();
    if (pos_ >= text_.size() || text_[pos_] != c) return false;
    pos_++;
    return true;
  }
  bool Fail(std::string_view why) {
    *error_ = std::string(why) + " (byte " + std::to_string(pos_) + ")";
    return false;
  }

  std::string_view text_;
  std::string* error_;
  size_t pos_ = 0;
};

void Append(const JsonValue& value, size_t bytes_max, std::string* out) {
  if (out->size() > bytes_max) return;
  const char* separator = "";
  switch (value.kind) {
    case JsonValue::Kind::kNull: *out += "null"; break;
    case JsonValue::Kind::kBool:
    case JsonValue::Kind::kNumber: *out += value.text; break;
    case JsonValue::Kind::kString: *out += '"' + value.text + '"'; break;
    case JsonValue::Kind::kArray:
      *out += '[';
      for (const JsonValue& item : value.items) {
        *out += separator;
        Append(item, bytes_max, out);
        separator = ", ";
      }
      *out += ']';
      break;
    case JsonValue::Kind::kObject:
      *out += '{';
      for (const auto& [name, field] : value.fields) {
        *out += separator;
        *out += '"' + name + "\": ";
        Append(field, bytes_max, out);
        separator = ", ";
      }
      *out += '}';
      break;
  }
}

}  // namespace

const JsonValue* JsonValue::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<JsonValue> ParseJson(std::string_view text, std::string* error) {
  return Reader(text, error).ReadAll();
}

std::string ToText(const JsonValue& value, size_t bytes_max) {
  std::string out;
  Append(value, bytes_max, &out);
  if (out.size() > bytes_max) {
    out.resize(bytes_max);
    out += "...";
  }
  return out;
}

}  // namespace dunlin::scenario
