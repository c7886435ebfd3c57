// Random sessions of clients on our engine and on the reference: every client must get the same
// bytes.
//
//   DUNLIN_DIFF_SEED=7 DUNLIN_DIFF_SESSIONS=5000 build/tests/differential_tests
//
// Session N of seed S is the same in every run. SKIPPED where there is no reference.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/differential/duel.h"
#include "tests/differential/transcript.h"

namespace dunlin::differential {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{2'000}, kMorePatience{8'000};
constexpr int kDifferencesShown = 10;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The reference servers, one a config, started when they are first needed.
class References {
 public:
  explicit References(std::string binary)
      : binary_(std::move(binary)), running_(Configs().size()) {}

  int Port(size_t config) {
    if (running_[config] == nullptr) {
      running_[config] = std::make_unique<Reference>(binary_, Configs()[config].options);
    }
    return running_[config]->port();
  }

 private:
  const std::string binary_;
  std::vector<std::unique_ptr<Reference>> running_;
};

std::optional<std::string> Play(const Session& session, References* references,
                                milliseconds patience) {
  const int port = references->Port(session.config);
  if (port == 0) return "the reference does not start\n";
  return Duel(Configs()[session.config].options, port, patience).Play(session);
}

// Without those steps that the difference does not need: halves first, then one by one.
Session Shrunk(Session session, References* references) {
  for (size_t part = session.steps.size() / 2; part > 0; part /= 2) {
    for (size_t at = 0; at + part <= session.steps.size();) {
      Session smaller = session;
      const auto from = smaller.steps.begin() + static_cast<ptrdiff_t>(at);
      smaller.steps.erase(from, from + static_cast<ptrdiff_t>(part));
      if (Play(smaller, references, milliseconds(1'000)))
        session = smaller;
      else
        at += part;
    }
  }
  return session;
}

TEST(Differential, RandomSessionsGetTheSameBytesOfBothServers) {
  const std::optional<std::string> binary = FindReference();
  if (!binary)
    GTEST_SKIP()
        << "SKIPPED: no reference server: neither DUNLIN_ORACLE nor nats-server on the PATH";
  const uint64_t seed = FromEnvironment("DUNLIN_DIFF_SEED", 1);
  const uint64_t sessions = FromEnvironment("DUNLIN_DIFF_SESSIONS", 3000);
  const uint64_t first = FromEnvironment("DUNLIN_DIFF_FIRST", 0);
  std::printf("DUNLIN_DIFF_SEED=%lu DUNLIN_DIFF_SESSIONS=%lu\n", seed, sessions);
  References references(*binary);
  size_t steps = 0;
  int unsteady = 0, differences = 0;
  for (uint64_t n = first; n < first + sessions && differences < kDifferencesShown; ++n) {
    Rng rng = Rng(seed).Fork("session", n);
    const Session session = MakeSession(&rng);
    steps += session.steps.size();
    if (!Play(session, &references, kPatience)) continue;
    // The machine may have been busy, or the reference have dealt with two clients in another
    // order.
    if (!Play(session, &references, kMorePatience) || !Play(session, &references, kMorePatience)) {
      ++unsteady;
      continue;
    }
    ++differences;
    const Session shrunk = Shrunk(session, &references);
    const auto difference = Play(shrunk, &references, kMorePatience);
    ADD_FAILURE() << "session " << n << " of seed " << seed << " (DUNLIN_DIFF_FIRST=" << n
                  << " DUNLIN_DIFF_SESSIONS=1), cut down:\n"
                  << ToText(shrunk) << difference.value_or("(gone when played once more)\n");
  }
  std::printf("%lu sessions of %zu steps; %d differ, %d only once\n", sessions, steps, differences,
              unsteady);
}

TEST(Differential, SessionsAreDecidedByTheirSeed) {
  Rng a = Rng(3).Fork("session", 5), b = Rng(3).Fork("session", 5), c = Rng(3).Fork("session", 6);
  const std::string text = ToText(MakeSession(&a));
  EXPECT_EQ(text, ToText(MakeSession(&b)));
  EXPECT_NE(text, ToText(MakeSession(&c)));
}

TEST(Transcript, LeavesOutWhatNoTwoServersShare) {
  EXPECT_EQ(Normalised("INFO {\"server_id\":\"NA\",\"port\":4222,\"xkey\":\"X\",\"proto\":1} "
                       "\r\nPING\r\nPONG\r\n"),
            "INFO {\"server_id\":0,\"port\":0,\"proto\":1} \r\nPONG\r\n");
}

TEST(Transcript, SortsTheDeliveriesOfOneMessageOnly) {
  EXPECT_EQ(Normalised("MSG a 2 1\r\nx\r\nMSG a 1 1\r\nx\r\nMSG a 0 1\r\ny\r\n"),
            "MSG a 1 1\r\nx\r\nMSG a 2 1\r\nx\r\nMSG a 0 1\r\ny\r\n");
}

TEST(Transcript, KeepsWhatIsNoFrame) {
  EXPECT_EQ(Normalised("MSG a 1 5\r\nhel"), "MSG a 1 5\r\nhel");
  EXPECT_EQ(Normalised("PONG\r\nPIN"), "PONG\r\nPIN");
}

}  // namespace
}  // namespace dunlin::differential
