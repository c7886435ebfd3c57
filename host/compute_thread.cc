#include "host/compute_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/check.h"
#include "host/unique_fd.h"
#include "net/crypt/bcrypt.h"

namespace dunlin::host {
namespace {

bool Compute(const ComputeThread::Question& question) {
  switch (question.computation) {
    case Computation::kBcryptMatches: return crypt::BcryptMatches(question.first, question.second);
  }
  return false;
}

}  // namespace

struct ComputeThread::Shared {
  // The thread's work; true if nobody is left who would delete this.
  bool Run();

  UniqueFd wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::thread thread;  // The event loop's own; all below belongs to both, under the mutex.
  std::mutex mutex;
  std::condition_variable asked;
  std::deque<Question> questions;
  std::deque<Answer> answers;
  bool computing = false;
  bool stop = false;
  bool orphan = false;
};

bool ComputeThread::Shared::Run() {
  std::unique_lock lock(mutex);
  while (true) {
    asked.wait(lock, [this] { return stop || !questions.empty(); });
    if (stop) return orphan;
    Question question = std::move(questions.front());
    questions.pop_front();
    computing = true;
    lock.unlock();
    const Answer answer{question.ticket, Compute(question)};
    explicit_bzero(question.second.data(), question.second.size());
    lock.lock();
    computing = false;
    answers.push_back(answer);
    const uint64_t one = 1;
    (void)!::write(wake.get(), &one, sizeof one);  // Fails only if it is readable anyway.
  }
}

ComputeThread::ComputeThread() : shared_(new Shared) { CHECK(shared_->wake.valid()); }

ComputeThread::~ComputeThread() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    if (shared_->computing) {
      // What the thread needs is left to it, and deleted by it if the process lives so long.
      shared_->orphan = true;
      shared_->thread.detach();
      return;
    }
    shared_->asked.notify_one();
  }
  if (shared_->thread.joinable()) shared_->thread.join();
  delete shared_;
}

int ComputeThread::fd() const { return shared_->wake.get(); }

void ComputeThread::Ask(Question question) {
  if (!shared_->thread.joinable()) {
    shared_->thread = std::thread([shared = shared_] {
      if (shared->Run()) delete shared;
    });
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->questions.push_back(std::move(question));
  shared_->asked.notify_one();
}

std::optional<ComputeThread::Answer> ComputeThread::Take() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->answers.empty()) {
    uint64_t count = 0;
    (void)!::read(shared_->wake.get(), &count, sizeof count);
    return std::nullopt;
  }
  const Answer answer = shared_->answers.front();
  shared_->answers.pop_front();
  return answer;
}

}  // namespace dunlin::host
