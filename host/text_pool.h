// Short texts that events point to while one batch runs. What it has once allocated it keeps.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::host {

class TextPool {
 public:
  static constexpr size_t kPieceMax = 16 << 10;  // Longer texts get a piece of their own.

  // The copy lives until Clear().
  std::string_view Keep(std::string_view text) {
    if (text.size() > kPieceMax) {
      return *long_ones_.emplace_back(std::make_unique<std::string>(text));
    }
    if (used_ + text.size() > kPieceMax) {
      if (++current_ == pieces_.size()) pieces_.emplace_back(new char[kPieceMax]);
      used_ = 0;
    }
    char* at = pieces_[current_].get() + used_;
    std::memcpy(at, text.data(), text.size());
    used_ += text.size();
    return {at, text.size()};
  }
  void Clear() {
    current_ = static_cast<size_t>(-1);
    used_ = kPieceMax;
    long_ones_.clear();
  }

 private:
  std::vector<std::unique_ptr<char[]>> pieces_;
  std::vector<std::unique_ptr<std::string>> long_ones_;
  size_t current_ = static_cast<size_t>(-1);
  size_t used_ = kPieceMax;
};

}  // namespace dunlin::host
