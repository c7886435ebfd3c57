#include "engine/base/json_out.h"

#include <charconv>
#include <cmath>

#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace dunlin {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

bool IsPlain(uint8_t byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\' && byte != '<' && byte != '>' &&
         byte != '&';
}

void AppendEscapedAscii(uint8_t byte, std::string* out) {
  switch (byte) {
    case '"': *out += "\\\""; return;
    case '\\': *out += "\\\\"; return;
    case '\b': *out += "\\b"; return;
    case '\f': *out += "\\f"; return;
    case '\n': *out += "\\n"; return;
    case '\r': *out += "\\r"; return;
    case '\t': *out += "\\t"; return;
    default: break;
  }
  *out += "\\u00";
  *out += kHexDigits[byte >> 4];
  *out += kHexDigits[byte & 15];
}

// Plain digits with a point where it belongs: digits 12345, exponent 2 (1.2345e2) -> 123.45.
void AppendFixed(std::string_view digits, int exponent, std::string* out) {
  const int count = static_cast<int>(digits.size());
  if (exponent < 0) {
    *out += "0.";
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(digits);
  } else if (exponent >= count - 1) {
    out->append(digits);
    out->append(static_cast<size_t>(exponent - count + 1), '0');
  } else {
    out->append(digits.substr(0, static_cast<size_t>(exponent) + 1));
    *out += '.';
    out->append(digits.substr(static_cast<size_t>(exponent) + 1));
  }
}

}  // namespace

void AppendJsonString(std::string_view value, std::string* out) {
  *out += '"';
  size_t done = 0, at = 0;
  const auto flush = [&] { out->append(value.substr(done, at - done)); };
  while (at < value.size()) {
    const uint8_t byte = static_cast<uint8_t>(value[at]);
    if (IsPlain(byte)) {
      ++at;
    } else if (byte < 0x80) {
      flush();
      AppendEscapedAscii(byte, out);
      done = ++at;
    } else {
      const Rune rune = DecodeRune(value.substr(at));
      const char* escaped = nullptr;
      if (rune.value == kReplacementRune && rune.bytes == 1) escaped = "\\ufffd";
      if (rune.value == 0x2028) escaped = "\\u2028";
      if (rune.value == 0x2029) escaped = "\\u2029";
      if (escaped != nullptr) {
        flush();
        *out += escaped;
        done = at + static_cast<size_t>(rune.bytes);
      }
      at += static_cast<size_t>(rune.bytes);
    }
  }
  flush();
  *out += '"';
}

void AppendJsonDouble(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  if (std::signbit(value)) *out += '-';
  value = std::fabs(value);
  if (value == 0) {
    *out += '0';
    return;
  }
  char text[32];  // At most 17 digits, a point, 'e-308'.
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const std::string_view number(text, static_cast<size_t>(end - text));
  const size_t e = number.find('e');
  const std::string_view mantissa = number.substr(0, e);
  std::string_view power = number.substr(e + 1);  // Sign and at least two digits.
  int exponent = 0;
  for (const char c : power.substr(1)) exponent = exponent * 10 + (c - '0');
  if (power[0] == '-') exponent = -exponent;
  if (value < 1e-6 || value >= 1e21) {
    out->append(mantissa);
    *out += 'e';
    // Go drops the zero of a negative one-digit exponent: 1e-7, and 1e+21.
    if (exponent < 0 && exponent > -10) {
      *out += '-';
      power.remove_prefix(2);
    }
    out->append(power);
    return;
  }
  std::string digits;
  for (const char c : mantissa) {
    if (c != '.') digits += c;
  }
  AppendFixed(digits, exponent, out);
}

JsonOut::JsonOut(std::string* out, JsonStyle style)
    : out_(out),
      indent_(style == JsonStyle::kCompact   ? 0
              : style == JsonStyle::kIndent2 ? 2
                                             : 3) {}

void JsonOut::NewLine() {
  if (indent_ == 0) return;
  *out_ += '\n';
  out_->append(levels_.size() * static_cast<size_t>(indent_), ' ');
}

void JsonOut::BeforeElement() {
  if (levels_.empty()) return;
  if (!levels_.back().empty) *out_ += ',';
  levels_.back().empty = false;
  NewLine();
}

void JsonOut::Key(std::string_view key) {
  CHECK(!levels_.empty() && levels_.back().close == '}');
  BeforeElement();
  AppendJsonString(key, out_);
  *out_ += ':';
  if (indent_ != 0) *out_ += ' ';
}

void JsonOut::Begin(char open, char close) {
  *out_ += open;
  levels_.push_back({close, true});
}

void JsonOut::End(char close) {
  CHECK(!levels_.empty() && levels_.back().close == close);
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (!empty) NewLine();
  *out_ += close;
}

void JsonOut::EndObject() { End('}'); }
void JsonOut::EndArray() { End(']'); }

void JsonOut::BeginObject() {
  BeforeElement();
  Begin('{', '}');
}

void JsonOut::BeginObject(std::string_view key) {
  Key(key);
  Begin('{', '}');
}

void JsonOut::BeginArray() {
  BeforeElement();
  Begin('[', ']');
}

void JsonOut::BeginArray(std::string_view key) {
  Key(key);
  Begin('[', ']');
}

void JsonOut::String(std::string_view value) {
  BeforeElement();
  AppendJsonString(value, out_);
}

void JsonOut::String(std::string_view key, std::string_view value) {
  Key(key);
  AppendJsonString(value, out_);
}

namespace {

template <typename Number>
void AppendInteger(Number value, std::string* out) {
  char text[24];
  out->append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace

void JsonOut::Int(int64_t value) {
  BeforeElement();
  AppendInteger(value, out_);
}

void JsonOut::Int(std::string_view key, int64_t value) {
  Key(key);
  AppendInteger(value, out_);
}

void JsonOut::Uint(uint64_t value) {
  BeforeElement();
  AppendInteger(value, out_);
}

void JsonOut::Uint(std::string_view key, uint64_t value) {
  Key(key);
  AppendInteger(value, out_);
}

void JsonOut::Bool(bool value) { Raw(value ? "true" : "false"); }
void JsonOut::Bool(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
void JsonOut::Null() { Raw("null"); }
void JsonOut::Null(std::string_view key) { Raw(key, "null"); }

void JsonOut::Double(double value) {
  BeforeElement();
  AppendJsonDouble(value, out_);
}

void JsonOut::Double(std::string_view key, double value) {
  Key(key);
  AppendJsonDouble(value, out_);
}

void JsonOut::Raw(std::string_view json) {
  BeforeElement();
  out_->append(json);
}

void JsonOut::Raw(std::string_view key, std::string_view json) {
  Key(key);
  out_->append(json);
}

}  // namespace dunlin
