#include "host/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "host/system_error.h"

namespace dunlin::host {

Signals::Signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&taken, signal);
  CHECK(sigprocmask(SIG_BLOCK, &taken, nullptr) == 0);
  ::signal(SIGPIPE, SIG_IGN);
  fd_.Reset(::signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_.valid());
}

std::optional<TakenSignal> Signals::Take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const int signal = static_cast<int>(info.ssi_signo);
  switch (signal) {
    case SIGHUP: return TakenSignal{Command::kReload, SignalWords(signal)};
    case SIGUSR1: return TakenSignal{Command::kReopenLog, SignalWords(signal)};
    case SIGUSR2: return TakenSignal{Command::kLameDuck, SignalWords(signal)};
    default: return TakenSignal{Command::kStop, SignalWords(signal)};
  }
}

}  // namespace dunlin::host
