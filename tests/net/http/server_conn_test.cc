#include "net/http/server_conn.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "net/http/mux.h"

namespace dunlin::http {
namespace {

constexpr WallTime kNow{1'795'303'608'000'000'000};  // Sat, 21 Nov 2026 23:26:48 GMT
constexpr std::string_view kPages[] = {"/",      "/healthz", "/ipqueuesz",
                                       "/raftz", "/connz",   "/debug/vars"};
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What the reference's pages say to the requests that were recorded.
ResponsePart PageOf(std::string_view target) {
  ResponsePart part;
  part.content_type = kJson;
  if (target == "/healthz") {
    part.text = R"({"status":"ok"})";
  } else if (target == "/ipqueuesz") {
    part.text = "{}";
  } else if (target == "/raftz") {
    part.status = 404;
    part.content_type = kText;
    part.text = "No Raft nodes registered";
  } else if (target == "/connz?auth=maybe") {
    part.status = 400;
    part.content_type = kText;
    part.text =
        "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"maybe\": invalid syntax";
  } else if (target == "/connz?state=%01") {
    part.status = 400;
    part.content_type = "application/octet-stream";
    part.text = "Error decoding state for \x01";
  } else {
    ADD_FAILURE() << "no page for " << target;
  }
  return part;
}

ServerConn::Options Pages() {
  ServerConn::Options options;
  options.endpoints = kPages;
  return options;
}

std::string Drain(ServerConn* conn) {
  std::string out;
  while (!conn->Output().empty()) {
    out += conn->Output();
    conn->Consumed(conn->Output().size());
  }
  return out;
}

// Sends 'sent' in pieces of the given sizes (the last one is what is left), answers every request.
std::string Talk(ServerConn* conn, std::string_view sent, std::vector<size_t> pieces = {}) {
  std::string out;
  size_t next = 0;
  while (!sent.empty()) {
    const size_t size = next < pieces.size() ? std::min(pieces[next++], sent.size()) : sent.size();
    conn->OnBytes(kNow, Bytes(sent.substr(0, size)));
    sent.remove_prefix(size);
    while (const auto request = conn->TakeRequest()) {
      EXPECT_FALSE(conn->AwaitsHeader());
      conn->Respond(kNow, PageOf(request->target));
    }
    out += Drain(conn);
  }
  return out;
}

struct Exchange {
  std::string sent, received;
  bool closed;
};

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case '\\': out += '\\'; break;
      default:
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
  }
  return out;
}

const std::vector<Exchange>& Recorded() {
  static const std::vector<Exchange> exchanges = [] {
    std::vector<Exchange> list;
    std::ifstream file(SOURCE_ROOT "/tests/net/http/recorded.txt");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("> ")) list.push_back({Unescape(line.substr(2)), "", false});
      if (line.starts_with("< ")) list.back().received = Unescape(line.substr(2));
      if (line.starts_with("= ")) list.back().closed = line == "= closed";
    }
    return list;
  }();
  return exchanges;
}

TEST(HttpServerConn, AnswersRawHttpAsTheReferenceDid) {
  ASSERT_GT(Recorded().size(), 80u);
  for (const Exchange& exchange : Recorded()) {
    ServerConn conn(Pages());
    EXPECT_EQ(Talk(&conn, exchange.sent), exchange.received) << exchange.sent;
    EXPECT_EQ(conn.ShouldClose(), exchange.closed) << exchange.sent;
  }
}

RC_GTEST_PROP(HttpServerConnProperty, ChoppingTheBytesChangesNothing, ()) {
  const Exchange exchange = *rc::gen::elementOf(Recorded());
  const auto pieces = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 40));
  ServerConn conn(Pages());
  RC_ASSERT(Talk(&conn, exchange.sent, pieces) == exchange.received);
  RC_ASSERT(conn.ShouldClose() == exchange.closed);
}

