// The simulated disk against the plain model: random operations, several in flight, completed in
// any order; deaths at any time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/disk/disk_driver.h"
#include "tests/sim/disk/disk_model.h"

namespace dunlin::sim {
namespace {

using Kind = DiskOp::Kind;

// What to do next, for Contest to make sense of.
struct Move {
  uint8_t kind = 0;
  uint8_t a = 0, b = 0;
  uint16_t n = 0;
};

std::ostream& operator<<(std::ostream& out, const Move& move) {
  return out << "{" << int{move.kind} << ", " << int{move.a} << ", " << int{move.b} << ", "
             << move.n << "}";
}

const std::array<std::string, 4> kNames{"d0/x", "d0/y", "d1/x", "d1/y"};

class Contest {
 public:
  explicit Contest(uint64_t seed) : driver_(seed) {
    for (const char* dir : {"d0", "d1"}) driver_.queue().MakeDir(dir);
    (void)driver_.RunAll();
    (void)driver_.Run(driver_.queue().SyncDir(""));
  }

  void Play(const Move& move) {
    const std::string& name = kNames[move.a % 4];
    const std::string& other = kNames[move.b % 4];
    const int file = model_.FileAt(name);
    switch (move.kind % 14) {
      case 0:
      case 1: return Open(name);
      case 2:
      case 3:
      case 4: return Write(name, file, move.n % 3000, 1 + move.b * 7u);
      case 5: return Truncate(name, file, move.n % 3000);
      case 6: return Read(name, file, move.n % 3000);
      case 7: return Sync(file);
      case 8: return SyncDir(move.b % 2 == 0 ? "d0" : "d1");
      case 9: return Rename(name, other);
      case 10: return Remove(name);
      case 11: return Steps(1 + move.n % 4);
      case 12: return Steps(1000);
      case 13: return Crash(move.b % 2 == 0 ? CrashKind::kKill : CrashKind::kPowerLoss, move.n);
    }
  }

  void Crash(CrashKind kind, uint64_t variant) {
    driver_.Crash(kind, variant);
    for (const auto& [ticket, flight] : flights_) MayHaveHappened(flight, kind);
    flights_.clear();
    handles_.clear();
    busy_.clear();
    std::map<std::string, std::string> there;
    for (const std::string& name : kNames) {
      const std::optional<std::string> contents = driver_.disk().Contents(name);
      if (contents) there[name] = *contents;
      const std::string problem = kind == CrashKind::kKill ? model_.CheckKill(name, contents)
                                                           : model_.CheckPowerLoss(name, contents);
      if (!problem.empty()) RC_FAIL(problem);
    }
    RC_ASSERT(driver_.disk().Files().size() == there.size());
    if (kind == CrashKind::kPowerLoss) model_.StartFrom(there);
  }

 private:
  struct Flight {
    Kind kind = Kind::kOpen;
    std::string name, target;
    int file = -1;
    FileId id = {};
    uint64_t offset = 0, mark = 0;
    std::string bytes;
  };

  bool Idle(const std::string& name) const { return busy_.count(name) == 0; }
  bool Usable(const std::string& name, int file) const {
    return file >= 0 && Idle(name) && handles_.count(file) > 0;
  }
  void Fly(DiskTicket ticket, Flight flight) {
    if (flight.kind != Kind::kSync && flight.kind != Kind::kSyncDir) {
      busy_.insert(flight.name);
      if (flight.kind == Kind::kRename) busy_.insert(flight.target);
    }
    flights_[ticket] = std::move(flight);
  }

