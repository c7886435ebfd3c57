// What the inspector finds, as text for people or as JSON, one object a line, for programs.
#pragma once

#include <string>

#include "storage/inspect/inspect.h"

namespace dunlin::inspect {

// Both append to 'out', which the owner may empty at any time, and must outlive them.
//
//   stream ORDERS (account $G), created 2026-11-22T02:35:00.345818308Z, S2, ChaCha20-Poly1305
//   DAMAGE .../msgs/1.blk at offset 38: invalid checksum; 60 bytes up to the next whole record
//     block 1: 303 bytes, 8 records: 4 messages left, 1 erased, 2 tombstones
//     consumer C: delivered 3 (stream 5), ack floor 2 (stream 4), 1 pending, 0 redelivered
//     4 messages, 167 bytes, sequences 1 (2026-...) to 6 (2026-...), 3 subjects, 2 deleted
//     index.db: current
//     index for a start after a crash: 3 parts, 1234 bytes: whole
//   journal: 2 segments, batches 17 to 90, 4711 records, 123456 bytes to replay, torn tail
//     stream ORDERS (account $G): a start applies 5 records more, messages up to 12
//     consumer ORDERS > C (account $G): a start applies 1 record more: delivered 4 (stream 6), ...
class TextSink final : public Sink {
 public:
  explicit TextSink(std::string* out) : out_(out) {}
  void OnStreamBegin(const StreamReport& stream) override;
  void OnFinding(const Finding& finding) override;
  void OnBlock(const BlockReport& block) override;
  void OnMessage(const format::Record& message) override;
  void OnConsumer(const ConsumerReport& consumer) override;
  void OnStream(const StreamReport& stream) override;
  void OnJournal(const JournalReport& journal) override;

 private:
  std::string* const out_;
};

// Each line has a "kind": finding, block, message, consumer, stream, journal, replay or
// consumer_replay; headers and payloads are in hexadecimal.
class JsonSink final : public Sink {
 public:
  explicit JsonSink(std::string* out) : out_(out) {}
  void OnStreamBegin(const StreamReport& stream) override;
  void OnFinding(const Finding& finding) override;
  void OnBlock(const BlockReport& block) override;
  void OnMessage(const format::Record& message) override;
  void OnConsumer(const ConsumerReport& consumer) override;
  void OnStream(const StreamReport& stream) override;
  void OnJournal(const JournalReport& journal) override;

 private:
  std::string* const out_;
};

[[nodiscard]] std::string Describe(const Totals& totals);

}  // namespace dunlin::inspect
