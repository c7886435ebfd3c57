#include "sim/scenario/frame.h"

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

}  // namespace dunlin::scenario
