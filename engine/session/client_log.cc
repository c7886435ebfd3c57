// What ClientHub says in the log: lines with the connection's label in front, and protocol traces.
#include "engine/base/address.h"
#include "engine/base/quote.h"
#include "engine/session/client_hub.h"

namespace dunlin::session {

std::string Client::Label() const {
  return JoinHostPort(ip, port) + " - cid:" + std::to_string(cid) + label_tail;
}

void ClientHub::Log(LogLevel level, const Client& client, std::string_view text) {
  if (level == LogLevel::kDebug && !debug()) return;
  std::string line = client.Label();
  line.append(" - ").append(text);
  out_->Log(level, line);
}

// For lines that a peer can provoke as often as it likes.
void ClientHub::LogOncePerSecond(LogLevel level, const Client& client, std::string_view text) {
  constexpr size_t kLoggedMax = 1'000;
  while (!logged_.empty() &&
         (now_.mono - logged_.front().at >= Seconds(1) || logged_.size() > kLoggedMax)) {
    logged_.pop_front();
  }
  for (const Logged& logged : logged_) {
    if (logged.text == text) return;
  }
  logged_.push_back({std::string(text), now_.mono});
  Log(level, client, text);
}

void ClientHub::TraceIn(const Client& client, std::string_view verb, std::string_view args) {
  std::string line = client.Label() + " - <<- [";
  line.append(verb);
  if (!args.empty()) line.append(" ").append(args);
  out_->Log(LogLevel::kTrace, line + "]");
}

void ClientHub::TraceOut(const Client& client, std::string_view verb, std::string_view args) {
  std::string line = client.Label() + " - ->> [";
  line.append(verb);
  if (!args.empty()) line.append(" ").append(args);
  out_->Log(LogLevel::kTrace, line + "]");
}

void ClientHub::TracePayload(const Client& client, const char* direction, const uint8_t* body,
                             int32_t size, int32_t header_size) {
  if (options_.trace_headers) {
    // The header block without the empty line that ends it; nothing for a message without one.
    if (header_size <= 0) return;
    size = header_size - 4;
  }
  if (size <= 0) return;
  const std::string_view payload(reinterpret_cast<const char*>(body), static_cast<size_t>(size));
  std::string line = client.Label() + " - " + direction + " MSG_PAYLOAD: [";
  const auto max = static_cast<size_t>(options_.max_traced_msg_len);
  if (max > 0 && payload.size() > max) {
    const std::string start = GoQuote(payload.substr(0, max));
    line += start.substr(0, start.size() - 1) + "...\"";
  } else {
    line += GoQuote(payload);
  }
  out_->Log(LogLevel::kTrace, line + "]");
}

}  // namespace dunlin::session
