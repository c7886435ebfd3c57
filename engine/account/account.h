// An account: a subject space of its own, and what was counted in it. One for now, '$G'.
#pragma once

#include <cstdint>
#include <string>

#include "engine/subject/sublist.h"

namespace dunlin::account {

inline constexpr char kGlobalAccount[] = "$G";

struct Traffic {
  int64_t msgs = 0;
  int64_t bytes = 0;  // Headers and payloads, without protocol.
};

struct Account {
  Account(std::string account_name, subject::Sublist::Options options)
      : name(std::move(account_name)), subs(options) {}

  const std::string name;
  subject::Sublist subs;
  Traffic in, out;
  int64_t slow_consumers = 0;
  int connections = 0;
};

}  // namespace dunlin::account
