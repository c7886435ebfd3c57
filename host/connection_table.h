// The open connections of the process, by slot. The host's own, small view of them: 24 bytes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/ids.h"
#include "engine/server/event.h"
#include "host/unique_fd.h"

namespace dunlin::host {

struct Connection {
  UniqueFd fd;              // Not valid: the slot is free.
  uint32_t generation = 0;  // Of the present or last use; the first is 1.
  uint32_t armed = 0;       // What epoll watches for.
  ListenerKind kind = ListenerKind::kClient;
  bool paused = false;   // The engine wants no more bytes.
  bool blocked = false;  // The system took less than there was.
};

class ConnectionTable {
 public:
  ConnId Open(UniqueFd fd, ListenerKind kind) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t slot = free_.back();
    free_.pop_back();
    Connection& connection = slots_[slot];
    uint32_t generation = connection.generation + 1;
    if (generation == 0) generation = 1;  // Keys of other descriptors have generation 0.
    connection = Connection{std::move(fd), generation, 0, kind, false, false};
    ++open_;
    return {slot, generation};
  }

  // The connection, or nothing if it is gone already.
  Connection* Find(ConnId id) {
    if (id.slot >= slots_.size()) return nullptr;
    Connection& connection = slots_[id.slot];
    return connection.generation == id.generation && connection.fd.valid() ? &connection : nullptr;
  }

  // REQUIRES: Find(id).
  void Close(ConnId id) {
    slots_[id.slot].fd.Reset();
    free_.push_back(id.slot);
    --open_;
  }

  size_t open() const { return open_; }

 private:
  std::vector<Connection> slots_;
  std::vector<uint32_t> free_;
  size_t open_ = 0;
};

}  // namespace dunlin::host
