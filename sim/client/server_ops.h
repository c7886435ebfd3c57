// What a server sends, read strictly: the simulator's own reader of the client protocol.
//
// Written from the protocol's description and sharing nothing with engine/wire on purpose, so that
// a mistake there is not repeated here. Accepts exactly what the reference sends, to the byte:
// upper-case verbs, single spaces, CRLF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::sim {

struct ServerOp {
  enum class Kind : uint8_t { kInfo, kMsg, kPing, kPong, kOk, kErr };
  Kind kind = Kind::kOk;
  std::string_view text;     // kInfo: the JSON. kErr: the words between the quotes.
  std::string_view subject;  // kMsg, as all below.
  std::string_view sid;
  std::string_view reply;    // Empty: none.
  std::string_view headers;  // The whole header block; empty for MSG.
  std::string_view payload;
  bool has_headers = false;  // HMSG.
};

// The result of looking at the front of a stream.
struct ServerOpRead {
  enum class Status : uint8_t { kOp, kNeedMore, kMalformed };
  Status status = Status::kNeedMore;
  size_t size = 0;      // kOp: how many bytes it took.
  ServerOp op;          // kOp: views into the stream.
  std::string problem;  // kMalformed.
};

// Reads one operation from the front of 'stream'.
[[nodiscard]] ServerOpRead ReadServerOp(std::string_view stream);

// The value of a top-level key of a JSON object, as it is written there; strings without their
// quotes. Good enough for INFO and for counters on monitoring pages.
[[nodiscard]] std::optional<std::string_view> JsonField(std::string_view json,
                                                        std::string_view key);
[[nodiscard]] std::optional<int64_t> JsonInt(std::string_view json, std::string_view key);

// Whether 'json' is one well-formed JSON value.
[[nodiscard]] bool IsWellFormedJson(std::string_view json);

}  // namespace dunlin::sim
