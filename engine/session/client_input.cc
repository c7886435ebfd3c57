// From bytes to frames: ClientHub's input side. A frame is handled where it lies; only what is cut
// off at the end of a read, or put off by a hold, is kept and copied.
#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/knob.h"
#include "engine/base/mutant.h"
#include "engine/base/quote.h"
#include "engine/session/client_hub.h"
#include "engine/subject/subject.h"

namespace dunlin::session {
namespace {

// What a log line shows of bytes that make no sense: so many, or all but the last.
std::string Snippet(std::string_view bytes) {
  constexpr size_t kSnippet = 32;
  return GoQuote(bytes.substr(0, bytes.size() < kSnippet ? bytes.size() - 1 : kSnippet));
}

// The reference's numbers for a parser that waits for the CR, then the LF, behind a payload.
constexpr int kStatePayloadCr = 41, kStatePayloadLf = 42;

// memcmp() == 0 for lines: short, and mostly the same. REQUIRES: size >= 8.
bool SameBytes(const uint8_t* a, const uint8_t* b, size_t size) {
  uint64_t x, y;
  for (size_t i = 0; i + 8 < size; i += 8) {
    std::memcpy(&x, a + i, 8);
    std::memcpy(&y, b + i, 8);
    if (x != y) return false;
  }
  std::memcpy(&x, a + size - 8, 8);
  std::memcpy(&y, b + size - 8, 8);
  return x == y;
}

}  // namespace

void ClientHub::Bytes(const Event& event) {
  Client* const client = Find(event.conn);
  if (client == nullptr || client->phase != ClientPhase::kOpen) return;
  uint8_t* data = event.data;
  size_t size = event.size;
  Inbox& in = client->in;
  read_at_ = in.size();
  if (client->hold != Hold::kNone) {
    KeepMore(client, data, size);
    return;
  }
  if (in.frame != 0) {
    const size_t used = FillFrame(client, data, size);
    data += used;
    size -= used;
    read_at_ = 0;
  } else if (const size_t kept = in.size(); kept > 0) {
    Block* const block = in.block;
    if (event.headroom >= kept) {
      data -= kept;
      size += kept;
      std::memcpy(data, block->data + in.begin, kept);
      in.block = nullptr;
      in.begin = in.end = 0;
      pool_.Unref(block);
    } else {
      KeepMore(client, data, size);
      ParseKept(client);
      return;
    }
  }
  if (size == 0 || client->phase != ClientPhase::kOpen) return;
  const Source source{data, size, nullptr};
  KeepRest(client, source, ParseAll(client, source));
}

// Adds to what is kept, whatever it is.
void ClientHub::KeepMore(Client* client, const uint8_t* data, size_t size) {
  Inbox& in = client->in;
  const size_t kept = in.size();
  Block* const block = pool_.New(std::max<size_t>(kept + size, in.frame));
  if (kept > 0) std::memcpy(block->data, in.block->data + in.begin, kept);
  std::memcpy(block->data + kept, data, size);
  if (in.block != nullptr) pool_.Unref(in.block);
  in.block = block;
  in.begin = 0;
  in.end = static_cast<uint32_t>(kept + size);
  if (in.size() > KNOB(kBacklogMax, 512) && client->hold != Hold::kNone)
    SetReadsPaused(client, true);
}

// Keeps what ParseAll() has left. With a hold all of it will be parsed later; without one it is the
// start of a frame, of which 'rest_' bytes matter.
void ClientHub::KeepRest(Client* client, const Source& source, size_t from) {
  Inbox& in = client->in;
  if (client->phase != ClientPhase::kOpen) return;
  size_t size = source.size - from;
  in.frame = 0;
  if (size == 0) {
    in.line_seen = false;
    return;
  }
  CHECK(in.block == nullptr);
  if (client->hold != Hold::kNone) {
    if (source.block != nullptr) {
      pool_.Ref(source.block);
      in.block = source.block;
      in.begin = static_cast<uint32_t>(source.data - source.block->data + from);
      in.end = static_cast<uint32_t>(in.begin + size);
      return;
    }
  } else {
    size = std::min(size, rest_);
    if (MUTANT(4) && size > 1000) --size;
    if (frame_ > kGatherMax) in.frame = static_cast<uint32_t>(frame_);
  }
  in.block = pool_.New(std::max<size_t>(size, in.frame));
  std::memcpy(in.block->data, source.data + from, size);
  in.begin = 0;
  in.end = static_cast<uint32_t>(size);
}

// Goes on with a large frame; returns how many bytes it took.
size_t ClientHub::FillFrame(Client* client, const uint8_t* data, size_t size) {
  Inbox& in = client->in;
  const size_t part = std::min<size_t>(size, in.frame - in.size());
  std::memcpy(in.block->data + in.end, data, part);
  in.end += static_cast<uint32_t>(part);
  // The last two bytes decide whether it is a frame at all; the reference looks at each as it
  // comes.
  if (in.size() + 1 >= in.frame) ParseKept(client);
  return part;
}

// Parses what is kept, from where it lies.
void ClientHub::ParseKept(Client* client) {
  Inbox& in = client->in;
  Block* const block = in.block;
  if (block == nullptr) return;
  const Source source{block->data + in.begin, in.size(), block};
  in.block = nullptr;
  in.begin = in.end = 0;
  KeepRest(client, source, ParseAll(client, source));
  pool_.Unref(block);
}

size_t ClientHub::ParseAll(Client* client, const Source& source) {
  LastPub last;
  size_t at = 0;
  const int64_t msgs_before = client->in_msgs, bytes_before = client->in_bytes;
  while (at < source.size && MayParse(*client)) {
    if (deliveries_left_ <= 0 || bytes_left_ <= 0) {
      HoldClient(client, Hold::kYield);
      break;
    }
    size_t used = last.line != nullptr ? RepeatPub(client, source, at, &last) : 0;
    if (used == 0) used = PlainPub(client, source, at, &last);
    if (used == 0) used = ParseOne(client, source, at, &last);
    if (used == 0) break;
    at += used;
  }
  if (client->in_msgs != msgs_before) {
    client->last_in = client->last_activity = now_.mono;
    client->last_activity_wall = now_.wall;
    account_.in.msgs += client->in_msgs - msgs_before;
    account_.in.bytes += client->in_bytes - bytes_before;
  }
  return at;
}

// Publishes the frame at 'at' if its line is the last one's again and it is whole and well-formed;
// else 0, and nothing has happened.
size_t ClientHub::RepeatPub(Client* client, const Source& source, size_t at, LastPub* last) {
  const uint8_t* const line = source.data + at;
  const size_t total = last->line_size + static_cast<size_t>(last->message.size) + 2;
  if (source.size - at < total || !SameBytes(line, last->line, last->line_size)) return 0;
  const uint8_t* const body = line + last->line_size;
  if (body[last->message.size] != '\r' || body[last->message.size + 1] != '\n') return 0;
  if (last->tail_in_line) {
    const size_t into = static_cast<size_t>(
        reinterpret_cast<const uint8_t*>(last->message.tail.data()) - last->line);
    last->message.tail = {reinterpret_cast<const char*>(line) + into, last->message.tail.size()};
  }
  last->line = line;
  last->message.body = body;
  Publish(client, last->message);
  return total;
}

// Publishes the frame at 'at' if it is a whole and plain one that breaks no limit; else 0, and
// nothing has happened: ParseOne() knows what to say about it.
size_t ClientHub::PlainPub(Client* client, const Source& source, size_t at, LastPub* last) {
  const std::string_view input(reinterpret_cast<const char*>(source.data) + at, source.size - at);
  wire::PubArgs args;
  size_t line_size;
  if (!wire::ReadPlainPub(input, &args, &line_size)) return 0;
  constexpr size_t kVerbAndEnd = 6;
  const size_t total = line_size + static_cast<size_t>(args.size) + 2;
  if (total > input.size() || input[total - 2] != '\r' || input[total - 1] != '\n' ||
      args.size > options_.max_payload || trace() || client->options.pedantic ||
      client->awaiting_connect || client->in.line_seen ||
      line_size - kVerbAndEnd > static_cast<size_t>(options_.max_control_line)) {
    return 0;
  }
  last->message.Set(args, source.data + at + line_size, source.block);
  last->message.tail = {args.size_text.data(), args.size_text.size() + 2};
  last->message.joined = true;
  last->line = source.data + at;
  last->line_size = line_size;
  last->tail_in_line = true;
  Publish(client, last->message);
  return total;
}

// Handles the frame at 'at'; 0 when it is not whole yet, or the connection is done for.
size_t ClientHub::ParseOne(Client* client, const Source& source, size_t at, LastPub* last) {
  const std::string_view input(reinterpret_cast<const char*>(source.data) + at, source.size - at);
  if (client->awaiting_connect && input[0] != 'C' && input[0] != 'c') {
    AuthViolation(client);
    return 0;
  }
  frame_ = 0;
  last->line = nullptr;
  wire::ClientLine line;
  const auto args_max = static_cast<size_t>(options_.max_control_line);
  switch (wire::ReadClientLine(input, args_max, &line)) {
    case wire::LineStatus::kPartial: rest_ = line.size; return 0;
    case wire::LineStatus::kUnknown:
      UnknownProtocol(client, source, at + line.size, line.reference_state);
      return 0;
    case wire::LineStatus::kTooLong:
      SendError(client, "maximum control line exceeded");
      Close(client, CloseReason::kMaxControlLineExceeded);
      Log(LogLevel::kError, *client, "maximum control line exceeded");
      return 0;
    case wire::LineStatus::kLine: break;
  }
  switch (line.verb) {
    case wire::ClientVerb::kPub:
    case wire::ClientVerb::kHpub:
    case wire::ClientVerb::kHmsg: return ParsePub(client, source, at, line, last);
    default: HandleLine(client, line); return line.size;
  }
}

// Reads the arguments of a publish into 'args'. False: they are wrong, and the connection is
// closed.
bool ClientHub::ReadPubArgs(Client* client, const wire::ClientLine& line, wire::PubArgs* args) {
  if (line.verb == wire::ClientVerb::kHmsg)
    return true;  // The reference takes it as an empty message.
  const bool first_time = !client->in.line_seen;
  const bool with_header = line.verb == wire::ClientVerb::kHpub;
  if (first_time && trace()) TraceIn(*client, with_header ? "HPUB" : "PUB", line.args);
  if (with_header && !client->headers) {
    ProtocolError(client, "message headers not supported");
    return false;
  }
  const auto wrong = [&](const char* what) {
    const std::string who = with_header ? "processHeaderPub" : "processPub";
    ProtocolError(client, who + what + GoQuote(line.args));
    return false;
  };
  switch (with_header ? ReadHpub(line.args, args) : ReadPub(line.args, args)) {
    case wire::PubStatus::kOk: break;
    case wire::PubStatus::kBadCount: return wrong(" Parse Error: ");
    case wire::PubStatus::kBadHeaderSize: return wrong(" Bad or Missing Header Size: ");
    case wire::PubStatus::kBadSize:
      return wrong(with_header ? " Bad or Missing Total Size: " : " Bad or Missing Size: ");
    case wire::PubStatus::kHeaderBeyondSize: return wrong(" Header Size larger then TotalSize: ");
  }
  if (args->size > options_.max_payload) {
    Log(LogLevel::kError, *client,
        "maximum payload exceeded: " + std::to_string(args->size) + " vs " +
            std::to_string(options_.max_payload));
    SendError(client, "Maximum Payload Violation");
    Close(client, CloseReason::kMaxPayloadExceeded);
    return false;
  }
  if (first_time && client->options.pedantic && !subject::IsValidLiteralSubject(args->subject)) {
    SendError(client, "Invalid Publish Subject");
  }
  return true;
}

size_t ClientHub::ParsePub(Client* client, const Source& source, size_t at,
                           const wire::ClientLine& line, LastPub* last) {
  wire::PubArgs args;
  if (!ReadPubArgs(client, line, &args)) return 0;
  const uint8_t* const body = source.data + at + line.size;
  const size_t available = source.size - at - line.size;
  const auto size = static_cast<size_t>(args.size);
  const bool bad_end =
      (available > size && body[size] != '\r') || (available > size + 1 && body[size + 1] != '\n');
  if (bad_end) {
    const size_t payload_end = at + line.size + size;
    if (body[size] != '\r') {
      UnknownProtocol(client, source, payload_end, kStatePayloadCr);
    } else {
      UnknownProtocol(client, source, payload_end + 1, kStatePayloadLf);
    }
    return 0;
  }
  if (available < size + 2) {
    client->in.line_seen = true;
    frame_ = line.size + size + 2;
    rest_ = source.size - at;
    return 0;
  }
  client->in.line_seen = false;

  Message& message = last->message;
  message.Set(args, body, source.block);
  message.tail = TailOf(args, {reinterpret_cast<const char*>(source.data) + at, line.size});
  message.joined = message.tail.data() != tail_.data();
  if (trace()) TracePayload(*client, "<<-", body, args.size, args.header_size);
  // What a line is checked for each time, not only once, keeps it from being repeated without a
  // look.
  constexpr size_t kLineMin = 8;
  if (!client->options.pedantic && !trace() && line.size >= kLineMin) {
    last->line = source.data + at;
    last->line_size = line.size;
    last->tail_in_line = message.joined;
  }
  Publish(client, message);
  return line.size + size + 2;
}

// What follows the sid in a delivery: '[reply ][header ]size' CR LF. Mostly the publisher's own
// bytes will do.
std::string_view ClientHub::TailOf(const wire::PubArgs& args, std::string_view line) {
  const auto joined = [](std::string_view a, std::string_view b) {
    return *a.end() == ' ' && a.end() + 1 == b.begin();
  };
  const bool header = args.header_size > 0;
  const std::string_view first = !args.reply.empty() ? args.reply
                                 : header            ? args.header_text
                                                     : args.size_text;
  const bool as_is =
      args.size_text.end() + 2 == line.end() && *args.size_text.end() == '\r' &&
      (args.header_size != 0) && (!header || joined(args.header_text, args.size_text)) &&
      (args.reply.empty() || joined(args.reply, header ? args.header_text : args.size_text));
  if (as_is) return line.substr(static_cast<size_t>(first.data() - line.data()));
  tail_.clear();
  if (!args.reply.empty()) tail_.append(args.reply).append(" ");
  if (header) tail_.append(args.header_text).append(" ");
  tail_.append(args.size_text).append("\r\n");
  return tail_;
}

void ClientHub::UnknownProtocol(Client* client, const Source& source, size_t at, int state) {
  const std::string_view bytes(reinterpret_cast<const char*>(source.data) + at, source.size - at);
  SendError(client, "Unknown Protocol Operation");
  Log(LogLevel::kError, *client,
      "Client parser ERROR, state=" + std::to_string(state) + ", i=" +
          std::to_string(at - std::min(at, read_at_)) + ": proto='" + Snippet(bytes) + "...'");
  Close(client, CloseReason::kProtocolViolation);
}

void ClientHub::ProtocolError(Client* client, std::string_view what) {
  Log(LogLevel::kError, *client, what);
  Close(client, CloseReason::kProtocolViolation);
}

}  // namespace dunlin::session
