#include "sim/trace.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/rng.h"

namespace dunlin::sim {
namespace {

constexpr const char* kNames[] = {
    "tick",       "listening",   "listen-failed",  "opened",     "bytes",       "written",
    "ended",      "closed",      "command",        "computed",   "monitor-get", "WRITE",
    "PAUSE",      "RESUME",      "CLOSE",          "LISTEN",     "STOP-LISTEN", "LOG",
    "REOPEN-LOG", "COMPUTE",     "MONITOR-REPLY",  "EXIT",       "start",       "kill",
    "connect",    "client-send", "client-receive", "client-end", "fault",       "check",
};

uint64_t Stir(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9fb21c651e98df25;
  return hash ^ (hash >> 29);
}

// Control characters, quotes and bytes above 126 as escapes.
std::string Quoted(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 32 || byte > 126 || c == '\\') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string FormatTraceRecord(const TraceRecord& record, std::string_view content) {
  static_assert(std::size(kNames) == static_cast<size_t>(TraceKind::kCheck) + 1);
  char head[128];
  std::snprintf(
      head, sizeof head, "%8llu %12.6f %-14s %3u  %llx %llx",
      static_cast<unsigned long long>(record.count), static_cast<double>(record.at.ns / 1000) / 1e6,
      kNames[static_cast<size_t>(record.kind)], record.who,
      static_cast<unsigned long long>(record.a), static_cast<unsigned long long>(record.b));
  std::string line = head;
  if (record.content_size > 0) {
    if (content.empty()) content = {record.excerpt.data(), record.excerpt_size};
    line += " [" + std::to_string(record.content_size) + "] " + Quoted(content);
  }
  return line;
}

Trace::Trace() : ring_(kRingRecords) {}

void Trace::Add(Instant at, TraceKind kind, uint32_t who, uint64_t a, uint64_t b,
                std::string_view content) {
  const uint64_t key = (static_cast<uint64_t>(kind) << 32) | who;
  hash_ = Stir(Stir(Stir(Stir(hash_, static_cast<uint64_t>(at.ns)), key), a), b);
  hash_ = Stir(hash_, content.empty() ? 0 : StableHash(content));

  TraceRecord& record = ring_[count_ % kRingRecords];
  record.count = count_;
  record.at = at;
  record.kind = kind;
  record.who = who;
  record.a = a;
  record.b = b;
  record.content_size = content.size();
  record.excerpt_size = static_cast<uint8_t>(std::min(content.size(), TraceRecord::kExcerptBytes));
  std::copy_n(content.data(), record.excerpt_size, record.excerpt.data());
  if (sink_ != nullptr) sink_->OnRecord(record, content);

  ++count_;
  if (count_ % kRecordsPerMark == 0) marks_.push_back({count_, hash_});
}

std::string Trace::Tail(size_t records) const {
  const uint64_t kept = std::min<uint64_t>({records, count_, kRingRecords});
  std::string out;
  for (uint64_t i = count_ - kept; i < count_; ++i) {
    out += FormatTraceRecord(ring_[i % kRingRecords]) + "\n";
  }
  return out;
}

size_t FirstDifference(const std::vector<Trace::Mark>& a, const std::vector<Trace::Mark>& b) {
  // The hash is cumulative, so once two runs differ they differ at every later mark.
  size_t low = 0, high = std::min(a.size(), b.size());
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (a[middle].hash == b[middle].hash) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace dunlin::sim