  void Open(const std::string& name) {
    if (!Idle(name) || handles_.count(model_.FileAt(name)) > 0) return;
    const FileId id = driver_.queue().NewFile();
    Fly(driver_.queue().Open(id, name, Access::kWrite, Creation::kIfMissing),
        {.kind = Kind::kOpen, .name = name, .target = {}, .id = id, .bytes = {}});
  }
  void Write(const std::string& name, int file, uint64_t offset, size_t size) {
    if (!Usable(name, file)) return;
    letter_ = letter_ == 'z' ? 'a' : static_cast<char>(letter_ + 1);
    const std::string& bytes = texts_.emplace_back(size, letter_);
    Fly(driver_.queue().Write(handles_[file], offset,
                              reinterpret_cast<const uint8_t*>(bytes.data()), size),
        {.kind = Kind::kWrite,
         .name = name,
         .target = {},
         .file = file,
         .offset = offset,
         .bytes = bytes});
  }
  void Truncate(const std::string& name, int file, uint64_t size) {
    if (!Usable(name, file)) return;
    Fly(driver_.queue().Truncate(handles_[file], size), {.kind = Kind::kTruncate,
                                                         .name = name,
                                                         .target = {},
                                                         .file = file,
                                                         .offset = size,
                                                         .bytes = {}});
  }
  void Read(const std::string& name, int file, uint64_t offset) {
    if (!Usable(name, file)) return;
    Steps(1000);
    if (model_.FileAt(name) != file) return;
    std::string bytes(1500, '?');
    const DiskDone done = driver_.Run(driver_.queue().Read(
        handles_[file], offset, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()));
    RC_ASSERT(done.ok());
    bytes.resize(done.size);
    const std::string& seen = model_.Seen(file);
    RC_ASSERT(bytes == (offset < seen.size() ? seen.substr(offset, 1500) : ""));
  }
  void Sync(int file) {
    if (file < 0 || handles_.count(file) == 0) return;
    Fly(driver_.queue().Sync(handles_[file]), {.kind = Kind::kSync,
                                               .name = {},
                                               .target = {},
                                               .file = file,
                                               .mark = model_.mark(),
                                               .bytes = {}});
  }
  void SyncDir(const std::string& dir) {
    Fly(driver_.queue().SyncDir(dir),
        {.kind = Kind::kSyncDir, .name = dir, .target = {}, .mark = model_.mark(), .bytes = {}});
  }
  void Rename(const std::string& from, const std::string& to) {
    if (from == to || !Idle(from) || !Idle(to)) return;
    Fly(driver_.queue().Rename(from, to, Replace::kExisting),
        {.kind = Kind::kRename, .name = from, .target = to, .bytes = {}});
  }
  void Remove(const std::string& name) {
    if (!Idle(name)) return;
    Fly(driver_.queue().Remove(name),
        {.kind = Kind::kRemove, .name = name, .target = {}, .bytes = {}});
  }

  void Steps(int count) {
    for (int i = 0; i < count; ++i) {
      const std::optional<DiskDone> done = driver_.Step();
      if (!done) return;
      const Flight flight = flights_.at(done->ticket);
      flights_.erase(done->ticket);
      busy_.erase(flight.name);
      busy_.erase(flight.target);
      const bool needs_a_file = flight.kind == Kind::kRename || flight.kind == Kind::kRemove;
      const bool expected = !needs_a_file || model_.FileAt(flight.name) >= 0;
      RC_ASSERT(done->ok() == expected);
      if (done->ok()) Happened(flight);
    }
  }

  void Happened(const Flight& flight) {
    switch (flight.kind) {
      case Kind::kOpen: {
        int file = model_.FileAt(flight.name);
        if (file < 0) file = model_.Create(flight.name);
        handles_[file] = flight.id;
        return;
      }
      case Kind::kWrite: return model_.Write(flight.file, flight.offset, flight.bytes);
      case Kind::kTruncate: return model_.Truncate(flight.file, flight.offset);
      case Kind::kSync: return model_.Sync(flight.file, flight.mark);
      case Kind::kSyncDir: return model_.SyncDir(flight.name, flight.mark);
      case Kind::kRename: return model_.Rename(flight.name, flight.target);
      case Kind::kRemove: return model_.Remove(flight.name);
      default: return;
    }
  }

  // After a kill the names show what happened; after a power loss anything goes.
  void MayHaveHappened(const Flight& flight, CrashKind kind) {
    const bool lost_power = kind == CrashKind::kPowerLoss;
    const bool there = driver_.disk().Contents(flight.name).has_value();
    const bool was_there = model_.FileAt(flight.name) >= 0;
    const bool went = was_there && (lost_power || !there);
    switch (flight.kind) {
      case Kind::kOpen:
        if (!was_there && (lost_power || there)) (void)model_.Create(flight.name);
        return;
      case Kind::kWrite: return model_.MayHaveWritten(flight.file, flight.offset, flight.bytes);
      case Kind::kTruncate: return model_.MayHaveTruncated(flight.file, flight.offset);
      case Kind::kRename:
        if (went) model_.Rename(flight.name, flight.target);
        return;
      case Kind::kRemove:
        if (went) model_.Remove(flight.name);
        return;
      default: return;
    }
  }

  DiskDriver driver_;
  DiskModel model_;
  std::map<DiskTicket, Flight> flights_;
  std::map<int, FileId> handles_;
  std::multiset<std::string> busy_;
  std::list<std::string> texts_;
  char letter_ = 'a';
};

rc::Gen<Move> AnyMove() {
  return rc::gen::build<Move>(rc::gen::set(&Move::kind), rc::gen::set(&Move::a),
                              rc::gen::set(&Move::b), rc::gen::set(&Move::n));
}

RC_GTEST_PROP(SimDiskProperty, IsBetweenWhatIsCertainAndWhatWasAsked, ()) {
  Contest contest(*rc::gen::inRange<uint64_t>(0, 1000));
  const auto moves = *rc::gen::scale(3, rc::gen::container<std::vector<Move>>(AnyMove()));
  for (const Move& move : moves) contest.Play(move);
  contest.Crash(CrashKind::kPowerLoss, 1);
}

}  // namespace
}  // namespace dunlin::sim
