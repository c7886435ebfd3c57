#include "engine/server/server.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/server/server_impl.h"

namespace dunlin {

Server::Impl::Impl(config::Options options, Boot boot)
    : options_(std::move(options)),
      boot_(boot),
      rng_(boot.seed),
      monitor_({.base_path = options_.http_base_path}) {}

void Server::Impl::Step(Now now, std::span<const Event> batch, Outbox* out) {
  if (state_ == State::kExited) return;
  CHECK(now.mono >= now_.mono || state_ == State::kNew);
  now_ = now;
  out_ = out;
  if (hub_ == nullptr)
    hub_ = std::make_unique<session::ClientHub>(options_, rng_.Fork("clients"), now.mono);
  hub_->Begin(now, out);
  if (state_ == State::kNew) Start();

  // First what was written: then nothing that is still borrowed from the driver's memory may stay
  // so.
  size_t i = 0;
  for (; i < batch.size() && batch[i].kind == Event::Kind::kWritten; ++i) Handle(batch[i]);
  hub_->Settle();
  if (hub_->HasWork()) hub_->Continue();
  for (; i < batch.size() && state_ != State::kExited; ++i) Handle(batch[i]);
  if (state_ != State::kExited) {
    hub_->FireTimers();
    if (duck_deadline_ <= now.mono) OnLameDuckDeadline();
  }
  if (state_ != State::kExited && monitor_.HasWork()) DoMonitorWork();
  hub_->End();
  out_ = nullptr;
}

void Server::Impl::Handle(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kTick: return;
    case Event::Kind::kListening: return OnListening(event);
    case Event::Kind::kListenFailed: return OnListenFailed(event);
    case Event::Kind::kOpened: return hub_->Opened(event.conn, event.text, event.port);
    case Event::Kind::kBytes: return hub_->Bytes(event);
    case Event::Kind::kWritten: return hub_->Written(event.conn, event.size, event.blocked);
    case Event::Kind::kEnded: return hub_->Ended(event.conn);
    case Event::Kind::kClosed: return hub_->Closed(event.conn, event.end, event.text);
    case Event::Kind::kCommand: return HandleCommand(event);
    case Event::Kind::kComputed: return hub_->Computed(event.ticket, event.yes);
    case Event::Kind::kMonitorRequest:
      if (event.usage != nullptr) usage_ = *event.usage;
      return monitor_.OnRequest(event.ticket, event.text);
    case Event::Kind::kMonitorGone: return monitor_.OnGone(event.ticket);
  }
}

void Server::Impl::HandleCommand(const Event& event) {
  if (!event.text.empty()) {
    Log(LogLevel::kInfo, "Trapped \"" + std::string(event.text) + "\" signal");
  }
  switch (event.command) {
    case Command::kStop:
      if (state_ != State::kLameDuck || event.text != "terminated") Shutdown();
      return;
    case Command::kReopenLog: return out_->ReopenLog();
    case Command::kLameDuck: return StartLameDuck();
    case Command::kReload:
      return Log(LogLevel::kError,
                 "Failed to reload server configuration: not supported by this version yet");
  }
}

Instant Server::Impl::NextDeadline() const {
  if (state_ == State::kExited) return kNever;
  if (hub_ == nullptr) return now_.mono;
  if (hub_->HasWork() || monitor_.HasWork()) return now_.mono;
  return std::max(now_.mono, std::min(hub_->NextDeadline(), duck_deadline_));
}

void Server::Impl::DoMonitorWork() {
  monitor_.Work(*this, &monitor_output_);
  for (const monitor::ReplyPart& part : monitor_output_.replies) {
    Effect head;
    head.kind = Effect::Kind::kMonitorReply;
    head.ticket = part.ticket;
    head.first = part.first;
    head.last = part.last;
    head.status = part.status;
    head.content_type = part.content_type;
    out_->MonitorReply(head, part.text);
  }
  for (const std::string& line : monitor_output_.warnings) Log(LogLevel::kWarn, line);
  monitor_output_.Clear();
}

// --- The public face

Server::Server(config::Options options, Boot boot)
    : impl_(std::make_unique<Impl>(std::move(options), boot)) {}
Server::~Server() = default;

void Server::Step(Now now, std::span<const Event> batch, Outbox& out) {
  impl_->Step(now, batch, &out);
}
Instant Server::NextDeadline() const { return impl_->NextDeadline(); }
size_t Server::Headroom(ConnId conn) const { return impl_->hub().Headroom(conn); }
size_t Server::GatherOutput(ConnId conn, std::span<IoSlice> slices) const {
  return impl_->hub().GatherOutput(conn, slices);
}
const config::Options& Server::options() const { return impl_->options(); }
void Server::CheckInvariants() const { impl_->hub().CheckInvariants(); }
std::string Server::Describe() const { return impl_->hub().Describe(); }

}  // namespace dunlin
