#include "host/event_loop.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "engine/base/address.h"
#include "engine/monitor/monitor.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

// Keys of descriptors that are not connections: generation 0 and these slots.
constexpr uint32_t kSignalSlot = 0;
constexpr uint32_t kComputeSlot = 1;
constexpr uint32_t kListenerSlot = 2;  // And one more for each further kind.

uint64_t KeyOf(ConnId id) { return uint64_t{id.generation} << 32 | id.slot; }
ConnId IdOf(uint64_t key) { return {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}; }

int64_t ReadClock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::string_view NameOf(ListenerKind kind) {
  return kind == ListenerKind::kClient ? "Client" : "Monitor";
}

}  // namespace

Now ReadClocks() { return {{ReadClock(CLOCK_MONOTONIC)}, {ReadClock(CLOCK_REALTIME)}}; }

EventLoop::EventLoop(Server& server, LogSink& log, Signals& signals, Options options)
    : server_(server),
      log_(log),
      signals_(signals),
      options_(options),
      monitor_({.base_path = server.options().http_base_path, .endpoints = monitor::Endpoints()}),
      usage_meter_(ReadClocks().mono),
      arena_(options.arena_bytes) {
  // A read always fits into an empty arena.
  CHECK(options_.arena_bytes >= options_.headroom_max + options_.read_bytes_max);
  CHECK(poller_.Add(signals_.fd(), EPOLLIN, KeyOf({kSignalSlot, 0})));
  CHECK(poller_.Add(compute_.fd(), EPOLLIN, KeyOf({kComputeSlot, 0})));
}

void EventLoop::Boot() {
  const Now now = ReadClocks();
  Add(Event::Kind::kTick, {});
  StepUntilQuiet(now);
  log_.Flush(now.wall);
}

int EventLoop::Run() {
  while (!exit_code_) {
    if (ready_.empty()) Wait();
    const Now now = ReadClocks();
    Collect(now);
    if (now.mono >= server_.NextDeadline()) Add(Event::Kind::kTick, {});
    if (!events_.empty()) StepUntilQuiet(now);
    log_.Flush(now.wall);  // What was said of no event, too.
  }
  return *exit_code_;
}

void EventLoop::Wait() {
  Instant deadline = std::min(server_.NextDeadline(), monitor_.NextDeadline());
  if (accept_again_) deadline = std::min(deadline, descriptor_freed_ ? Instant{} : *accept_again_);
  if (deadline == kNever) {
    ready_ = poller_.Wait(Nanos(-1));
  } else {
    const Instant now{ReadClock(CLOCK_MONOTONIC)};  // The step before may have taken a while.
    ready_ = poller_.Wait(std::max(deadline - now, Nanos(0)));
  }
}

Event& EventLoop::Add(Event::Kind kind, ConnId id) {
  Event& event = events_.emplace_back();
  event.kind = kind;
  event.conn = id;
  return event;
}

// --- Collecting ---

void EventLoop::Collect(Now now) {
  if (accept_again_ && (descriptor_freed_ || now.mono >= *accept_again_)) ResumeAccepting(now);
  while (auto overdue = monitor_.Overdue(now.mono)) {
    Lost(*overdue, *connections_.Find(*overdue), TransportEnd::kClosedByUs, "");
  }
  while (!ready_.empty() && OnReady(ready_.front(), now)) ready_ = ready_.subspan(1);
}

// False: the batch has no room for it.
bool EventLoop::OnReady(const epoll_event& ready, Now now) {
  const ConnId id = IdOf(ready.data.u64);
  if (id.generation != 0) return OnConnection(id, ready.events, now);
  if (id.slot >= kListenerSlot) {
    AcceptFrom(listeners_[id.slot - kListenerSlot], now);
    return true;
  }
  if (id.slot == kComputeSlot) {
    while (const auto answer = compute_.Take()) {
      Event& event = Add(Event::Kind::kComputed, {});
      event.ticket = answer->ticket;
      event.yes = answer->yes;
    }
    return true;
  }
  while (auto taken = signals_.Take()) {
    Event& event = Add(Event::Kind::kCommand, {});
    event.command = taken->command;
    event.text = taken->words;
  }
  return true;
}

bool EventLoop::OnConnection(ConnId id, uint32_t events, Now now) {
  Connection* connection = connections_.Find(id);
  if (connection == nullptr) return true;  // Closed since it was reported.
  if (connection->kind == ListenerKind::kMonitor) {
    OnMonitorReady(id, *connection, events, now);
    return true;
  }
  const bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  const bool reads = !connection->paused && (gone || (events & EPOLLIN) != 0);
  const size_t room =
      std::min(server_.Headroom(id), options_.headroom_max) + options_.read_bytes_max;
  if (reads && !arena_.Fits(room)) return false;

  if (connection->blocked && (events & EPOLLOUT) != 0) {
    connection->blocked = false;
    WriteTo(id, *connection);
    if (!connection->fd.valid()) return true;
  }
  if (reads) {
    ReadFrom(id, *connection);
  } else if (gone) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    const auto end = error == 0 ? TransportEnd::kPeerClosed : TransportEnd::kReadError;
    Lost(id, *connection, end,
         error == 0 ? "" : texts_.Keep(ConnectionError(connection->fd.get(), "read", error)));
    return true;
  }
  if (connection->fd.valid()) Watch(id, *connection);
  return true;
}

