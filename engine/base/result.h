// The outcome of something that can fail for a reason outside the program: a value, or an Error.
//
// A light stand-in for absl::StatusOr (whose header costs a second per file): no codes, only a text
// for whoever asked. Both are [[nodiscard]], so that no failure is dropped in silence.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "engine/base/check.h"

namespace dunlin {

// Why something failed, in words that can be shown to a user as they are.
struct [[nodiscard]] Error {
  std::string text;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : outcome_(std::move(value)) {}      // NOLINT: 'return value;' is the point.
  Result(Error error) : outcome_(std::move(error)) {}  // NOLINT: so is 'return Error{...};'.

  bool ok() const { return outcome_.index() == 0; }

  // REQUIRES: ok().
  T& value() {
    CHECK(ok());
    return *std::get_if<0>(&outcome_);
  }
  const T& value() const {
    CHECK(ok());
    return *std::get_if<0>(&outcome_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&outcome_);
  }

 private:
  std::variant<T, Error> outcome_;
};

}  // namespace dunlin
