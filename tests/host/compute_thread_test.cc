#include "host/compute_thread.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <vector>

namespace dunlin::host {
namespace {

constexpr char kHash[] = "$2a$05$3sSWEVA1eMCbV0hWavDjXOx.ClBjI6u1CuUdLqf22cbJjXsnzz8/.";

ComputeThread::Question Question(uint64_t ticket, const char* password) {
  return {{ticket}, Computation::kBcryptMatches, kHash, password};
}

bool Readable(const ComputeThread& thread, int wait_ms) {
  pollfd ready{thread.fd(), POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) == 1;
}

TEST(ComputeThread, AnswersInOrderAndWakesTheLoop) {
  ComputeThread thread;
  EXPECT_FALSE(Readable(thread, 0));
  const char* const passwords[] = {"test", "Test", "test"};
  for (uint64_t i = 0; i < 3; ++i) thread.Ask(Question(i, passwords[i]));
  std::vector<ComputeThread::Answer> answers;
  while (answers.size() < 3) {
    ASSERT_TRUE(Readable(thread, 10'000));
    while (const auto answer = thread.Take()) answers.push_back(*answer);
  }
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answers[i].ticket, Ticket{i});
    EXPECT_EQ(answers[i].yes, i != 1);
  }
  EXPECT_FALSE(Readable(thread, 0));
}

// Whether or not the thread has begun.
TEST(ComputeThread, EndsWithQuestionsOpen) {
  for (int i = 0; i < 20; ++i) {
    ComputeThread thread;
    for (uint64_t ticket = 0; ticket < 10; ++ticket) thread.Ask(Question(ticket, "test"));
    const bool began = i % 2 == 0;
    EXPECT_EQ(began && Readable(thread, 10'000), began);
  }
}

TEST(ComputeThread, NeedNotBeUsed) { const ComputeThread thread; }

}  // namespace
}  // namespace dunlin::host
