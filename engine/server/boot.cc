// From the first step to 'Server is ready': what is said in the log, and the listeners in their
// order.
#include <algorithm>

#include "engine/base/address.h"
#include "engine/base/quote.h"
#include "engine/base/version.h"
#include "engine/config/host_port.h"
#include "engine/config/password.h"
#include "engine/server/server_id.h"
#include "engine/server/server_impl.h"
#include "engine/wire/info.h"

namespace dunlin {
namespace {

constexpr int32_t kMaxPayloadAdvised = 8 * 1024 * 1024;

}  // namespace

void Server::Impl::Start() {
  state_ = State::kStarting;
  started_ = now_.mono;
  started_wall_ = now_.wall;
  wire::Info& info = hub_->info();
  Rng ids = rng_.Fork("server id");
  info.server_id = NewServerId(&ids);
  info.server_name = options_.server_name.empty() ? info.server_id : options_.server_name;
  info.host = options_.host;
  info.port = config::SaturateToInt(options_.port);

  Log(LogLevel::kInfo, "Starting dunlin");
  Log(LogLevel::kInfo, std::string("  Version:  ") + kReferenceVersion);
  Log(LogLevel::kInfo, "  Git:      [not set]");
  Log(LogLevel::kDebug, std::string("  Build:    ") + wire::kProgramVersion);
  Log(LogLevel::kInfo, "  Name:     " + info.server_name);
  Log(LogLevel::kInfo, "  ID:       " + info.server_id);
  if (!options_.password.empty() && !config::LooksLikeBcrypt(options_.password)) {
    Log(LogLevel::kWarn, "Plaintext passwords detected, use nkeys or bcrypt");
  }
  if (!options_.config_file.empty()) {
    Log(LogLevel::kInfo,
        "Using configuration file: " + options_.config_file +
            (options_.config_digest.empty() ? "" : " (" + options_.config_digest + ")"));
  }
  if (options_.max_payload > kMaxPayloadAdvised) {
    Log(LogLevel::kWarn,
        "Maximum payloads over 8.00 MB are generally discouraged and could lead to poor "
        "performance");
  }
  if (options_.http_port != 0) {
    const std::string& host = options_.http_host.empty() ? options_.host : options_.http_host;
    out_->Listen(ListenerKind::kMonitor, host, options_.http_port);
  } else {
    ListenNext();
  }
}

// The client listener is the last: who can connect finds everything in place.
void Server::Impl::ListenNext() {
  if (options_.dont_listen) return BecomeReady();
  out_->Listen(ListenerKind::kClient, options_.host, options_.port);
}

void Server::Impl::OnListening(const Event& event) {
  if (event.listener == ListenerKind::kMonitor) {
    monitor_port_ = event.port;
    Log(LogLevel::kInfo, "Starting http monitor on " + JoinHostPort(event.text, event.port));
    return ListenNext();
  }
  client_listener_up_ = true;
  hub_->info().port = event.port;
  Log(LogLevel::kInfo,
      "Listening for client connections on " + JoinHostPort(options_.host, event.port));
  if (!options_.client_advertise.empty() && !Advertise(event.port)) return;
  BecomeReady();
}

// INFO names what clients are to connect to. False: 'client_advertise' makes no sense, and we are
// done.
bool Server::Impl::Advertise(int port) {
  const Result<config::Advertised> advertised =
      config::ParseAdvertised(options_.client_advertise, port);
  if (!advertised.ok()) {
    Log(LogLevel::kFatal, "Error setting server INFO with ClientAdvertise value of " +
                              options_.client_advertise + ", err=" + advertised.error().text);
    state_ = State::kExited;
    out_->Exit(1);
    return false;
  }
  hub_->info().host = advertised->host;
  hub_->info().port = advertised->port;
  return true;
}

void Server::Impl::BecomeReady() {
  state_ = State::kRunning;
  Log(LogLevel::kInfo, "Server is ready");
}

void Server::Impl::OnListenFailed(const Event& event) {
  if (event.listener == ListenerKind::kMonitor) {
    Log(LogLevel::kFatal,
        "Can't start monitoring: can't listen to the monitor port: " + std::string(event.text));
  } else {
    Log(LogLevel::kFatal, "Error listening on port: " +
                              JoinHostPort(options_.host, options_.port == -1 ? 0 : options_.port) +
                              ", " + GoQuote(event.text));
  }
  state_ = State::kExited;
  out_->Exit(1);
}

}  // namespace dunlin