// No bytes may crash it, whatever becomes of a recorded request.
RC_GTEST_PROP(HttpServerConnProperty, AnyBytesAreAnsweredOrWaitedFor, (const std::string& junk)) {
  std::string sent = Recorded()[*rc::gen::inRange<size_t>(0, Recorded().size())].sent;
  const size_t at = *rc::gen::inRange<size_t>(0, sent.size());
  sent.replace(at, *rc::gen::inRange<size_t>(0, 8), junk);
  ServerConn conn(Pages());
  conn.OnBytes(kNow, Bytes(sent));
  while (conn.TakeRequest()) conn.Respond(kNow, ResponsePart{});
  conn.OnEnd();
  while (conn.TakeRequest()) conn.Respond(kNow, ResponsePart{});
  RC_ASSERT(conn.ShouldClose());
}

ResponsePart Part(bool first, bool last, std::string_view text) {
  ResponsePart part;
  part.first = first;
  part.last = last;
  part.content_type = kJson;
  part.text = text;
  return part;
}

TEST(HttpServerConn, SendsABigReplyInChunks) {
  ServerConn conn(Pages());
  conn.OnBytes(kNow, Bytes("GET /connz HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(conn.TakeRequest());
  conn.Respond(kNow, Part(true, false, "0123456789abcdef0"));
  conn.Respond(kNow, Part(false, false, ""));
  conn.Respond(kNow, Part(false, true, "x"));
  EXPECT_EQ(
      Drain(&conn),
      "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n"
      "Date: Sat, 21 Nov 2026 23:26:48 GMT\r\nTransfer-Encoding: chunked\r\n\r\n"
      "11\r\n0123456789abcdef0\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_FALSE(conn.ShouldClose());
}

TEST(HttpServerConn, SaysTheLengthUpToTwoKilobytesOnly) {
  for (const size_t size : {2048u, 2049u}) {
    ServerConn conn(Pages());
    conn.OnBytes(kNow, Bytes("GET /connz HTTP/1.1\r\nHost: x\r\n\r\n"));
    ASSERT_TRUE(conn.TakeRequest());
    conn.Respond(kNow, Part(true, true, std::string(size, 'x')));
    const std::string reply = Drain(&conn);
    EXPECT_EQ(reply.find("Content-Length: 2048") != std::string::npos, size == 2048);
    EXPECT_EQ(reply.find("chunked") != std::string::npos, size == 2049);
  }
}

TEST(HttpServerConn, EndsABigReplyToHttp10WithTheConnection) {
  ServerConn conn(Pages());
  conn.OnBytes(kNow, Bytes("GET /connz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  ASSERT_TRUE(conn.TakeRequest());
  conn.Respond(kNow, Part(true, false, "abc"));
  conn.Respond(kNow, Part(false, true, "def"));
  EXPECT_EQ(
      Drain(&conn),
      "HTTP/1.0 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n"
      "Date: Sat, 21 Nov 2026 23:26:48 GMT\r\n\r\nabcdef");
  EXPECT_TRUE(conn.ShouldClose());
}

TEST(HttpServerConn, ABigReplyToHeadHasNeitherLengthNorBody) {
  ServerConn conn(Pages());
  conn.OnBytes(kNow, Bytes("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(conn.TakeRequest());
  ResponsePart part = Part(true, true, {});
  const std::string body(5000, 'x');
  part.text = body;
  part.content_type = "text/html; charset=utf-8";
  conn.Respond(kNow, part);
  EXPECT_EQ(Drain(&conn),
            "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 23:26:48 GMT\r\n"
            "Content-Type: text/html; charset=utf-8\r\n\r\n");
  EXPECT_FALSE(conn.ShouldClose());
}

TEST(HttpServerConn, RefusesAnEndlessHeaderAndReadsNoMore) {
  ServerConn::Options options = Pages();
  options.header_bytes_max = 1000;
  ServerConn conn(options);
  conn.OnBytes(kNow, Bytes("GET /healthz HTTP/1.1\r\nA: "));
  EXPECT_TRUE(conn.AwaitsHeader());
  conn.OnBytes(kNow, Bytes(std::string(1000, 'a')));
  EXPECT_EQ(Drain(&conn),
            "HTTP/1.1 431 Request Header Fields Too Large\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
            "431 Request Header Fields Too Large");
  EXPECT_TRUE(conn.ShouldClose());
  EXPECT_FALSE(conn.WantsBytes());
  conn.OnBytes(kNow, Bytes("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(conn.TakeRequest());
}

TEST(HttpServerConn, AnswersAndClosesWhenABodyTurnsOutTooLarge) {
  ServerConn::Options options = Pages();
  options.body_bytes_max = 100;
  ServerConn conn(options);
  const std::string chunk = "10\r\n" + std::string(16, 'x') + "\r\n";
  std::string sent = "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) sent += chunk;
  EXPECT_NE(Talk(&conn, sent).find("Connection: close"), std::string::npos);
  EXPECT_TRUE(conn.ShouldClose());
}

TEST(HttpServerConn, WantsNoMoreBytesWhileManyWaitBehindARequest) {
  ServerConn conn(Pages());
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string sent;
  while (sent.size() < (80u << 10)) sent += ask;
  conn.OnBytes(kNow, Bytes(sent));
  EXPECT_FALSE(conn.WantsBytes());
  size_t answered = 0;
  while (conn.TakeRequest()) {
    conn.Respond(kNow, PageOf("/healthz"));
    ++answered;
  }
  EXPECT_EQ(answered, sent.size() / ask.size());
  EXPECT_FALSE(conn.WantsBytes()) << "nobody takes the replies";
  Drain(&conn);
  EXPECT_TRUE(conn.WantsBytes());
}

TEST(HttpServerConn, AwaitsTheFirstRequestButMayIdleAfterIt) {
  ServerConn conn(Pages());
  EXPECT_TRUE(conn.AwaitsHeader());
  Talk(&conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(conn.AwaitsHeader());
  Talk(&conn, "GET");
  EXPECT_TRUE(conn.AwaitsHeader());
}

TEST(HttpServerConn, AnswersWhatWasAskedBeforeThePeerEnded) {
  ServerConn conn(Pages());
  conn.OnBytes(kNow, Bytes("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /ipqueuesz HTTP/1.1\r\n"
                           "Host: x\r\n\r\nGET /healthz HT"));
  conn.OnEnd();
  ASSERT_TRUE(conn.TakeRequest());
  conn.Respond(kNow, PageOf("/healthz"));
  EXPECT_FALSE(conn.ShouldClose());
  ASSERT_TRUE(conn.TakeRequest());
  conn.Respond(kNow, PageOf("/ipqueuesz"));
  EXPECT_FALSE(conn.TakeRequest());
  EXPECT_TRUE(conn.ShouldClose());
}

TEST(HttpServerConn, ServesBelowABasePath) {
  for (const char* base : {"nats", "/nats", "/nats/", "//x/../nats"}) {
    ServerConn::Options options = Pages();
    options.base_path = base;
    ServerConn conn(options);
    conn.OnBytes(kNow, Bytes("GET /nats/healthz?a HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto request = conn.TakeRequest();
    ASSERT_TRUE(request) << base;
    EXPECT_EQ(request->target, "/healthz?a");
    conn.Respond(kNow, PageOf("/healthz"));
    Drain(&conn);
    conn.OnBytes(kNow, Bytes("GET /nats HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(conn.TakeRequest()->target, "/");
    conn.Respond(kNow, PageOf("/healthz"));
    Drain(&conn);
    for (const char* other : {"/nats/", "/", "/healthz", "/natshealthz"}) {
      conn.OnBytes(kNow, Bytes("GET " + std::string(other) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
      EXPECT_FALSE(conn.TakeRequest());
      EXPECT_EQ(Drain(&conn).substr(0, 12), "HTTP/1.1 404") << other;
    }
  }
}

TEST(HttpMux, CleansPathsLexically) {
  EXPECT_EQ(CleanPath("/a/./b//c/.."), "/a/b");
  EXPECT_EQ(CleanPath("/.."), "/");
  EXPECT_EQ(CleanPath("a/.."), ".");
  EXPECT_EQ(CleanPath("../a/../.."), "../..");
  EXPECT_EQ(CleanPath(""), ".");
}

}  // namespace
}  // namespace dunlin::http
