#include "engine/config/parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/config/lexer.h"
#include "engine/config/path.h"
#include "engine/config/scalar.h"

namespace dunlin::config {
namespace {

// An error, or nothing.
using Outcome = std::optional<Error>;

// What an unquoted bcrypt hash looks like after its first '$'. It is a string, not a variable.
constexpr std::string_view kBcryptPrefix = "2a$";

// An environment value is parsed as the value of this key.
constexpr std::string_view kEnvKey = "pk";

// How large and how deep a value is.
struct Extent {
  size_t bytes = 0;
  int height = 0;  // Maps and arrays in one another; 0 for a scalar.

  void Contain(const Extent& inner) {
    bytes += inner.bytes;
    height = std::max(height, inner.height + 1);
  }
};

Extent Measure(const Value& value) {
  Extent extent{sizeof(Value), 0};
  if (const std::string* text = value.IfString()) extent.bytes += text->size();
  if (const Array* array = value.IfArray()) {
    extent.height = 1;
    for (const Value& element : *array) extent.Contain(Measure(element));
  }
  if (const Map* map = value.IfMap()) {
    extent.height = 1;
    for (const Map::Entry& entry : map->entries()) {
      extent.bytes += sizeof(Map::Entry) + entry.key.size();
      extent.Contain(Measure(entry.value));
    }
  }
  return extent;
}

// What all parsers of one Document share: one runs per file and per environment value.
struct Run {
  Source& source;
  const Limits& limits;
  Document document;
  size_t tree_bytes = 0;
  std::vector<std::string> open_files;      // Being parsed, outermost first.
  std::vector<std::string> open_variables;  // Environment variables being parsed.

  int inclusions() const { return static_cast<int>(open_files.size() + open_variables.size()); }
};

// Where a text comes from.
enum class Origin : uint8_t {
  kFile,
  kEnvironment,  // Or a file that is included from there.
};

class Parser {
 public:
  // For the text of the last of the Document's files, or of a variable: then 'path' is empty.
  // 'nesting': maps and arrays that are open around this text.
  Parser(Run& run, Origin origin, std::string path, int nesting)
      : run_(run),
        origin_(origin),
        path_(std::move(path)),
        nesting_(nesting),
        file_(static_cast<uint32_t>(run.document.files.size()) - 1) {
    open_.emplace_back();
  }

  // The top-level map is then in TakeRoot().
  Outcome Parse(std::string_view text);
  Value TakeRoot() { return std::move(open_.front()); }

 private:
  struct Key {
    std::string name;
    Position where;
  };

  Outcome Take(Token token);
  Outcome Open(Value container);
  Outcome Close(const Token& end);
  Outcome TakeInteger(const Token& token);
  Outcome TakeVariable(const Token& token);
  Outcome TakeInclude(const Token& token);

  // A copy of what '$name' at 'where' stands for at present, charged for; none if nothing.
  Result<std::optional<Value>> LookUp(const std::string& name, Position where);
  Result<std::optional<Value>> LookUpInEnvironment(const std::string& name, Position where);
  // For one more file or environment variable within those that are being parsed.
  Outcome CheckInclusions() const;
  Result<Value> ParseIncluded(const std::string& path);

  // The value goes into the innermost open map or array. In a map it takes the name and the
  // position of the last key. As in the reference, a key whose value never came names a later value
  // instead.
  Outcome Place(Value value);
  Outcome PlaceScalar(const Token& token, Value::Data data);
  Outcome Charge(size_t bytes);
  Outcome TooDeep() const;

  Position PositionOf(const Token& token) const { return {token.line, token.column, file_}; }

