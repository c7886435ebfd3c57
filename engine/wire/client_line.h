// Control lines of the client protocol: bytes to values, and nothing else. No policy, no state.
//
// Everything here takes exactly what the reference's parser takes: verbs in any case, runs of
// spaces and tabs between arguments, LF or CR LF at the end, and its oddities (an argument may
// start with a line feed; one CR anywhere in the arguments costs their last byte when it is not
// that CR). Views in results point into the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dunlin::wire {

enum class ClientVerb : uint8_t {
  kPub,
  kHpub,
  kSub,
  kUnsub,
  kPing,
  kPong,
  kConnect,
  kInfo,
  kOk,
  kErr,
  kHmsg,  // Read and ignored: the reference lets a client send one.
};

// The verb as traces show it: "PUB".
const char* VerbName(ClientVerb verb);

struct ClientLine {
  ClientVerb verb = ClientVerb::kPing;
  std::string_view args;  // Without the line's end.
  size_t size = 0;        // Bytes of the whole line with its end.
  int reference_state =
      0;  // With kUnknown: how the reference's log numbers the place in its parser.
};

enum class LineStatus : uint8_t {
  kLine,     // A whole line.
  kPartial,  // Right so far: ask again with more bytes.
  kUnknown,  // No verb starts like this: 'Unknown Protocol Operation'. 'size' is where it goes
             // wrong.
  kTooLong,  // Arguments of more than 'args_max' bytes, whole or not.
};

// Reads the line that 'input' starts with. With kPartial 'size' is how many of the input's bytes
// matter: what follows the verb of an unfinished PING, PONG or +OK is ignored and need not be kept.
// REQUIRES: !input.empty().
LineStatus ReadClientLine(std::string_view input, size_t args_max, ClientLine* line);

// PUB and HPUB.
struct PubArgs {
  // A constructor, since gcc clears an aggregate with a slow 'rep stos' on this path.
  PubArgs() : header_size(-1), size(0) {}
  std::string_view subject;
  std::string_view reply;        // Empty: none.
  std::string_view header_text;  // As the publisher wrote the numbers: they are passed on as such.
  std::string_view size_text;
  int32_t header_size;  // -1: PUB.
  int32_t size;         // Header and payload, without the CR LF behind.
};

enum class PubStatus : uint8_t { kOk, kBadCount, kBadHeaderSize, kBadSize, kHeaderBeyondSize };

PubStatus ReadPub(std::string_view args, PubArgs* out);

// The line of most publishers at once: 'PUB subject size' CR LF with capitals, single blanks and no
// reply, all within the first kPlainPubSpan bytes of 'input'. Says what ReadClientLine() and
// ReadPub() would say, at a third of the cost. False: it is not such a line, or 'input' is shorter
// than the span; nothing is known then, and 'out' may have been written to.
inline constexpr size_t kPlainPubSpan = 64;
[[nodiscard]] bool ReadPlainPub(std::string_view input, PubArgs* out, size_t* line_size);
PubStatus ReadHpub(std::string_view args, PubArgs* out);

struct SubArgs {
  std::string_view subject, queue, sid;
};
// False: not two or three arguments.
[[nodiscard]] bool ReadSub(std::string_view args, SubArgs* out);

struct UnsubArgs {
  std::string_view sid;
  int64_t max = -1;  // -1: not given, or not a number.
};
[[nodiscard]] bool ReadUnsub(std::string_view args, UnsubArgs* out);

// A decimal number of one to nine digits; -1 for anything else.
int32_t ReadSize(std::string_view digits);

}  // namespace dunlin::wire
