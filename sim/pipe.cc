#include "sim/pipe.h"

#include <algorithm>

#include "engine/base/check.h"

namespace dunlin::sim {

void ByteQueue::Drop(size_t size) {
  head_ += size;
  if (head_ == bytes_.size()) {
    Clear();
  } else if (head_ > 4096 && head_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void ByteQueue::Clear() {
  bytes_.clear();
  head_ = 0;
}

Pipe::Pipe(Options options, Rng rng) : options_(options), rng_(rng) {
  CHECK(options_.bytes_max > 0);
  CHECK(options_.latency_min <= options_.latency_max);
}

size_t Pipe::Room() const {
  const size_t used = buffer_.size();
  return finished_ || used >= options_.bytes_max ? 0 : options_.bytes_max - used;
}

Instant Pipe::ArrivalTime(Instant now) {
  const Duration latency{rng_.Between(options_.latency_min.ns, options_.latency_max.ns)};
  last_arrival_ = std::max(last_arrival_, now + latency);  // A stream never overtakes itself.
  return last_arrival_;
}

void Pipe::Write(Instant now, const uint8_t* data, size_t size, std::vector<Instant>* arrivals) {
  CHECK(size <= Room());
  if (size == 0) return;
  buffer_.Append(data, size);
  if (cut_) return;  // Fills the buffer for ever.
  constexpr int kPiecesMax = 8;
  const int pieces = options_.chop == Chop::kWhole  ? 1
                     : options_.chop == Chop::kSome ? static_cast<int>(rng_.Between(1, 4))
                                                    : static_cast<int>(rng_.Between(2, kPiecesMax));
  for (int i = 0; i < pieces && size > 0; ++i) {
    size_t piece = size;
    if (i < pieces - 1) {
      const size_t limit = options_.chop == Chop::kTiny ? std::min<size_t>(8, size) : size;
      piece = 1 + rng_.Below(limit);
    }
    pieces_.push_back({piece});
    arrivals->push_back(ArrivalTime(now));
    size -= piece;
  }
}

void Pipe::Finish(Instant now, std::vector<Instant>* arrivals) {
  if (finished_) return;
  finished_ = true;
  if (cut_) return;
  pieces_.push_back({0});
  arrivals->push_back(ArrivalTime(now));
}

void Pipe::Arrive() {
  CHECK(in_flight());
  const Piece piece = pieces_.front();
  pieces_.pop_front();
  if (piece.size == 0) end_arrived_ = true;
  arrived_ += piece.size;
}

void Pipe::Cut() {
  cut_ = true;
  pieces_.clear();
}

void Pipe::Drain() {
  buffer_.Clear();
  pieces_.clear();
  arrived_ = 0;
  cut_ = true;
}

bool Pipe::Read(size_t size) {
  CHECK(size <= arrived_);
  buffer_.Drop(size);
  arrived_ -= size;
  return writer_waits && !cut_ && Room() >= std::max<size_t>(1, options_.bytes_max / 3);
}

}  // namespace dunlin::sim
