#include "engine/server/outbox.h"

namespace dunlin {

void Outbox::Clear() {
  constexpr size_t kTextsKept = 1 << 20;  // A monitoring page of 50 MB is not kept for ever.
  effects_.clear();
  texts_.clear();
  if (texts_.capacity() > kTextsKept) texts_.shrink_to_fit();
}

Effect& Outbox::Add(Effect::Kind kind, std::string_view text) {
  Effect& effect = effects_.emplace_back();
  effect.kind = kind;
  effect.text_at = static_cast<uint32_t>(texts_.size());
  effect.text_size = static_cast<uint32_t>(text.size());
  texts_.append(text);
  return effect;
}

void Outbox::Write(ConnId conn) { Add(Effect::Kind::kWrite).conn = conn; }
void Outbox::PauseReads(ConnId conn) { Add(Effect::Kind::kPauseReads).conn = conn; }
void Outbox::ResumeReads(ConnId conn) { Add(Effect::Kind::kResumeReads).conn = conn; }
void Outbox::Close(ConnId conn) { Add(Effect::Kind::kClose).conn = conn; }

void Outbox::Listen(ListenerKind listener, std::string_view host, int64_t port) {
  Effect& effect = Add(Effect::Kind::kListen, host);
  effect.listener = listener;
  effect.port = port;
}

void Outbox::StopListening(ListenerKind listener) {
  Add(Effect::Kind::kStopListening).listener = listener;
}

void Outbox::Log(LogLevel level, std::string_view line) {
  Add(Effect::Kind::kLog, line).level = level;
}
void Outbox::ReopenLog() { Add(Effect::Kind::kReopenLog); }

void Outbox::Compute(Ticket ticket, Computation computation, std::string_view first,
                     std::string_view second) {
  Effect& effect = Add(Effect::Kind::kCompute, first);
  effect.ticket = ticket;
  effect.computation = computation;
  effect.first_size = effect.text_size;
  effect.text_size += static_cast<uint32_t>(second.size());
  texts_.append(second);
}

void Outbox::MonitorReply(const Effect& head, std::string_view body) {
  Effect& effect = Add(Effect::Kind::kMonitorReply, body);
  effect.ticket = head.ticket;
  effect.first = head.first;
  effect.last = head.last;
  effect.status = head.status;
  effect.content_type = head.content_type;
}

void Outbox::Exit(int code) { Add(Effect::Kind::kExit).status = code; }

}  // namespace dunlin
