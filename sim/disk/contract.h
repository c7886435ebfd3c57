// What storage/disk.h demands of whoever issues operations. The simulator aborts where one
//   - uses a ticket or a file id twice, or follows one ('after') that was never issued;
//   - names a path with an empty part, '.' or '..', or a leading '/';
//   - uses a file before its kOpen has succeeded, unless it follows that by 'after', or after its
//     kClose was issued;
//   - closes a file while other operations on it are in flight that the kClose does not follow;
//   - writes, truncates or syncs a file that was opened to be read;
//   - moves bytes of a file with durable writes that are not aligned to kDirectAlignment;
//   - touches the same bytes, or the same name, as one that is in flight, without following it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/disk.h"

namespace dunlin::sim {

class DiskContract {
 public:
  // The issuer's next operation. Aborts on a violation.
  void OnIssue(const DiskOp& op);
  // It has ended; 'ok' whether it did what was asked.
  void OnDone(DiskTicket ticket, bool ok);
  // A new life: tickets and file ids begin anew.
  void Reset();

 private:
  struct File {
    enum class State : uint8_t { kOpening, kFailed, kOpen, kClosed };
    State state = State::kOpening;
    Access access = Access::kRead;
    DiskTicket opened_by;
    std::set<DiskTicket> in_flight;
  };

  bool Follows(const DiskOp& op, DiskTicket ancestor) const;
  void CheckPaths(const DiskOp& op) const;
  void CheckFile(const DiskOp& op);
  void CheckNames(const DiskOp& op) const;

  DiskTicket last_;
  std::map<DiskTicket, DiskOp> in_flight_;
  std::set<DiskTicket> named_;  // Those in flight that touch names.
  std::map<FileId, File> files_;
};

}  // namespace dunlin::sim
