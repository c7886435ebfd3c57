#include "sim/client/server_ops.h"

#include <algorithm>
#include <array>

namespace dunlin::sim {
namespace {

using Status = ServerOpRead::Status;

// Longer than any control line that a server sends, INFO included.
constexpr size_t kLineBytesMax = 32 * 1024;
constexpr std::string_view kEnd = "\r\n";

ServerOpRead Malformed(std::string problem) {
  ServerOpRead read;
  read.status = Status::kMalformed;
  read.problem = std::move(problem);
  return read;
}

ServerOpRead Found(ServerOp::Kind kind, size_t size) {
  ServerOpRead read;
  read.status = Status::kOp;
  read.op.kind = kind;
  read.size = size;
  return read;
}

std::optional<size_t> Number(std::string_view digits) {
  if (digits.empty() || digits.size() > 10) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  size_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<size_t>(c - '0');
  }
  return value;
}

// Splits at single spaces; nothing if there are more than 'fields' or an empty one.
template <size_t N>
std::optional<size_t> Split(std::string_view line, std::array<std::string_view, N>* fields) {
  size_t count = 0;
  while (true) {
    const size_t space = line.find(' ');
    const std::string_view field = line.substr(0, space);
    if (field.empty() || count == N) return std::nullopt;
    (*fields)[count++] = field;
    if (space == std::string_view::npos) return count;
    line.remove_prefix(space + 1);
  }
}

// MSG subject sid [reply] size, HMSG subject sid [reply] header-size size; 'line' is what follows
// the verb.
ServerOpRead ReadMsg(std::string_view stream, std::string_view line, size_t line_end,
                     bool has_headers) {
  std::array<std::string_view, 5> fields;
  const std::optional<size_t> count = Split(line, &fields);
  const size_t plain = has_headers ? 4 : 3;  // Fields without a reply.
  if (!count.has_value() || (*count != plain && *count != plain + 1)) {
    return Malformed("arguments of a message: '" + std::string(line) + "'");
  }
  const std::optional<size_t> total = Number(fields[*count - 1]);
  const std::optional<size_t> header = has_headers ? Number(fields[*count - 2]) : size_t{0};
  if (!total.has_value() || !header.has_value() || *header > *total) {
    return Malformed("sizes of a message: '" + std::string(line) + "'");
  }
  const size_t body = line_end + kEnd.size();
  if (stream.size() < body + *total + kEnd.size()) return {};
  if (stream.substr(body + *total, kEnd.size()) != kEnd) {
    return Malformed("no CRLF behind the payload of '" + std::string(line) + "'");
  }
  ServerOpRead read = Found(ServerOp::Kind::kMsg, body + *total + kEnd.size());
  read.op.subject = fields[0];
  read.op.sid = fields[1];
  if (*count == plain + 1) read.op.reply = fields[2];
  read.op.headers = stream.substr(body, *header);
  read.op.payload = stream.substr(body + *header, *total - *header);
  read.op.has_headers = has_headers;
  return read;
}

ServerOpRead ReadErr(std::string_view line, size_t size) {
  // The reference quotes every error; nothing else follows.
  if (line.size() < 2 || line.front() != '\'' || line.back() != '\'') {
    return Malformed("-ERR without quotes: '" + std::string(line) + "'");
  }
  ServerOpRead read = Found(ServerOp::Kind::kErr, size);
  read.op.text = line.substr(1, line.size() - 2);
  return read;
}

// A JSON reader that only says where a value ends.
class JsonSkipper {
 public:
  explicit JsonSkipper(std::string_view json) : json_(json) {}

  // Skips one value at 'at'; npos if there is none.
  size_t Value(size_t at, int depth = 0) {
    at = Space(at);
    if (at >= json_.size() || depth > 64) return npos;
    switch (json_[at]) {
      case '{': return Container(at, '}', true, depth);
      case '[': return Container(at, ']', false, depth);
      case '"': return String(at);
      default: return Scalar(at);
    }
  }
  size_t Space(size_t at) const {
    while (at < json_.size() && std::string_view(" \t\r\n").find(json_[at]) != npos) ++at;
    return at;
  }
  size_t String(size_t at) const {
    if (at >= json_.size() || json_[at] != '"') return npos;
    for (++at; at < json_.size(); ++at) {
      if (json_[at] == '\\') {
        ++at;
      } else if (json_[at] == '"') {
        return at + 1;
      } else if (static_cast<uint8_t>(json_[at]) < 0x20) {
        return npos;
      }
    }
    return npos;
  }

