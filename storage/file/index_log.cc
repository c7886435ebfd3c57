#include "storage/file/index_log.h"

#include <utility>

namespace dunlin::file {

void SubjectEntries::Add(std::string_view subject, const SubjectInfo* info) {
  const bool again =
      open_ && std::string_view(bytes_).substr(bytes_.size() - last_bytes_) == subject;
  if (!again) {
    Close();
    ++count_;
    format::AppendUvarint(subject.size(), &bytes_);
    bytes_.append(subject);
    last_bytes_ = subject.size();
    open_ = true;
  }
  info_ = info == nullptr ? SubjectInfo{} : *info;
}

void SubjectEntries::Close() {
  if (!open_) return;
  open_ = false;
  if (info_.total == 0) return format::AppendUvarint(0, &bytes_);
  const uint64_t flags = (info_.first_exact ? 2u : 0u) + (info_.last_exact ? 1u : 0u);
  format::AppendUvarint(uint64_t{info_.total} * 4 + flags, &bytes_);
  format::AppendVarint(static_cast<int64_t>(info_.last - before_), &bytes_);
  format::AppendVarint(static_cast<int64_t>(info_.last - info_.first), &bytes_);
  before_ = info_.last;
}

std::string SubjectEntries::Take(Then then) {
  Close();
  count_ = 0;
  if (then == Then::kNew) before_ = 0;
  return std::exchange(bytes_, {});
}

void IndexLog::NextPiece() {
  full_.push_back(entries_.Take(SubjectEntries::Then::kGoOn));
  full_bytes_ += full_.back().size();
  if (full_bytes_ > kBytesMax) End();
}

std::vector<std::string> IndexLog::Take() {
  full_bytes_ = 0;
  full_.push_back(entries_.Take());
  return std::exchange(full_, {});
}

bool ReadSubjectEntry(format::ByteReader* in, Seq* before, std::string_view* subject,
                      SubjectInfo* info) {
  *subject = in->Bytes(in->Uvarint());
  const uint64_t packed = in->Uvarint();
  *info = {0, 0, 0, false, false};
  if (!in->ok() || subject->empty() || packed / 4 > UINT32_MAX) return false;
  if (packed == 0) return true;
  info->total = static_cast<uint32_t>(packed / 4);
  info->first_exact = (packed & 2) != 0;
  info->last_exact = (packed & 1) != 0;
  info->last = *before + static_cast<uint64_t>(in->Varint());
  info->first = info->last - static_cast<uint64_t>(in->Varint());
  *before = info->last;
  return in->ok() && info->total > 0;
}

}  // namespace dunlin::file