void EventLoop::ReadFrom(ConnId id, Connection& connection) {
  const size_t headroom = std::min(server_.Headroom(id), options_.headroom_max);
  uint8_t* data = arena_.next() + headroom;
  const ssize_t got = ::recv(connection.fd.get(), data, options_.read_bytes_max, 0);
  if (got > 0) {
    Event& event = Add(Event::Kind::kBytes, id);
    event.data = data;
    event.size = static_cast<size_t>(got);
    event.headroom = headroom;
    arena_.Take(headroom + event.size);
  } else if (got == 0) {
    connection.paused = true;  // For good: the engine resumes nobody who has ended.
    Add(Event::Kind::kEnded, id);
  } else if (errno != EAGAIN && errno != EINTR) {
    const int error = errno;
    Lost(id, connection, TransportEnd::kReadError,
         texts_.Keep(ConnectionError(connection.fd.get(), "read", error)));
  }
}

void EventLoop::AcceptFrom(Listener& listener, Now now) {
  char buffer[kAddressMax];
  for (int i = 0; i < options_.accepts_max && listener.open(); ++i) {
    UniqueFd fd;
    Peer peer;
    int error = 0;
    switch (listener.Accept(fd, peer, buffer, error)) {
      case Listener::Accepted::kNone:
        if (exhaustion_logged_)
          log_.Write(now.wall, LogLevel::kInfo, "Accepting connections again");
        exhaustion_logged_ = false;
        return;
      case Listener::Accepted::kExhausted: return OnAcceptFailure(listener, error, now);
      case Listener::Accepted::kConnection: break;
    }
    const int raw = fd.get();
    const ConnId id = connections_.Open(std::move(fd), listener.kind());
    Connection& connection = *connections_.Find(id);
    connection.armed = EPOLLIN;
    if (!poller_.Add(raw, EPOLLIN, KeyOf(id))) {
      // No memory for another, or the user's limit of watches (fs.epoll.max_user_watches).
      const int add_error = errno;
      connections_.Close(id);
      return OnAcceptFailure(listener, add_error, now);
    }
    if (listener.kind() == ListenerKind::kMonitor) {
      if (monitor_.Open(id, now.mono) == nullptr) connections_.Close(id);
      continue;
    }
    Event& event = Add(Event::Kind::kOpened, id);
    event.listener = listener.kind();
    event.text = texts_.Keep(peer.address);
    event.port = peer.port;
  }
}

// Waiting connections stay in the system's queue until a descriptor is closed.
void EventLoop::OnAcceptFailure(Listener& listener, int error, Now now) {
  WatchListeners(0);
  accept_again_ = now.mono + kAcceptRetry;
  descriptor_freed_ = false;
  if (exhaustion_logged_) return;
  exhaustion_logged_ = true;
  log_.Write(now.wall, LogLevel::kError,
             "Temporary " + std::string(NameOf(listener.kind())) + " Accept Error(accept tcp " +
                 JoinHostPort(listener.address(), listener.port()) + ": accept4: " +
                 std::string(ErrorWords(error)) + "), accepting again when connections close");
}

void EventLoop::ResumeAccepting(Now) {
  accept_again_.reset();
  WatchListeners(EPOLLIN);
}

void EventLoop::WatchListeners(uint32_t events) {
  for (const Listener& listener : listeners_) {
    if (!listener.open()) continue;
    poller_.Change(listener.fd(), events,
                   KeyOf({kListenerSlot + static_cast<uint32_t>(listener.kind()), 0}));
  }
}

// --- Carrying out ---

void EventLoop::StepUntilQuiet(Now now) {
  server_.Step(now, events_, outbox_);
  while (!outbox_.empty()) {
    events_.clear();
    for (const Effect& effect : outbox_.effects()) {
      CarryOut(effect, now);
      if (exit_code_) break;
    }
    outbox_.Clear();
    if (events_.empty() || exit_code_) break;
    server_.Step(now, events_, outbox_);
  }
  events_.clear();
  texts_.Clear();
  arena_.Clear();
}

