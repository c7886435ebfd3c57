// Bytes of a client on the monitoring port, chopped as the first byte says: whatever they are, the
// filter answers or waits, keeps its promises, and comes to an end when the client does.
#include <algorithm>
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "net/http/server_conn.h"

namespace {

constexpr std::string_view kPages[] = {"/", "/varz", "/connz", "/healthz", "/debug/vars"};

void AnswerAll(dunlin::http::ServerConn* conn, bool in_parts) {
  while (const auto request = conn->TakeRequest()) {
    CHECK(std::any_of(std::begin(kPages), std::end(kPages), [&](std::string_view page) {
      return request->target == page || request->target.starts_with(std::string(page) + "?");
    }));
    dunlin::http::ResponsePart part;
    part.content_type = "application/json";
    part.text = "{}";
    part.last = !in_parts;
    conn->Respond({}, part);
    if (!in_parts) continue;
    part.first = false;
    part.last = true;
    conn->Respond({}, part);
  }
  while (!conn->Output().empty()) conn->Consumed(std::max<size_t>(1, conn->Output().size() / 2));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + (data[0] & 0x7f);
  const bool in_parts = (data[0] & 0x80) != 0;
  dunlin::http::ServerConn::Options options;
  options.base_path = "/nats";
  options.endpoints = kPages;
  options.header_bytes_max = 2000;
  options.body_bytes_max = 500;
  dunlin::http::ServerConn conn(options);
  for (size_t at = 1; at < size; at += piece) {
    conn.OnBytes({}, {data + at, std::min(piece, size - at)});
    AnswerAll(&conn, in_parts);
  }
  conn.OnEnd();
  AnswerAll(&conn, in_parts);
  CHECK(conn.ShouldClose() && !conn.WantsBytes());
  return 0;
}
