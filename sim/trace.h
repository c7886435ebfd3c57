// The record of a run: a rolling hash over every event and effect with its content, marks to find
// where two runs part, and the last records for a person to read.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace dunlin::sim {

enum class TraceKind : uint8_t {
  // Into a server.
  kTick,
  kListening,
  kListenFailed,
  kOpened,
  kBytes,
  kWritten,
  kEnded,
  kClosed,
  kCommand,
  kComputed,
  kMonitorRequest,
  // Out of a server.
  kWrite,
  kPauseReads,
  kResumeReads,
  kClose,
  kListen,
  kStopListening,
  kLog,
  kReopenLog,
  kCompute,
  kMonitorReply,
  kExit,
  // Of the world.
  kNodeStart,
  kNodeKill,
  kConnect,
  kClientSend,
  kClientReceive,
  kClientEnd,
  kFault,
  kCheck,
};

struct TraceRecord {
  static constexpr size_t kExcerptBytes = 56;

  uint64_t count = 0;  // Records before this one.
  Instant at;
  TraceKind kind = TraceKind::kTick;
  uint8_t excerpt_size = 0;
  uint32_t who = 0;  // The node; for client records the endpoint.
  uint64_t a = 0, b = 0;
  uint64_t content_size = 0;
  std::array<char, kExcerptBytes> excerpt{};
};

// One line, without line end. With 'content' that is shown whole, else the excerpt.
[[nodiscard]] std::string FormatTraceRecord(const TraceRecord& record,
                                            std::string_view content = {});

// Told of every record as it is made ('--trace').
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void OnRecord(const TraceRecord& record, std::string_view content) = 0;
};

class Trace {
 public:
  // Where the hash stood after 'count' records.
  struct Mark {
    uint64_t count;
    uint64_t hash;
  };
  static constexpr uint64_t kRecordsPerMark = 4096;

  Trace();

  void Add(Instant at, TraceKind kind, uint32_t who, uint64_t a, uint64_t b,
           std::string_view content = {});

  uint64_t hash() const { return hash_; }
  uint64_t count() const { return count_; }
  const std::vector<Mark>& marks() const { return marks_; }
  // The last 'records' of them, oldest first, a line each.
  std::string Tail(size_t records) const;
  void SetSink(TraceSink* sink) { sink_ = sink; }

 private:
  static constexpr size_t kRingRecords = 4096;

  uint64_t hash_ = 0;
  uint64_t count_ = 0;
  std::vector<Mark> marks_;
  std::vector<TraceRecord> ring_;
  TraceSink* sink_ = nullptr;
};

// The first mark at which two runs differ; marks.size() of the shorter if none does.
[[nodiscard]] size_t FirstDifference(const std::vector<Trace::Mark>& a,
                                     const std::vector<Trace::Mark>& b);

}  // namespace dunlin::sim
