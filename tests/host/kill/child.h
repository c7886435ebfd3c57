// What the process that is killed does, and tells the one that kills it through its standard
// output, a line each:
//
// - "recovered OWNER SEQ": all up to SEQ is there; once for each owner, before the first "acked".
// - "acked OWNER SEQ": all up to SEQ has been promised to somebody.
// - "done": stopped in order (with Life::kLast).
// - "wrong ...": what was found cannot be; exits with 1.
//
// Each line is one write, so that whatever was said before the end has been said.
#pragma once

#include <cstdint>
#include <string>

namespace dunlin::kill {

enum class Work : uint8_t { kJournal, kStore };

enum class Life : uint8_t {
  kKilled,  // Works until it is killed.
  kLast,    // Recovers, verifies, stops in order.
};

// Owners from here on are consumers.
inline constexpr uint64_t kConsumers = 100;

struct ChildOptions {
  std::string directory;
  uint64_t directory_seed = 0;  // The same in all lives of a directory.
  uint64_t life_seed = 0;
  Life life = Life::kKilled;
  Work work = Work::kJournal;
};

// What it works on: the journal alone, or block stores, consumers, and the journal under them. Both
// return the exit code.
int RunJournalChild(const ChildOptions& options);
int RunStoreChild(const ChildOptions& options);

// To the parent.
void Tell(const std::string& line);

// Thrown by a child that finds what cannot be.
struct Wrong {
  std::string what;
};

// Lives a 'Child(options).Run()'; returns its exit code.
template <class Child>
int RunChild(const ChildOptions& options) {
  try {
    Child(options).Run();
    return 0;
  } catch (const Wrong& wrong) {
    Tell("wrong " + wrong.what);
    return 1;
  }
}

}  // namespace dunlin::kill
