#include "host/poller.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "engine/base/check.h"

namespace dunlin::host {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), ready_(kReadyMax) {
  CHECK(epoll_.valid());
}

bool Poller::Add(int fd, uint32_t events, uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::Change(int fd, uint32_t events, uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

std::span<const epoll_event> Poller::Wait(Duration timeout) {
  constexpr int64_t kSecond = 1'000'000'000, kMilli = 1'000'000;
  int count = -1;
  if (has_pwait2_) {
    const timespec limit{timeout.ns / kSecond, timeout.ns % kSecond};
    count = ::epoll_pwait2(epoll_.get(), ready_.data(), kReadyMax,
                           timeout.ns < 0 ? nullptr : &limit, nullptr);
    if (count < 0 && errno == ENOSYS) has_pwait2_ = false;  // Linux before 5.11.
  }
  if (!has_pwait2_) {
    const int64_t millis =
        timeout.ns < 0 ? -1 : std::min<int64_t>((timeout.ns + kMilli - 1) / kMilli, INT_MAX);
    count = ::epoll_wait(epoll_.get(), ready_.data(), kReadyMax, static_cast<int>(millis));
  }
  CHECK(count >= 0 || errno == EINTR);
  return {ready_.data(), static_cast<size_t>(std::max(count, 0))};
}

}  // namespace dunlin::host