 private:
  static constexpr size_t npos = std::string_view::npos;

  size_t Container(size_t at, char close, bool has_keys, int depth) {
    at = Space(at + 1);
    if (at < json_.size() && json_[at] == close) return at + 1;
    while (true) {
      if (has_keys) {
        at = String(Space(at));
        if (at == npos) return npos;
        at = Space(at);
        if (at >= json_.size() || json_[at] != ':') return npos;
        ++at;
      }
      at = Value(at, depth + 1);
      if (at == npos) return npos;
      at = Space(at);
      if (at >= json_.size()) return npos;
      if (json_[at] == close) return at + 1;
      if (json_[at] != ',') return npos;
      ++at;
    }
  }
  size_t Scalar(size_t at) const {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (json_.substr(at, word.size()) == word) return at + word.size();
    }
    const size_t start = at;
    while (at < json_.size() && std::string_view("0123456789+-.eE").find(json_[at]) != npos) ++at;
    return at == start ? npos : at;
  }

  const std::string_view json_;
};

}  // namespace

ServerOpRead ReadServerOp(std::string_view stream) {
  const size_t line_end = stream.find(kEnd);
  if (line_end == std::string_view::npos) {
    if (stream.size() > kLineBytesMax) return Malformed("a control line without end");
    return {};
  }
  if (line_end > kLineBytesMax) return Malformed("a control line of " + std::to_string(line_end));
  const std::string_view line = stream.substr(0, line_end);
  const size_t size = line_end + kEnd.size();
  if (line == "PING") return Found(ServerOp::Kind::kPing, size);
  if (line == "PONG") return Found(ServerOp::Kind::kPong, size);
  if (line == "+OK") return Found(ServerOp::Kind::kOk, size);
  if (line.starts_with("MSG ")) return ReadMsg(stream, line.substr(4), line_end, false);
  if (line.starts_with("HMSG ")) return ReadMsg(stream, line.substr(5), line_end, true);
  if (line.starts_with("-ERR ")) return ReadErr(line.substr(5), size);
  if (line.starts_with("INFO ")) {
    // The reference puts a space behind the JSON of INFO.
    std::string_view json = line.substr(5);
    if (json.ends_with(' ')) json.remove_suffix(1);
    if (!json.starts_with('{') || !IsWellFormedJson(json)) {
      return Malformed("INFO without a JSON object: '" + std::string(json) + "'");
    }
    ServerOpRead read = Found(ServerOp::Kind::kInfo, size);
    read.op.text = json;
    return read;
  }
  return Malformed("not an operation: '" + std::string(line.substr(0, 80)) + "'");
}

std::optional<std::string_view> JsonField(std::string_view json, std::string_view key) {
  JsonSkipper skipper(json);
  size_t at = skipper.Space(0);
  if (at >= json.size() || json[at] != '{') return std::nullopt;
  ++at;
  while (true) {
    const size_t name = skipper.Space(at);
    const size_t name_end = skipper.String(name);
    if (name_end == std::string_view::npos) return std::nullopt;
    const size_t value = skipper.Space(skipper.Space(name_end) + 1);
    const size_t value_end = skipper.Value(value);
    if (value_end == std::string_view::npos) return std::nullopt;
    if (json.substr(name + 1, name_end - name - 2) == key) {
      std::string_view found = json.substr(value, value_end - value);
      if (found.size() >= 2 && found.front() == '"') found = found.substr(1, found.size() - 2);
      return found;
    }
    at = skipper.Space(value_end);
    if (at >= json.size() || json[at] != ',') return std::nullopt;
    ++at;
  }
}

std::optional<int64_t> JsonInt(std::string_view json, std::string_view key) {
  const std::optional<std::string_view> field = JsonField(json, key);
  if (!field.has_value()) return std::nullopt;
  std::string_view digits = *field;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

bool IsWellFormedJson(std::string_view json) {
  JsonSkipper skipper(json);
  const size_t end = skipper.Value(0);
  return end != std::string_view::npos && skipper.Space(end) == json.size();
}

}  // namespace dunlin::sim
