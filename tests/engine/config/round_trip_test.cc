// Any tree, written as a configuration in any of the ways to write it, parses back to itself.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>

#include "tests/engine/config/parse_for_test.h"

namespace dunlin::config {
namespace {

// Decisions, taken from random bytes; once these are used up, always the first. So RapidCheck's
// shorter vectors of smaller bytes are smaller trees in simpler spellings.
class Choices {
 public:
  explicit Choices(const std::vector<uint8_t>& bytes) : bytes_(bytes) {}

  size_t Below(size_t bound) { return at_ < bytes_.size() ? bytes_[at_++] % bound : 0; }
  bool Flip() { return Below(2) == 1; }
  std::string Of(std::initializer_list<std::string_view> options) {
    return std::string(options.begin()[Below(options.size())]);
  }

 private:
  const std::vector<uint8_t>& bytes_;
  size_t at_ = 0;
};

// ------------------------------------------------------------------------------------------ Trees

std::string MakeKey(Choices& choices) {
  std::string key =
      choices.Of({"a", "foo", "b c", "true", "1", "$x", "inc", "}", "x#y", "\xc3\xa9"});
  for (size_t n = choices.Below(3); n > 0; --n) key += static_cast<char>('a' + choices.Below(26));
  return key;
}

std::string MakeString(Choices& choices) {
  if (choices.Flip()) {
    return choices.Of({"",
                       "foo",
                       "true",
                       "22",
                       "1.5",
                       "127.0.0.1:4222",
                       "$foo",
                       "nats://a:b@c:1",
                       "\nblock\n  of lines\n",
                       "a b",
                       "it's",
                       "say \"x\"",
                       "back\\slash",
                       "#",
                       "//x",
                       "{",
                       "]",
                       "2016-05-04T18:53:41Z",
                       "3Gyz",
                       "\n)\n",
                       "$2a$10$abc",
                       "include"});
  }
  std::string text;
  for (size_t n = choices.Below(12); n > 0; --n) text += static_cast<char>(choices.Below(256));
  return text;
}

Value MakeScalar(Choices& choices) {
  switch (choices.Below(6)) {
    case 0: return Value(MakeString(choices));
    case 1: return Value(choices.Flip());
    case 2: {
      // At most 251^5 * 1024^2, which fits.
      int64_t number = 0;
      for (size_t n = choices.Below(6); n > 0; --n)
        number = number * 251 + static_cast<int64_t>(choices.Below(251));
      for (size_t n = choices.Below(3); n > 0; --n) number *= choices.Flip() ? 1000 : 1024;
      return Value(Value::Data(choices.Flip() ? -number : number));
    }
    case 3: {
      const double number = static_cast<double>(choices.Below(256) * 256 + choices.Below(256)) / 64;
      return Value(choices.Flip() ? -number : number);
    }
    case 4:
      return Value(
          DateTime{static_cast<int>(choices.Below(100) * 100 + choices.Below(100)),
                   static_cast<int>(1 + choices.Below(12)), static_cast<int>(1 + choices.Below(28)),
                   static_cast<int>(choices.Below(24)), static_cast<int>(choices.Below(60)),
                   static_cast<int>(choices.Below(60))});
    default: return Value(std::string("plain-word"));
  }
}

Value MakeValue(Choices& choices, int depth);

Map MakeMap(Choices& choices, int depth) {
  Map map;
  for (size_t n = choices.Below(6); n > 0; --n) {
    std::string key = MakeKey(choices);
    map.Set(std::move(key), MakeValue(choices, depth));
  }
  return map;
}

Value MakeValue(Choices& choices, int depth) {
  const size_t kind = depth > 0 ? choices.Below(4) : 0;
  if (kind == 2) return Value(MakeMap(choices, depth - 1));
  if (kind != 3) return MakeScalar(choices);
  Array array;
  for (size_t n = choices.Below(5); n > 0; --n) array.push_back(MakeValue(choices, depth - 1));
  return Value(std::move(array));
}

// --------------------------------------------------------------------------------------- Spelling

class Writer {
 public:
  explicit Writer(Choices& choices) : choices_(choices) {}

  std::string Document(const Map& root) {
    const bool wrapped = choices_.Flip();
    std::string text = Filler() + (wrapped ? "{" + Filler() : "");
    for (const Map::Entry& entry : root.entries()) {
      text += Ended(Entry(entry), {"\n", ",", ";", "\r\n", " # end\n", "  // end\n"});
    }
    return text + (wrapped ? "}" + Filler() : "");
  }

 private:
  // White space and comments, where lines may end.
  std::string Filler() {
    std::string text = choices_.Of({"", " ", "\n", "\t", "\r\n", "# note = {\n", "// note \"\n"});
    if (choices_.Flip()) text += choices_.Of({"", "  ", "\n\n"});
    return text;
  }

  // A value and what ends it. A block string has its own line end, and needs no more.
  std::string Ended(std::string value, std::initializer_list<std::string_view> ends) {
    const bool is_block = value.ends_with(")\n");
    return value + (is_block ? "" : choices_.Of(ends)) + Filler();
  }

  std::string Entry(const Map::Entry& entry) {
    const bool bare_allowed = entry.key.find(' ') == std::string::npos && entry.key[0] != '}';
    std::string text;
    switch (choices_.Below(bare_allowed ? 3 : 2)) {
      case 0: text = '"' + entry.key + '"'; break;
      case 1: text = '\'' + entry.key + '\''; break;
      default: text = entry.key; break;
    }
    return text + choices_.Of({" = ", "=", ": ", ":", " ", "\t"}) + Any(entry.value);
  }

