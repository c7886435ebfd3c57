// One direction of a simulated connection: an ordered byte stream with a bounded buffer, cut into
// pieces that arrive later.
//
//   read by the reader  <=  arrived  <=  written by the writer,   written - read <= bytes_max
//
// Pure: the owner schedules Arrive() for the times that Write() and Finish() hand back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/time.h"
#include "sim/link.h"

namespace dunlin::sim {

// Bytes with a cheap front: appended behind, dropped in front.
class ByteQueue {
 public:
  size_t size() const { return bytes_.size() - head_; }
  const uint8_t* data() const { return bytes_.data() + head_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data()), size()}; }
  void Append(const uint8_t* data, size_t size) { bytes_.insert(bytes_.end(), data, data + size); }
  void Drop(size_t size);
  void Clear();

 private:
  std::vector<uint8_t> bytes_;
  size_t head_ = 0;
};

class Pipe {
 public:
  struct Options {
    size_t bytes_max = 1;
    Duration latency_min;
    Duration latency_max;
    Chop chop = Chop::kWhole;
  };

  Pipe(Options options, Rng rng);

  // ---- The writer's end.
  // How much Write() takes now.
  size_t Room() const;
  // REQUIRES: size <= Room(), not finished. Appends the arrival time of each piece it is cut into.
  void Write(Instant now, const uint8_t* data, size_t size, std::vector<Instant>* arrivals);
  // No more will be written. Arrives behind everything else.
  void Finish(Instant now, std::vector<Instant>* arrivals);
  bool finished() const { return finished_; }

  // ---- In between.
  // The oldest piece in flight reaches the reader. REQUIRES: in_flight() and its time has come.
  void Arrive();
  bool in_flight() const { return !pieces_.empty(); }
  // Loses everything that has not arrived, and whatever will be written: the path is gone.
  void Cut();
  bool cut() const { return cut_; }
  // A reader that lost its connection reads nothing more.
  void Drain();

  // ---- The reader's end.
  // What has arrived and was not read.
  std::string_view Arrived() const { return buffer_.view().substr(0, arrived_); }
  // REQUIRES: size <= Arrived().size(). True if a writer that was refused room should be told now:
  // a third of the buffer is free (or one byte, for the smallest of buffers).
  [[nodiscard]] bool Read(size_t size);
  // The end of the stream has arrived, and all before it was read.
  bool AtEnd() const { return end_arrived_ && arrived_ == 0; }
  bool end_arrived() const { return end_arrived_; }

  // The writer found no room and waits to be told. Cleared by the owner when it tells.
  bool writer_waits = false;

 private:
  struct Piece {
    size_t size;  // 0: the end of the stream.
  };
  Instant ArrivalTime(Instant now);

  const Options options_;
  Rng rng_;
  ByteQueue buffer_;
  std::deque<Piece> pieces_;
  size_t arrived_ = 0;  // Of buffer_.
  Instant last_arrival_;
  bool finished_ = false;
  bool end_arrived_ = false;
  bool cut_ = false;
};

}  // namespace dunlin::sim
