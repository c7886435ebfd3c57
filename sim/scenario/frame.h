// Cuts what a client receives into the things that a scenario expects one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::scenario {

enum class Framing : uint8_t {
  kNats,   // Control lines; MSG and HMSG together with their payload.
  kLines,  // Lines, ended by LF or CR LF: HTTP by hand.
};

struct Frame {
  std::string text;        // Without the CR LF at its end; line and payload are apart by CR LF.
  size_t size = 0;         // Bytes that it took.
  bool malformed = false;  // A payload that is not ended by CR LF.
};

// The first whole thing in 'bytes', or nothing if more is needed. With 'ended', what is left over
// at the end of the stream counts as a thing, malformed in NATS framing.
enum class Stream : uint8_t { kOpen, kEnded };
[[nodiscard]] std::optional<Frame> NextFrame(std::string_view bytes, Framing framing,
                                             Stream stream);

// Counts the PINGs in what a client sends, in any pieces; those inside of payloads are none.
class PingCounter {
 public:
  void Add(std::string_view bytes);
  int64_t pings() const { return pings_; }

 private:
  void TakeLine();

  std::string line_;         // That has not ended yet.
  size_t payload_left_ = 0;  // With its CR LF.
  int64_t pings_ = 0;
};

}  // namespace dunlin::scenario
