// However the network cuts a stream into pieces, the server does the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "tests/support/node_driver.h"

namespace dunlin {
namespace {

using testing::NodeDriver;

std::string Payload(size_t size, char c) { return std::string(size, c); }

// A line or frame that a client may send; some are wrong, and end the connection.
std::string RandomFrame() {
  const auto subject = *rc::gen::element<std::string>("foo", "bar.baz", "a.b.c.d", "bar.*", "foo.");
  const auto gap = *rc::gen::element<std::string>(" ", "  ", "\t");
  const auto end = *rc::gen::element<std::string>("\r\n", "\r\n", "\r\n", "\n");
  const size_t size = *rc::gen::element<size_t>(0, 1, 11, 200, 3'000, 20'000, 100'000);
  const auto text = Payload(size, static_cast<char>('a' + size % 26));
  switch (*rc::gen::inRange(0, 14)) {
    case 0: return "PING" + end;
    case 1: return "SUB" + gap + subject + gap + std::to_string(*rc::gen::inRange(1, 9)) + end;
    case 2:
      return "SUB " + subject + gap + "q" + gap + std::to_string(*rc::gen::inRange(1, 9)) + end;
    case 3: return "UNSUB " + std::to_string(*rc::gen::inRange(1, 9)) + end;
    case 4: return "UNSUB 1 " + std::to_string(*rc::gen::inRange(1, 4)) + end;
    case 5:
      return "PUB " + subject + gap + "reply" + gap + std::to_string(size) + end + text + "\r\n";
    case 6: {
      const std::string header = "NATS/1.0\r\nA: b\r\n\r\n";
      return "HPUB " + subject + gap + std::to_string(header.size()) + gap +
             std::to_string(header.size() + size) + end + header + text + "\r\n";
    }
    case 7: return "PONG xyz" + end;
    case 8:
      return *rc::gen::weightedElement<std::string>({{20, "+OK\r\n"},
                                                     {1, "BOGUS\r\n"},
                                                     {1, "PUB foo x\r\n"},
                                                     {1, "PUB foo 2\r\nabc\r\n"},
                                                     {1, "SUB\r\n"}});
    default: return "PUB " + subject + gap + std::to_string(size) + end + text + "\r\n";
  }
}

struct Outcome {
  std::string client, watcher;
  bool open;
};

Outcome Play(const std::string& stream, const std::vector<size_t>& pieces) {
  NodeDriver node;
  const uint32_t watcher = node.Connect();
  node.Send(watcher, "CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB > w\r\n");
  const uint32_t client = node.Connect();
  node.Take(client);
  node.Take(watcher);
  size_t at = 0;
  for (const size_t piece : pieces) {
    const size_t size = std::min(piece, stream.size() - at);
    if (size == 0) break;
    node.Send(client, stream.substr(at, size));
    at += size;
  }
  if (at < stream.size()) node.Send(client, stream.substr(at));
  node.server().CheckInvariants();
  return {node.Take(client), node.Take(watcher), node.open(client)};
}

RC_GTEST_PROP(Chopping, ChangesNothing, ()) {
  std::string stream = *rc::gen::element<std::string>(
      "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n",
      "CONNECT {\"verbose\":true,\"pedantic\":true,\"headers\":true,\"echo\":false}\r\n", "");
  const int frames = *rc::gen::inRange(1, 25);
  for (int i = 0; i < frames; ++i) stream += RandomFrame();
  const Outcome whole = Play(stream, {stream.size()});
  const auto pieces = *rc::gen::container<std::vector<size_t>>(
      *rc::gen::inRange<size_t>(1, 200),
      rc::gen::element<size_t>(1, 1, 2, 3, 7, 50, 400, 5'000, 30'000));
  const Outcome cut = Play(stream, pieces);
  RC_ASSERT(whole.client == cut.client);
  RC_ASSERT(whole.watcher == cut.watcher);
  RC_ASSERT(whole.open == cut.open);
}

TEST(Chopping, EveryCutOfAShortStoryIsTheSame) {
  const std::string stream =
      "CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB foo 1\r\nPUB foo r 5\r\nhello\r\n"
      "HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\nPUB foo 2\r\nabc\r\nPING\r\n";
  const Outcome whole = Play(stream, {stream.size()});
  EXPECT_FALSE(whole.open);
  for (size_t i = 1; i < stream.size(); ++i) {
    for (size_t j = 1; i + j < stream.size(); j += 3) {
      const Outcome cut = Play(stream, {i, j});
      ASSERT_EQ(cut.client, whole.client) << i << ", " << j;
      ASSERT_EQ(cut.watcher, whole.watcher) << i << ", " << j;
    }
  }
}

}  // namespace
}  // namespace dunlin
