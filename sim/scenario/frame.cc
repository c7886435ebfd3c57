#include "sim/scenario/frame.h"

#include <algorithm>
#include <charconv>

namespace dunlin::scenario {
namespace {

// The size at the end of a MSG or HMSG line; nothing for other lines.
std::optional<size_t> PayloadSize(std::string_view line) {
  if (!line.starts_with("MSG ") && !line.starts_with("HMSG ")) return std::nullopt;
  const std::string_view last = line.substr(line.rfind(' ') + 1);
  size_t size = 0;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), size);
  if (error != std::errc() || end != last.data() + last.size()) return std::nullopt;
  return size;
}

std::optional<Frame> LeftOver(std::string_view bytes, Framing framing, Stream stream) {
  if (stream == Stream::kOpen || bytes.empty()) return std::nullopt;
  return Frame{std::string(bytes), bytes.size(), framing == Framing::kNats};
}

std::optional<Frame> NextLine(std::string_view bytes, Stream stream) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return LeftOver(bytes, Framing::kLines, stream);
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return Frame{std::string(line), end + 1};
}

}  // namespace

std::optional<Frame> NextFrame(std::string_view bytes, Framing framing, Stream stream) {
  if (framing == Framing::kLines) return NextLine(bytes, stream);
  const size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return LeftOver(bytes, framing, stream);
  const auto payload = PayloadSize(bytes.substr(0, end));
  if (!payload) return Frame{std::string(bytes.substr(0, end)), end + 2};
  const size_t size = end + 2 + *payload + 2;
  if (bytes.size() < size) return LeftOver(bytes, framing, stream);
  return Frame{std::string(bytes.substr(0, size - 2)), size, bytes.substr(size - 2, 2) != "\r\n"};
}

void PingCounter::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t skipped = std::min(payload_left_, bytes.size());
    payload_left_ -= skipped;
    bytes.remove_prefix(skipped);
    const size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    TakeLine();
    line_.clear();
  }
}

void PingCounter::TakeLine() {
  const size_t last = line_.find_last_not_of(" \t\r");
  line_.resize(last == std::string::npos ? 0 : last + 1);
  std::string verb = line_.substr(0, line_.find_first_of(" \t"));
  for (char& c : verb) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (verb == "PING") pings_++;
  if (verb != "PUB" && verb != "HPUB") return;
  const char* size = line_.data() + line_.find_last_of(" \t") + 1;
  if (std::from_chars(size, line_.data() + line_.size(), payload_left_).ec != std::errc()) return;
  payload_left_ += 2;
}

}  // namespace dunlin::scenario