  std::string Any(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::kMap: return Inner(*value.IfMap());
      case Value::Kind::kArray: return Elements(*value.IfArray());
      case Value::Kind::kString: return Text(*value.IfString());
      case Value::Kind::kInteger: return Integer(*value.IfInteger());
      case Value::Kind::kFloat: return Printed("%.6f", *value.IfFloat());
      case Value::Kind::kBool:
        return *value.IfBool() ? choices_.Of({"true", "YES", "on", "True"})
                               : choices_.Of({"false", "No", "off", "FALSE"});
      case Value::Kind::kDateTime: {
        const DateTime& t = *value.IfDateTime();
        return Printed("%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day, t.hour, t.minute,
                       t.second);
      }
    }
    return "";
  }

  std::string Inner(const Map& map) {
    std::string text = "{" + Filler();
    for (const Map::Entry& entry : map.entries()) {
      text += Ended(Entry(entry), {"\n", ",", ";", " , ", " # end\n", " // end\n"});
    }
    return text + "}";
  }

  // A blank keeps numbers away from the ']', which would make them strings.
  std::string Elements(const Array& array) {
    std::string text = "[" + Filler();
    for (const Value& element : array) {
      text += &element == &array.back() ? Ended(Any(element), {" ", "\n", ",", " # end\n"})
                                        : Ended(Any(element), {",", "\n", " , ", " // end\n"});
    }
    return text + "]";
  }

  std::string Integer(int64_t number) {
    struct Unit {
      int64_t factor;
      std::initializer_list<std::string_view> names;
    };
    const Unit units[] = {{1'000, {"k", "K"}},
                          {1'024, {"kb", "KiB", "Ki"}},
                          {1'000'000, {"m", "M"}},
                          {1 << 20, {"mb", "MIB", "mi"}},
                          {1 << 30, {"gb", "GiB"}}};
    const Unit& unit = units[choices_.Below(5)];
    if (choices_.Flip() && number % unit.factor == 0)
      return std::to_string(number / unit.factor) + choices_.Of(unit.names);
    return std::to_string(number);
  }

  std::string Text(const std::string& text) {
    switch (choices_.Below(4)) {
      case 1:
        if (text.find_first_of(std::string_view("'\0", 2)) == text.npos) return '\'' + text + '\'';
        break;
      case 2:
        if (IsBareWord(text)) return text;
        break;
      case 3:
        if (IsBlock(text)) return '(' + text + ")\n";
        break;
      default: break;
    }
    return DoubleQuoted(text);
  }

  std::string DoubleQuoted(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
      const bool must = c == '"' || c == '\\' || c == '\0';
      if (!must && !choices_.Flip()) {
        quoted += c;
      } else if (c == '"' || c == '\\') {
        quoted += '\\';
        quoted += c;
      } else if (c == '\n' || c == '\t' || c == '\r') {
        quoted += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
      } else {
        quoted += Printed(choices_.Flip() ? "\\x%02x" : "\\x%02X", static_cast<uint8_t>(c));
      }
    }
    return quoted + '"';
  }

  // Words that no other kind of value looks like.
  static bool IsBareWord(const std::string& text) {
    return text == "foo" || text == "plain-word" || text == "3Gyz" || text == "127.0.0.1:4222" ||
           text == "nats://a:b@c:1" || text == "include" || text == "$2a$10$abc";
  }

  static bool IsBlock(const std::string& text) {
    return text.size() >= 2 && text.front() == '\n' && text.back() == '\n' &&
           text.find('\0') == text.npos && text.find("\n)") == text.npos;
  }

  template <typename... Args>
  static std::string Printed(const char* format, Args... args) {
    char text[64];
    std::snprintf(text, sizeof text, format, args...);
    return text;
  }

  Choices& choices_;
};

// ------------------------------------------------------------------------------------ Comparison

bool SameTree(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::kMap: {
      const auto &left = a.IfMap()->entries(), &right = b.IfMap()->entries();
      return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                        [](const Map::Entry& x, const Map::Entry& y) {
                          return x.key == y.key && SameTree(x.value, y.value);
                        });
    }
    case Value::Kind::kArray:
      return std::equal(a.IfArray()->begin(), a.IfArray()->end(), b.IfArray()->begin(),
                        b.IfArray()->end(), SameTree);
    case Value::Kind::kString: return *a.IfString() == *b.IfString();
    case Value::Kind::kInteger: return *a.IfInteger() == *b.IfInteger();
    case Value::Kind::kFloat: return *a.IfFloat() == *b.IfFloat();
    case Value::Kind::kBool: return *a.IfBool() == *b.IfBool();
    case Value::Kind::kDateTime: return *a.IfDateTime() == *b.IfDateTime();
  }
  return false;
}

RC_GTEST_PROP(ConfigProperty, WhatIsWrittenParsesBack, ()) {
  const auto bytes = *rc::gen::resize(600, rc::gen::arbitrary<std::vector<uint8_t>>());
  Choices choices(bytes);
  const Map root = MakeMap(choices, 4);
  const std::string text = Writer(choices).Document(root);
  RC_LOG() << text << '\n';
  FakeSource source;
  const auto parsed = ParseText(text, source);
  RC_LOG() << Show(parsed) << '\n';
  RC_ASSERT(parsed.ok());
  RC_ASSERT(SameTree(parsed->root, Value(root)));
}

// Whatever the bytes: an answer, and the same one twice.
RC_GTEST_PROP(ConfigProperty, AnyBytesGetAnAnswer, (const std::string& text)) {
  FakeSource source;
  const std::string shown = Show(ParseText(text, source));
  RC_ASSERT(!shown.empty());
  RC_ASSERT(shown == Show(ParseText(text, source)));
}

}  // namespace
}  // namespace dunlin::config
