// Random client operations: mostly right, often nearly right, sometimes rubbish.
#pragma once

#include <string>

#include "engine/base/rng.h"
#include "engine/config/options.h"

namespace dunlin::differential {

class OperationMaker {
 public:
  // 'rng' outlives this.
  OperationMaker(Rng* rng, const config::Options& options) : rng_(*rng), options_(options) {}

  // CONNECT with its line end.
  [[nodiscard]] std::string Connect();
  // A whole operation with its line end and payload. Payloads are numbered, so that no two are
  // equal, and queue groups too: which member of a larger one gets a message is not defined.
  [[nodiscard]] std::string Operation();

 private:
  // One of the given, each as likely as the others.
  template <size_t N>
  const char* Pick(const char* const (&from)[N]) {
    return from[rng_.Below(N)];
  }
  bool OneIn(uint64_t n) { return rng_.Below(n) == 0; }
  // What stands between two arguments, and at a line's end.
  std::string Gap();
  std::string LineEnd();
  std::string Verb(const char* upper);
  std::string Subject();
  std::string Token();
  std::string Filter();
  std::string Sid();
  std::string Number(int64_t right);
  std::string Payload();
  std::string HeaderBlock();
  std::string Sub();
  std::string Unsub();
  std::string Pub();
  std::string Hpub();
  std::string Small();
  std::string Garbage();
  std::string Spoilt(std::string operation);

  Rng& rng_;
  const config::Options& options_;
  int made_ = 0;
};

}  // namespace dunlin::differential
