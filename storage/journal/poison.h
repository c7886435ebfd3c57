// Once set, the journal promises nothing any more.
#pragma once

#include <optional>
#include <string>

#include "storage/disk.h"

namespace dunlin::journal {

struct Poison {
  std::optional<std::string> text;  // The first reason.

  bool set() const { return text.has_value(); }
  void Set(std::string why) {
    if (!text) text = "journal: " + std::move(why);
  }
  void Set(const std::string& what, const DiskDone& done) {
    Set(what + ": " + (done.text.empty() ? Describe(done.error) : done.text));
  }
};

}  // namespace dunlin::journal
