// What a store knows of its subjects, as entries: the whole of it (the base of an index), or what
// became of those that changed, in the order of the changes. Each entry says how its subject
// stands, not what was done: of several the last one counts, and one that is applied twice does no
// harm. So a base may be written while the store goes on, if all changes since it was begun follow.
//
//   length of the subject as a varint, its bytes; how many messages, times 4, + 2 if 'first' is
//   exact, + 1 if 'last' is; unless it is gone: 'last' less that of the entry before, 'last' less
//   'first', both signed
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/stream_store.h"
#include "storage/format/byte_reader.h"

namespace dunlin::file {

// 'first' is at or below the subject's first live sequence, 'last' at or above its last one; each
// is that sequence while the flag stands.
struct __attribute__((packed, aligned(4))) SubjectInfo {
  Seq first = 0;
  Seq last = 0;
  uint32_t total = 0;
  bool first_exact : 1;
  bool last_exact : 1;
};

class SubjectEntries {
 public:
  // 'info' null: it is gone. An entry for the same subject as the last one takes its place.
  void Add(std::string_view subject, const SubjectInfo* info);
  // What there is so far is as long as this, but for the numbers of the last entry.
  size_t size() const { return bytes_.size(); }
  uint64_t count() const { return count_; }
  // What there is so far; what is added then begins anew, or goes on behind it.
  enum class Then : uint8_t { kNew, kGoOn };
  std::string Take(Then then = Then::kNew);

 private:
  void Close();

  std::string bytes_;  // Of the last entry, while it is open, the subject only.
  uint64_t count_ = 0;
  Seq before_ = 0;  // 'last' of the last entry that is closed.
  // A stream with one subject changes it with each message: its numbers are written once it is
  // another's turn.
  bool open_ = false;
  SubjectInfo info_{};     // total 0: it is gone.
  size_t last_bytes_ = 0;  // How long its subject is.
};

// Reads one; 'before' starts at 0. False: that is none. total 0: the subject is gone.
[[nodiscard]] bool ReadSubjectEntry(format::ByteReader* in, Seq* before, std::string_view* subject,
                                    SubjectInfo* info);

// The changes since the last checkpoint, while somebody wants to know. In pieces, none of which is
// copied when it grows: they may be many megabytes, and the engine's thread waits.
class IndexLog {
 public:
  // A store that changes more between two checkpoints does without.
  static constexpr size_t kBytesMax = 16u << 20;
  static constexpr size_t kPieceBytes = 128u << 10;

  bool on() const { return on_; }
  void Begin() {
    on_ = true;
    (void)Take();
  }
  void End() {
    on_ = false;
    (void)Take();
  }
  void Note(std::string_view subject, const SubjectInfo* info) {
    if (!on_) return;
    entries_.Add(subject, info);
    if (entries_.size() > kPieceBytes) NextPiece();
  }
  size_t bytes() const { return full_bytes_ + entries_.size(); }
  // All of it, to be read one after the other.
  std::vector<std::string> Take();

 private:
  void NextPiece();

  bool on_ = false;  // First: it is asked for each message.
  std::vector<std::string> full_;
  size_t full_bytes_ = 0;  // Of these.
  SubjectEntries entries_;
};

}  // namespace dunlin::file
