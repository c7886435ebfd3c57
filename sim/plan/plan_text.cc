// Plans as texts. One list of fields for each item serves printing and parsing.
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "sim/plan/plan.h"

namespace dunlin::sim {
namespace {

constexpr std::array<std::string_view, 15> kFaultNames = {
    "reset", "vanish", "stall", "pace",      "mute", "clog-in",   "clog-out",  "storm",
    "pause", "kill",   "stop",  "lame-duck", "skew", "wall-jump", "reopen-log"};
static_assert(kFaultNames.size() == static_cast<size_t>(FaultKind::kReopenLog) + 1);
constexpr std::array<std::string_view, 3> kChopNames = {"whole", "some", "tiny"};

// ---- The fields, each once.

template <typename V>
void VisitFields(Plan& p, V& v) {
  v("seed", p.seed);
  v("length", p.length);
  v("jitter", p.jitter);
  v("check_invariants_one_in", p.check_invariants_one_in);
  v("tiny_knobs", p.tiny_knobs);
  v("tokens", p.tokens);
  v("depth_max", p.depth_max);
  v("queues", p.queues);
}

template <typename V>
void VisitFields(LinkOptions& p, V& v) {
  v("latency_min", p.latency_min);
  v("latency_max", p.latency_max);
  v("chop", p.chop);
  v("to_server_bytes_max", p.to_server_bytes_max);
  v("to_client_bytes_max", p.to_client_bytes_max);
  v("accept_delay_max", p.accept_delay_max);
}

template <typename V>
void VisitFields(ServerPlan& p, V& v) {
  v("ping_interval", p.ping_interval);
  v("ping_max", p.ping_max);
  v("write_deadline", p.write_deadline);
  v("auth_timeout", p.auth_timeout);
  v("lame_duck_duration", p.lame_duck_duration);
  v("lame_duck_grace_period", p.lame_duck_grace_period);
  v("max_payload", p.max_payload);
  v("max_pending", p.max_pending);
  v("max_control_line", p.max_control_line);
  v("max_connections", p.max_connections);
  v("max_subscriptions", p.max_subscriptions);
  v("sublist_cache", p.sublist_cache);
  v("stall_fast_producers", p.stall_fast_producers);
  v("debug_and_trace", p.debug_and_trace);
  v("password", p.password);
  v("hashed_password", p.hashed_password);
}

template <typename V>
void VisitFields(ClientPlan& p, V& v) {
  v("id", p.id);
  v("start", p.start);
  v("verbose", p.verbose);
  v("pedantic", p.pedantic);
  v("echo", p.echo);
  v("headers", p.headers);
  v("no_responders", p.no_responders);
  v("publish", p.publish);
  v("request", p.request);
  v("subscribe", p.subscribe);
  v("unsubscribe", p.unsubscribe);
  v("leave", p.leave);
  v("rude", p.rude);
  v("respond_percent", p.respond_percent);
  v("queue_percent", p.queue_percent);
  v("wildcard_percent", p.wildcard_percent);
  v("max_percent", p.max_percent);
  v("sloppy_percent", p.sloppy_percent);
  v("headers_percent", p.headers_percent);
  v("subs_max", p.subs_max);
  v("burst_max", p.burst_max);
  v("payload_max", p.payload_max);
  v("pause_max", p.pause_max);
}

template <typename V>
void VisitFields(FaultPlan& p, V& v) {
  v("at", p.at);
  v("kind", p.kind);
  v("client", p.client);
  v("length", p.length);
  v("detail", p.detail);
}

// The items of a plan, each once: its own fields, what it has one of, what it has several of.
template <typename V>
void VisitItems(Plan& p, V& v) {
  v("plan", p);
  v("link", p.link);
  v("server", p.server);
  v("client", p.clients);
  v("fault", p.faults);
}

// ---- Values as text and back.

std::string Print(bool value) { return value ? "yes" : "no"; }
std::string Print(int64_t value) { return std::to_string(value); }
std::string Print(uint64_t value) { return std::to_string(value); }
std::string Print(Chop value) { return std::string(kChopNames[static_cast<size_t>(value)]); }
std::string Print(FaultKind value) { return std::string(kFaultNames[static_cast<size_t>(value)]); }
std::string Print(Duration value) {
  for (const auto& [unit, ns] :
       {std::pair{"s", Seconds(1).ns}, {"ms", Millis(1).ns}, {"us", Micros(1).ns}}) {
    if (value.ns % ns == 0) return std::to_string(value.ns / ns) + unit;
  }
  return std::to_string(value.ns) + "ns";
}

bool Read(std::string_view text, uint64_t* value) {
  if (text.empty() || text.size() > 20) return false;
  uint64_t result = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (result > (UINT64_MAX - digit) / 10) return false;
    result = result * 10 + digit;
  }
  *value = result;
  return true;
}
bool Read(std::string_view text, int64_t* value) {
  const bool negative = text.starts_with('-');
  uint64_t magnitude = 0;
  if (!Read(text.substr(negative ? 1 : 0), &magnitude) || magnitude > INT64_MAX) return false;
  *value = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}
bool Read(std::string_view text, bool* value) {
  *value = text == "yes";
  return text == "yes" || text == "no";
}
template <typename E, size_t N>
bool ReadName(std::string_view text, const std::array<std::string_view, N>& names, E* value) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == text) {
      *value = static_cast<E>(i);
      return true;
    }
  }
  return false;
}
bool Read(std::string_view text, Chop* value) { return ReadName(text, kChopNames, value); }
bool Read(std::string_view text, FaultKind* value) { return ReadName(text, kFaultNames, value); }
bool Read(std::string_view text, Duration* value) {
  const size_t unit_at = text.find_first_not_of("-0123456789");
  int64_t number = 0;
  if (unit_at == std::string_view::npos || !Read(text.substr(0, unit_at), &number)) return false;
  const std::string_view unit = text.substr(unit_at);
  const int64_t ns = unit == "s"    ? Seconds(1).ns
                     : unit == "ms" ? Millis(1).ns
                     : unit == "us" ? Micros(1).ns
                     : unit == "ns" ? 1
                                    : 0;
  if (ns == 0 || number > INT64_MAX / ns || number < INT64_MIN / ns) return false;
  *value = Duration{number * ns};
  return true;
}
// ---- Items as lines and back.

