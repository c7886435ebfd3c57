#include "storage/inspect/print.h"

#include "engine/base/hex.h"
#include "engine/base/json_out.h"

namespace dunlin::inspect {
namespace {

std::string Number(uint64_t n) { return std::to_string(n); }

std::string Count(uint64_t n, std::string_view what) {
  return Number(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

std::string Time(WallTime time) { return time.ns == 0 ? "no time" : FormatRfc3339(time); }

// Control characters and what is not ASCII as \xNN, long texts cut.
std::string Shown(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  constexpr size_t kShownMax = 60;
  std::string out;
  for (const char c : bytes.substr(0, kShownMax)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      out += c;
    } else {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return bytes.size() > kShownMax ? out + "..." : out;
}

std::string Hex(std::string_view bytes) {
  return ToHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string Text(const ConsumerState& state) {
  return "delivered " + Number(state.delivered.consumer) + " (stream " +
         Number(state.delivered.stream) + "), ack floor " + Number(state.ack_floor.consumer) +
         " (stream " + Number(state.ack_floor.stream) + "), " + Number(state.pending.size()) +
         " pending, " + Number(state.redelivered.size()) + " redelivered";
}

// One JSON object a line.
class Line {
 public:
  Line(std::string* out, std::string_view kind) : out_(out), json_(out, JsonStyle::kCompact) {
    json_.BeginObject();
    json_.String("kind", kind);
  }
  ~Line() {
    json_.EndObject();
    *out_ += '\n';
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  JsonOut* operator->() { return &json_; }

 private:
  std::string* const out_;
  JsonOut json_;
};

void PutPair(Line* line, std::string_view key, const SequencePair& pair) {
  (*line)->BeginObject(key);
  (*line)->Uint("consumer_seq", pair.consumer);
  (*line)->Uint("stream_seq", pair.stream);
  (*line)->EndObject();
}

void PutState(Line* line, const ConsumerState& state) {
  PutPair(line, "delivered", state.delivered);
  PutPair(line, "ack_floor", state.ack_floor);
  (*line)->BeginArray("pending");
  for (const PendingAck& ack : state.pending) {
    (*line)->BeginObject();
    (*line)->Uint("stream_seq", ack.stream_seq);
    (*line)->Uint("consumer_seq", ack.consumer_seq);
    (*line)->String("delivered", FormatRfc3339(ack.delivered));
    (*line)->EndObject();
  }
  (*line)->EndArray();
  (*line)->BeginArray("redelivered");
  for (const Redelivered& again : state.redelivered) {
    (*line)->BeginObject();
    (*line)->Uint("stream_seq", again.stream_seq);
    (*line)->Uint("count", again.count);
    (*line)->EndObject();
  }
  (*line)->EndArray();
}

}  // namespace

void TextSink::OnFinding(const Finding& finding) {
  *out_ += finding.severity == Finding::Severity::kDamage ? "DAMAGE " : "note ";
  *out_ += finding.file;
  if (finding.offset) *out_ += " at offset " + Number(*finding.offset);
  *out_ += ": " + finding.text + "\n";
}

void TextSink::OnBlock(const BlockReport& block) {
  *out_ += "  block " + Number(block.number) + ": " + Count(block.file_bytes, "byte");
  if (block.compressed) *out_ += " (S2, of " + Number(block.record_bytes) + ")";
  *out_ += ", " + Count(block.records, "record") + ": " + Count(block.msgs, "message") + " left, " +
           Number(block.erased) + " erased, " + Count(block.tombstones, "tombstone") + "\n";
}

void TextSink::OnMessage(const format::Record& message) {
  *out_ += "    " + Number(message.seq) + " " + Time(message.time) + " " + Shown(message.subject) +
           ": " + Count(message.payload.size(), "byte");
  if (!message.header.empty()) *out_ += ", header of " + Number(message.header.size());
  *out_ += " '" + Shown(message.payload) + "'\n";
}

void TextSink::OnConsumer(const ConsumerReport& consumer) {
  *out_ += "  consumer " + consumer.name + ": ";
  if (!consumer.has_state) {
    *out_ += "no state\n";
    return;
  }
  *out_ += Text(consumer.state) + "\n";
}

void TextSink::OnStreamBegin(const StreamReport& stream) {
  *out_ += "stream " + stream.name + " (account " + stream.account + ")";
  if (stream.meta_known) {
    *out_ += ", created " + Time(stream.meta.created);
    if (stream.meta.config.compression == StoreCompression::kS2) *out_ += ", S2";
  }
  if (stream.cipher) *out_ += std::string(", ") + crypto::Describe(*stream.cipher);
  *out_ += "\n";
}

void TextSink::OnStream(const StreamReport& stream) {
  if (!stream.opened) return;
  const StreamState& state = stream.state;
  *out_ += "  " + Count(state.msgs, "message") + ", " + Count(state.bytes, "byte") +
           ", sequences " + Number(state.first_seq) + " (" + Time(state.first_time) + ") to " +
           Number(state.last_seq) + " (" + Time(state.last_time) + "), " +
           Count(state.num_subjects, "subject") + ", " + Number(state.num_deleted) + " deleted\n";
  *out_ += std::string("  index.db: ") + Describe(stream.index) + "\n";
  if (stream.parts > 0) {
    *out_ += "  index for a start after a crash: " + Count(stream.parts, "part") + ", " +
             Count(stream.parts_bytes, "byte") + ": " +
             (stream.parts_whole == stream.parts
                  ? "whole"
                  : "not used, " + Number(stream.parts - stream.parts_whole) + " not whole") +
             "\n";
  }
  if (stream.ttl_entries) *out_ += "  thw.db: " + Number(*stream.ttl_entries) + " entries\n";
  if (stream.schedule_entries) {
    *out_ += "  sched.db: " + Number(*stream.schedule_entries) + " entries\n";
  }
}

void TextSink::OnJournal(const JournalReport& journal) {
  *out_ += "journal: " + Count(journal.segments, "segment");
  if (journal.batches == 0) {
    *out_ += ", nothing to replay";
  } else {
    *out_ += ", batches " + Number(journal.first_batch) + " to " + Number(journal.last_batch) +
             ", " + Count(journal.records, "record") + ", " + Count(journal.bytes, "byte") +
             " to replay";
  }
  if (journal.encrypted) *out_ += ", encrypted";
  if (journal.torn_tail) *out_ += ", torn tail";
  *out_ += "\n";
  for (const Replay& replay : journal.replays) {
    *out_ += "  stream " + replay.stream + " (account " + replay.account + "): ";
    if (replay.deleted) {
      *out_ += "was deleted, and goes\n";
      continue;
    }
    *out_ += "a start applies " + Count(replay.records, "record") + " more";
    if (replay.last_seq > 0) *out_ += ", messages up to " + Number(replay.last_seq);
    *out_ += "\n";
  }
  for (const ConsumerReplay& replay : journal.consumers) {
    *out_ += "  consumer " + replay.stream + " > " + replay.consumer + " (account " +
             replay.account + "): ";
    *out_ += replay.deleted ? "was deleted, and goes"
                            : "a start applies " + Count(replay.records, "record") +
                                  " more: " + Text(replay.state);
    *out_ += "\n";
  }
}

void JsonSink::OnStreamBegin(const StreamReport&) {}

void JsonSink::OnFinding(const Finding& finding) {
  Line line(out_, "finding");
  line->Bool("damage", finding.severity == Finding::Severity::kDamage);
  line->String("file", finding.file);
  if (finding.offset) line->Uint("offset", *finding.offset);
  line->String("text", finding.text);
}

void JsonSink::OnBlock(const BlockReport& block) {
  Line line(out_, "block");
  line->Uint("number", block.number);
  line->Uint("file_bytes", block.file_bytes);
  line->Uint("record_bytes", block.record_bytes);
  line->Bool("compressed", block.compressed);
  line->Uint("records", block.records);
  line->Uint("messages", block.msgs);
  line->Uint("erased", block.erased);
  line->Uint("tombstones", block.tombstones);
  line->Uint("first_seq", block.first_seq);
  line->Uint("last_seq", block.last_seq);
}

void JsonSink::OnMessage(const format::Record& message) {
  Line line(out_, "message");
  line->Uint("seq", message.seq);
  line->String("time", FormatRfc3339(message.time));
  line->String("subject", message.subject);
  line->String("header", Hex(message.header));
  line->String("payload", Hex(message.payload));
}

void JsonSink::OnConsumer(const ConsumerReport& consumer) {
  Line line(out_, "consumer");
  line->String("name", consumer.name);
  if (consumer.meta_known) {
    line->String("created", FormatRfc3339(consumer.meta.created));
    line->Raw("config", consumer.meta.json);
  }
  if (consumer.has_state) PutState(&line, consumer.state);
}

void JsonSink::OnStream(const StreamReport& stream) {
  Line line(out_, "stream");
  line->String("account", stream.account);
  line->String("name", stream.name);
  if (stream.meta_known) {
    line->String("created", FormatRfc3339(stream.meta.created));
    line->Raw("config", stream.meta.json);
  }
  if (stream.cipher) line->String("cipher", crypto::Describe(*stream.cipher));
  line->Uint("messages", stream.state.msgs);
  line->Uint("bytes", stream.state.bytes);
  line->Uint("first_seq", stream.state.first_seq);
  line->String("first_ts", FormatRfc3339(stream.state.first_time));
  line->Uint("last_seq", stream.state.last_seq);
  line->String("last_ts", FormatRfc3339(stream.state.last_time));
  line->Uint("num_subjects", stream.state.num_subjects);
  line->Uint("num_deleted", stream.state.num_deleted);
  line->BeginObject("subjects");
  for (const auto& [subject, msgs] : stream.subjects) line->Uint(subject, msgs);
  line->EndObject();
  line->Uint("blocks", stream.blocks);
  line->String("index", Describe(stream.index));
  if (stream.parts > 0) {
    line->Uint("index_parts", stream.parts);
    line->Uint("index_parts_whole", stream.parts_whole);
    line->Uint("index_parts_bytes", stream.parts_bytes);
  }
  if (stream.ttl_entries) line->Uint("ttl_entries", *stream.ttl_entries);
  if (stream.schedule_entries) line->Uint("schedule_entries", *stream.schedule_entries);
}

void JsonSink::OnJournal(const JournalReport& journal) {
  {
    Line line(out_, "journal");
    line->String("store", journal.store);
    line->Uint("segments", journal.segments);
    line->Uint("first_batch", journal.first_batch);
    line->Uint("last_batch", journal.last_batch);
    line->Uint("batches", journal.batches);
    line->Uint("records", journal.records);
    line->Uint("bytes", journal.bytes);
    line->Bool("torn_tail", journal.torn_tail);
    line->Bool("encrypted", journal.encrypted);
  }
  for (const Replay& replay : journal.replays) {
    Line line(out_, "replay");
    line->String("account", replay.account);
    line->String("stream", replay.stream);
    line->Uint("records", replay.records);
    line->Uint("last_seq", replay.last_seq);
    line->Bool("deleted", replay.deleted);
  }
  for (const ConsumerReplay& replay : journal.consumers) {
    Line line(out_, "consumer_replay");
    line->String("account", replay.account);
    line->String("stream", replay.stream);
    line->String("consumer", replay.consumer);
    line->Uint("records", replay.records);
    line->Bool("deleted", replay.deleted);
    PutState(&line, replay.state);
  }
}

std::string Describe(const Totals& totals) {
  return Count(totals.streams, "stream") + ", " + Count(totals.msgs, "message") + ", " +
         Count(totals.consumers, "consumer") + ", " +
         (totals.damages == 0 ? std::string("no damage") : Count(totals.damages, "damage")) + "\n";
}

}  // namespace dunlin::inspect
