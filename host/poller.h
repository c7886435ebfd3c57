// epoll, level-triggered, with time-outs in nanoseconds.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/time.h"
#include "host/unique_fd.h"

namespace dunlin::host {

class Poller {
 public:
  // At most this many ready descriptors a wake; the others come with the next.
  static constexpr int kReadyMax = 512;

  Poller();

  // 'events' are EPOLLIN and EPOLLOUT; 'key' comes back with them. False: errno says why.
  [[nodiscard]] bool Add(int fd, uint32_t events, uint64_t key);
  void Change(int fd, uint32_t events, uint64_t key);

  // What is ready, or becomes ready within 'timeout' (negative: for ever). Valid until the next
  // call.
  std::span<const epoll_event> Wait(Duration timeout);

 private:
  UniqueFd epoll_;
  bool has_pwait2_ = true;
  std::vector<epoll_event> ready_;
};

}  // namespace dunlin::host
