#include "tests/differential/transcript.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace dunlin::differential {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kRepeated = "-ERR 'Invalid Publish Subject'\r\n";

struct Frame {
  std::string_view text;  // With its line end.
  std::string_view body;  // What follows the line of a MSG or HMSG.
  bool message = false;
};

// The frame at the start of 'input'; all of 'input' if it is not whole.
Frame FirstFrame(std::string_view input) {
  const size_t end = input.find(kLineEnd);
  if (end == input.npos) return {input, {}, false};
  const std::string_view line = input.substr(0, end);
  if (!line.starts_with("MSG ") && !line.starts_with("HMSG "))
    return {input.substr(0, end + 2), {}, false};
  const std::string_view number = line.substr(line.rfind(' ') + 1);
  size_t size = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), size);
  if (read.ec != std::errc() || input.size() - end - 2 < size + 2) return {input, {}, false};
  return {input.substr(0, end + 2 + size + 2), input.substr(end + 2, size + 2), true};
}

// Replaces the value of "name" in a compact JSON object, or takes name and value out when 'with' is
// empty.
void Replace(std::string* json, std::string_view name, std::string_view with) {
  const std::string key = '"' + std::string(name) + "\":";
  const size_t at = json->find(key);
  if (at == json->npos) return;
  size_t end = at + key.size();
  if ((*json)[end] == '"')
    end = json->find('"', end + 1) + 1;
  else
    end = json->find_first_of(",}", end);
  if (!with.empty()) {
    json->replace(at + key.size(), end - at - key.size(), with);
  } else {
    // With the comma behind it, or the one in front of the last member.
    if ((*json)[end] == ',')
      json->erase(at, end + 1 - at);
    else if ((*json)[at - 1] == ',')
      json->erase(at - 1, end - at + 1);
    else
      json->erase(at, end - at);
  }
}

// A line 'HMSG subject sid ...' without its sid.
std::string WithoutSid(std::string_view text) {
  const size_t sid = text.find(' ', text.find(' ') + 1) + 1;
  return std::string(text.substr(0, sid)) + std::string(text.substr(text.find(' ', sid) + 1));
}

std::string NormalisedInfo(std::string_view line) {
  std::string json(line);
  for (const char* name : {"server_id", "server_name", "port", "client_id", "go"})
    Replace(&json, name, "0");
  for (const char* name : {"git_commit", "xkey", "api_lvl"}) Replace(&json, name, "");
  return json;
}

}  // namespace

std::string Normalised(std::string_view received) {
  std::string out;
  std::vector<std::string_view> copies;
  std::string_view body;
  const auto flush = [&] {
    std::sort(copies.begin(), copies.end());
    for (const std::string_view copy : copies) out += copy;
    copies.clear();
  };
  while (!received.empty()) {
    const Frame frame = FirstFrame(received);
    received.remove_prefix(frame.text.size());
    if (!frame.message || frame.body != body) flush();
    if (frame.message && frame.text.substr(frame.text.find(' ') + 1).starts_with("$SYS.")) continue;
    if (frame.body.starts_with("NATS/1.0 503\r\nNats-Subject: ")) {
      out += WithoutSid(frame.text);
      continue;
    }
    if (frame.message) {
      body = frame.body;
      copies.push_back(frame.text);
    } else if (frame.text.starts_with("INFO {")) {
      out += NormalisedInfo(frame.text);
    } else if (frame.text != "PING\r\n" && !(frame.text == kRepeated && out.ends_with(kRepeated))) {
      out += frame.text;
    }
  }
  flush();
  return out;
}

}  // namespace dunlin::differential