  Run& run_;
  const Origin origin_;
  const std::string path_;
  const int nesting_;
  const uint32_t file_;
  std::vector<Value> open_;  // Maps and arrays that are not closed yet, the top level first.
  std::vector<Key> keys_;    // Keys whose value has not come yet.
};

Outcome Parser::Parse(std::string_view text) {
  Lexer lexer(text);
  bool ends_in_key = false;
  for (;;) {
    Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd) {
      if (!ends_in_key) return {};
      return Error{"config is invalid (" + path_ + ':' + std::to_string(token.line) + ':' +
                   std::to_string(token.column) + ')'};
    }
    // A '}' too many reads as a key, and is forgiven.
    ends_in_key = token.kind == TokenKind::kKey && token.text != "}";
    if (Outcome error = Take(std::move(token))) return error;
  }
}

Outcome Parser::Take(Token token) {
  switch (token.kind) {
    case TokenKind::kError:
      return Error{"Parse error on line " + std::to_string(token.line) + ": '" + token.text + "'"};
    case TokenKind::kEnd:
    case TokenKind::kComment: return {};
    case TokenKind::kKey: {
      const Position where = PositionOf(token);
      keys_.push_back({std::move(token.text), where});
      return {};
    }
    case TokenKind::kMapStart: return Open(Value(Map()));
    case TokenKind::kArrayStart: return Open(Value(Array()));
    case TokenKind::kMapEnd:
    case TokenKind::kArrayEnd: return Close(token);
    case TokenKind::kString: return PlaceScalar(token, token.text);
    case TokenKind::kBool: {
      const char first = static_cast<char>(token.text[0] | 0x20);
      const char second = static_cast<char>(token.text[1] | 0x20);
      return PlaceScalar(token, first == 't' || first == 'y' || (first == 'o' && second == 'n'));
    }
    case TokenKind::kInteger: return TakeInteger(token);
    case TokenKind::kFloat: {
      const Result<double> number = ParseFloat(token.text);
      return number.ok() ? PlaceScalar(token, number.value()) : Outcome(number.error());
    }
    case TokenKind::kDateTime: {
      const Result<DateTime> time = ParseDateTime(token.text);
      return time.ok() ? PlaceScalar(token, time.value()) : Outcome(time.error());
    }
    case TokenKind::kVariable: return TakeVariable(token);
    case TokenKind::kInclude: return TakeInclude(token);
  }
  return {};
}

Outcome Parser::Open(Value container) {
  if (nesting_ + static_cast<int>(open_.size()) > run_.limits.nesting_max) return TooDeep();
  open_.push_back(std::move(container));
  return Charge(sizeof(Map::Entry));
}

Outcome Parser::Close(const Token& end) {
  if (open_.size() < 2) return Error{"unexpected end of a map or array"};
  Value closed = std::move(open_.back());
  open_.pop_back();
  closed.set_where(PositionOf(end));
  return Place(std::move(closed));
}

Outcome Parser::TakeInteger(const Token& token) {
  const Result<std::optional<int64_t>> number = ParseInteger(token.text);
  if (!number.ok()) return number.error();
  if (!number.value()) return {};
  return PlaceScalar(token, *number.value());
}

Outcome Parser::PlaceScalar(const Token& token, Value::Data data) {
  if (Outcome error = Charge(sizeof(Map::Entry) + token.text.size())) return error;
  return Place(Value(std::move(data), PositionOf(token)));
}

Outcome Parser::Place(Value value) {
  Value& container = open_.back();
  if (Array* array = container.IfArray()) {
    array->push_back(std::move(value));
    return {};
  }
  if (keys_.empty()) return Error{"unexpected value without a key"};
  Key key = std::move(keys_.back());
  keys_.pop_back();
  if (Outcome error = Charge(key.name.size())) return error;
  value.set_where({key.where.line, key.where.column, value.where().file});
  container.IfMap()->Set(std::move(key.name), std::move(value));
  return {};
}

// --------------------------------------------------------------------------------------- Variables

Outcome Parser::TakeVariable(const Token& token) {
  const auto about = [&] {
    return "variable reference for '" + token.text + "' on line " + std::to_string(token.line);
  };
  Result<std::optional<Value>> found = LookUp(token.text, PositionOf(token));
  if (!found.ok()) return Error{about() + " could not be parsed: " + found.error().text};
  if (!found.value()) return Error{about() + " can not be found"};
  Value value = std::move(*found.value());
  value.set_where(PositionOf(token));
  return Place(std::move(value));
}

Result<std::optional<Value>> Parser::LookUp(const std::string& name, Position where) {
  if (name.starts_with(kBcryptPrefix)) {
    if (Outcome error = Charge(sizeof(Map::Entry) + name.size())) return *error;
    return std::optional(Value('$' + name));
  }
  for (auto scope = open_.rbegin(); scope != open_.rend(); ++scope) {
    Map* const map = scope->IfMap();
    Value* const value = map ? map->Find(name) : nullptr;
    if (!value) continue;
    const Extent extent = Measure(*value);
    if (Outcome error = Charge(extent.bytes)) return *error;
    const int nesting = nesting_ + static_cast<int>(open_.size()) - 1 + extent.height;
    if (nesting > run_.limits.nesting_max) return *TooDeep();
    value->MarkUsedAsVariable();
    return std::optional(value->Referenced());
  }
  return LookUpInEnvironment(name, where);
}

Result<std::optional<Value>> Parser::LookUpInEnvironment(const std::string& name, Position where) {
  std::vector<std::string>& open = run_.open_variables;
  if (std::find(open.begin(), open.end(), name) != open.end()) {
    return Error{"variable reference cycle for '" + name + "'"};
  }
  if (Outcome error = CheckInclusions()) return *error;
  const std::optional<std::string> text = run_.source.Env(name);
  if (!text) return std::optional<Value>();
  open.push_back(name);
  Parser parser(run_, Origin::kEnvironment, "", nesting_ + static_cast<int>(open_.size()) - 1);
  const Outcome error = parser.Parse(std::string(kEnvKey) + '=' + *text);
  open.pop_back();
  if (error) return *error;
  Value root = parser.TakeRoot();
  Value* const value = root.IfMap()->Find(kEnvKey);
  if (!value) return std::optional<Value>();
  // What was written in the environment stands where it is referred to.
  const bool in_map = open_.back().IfMap() && !keys_.empty();
  value->Relocate(in_map ? keys_.back().where : where);
  return std::optional(std::move(*value));
}

// ---------------------------------------------------------------------------------------- Includes

Outcome Parser::TakeInclude(const Token& token) {
  Result<Value> included = ParseIncluded(JoinPath(DirectoryOf(path_), token.text));
  if (!included.ok()) {
    return Error{"error parsing include file '" + token.text + "', " + included.error().text};
  }
  Map& map = *included->IfMap();
  for (size_t i = 0; i < map.size(); ++i) {
    Value& value = map.value_at(i);
    keys_.push_back({map.entries()[i].key, value.where()});
    if (Outcome error = Place(std::move(value))) return error;
  }
  return {};
}

Result<Value> Parser::ParseIncluded(const std::string& path) {
  std::vector<std::string>& open = run_.open_files;
  if (std::find(open.begin(), open.end(), path) != open.end()) {
    return Error{"include cycle for '" + path + "'"};
  }
  if (Outcome error = CheckInclusions()) return *error;
  if (run_.document.files.size() >= run_.limits.files_max) {
    return Error{"more than " + std::to_string(run_.limits.files_max) + " files"};
  }
  const Result<std::string> text = run_.source.ReadFile(path);
  if (!text.ok()) {
    const char* const prefix = origin_ == Origin::kEnvironment ? "error opening config file: " : "";
    return Error{prefix + text.error().text};
  }
  open.push_back(path);
  run_.document.files.push_back(path);
  Parser parser(run_, origin_, path, nesting_ + static_cast<int>(open_.size()) - 1);
  const Outcome error = parser.Parse(text.value());
  open.pop_back();
  if (error) return *error;
  return parser.TakeRoot();
}

// ------------------------------------------------------------------------------------------ Limits

Outcome Parser::Charge(size_t bytes) {
  const size_t max = run_.limits.tree_bytes_max;
  if (bytes > max - run_.tree_bytes) {
    return Error{"configuration takes more than " + std::to_string(max) + " bytes of memory"};
  }
  run_.tree_bytes += bytes;
  return {};
}

Outcome Parser::CheckInclusions() const {
  const int max = run_.limits.inclusion_max;
  if (run_.inclusions() < max) return {};
  return Error{"more than " + std::to_string(max) +
               " files and environment variables refer to one another"};
}

Outcome Parser::TooDeep() const {
  return Error{"maps and arrays are nested more than " + std::to_string(run_.limits.nesting_max) +
               " deep"};
}

Result<Document> ParseMain(const std::string& path, std::string_view text, Source& source,
                           const Limits& limits) {
  Run run{source, limits, {}, 0, {}, {}};
  run.document.files.push_back(path);
  if (!path.empty()) run.open_files.push_back(CleanPath(path));
  Parser parser(run, Origin::kFile, path, 0);
  if (Outcome error = parser.Parse(text)) return *error;
  run.document.root = parser.TakeRoot();
  return std::move(run.document);
}

}  // namespace

Result<Document> ParseFile(const std::string& path, Source& source, const Limits& limits) {
  const Result<std::string> text = source.ReadFile(path);
  if (!text.ok()) return text.error();
  return ParseMain(path, text.value(), source, limits);
}

Result<Document> ParseText(std::string_view text, Source& source, const Limits& limits) {
  return ParseMain("", text, source, limits);
}

}  // namespace dunlin::config
