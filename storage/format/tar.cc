#include "storage/format/tar.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "engine/base/check.h"

namespace dunlin::format {
namespace {

// Where what stands in a header.
struct Field {
  size_t at, bytes;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kTime{136, 12}, kSum{148, 8}, kType{156, 1}, kMagic{257, 8}, kUser{265, 32}, kGroup{297, 32},
    kPrefix{345, 155};
constexpr char kRegular = '0', kOldRegular = '\0', kPaxType = 'x', kPaxGlobal = 'g';

void PutText(char* header, Field field, std::string_view text) {
  std::memcpy(header + field.at, text.data(), std::min(text.size(), field.bytes));
}

void PutOctal(char* header, Field field, uint64_t value) {
  char* at = header + field.at + field.bytes - 1;  // A zero byte ends it.
  while (at-- > header + field.at) {
    *at = static_cast<char>('0' + (value & 7));
    value >>= 3;
  }
}

uint64_t SumOf(const char* header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kTarBlockBytes; ++i) {
    const bool own = i >= kSum.at && i < kSum.at + kSum.bytes;
    sum += own ? ' ' : static_cast<uint8_t>(header[i]);
  }
  return sum;
}

void AppendHeader(std::string_view name, uint64_t size, WallTime time, char type,
                  std::string* out) {
  char header[kTarBlockBytes] = {};
  PutText(header, kName, name);
  PutOctal(header, kMode, 0600);
  PutOctal(header, kUid, 0);
  PutOctal(header, kGid, 0);
  PutOctal(header, kSize, size);
  PutOctal(header, kTime, static_cast<uint64_t>(std::max<int64_t>(time.ns, 0)) / 1'000'000'000);
  header[kType.at] = type;
  PutText(header, kMagic, std::string_view("ustar\00000", 8));
  PutText(header, kUser, "nats");
  PutText(header, kGroup, "nats");
  PutOctal(header, {kSum.at, kSum.bytes - 1}, SumOf(header));
  header[kSum.at + kSum.bytes - 1] = ' ';
  out->append(header, sizeof(header));
}

std::optional<uint64_t> OctalOf(const char* header, Field field) {
  std::string_view text(header + field.at, field.bytes);
  text = text.substr(0, text.find('\0'));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return 0;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view TextOf(const char* header, Field field) {
  const std::string_view text(header + field.at, field.bytes);
  return text.substr(0, text.find('\0'));
}

uint64_t PaddingOf(uint64_t size) {
  return (kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes;
}

}  // namespace

void AppendTarHeader(std::string_view name, uint64_t size, WallTime time, std::string* out) {
  CHECK(name.find('\0') == std::string_view::npos);
  if (name.size() > kName.bytes) {
    // "NN path=...\n", NN the length of all of it.
    const std::string rest = " path=" + std::string(name) + "\n";
    std::string record = std::to_string(rest.size() + 1) + rest;
    for (size_t bytes = 0; bytes != record.size();) {
      bytes = record.size();
      record = std::to_string(bytes) + rest;
    }
    AppendHeader("PaxHeaders.0/file", record.size(), time, kPaxType, out);
    out->append(record);
    AppendTarPadding(record.size(), out);
  }
  AppendHeader(name, size, time, kRegular, out);
}

void AppendTarPadding(uint64_t size, std::string* out) { out->append(PaddingOf(size), '\0'); }

void AppendTarEnd(std::string* out) { out->append(2 * kTarBlockBytes, '\0'); }

void TarReader::Feed(std::string_view bytes) {
  CHECK(in_.empty());
  in_ = bytes;
}

TarReader::Piece TarReader::Fail(std::string why) {
  state_ = State::kDamaged;
  why_ = std::move(why);
  return Piece::kDamaged;
}

bool TarReader::Gather(uint64_t count) {
  const size_t take = std::min<uint64_t>(count - held_.size(), in_.size());
  held_.append(in_.substr(0, take));
  in_.remove_prefix(take);
  return held_.size() == count;
}

TarReader::Piece TarReader::Next() {
  while (true) {
    switch (state_) {
      case State::kHeader: {
        if (!Gather(kTarBlockBytes)) return Piece::kNeed;
        const Piece piece = TakeHeader();
        offset_ += kTarBlockBytes;
        held_.clear();
        if (piece != Piece::kNeed) return piece;
        break;
      }
      case State::kPax:
        if (!Gather(left_)) return Piece::kNeed;
        if (!TakePax()) return Fail("a bad pax record");
        offset_ += left_;
        held_.clear();
        state_ = State::kPadding;
        break;
      case State::kData: {
        if (left_ == 0) {
          state_ = State::kPadding;
          break;
        }
        if (in_.empty()) return Piece::kNeed;
        data_ = in_.substr(0, std::min<uint64_t>(left_, in_.size()));
        in_.remove_prefix(data_.size());
        left_ -= data_.size();
        offset_ += data_.size();
        return Piece::kData;
      }
      case State::kSkipped:
      case State::kPadding: {
        uint64_t& rest = state_ == State::kSkipped ? left_ : padding_;
        const size_t take = std::min<uint64_t>(rest, in_.size());
        in_.remove_prefix(take);
        rest -= take;
        offset_ += take;
        if (rest > 0) return Piece::kNeed;
        state_ = state_ == State::kSkipped ? State::kPadding : State::kHeader;
        break;
      }
      case State::kEnd: in_ = {}; return Piece::kEnd;
      case State::kDamaged: return Piece::kDamaged;
    }
  }
}

// kNeed: go on.
TarReader::Piece TarReader::TakeHeader() {
  const char* header = held_.data();
  if (held_.find_first_not_of('\0') == std::string::npos) {
    state_ = State::kEnd;
    return Piece::kEnd;
  }
  const auto sum = OctalOf(header, kSum), size = OctalOf(header, kSize);
  if (!sum || *sum != SumOf(header)) return Fail("invalid checksum of a header");
  if (!size || *size > (uint64_t{1} << 40)) return Fail("a file of a size that cannot be");
  left_ = *size;
  padding_ = PaddingOf(left_);
  const char type = header[kType.at];
  if (type == kPaxGlobal) {
    state_ = State::kSkipped;
    return Piece::kNeed;
  }
  if (type == kPaxType) {
    if (left_ > kPaxBytesMax) return Fail("a pax record that is too long");
    state_ = State::kPax;
    return Piece::kNeed;
  }
  if (type != kRegular && type != kOldRegular) return Fail("unexpected content");
  name_ = std::move(pax_name_);
  pax_name_.clear();
  if (name_.empty()) {
    const std::string_view prefix =
        TextOf(header, kMagic).starts_with("ustar") ? TextOf(header, kPrefix) : "";
    name_ = prefix;
    if (!prefix.empty()) name_.push_back('/');
    name_.append(TextOf(header, kName));
  }
  size_ = left_;
  state_ = State::kData;
  return Piece::kFile;
}

bool TarReader::TakePax() {
  std::string_view in = held_;
  while (!in.empty()) {
    uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), bytes);
    const size_t digits = static_cast<size_t>(end - in.data());
    if (error != std::errc() || bytes <= digits + 1 || bytes > in.size() || *end != ' ' ||
        in[bytes - 1] != '\n') {
      return false;
    }
    const std::string_view record = in.substr(digits + 1, bytes - digits - 2);
    if (record.starts_with("path=")) pax_name_ = record.substr(5);
    // No file of a stream is so large that its size would stand here.
    if (record.starts_with("size=")) return false;
    in.remove_prefix(bytes);
  }
  return true;
}

}  // namespace dunlin::format
