// How long one step holds the engine, at worst: the figures behind 'a few milliseconds, whatever
// the fan-out or the number of subscriptions'. Run by hand: times are the machine's, and no test
// looks at them.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "tests/support/node_driver.h"

namespace {

using dunlin::testing::NodeDriver;

constexpr char kConnect[] = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\n";

// CPU time of this thread, so that others on the machine do not count.
int64_t CpuNs() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

// Prints the longest step of its life.
class Worst {
 public:
  Worst(std::string name, NodeDriver& node)
      : name_(std::move(name)), node_(node), before_(node.steps()) {
    node.worst_step_ns = 0;
    node.clock_ns = CpuNs;
  }
  ~Worst() {
    std::printf("%-58s %7.2f ms, worst of %lld steps\n", name_.c_str(),
                static_cast<double>(node_.worst_step_ns) / 1e6,
                static_cast<long long>(node_.steps() - before_));
  }

 private:
  std::string name_;
  NodeDriver& node_;
  int64_t before_;
};

std::string Subs(const std::string& subject, int from, int to, bool numbered) {
  std::string text;
  for (int i = from; i < to; ++i) {
    text += "SUB " + subject + (numbered ? "." + std::to_string(i) : "") + " " + std::to_string(i) +
            "\r\n";
  }
  return text;
}

// In reads of at most 64 KiB, as from a socket.
void SendAll(NodeDriver& node, uint32_t client, const std::string& text) {
  for (size_t at = 0; at < text.size(); at += 65'536) {
    node.Send(client, std::string_view(text).substr(at, 65'536));
  }
}

uint32_t Join(NodeDriver& node) {
  const uint32_t client = node.Connect();
  node.Send(client, kConnect);
  return client;
}

void ManyLiterals() {
  NodeDriver node;
  node.keep_output = false;
  const uint32_t many = Join(node);
  {
    Worst worst("1,000,000 literal subscriptions arrive, one connection", node);
    for (int i = 0; i < 1'000'000; i += 50'000) {
      SendAll(node, many, Subs("some.subject", i, i + 50'000, true));
    }
  }
  Worst worst("that connection leaves", node);
  node.Hangup(many);
}

void ManyPatterns() {
  NodeDriver node;
  node.keep_output = false;
  const uint32_t many = Join(node);
  {
    Worst worst("100,000 wildcard subscriptions arrive", node);
    for (int i = 0; i < 100'000; i += 50'000) SendAll(node, many, Subs("*.x", i, i + 50'000, true));
  }
  const uint32_t producer = Join(node);
  std::string burst;
  for (int i = 0; burst.size() < 65'000; ++i) {
    burst += "PUB a.x." + std::to_string(i % 10'000) + " 2\r\nhi\r\n";
  }
  Worst worst("64 KiB of PUB to some thousand subjects behind them", node);
  SendAll(node, producer, burst);
}

void WideFanout(int width) {
  NodeDriver node;
  node.keep_output = false;
  for (int i = 0; i < 100; ++i) SendAll(node, Join(node), Subs("wide", 0, width / 100, false));
  const uint32_t producer = Join(node);
  std::string burst;
  // As much of 64 KiB as keeps this short.
  const size_t messages = std::min<size_t>(450, 5'000'000 / static_cast<size_t>(width));
  for (size_t i = 0; i < messages; ++i)
    burst += "PUB wide 128\r\n" + std::string(128, 'x') + "\r\n";
  Worst worst(std::to_string(messages) + " PUB of 128 bytes in one read, to " +
                  std::to_string(width) + " subscribers",
              node);
  SendAll(node, producer, burst);
}

}  // namespace

int main() {
  ManyLiterals();
  ManyPatterns();
  for (const int width : {10, 1'000, 10'000, 100'000, 1'000'000}) WideFanout(width);
  return 0;
}
