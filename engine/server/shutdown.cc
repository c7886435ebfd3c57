// The end of a server: at once, or in lame duck mode. ADR-5.
#include <algorithm>

#include "engine/server/server_impl.h"

namespace dunlin {

void Server::Impl::Shutdown() {
  if (state_ == State::kExited) return;
  Log(LogLevel::kInfo, "Initiating Shutdown...");
  if (client_listener_up_) out_->StopListening(ListenerKind::kClient);
  if (monitor_port_ != 0) out_->StopListening(ListenerKind::kMonitor);
  hub_->CloseAll(session::CloseReason::kServerShutdown);
  Log(LogLevel::kInfo, "Server Exiting..");
  state_ = State::kExited;
  out_->Exit(0);
}

void Server::Impl::StartLameDuck() {
  if (state_ != State::kRunning || !client_listener_up_) return;
  Log(LogLevel::kInfo, "Entering lame duck mode, stop accepting new clients");
  state_ = State::kLameDuck;
  client_listener_up_ = false;
  out_->StopListening(ListenerKind::kClient);
  const std::vector<session::Client*> clients = hub_->OpenClients();
  if (clients.empty()) return Shutdown();

  for (const session::Client* client : clients) ducks_.push_back(client->conn);
  Duration span = options_.lame_duck_duration - options_.lame_duck_grace_period;
  if (span <= Duration{}) span = Seconds(1);
  // Spread over the time there is, but never more than a second apart; with more clients than
  // nanoseconds, several at a time.
  const auto count = static_cast<int64_t>(clients.size());
  duck_interval_ = span / count;
  if (duck_interval_ < Nanos(1)) {
    duck_interval_ = Nanos(1);
    ducks_per_turn_ = static_cast<int>(std::max<int64_t>(count / span.ns, 1));
  }
  duck_interval_ = std::min(duck_interval_, Seconds(1));

  hub_->info().lame_duck = true;
  hub_->SendInfoToAll();
  hub_->info().lame_duck = false;
  duck_deadline_ = now_.mono + options_.lame_duck_grace_period;
}

void Server::Impl::OnLameDuckDeadline() {
  if (ducks_done_ == 0) Log(LogLevel::kInfo, "Closing existing clients");
  for (int i = 0; i < ducks_per_turn_ && ducks_done_ < ducks_.size(); ++i) {
    hub_->CloseById(ducks_[ducks_done_++], session::CloseReason::kServerShutdown);
  }
  if (ducks_done_ == ducks_.size()) return Shutdown();
  // A random interval, so that several servers do not send their clients around in step.
  const int64_t half = duck_interval_.ns / 2;
  const int64_t wait =
      std::max(half, static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(duck_interval_.ns))));
  duck_deadline_ = now_.mono + Duration{std::max<int64_t>(wait, 1)};
}

}  // namespace dunlin