// Collects 'name=value' of every field that is not at its default.
struct Printer {
  const std::vector<std::string>* defaults =
      nullptr;  // Of all fields in order; nullptr: collect them.
  std::vector<std::string> values;
  std::string line;
  template <typename T>
  void operator()(const char* name, T& value) {
    values.push_back(Print(value));
    if (defaults != nullptr && (*defaults)[values.size() - 1] != values.back()) {
      line += std::string(" ") + name + "=" + values.back();
    }
  }
};

template <typename Item>
std::string FormatItem(const char* name, Item item) {
  Item plain;
  Printer defaults;
  VisitFields(plain, defaults);
  Printer printer;
  printer.defaults = &defaults.values;
  VisitFields(item, printer);
  return name + printer.line + "\n";
}

struct Reader {
  std::string_view name, text;
  bool found = false, valid = false;
  template <typename T>
  void operator()(const char* field, T& value) {
    if (name != field) return;
    found = true;
    valid = Read(text, &value);
  }
};

// Reads ' name=value ...' into 'item'; what is wrong, or nothing.
template <typename Item>
std::optional<std::string> ParseItem(std::string_view rest, Item* item) {
  while (true) {
    const size_t start = rest.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(start);
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r"));
    rest.remove_prefix(word.size());
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) return "not name=value: '" + std::string(word) + "'";
    Reader reader{.name = word.substr(0, equals), .text = word.substr(equals + 1)};
    VisitFields(*item, reader);
    if (!reader.found) return "no such field: '" + std::string(reader.name) + "'";
    if (!reader.valid)
      return "not a value of '" + std::string(reader.name) + "': '" + std::string(reader.text) +
             "'";
  }
}

struct PlanPrinter {
  std::string text;
  template <typename Item>
  void operator()(const char* name, Item& item) {
    text += FormatItem(name, item);
  }
  template <typename Item>
  void operator()(const char* name, std::vector<Item>& items) {
    for (Item& item : items) text += FormatItem(name, item);
  }
};

struct LineReader {
  std::string_view name, rest;
  bool found = false;
  std::optional<std::string> wrong;
  template <typename Item>
  void operator()(const char* item_name, Item& item) {
    if (name != item_name) return;
    found = true;
    wrong = ParseItem(rest, &item);
  }
  template <typename Item>
  void operator()(const char* item_name, std::vector<Item>& items) {
    if (name == item_name) (*this)(item_name, items.emplace_back());
  }
};

std::optional<std::string> ParseLine(std::string_view line, Plan* plan) {
  LineReader reader;
  reader.name = line.substr(0, line.find_first_of(" \t\r"));
  reader.rest = line.substr(reader.name.size());
  VisitItems(*plan, reader);
  if (reader.found) return reader.wrong;
  return "not 'plan', 'link', 'server', 'client' or 'fault': '" + std::string(reader.name) + "'";
}

}  // namespace

std::string FormatPlan(const Plan& plan) {
  Plan visited = plan;  // One visit serves both ways, so it is not const.
  PlanPrinter printer;
  VisitItems(visited, printer);
  return printer.text;
}

bool ParsePlan(std::string_view text, Plan* plan, std::string* error) {
  *plan = {};
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty()) continue;
    if (const std::optional<std::string> wrong = ParseLine(line, plan)) {
      *error = "line " + std::to_string(number) + ": " + *wrong;
      return false;
    }
  }
  return true;
}

}  // namespace dunlin::sim