void EventLoop::CarryOut(const Effect& effect, Now now) {
  Connection* connection = connections_.Find(effect.conn);
  switch (effect.kind) {
    case Effect::Kind::kWrite:
      if (connection == nullptr) return;
      WriteTo(effect.conn, *connection);
      if (connection->blocked) Watch(effect.conn, *connection);
      return;
    case Effect::Kind::kPauseReads:
      // epoll is told only if bytes come before the pause ends: most pauses are short.
      if (connection != nullptr) connection->paused = true;
      return;
    case Effect::Kind::kResumeReads:
      if (connection == nullptr) return;
      connection->paused = false;
      Watch(effect.conn, *connection);
      return;
    case Effect::Kind::kClose:
      if (connection != nullptr) CloseByUs(effect.conn, *connection);
      return;
    case Effect::Kind::kListen: return Listen(effect);
    case Effect::Kind::kStopListening:
      return listeners_[static_cast<size_t>(effect.listener)].Close();
    case Effect::Kind::kLog: return log_.Write(now.wall, effect.level, outbox_.Text(effect));
    case Effect::Kind::kReopenLog: return log_.Reopen(now.wall);
    case Effect::Kind::kCompute: return Compute(effect);
    case Effect::Kind::kMonitorReply: return ReplyToMonitor(effect, now);
    case Effect::Kind::kExit: exit_code_ = effect.status; return;
  }
}

void EventLoop::Compute(const Effect& effect) {
  const auto [first, second] = outbox_.Arguments(effect);
  compute_.Ask({effect.ticket, effect.computation, std::string(first), std::string(second)});
}

void EventLoop::Listen(const Effect& effect) {
  Listener& listener = listeners_[static_cast<size_t>(effect.listener)];
  std::string failed = listener.Open(outbox_.Text(effect), effect.port);
  const uint64_t key = KeyOf({kListenerSlot + static_cast<uint32_t>(effect.listener), 0});
  if (failed.empty() && !poller_.Add(listener.fd(), EPOLLIN, key)) {
    failed = "epoll: " + std::string(ErrorWords(errno));
    listener.Close();
  }
  Event& event = Add(failed.empty() ? Event::Kind::kListening : Event::Kind::kListenFailed, {});
  event.listener = effect.listener;
  // The host as it was asked for ('0.0.0.0'), not as the system shows it ('::').
  event.text = texts_.Keep(failed.empty() ? outbox_.Text(effect) : failed);
  event.port = listener.port();
}

void EventLoop::WriteTo(ConnId id, Connection& connection) {
  std::array<IoSlice, kSlicesMax> slices;
  const size_t count = server_.GatherOutput(id, slices);
  std::array<iovec, kSlicesMax> pieces;
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<uint8_t*>(slices[i].data), slices[i].size};
    total += slices[i].size;
  }
  ssize_t wrote = 0;
  if (count == 1) {
    wrote = ::send(connection.fd.get(), pieces[0].iov_base, total, MSG_NOSIGNAL);
  } else if (count > 1) {
    wrote = ::writev(connection.fd.get(), pieces.data(), static_cast<int>(count));
  }
  if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
    const int error = errno;
    return Lost(id, connection, TransportEnd::kWriteError,
                texts_.Keep(ConnectionError(connection.fd.get(), "write", error)));
  }
  Event& event = Add(Event::Kind::kWritten, id);
  event.size = static_cast<size_t>(std::max<ssize_t>(wrote, 0));
  event.blocked = connection.blocked = event.size < total;
}

void EventLoop::CloseByUs(ConnId id, Connection& connection) {
  std::array<IoSlice, kSlicesMax> slices;
  const size_t count = server_.GatherOutput(id, slices);
  for (size_t i = 0; i < count; ++i) {
    const ssize_t wrote = ::send(connection.fd.get(), slices[i].data, slices[i].size, MSG_NOSIGNAL);
    if (wrote < 0 || static_cast<size_t>(wrote) < slices[i].size) break;
  }
  // With unread bytes in it a socket is reset when it is closed, and the peer may lose what we have
  // just told it (why it is closed). Throws away what has come, without copying it.
  constexpr size_t kDrainMax = 4 << 20;
  (void)::recv(connection.fd.get(), nullptr, kDrainMax, MSG_TRUNC | MSG_DONTWAIT);
  Lost(id, connection, TransportEnd::kClosedByUs, "");
}

// Brings what epoll watches for in line with what the connection wants.
void EventLoop::Watch(ConnId id, Connection& connection) {
  const uint32_t wanted = (connection.paused ? 0u : EPOLLIN) | (connection.blocked ? EPOLLOUT : 0u);
  if (connection.armed == wanted) return;
  connection.armed = wanted;
  poller_.Change(connection.fd.get(), wanted, KeyOf(id));
}

// Closes, and tells the engine (or the monitoring port) so.
void EventLoop::Lost(ConnId id, Connection& connection, TransportEnd end, std::string_view text) {
  if (connection.kind == ListenerKind::kMonitor) {
    if (const auto unanswered = monitor_.Close(id)) {
      Add(Event::Kind::kMonitorGone, {}).ticket = *unanswered;
    }
  } else {
    Event& event = Add(Event::Kind::kClosed, id);
    event.end = end;
    event.text = text;
  }
  connections_.Close(id);
  descriptor_freed_ = true;
}

}  // namespace dunlin::host
