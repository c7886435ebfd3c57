#include "host/disk/host_disk.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/check.h"
#include "host/disk/disk_calls.h"
#include "host/disk/disk_error.h"
#include "host/system_error.h"

namespace dunlin::host {
namespace {

using Kind = DiskOp::Kind;

bool OnFile(Kind kind) {
  switch (kind) {
    case Kind::kOpen:
    case Kind::kClose:
    case Kind::kRead:
    case Kind::kWrite:
    case Kind::kTruncate:
    case Kind::kSync: return true;
    default: return false;
  }
}

bool IsTransfer(Kind kind) { return kind == Kind::kRead || kind == Kind::kWrite; }

// A path that could leave the store's directory is a bug of the issuer: names from outside are
// checked long before.
void CheckPath(std::string_view path) {
  while (!path.empty()) {
    const size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    CHECK(!part.empty() && part != "." && part != ".." && part.find('\0') == part.npos);
    if (end == path.npos) return;
    path.remove_prefix(end + 1);
    CHECK(!path.empty());
  }
}

void CheckShape(const DiskOp& op) {
  CheckPath(op.path);
  CheckPath(op.target);
  const bool whole_directory =
      op.kind == Kind::kSyncDir || op.kind == Kind::kList || op.kind == Kind::kMakeDir;
  CHECK(!op.path.empty() || whole_directory || op.kind == Kind::kFreeSpace ||
        (OnFile(op.kind) && op.kind != Kind::kOpen));
  CHECK(!op.target.empty() || op.kind != Kind::kRename);
}

void CheckAccess(const DiskOp& op, const OpenFile& file) {
  CHECK(file.access != Access::kRead || op.kind == Kind::kRead);
  if (file.access != Access::kDurableWrites || !IsTransfer(op.kind)) return;
  CHECK(op.offset % kDirectAlignment == 0 && op.size % kDirectAlignment == 0);
  CHECK(reinterpret_cast<uintptr_t>(op.data) % kDirectAlignment == 0);
}

}  // namespace

Result<std::unique_ptr<HostDisk>> HostDisk::Open(const std::string& directory, Options options) {
  std::error_code cwd_error;
  std::string path = std::filesystem::absolute(directory, cwd_error).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const int error = cwd_error ? cwd_error.value() : MakeDirectories(path);
  if (error == 0) return std::unique_ptr<HostDisk>(new HostDisk(std::move(path), options));
  return Error{"make directory " + directory + ": " + std::string(ErrorWords(error))};
}

HostDisk::HostDisk(std::string directory, Options options)
    : options_(options), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_.valid());
  root_.path = std::move(directory);
  root_.direct = options.writes == Writes::kBest && TakesDirectWrites(root_.path);
  if (options.engine == Engine::kBest) ring_ = DiskRing::Make(event_.get());
  pool_ = std::make_unique<DiskPool>(root_, options.threads, event_.get());
}

HostDisk::~HostDisk() = default;

std::string HostDisk::Means() const {
  std::string text = ring_ != nullptr ? "io_uring" : "threads";
  return text + (root_.direct ? ", direct writes" : ", buffered writes");
}

void HostDisk::Submit(DiskQueue& queue) {
  if (queue.empty()) return;
  for (const DiskOp& op : queue.ops()) Accept(DiskOp(op));
  queue.Clear();
  Settle();
  Flush();
  if (ended_.empty()) return;
  const uint64_t one = 1;
  CHECK(::write(event_.get(), &one, sizeof one) == sizeof one);
}

void HostDisk::Accept(DiskOp&& op) {
  CheckShape(op);
  auto owned = std::make_unique<DiskJob>();
  DiskJob* job = owned.get();
  job->op = std::move(op);
  job->done.ticket = job->op.ticket;
  CHECK(jobs_.emplace(job->op.ticket.value, std::move(owned)).second);

  const uint64_t after = job->op.after.value;
  const auto before = jobs_.find(after);
  if (before != jobs_.end() && !before->second->ended) {
    before->second->followers.push_back(job);
    return;
  }
  const bool canceled =
      before != jobs_.end() ? !before->second->done.ok() : failed_.contains(after);
  if (canceled) {
    Refuse(root_, *job, DiskError::kCanceled);
    End(job);
    return;
  }
  Begin(job);
}

void HostDisk::Begin(DiskJob* job) {
  if (Prepare(job)) Dispatch(job);
}

bool HostDisk::Prepare(DiskJob* job) {
  switch (job->op.kind) {
    case Kind::kOpen: return PrepareOpen(job);
    case Kind::kClose: return PrepareClose(job);
    case Kind::kSyncDir:
      if (!poisoned_dirs_.contains(job->op.path)) return true;
      Refuse(root_, *job, DiskError::kPoisoned);
      End(job);
      return false;
    default: return !OnFile(job->op.kind) || PrepareOnFile(job);
  }
}

bool HostDisk::PrepareOpen(DiskJob* job) {
  if (files_.size() >= options_.files_max) {
    Fail(root_, *job, EMFILE);
    End(job);
    return false;
  }
  auto file = std::make_unique<OpenFile>();
  file->path = job->op.path;
  file->access = job->op.access;
  file->under_way = 1;
  job->file = file.get();
  CHECK(files_.emplace(job->op.file.value, std::move(file)).second);
  return true;
}

bool HostDisk::PrepareClose(DiskJob* job) {
  const auto at = files_.find(job->op.file.value);
  if (at == files_.end()) {  // Its kOpen failed.
    End(job);
    return false;
  }
  job->file = at->second.get();
  CHECK(job->file->close == nullptr);
  job->file->close = job;
  return job->file->under_way == 0;
}

bool HostDisk::PrepareOnFile(DiskJob* job) {
  const auto at = files_.find(job->op.file.value);
  CHECK(at != files_.end() && at->second->close == nullptr);
  job->file = at->second.get();
  CheckAccess(job->op, *job->file);
  ++job->file->under_way;
  if (!job->file->poisoned) return true;
  Refuse(root_, *job, DiskError::kPoisoned);
  End(job);
  return false;
}

bool HostDisk::MayRide(const DiskJob& job, const DiskJob& first) const {
  const Kind kind = job.op.kind;
  if (kind == Kind::kOpen) return files_.size() < options_.files_max;
  if (kind == Kind::kSyncDir) return !poisoned_dirs_.contains(job.op.path);
  if (!OnFile(kind)) return true;
  const auto at = files_.find(job.op.file.value);
  if (at == files_.end() || at->second->close != nullptr || at->second->poisoned) return false;
  const OpenFile& file = *at->second;
  // Direct writes and reads are the ring's, and urgent.
  if (kind != Kind::kClose) return kind != Kind::kRead && file.access != Access::kDurableWrites;
  int riding = 0;
  for (const DiskJob* other = &first; other != nullptr; other = other->next) {
    if (other->file == &file) ++riding;
  }
  return file.under_way == riding;
}

void HostDisk::Fuse(DiskJob* first) {
  DiskJob* job = first;
  while (job->followers.size() == 1 && MayRide(*job->followers[0], *first)) {
    DiskJob* const rider = std::exchange(job->followers, {})[0];
    const bool prepared = Prepare(rider);
    CHECK(prepared || rider->op.kind == Kind::kClose);
    rider->riding = true;
    job->next = rider;
    job = rider;
  }
}

bool HostDisk::ForRing(const DiskJob& job) const {
  if (ring_ == nullptr) return false;
  if (job.op.kind == Kind::kWrite) return job.file->direct && job.op.size <= kRingWriteMax;
  if (job.op.kind != Kind::kRead) return false;
  return job.op.size <= (job.file->direct ? kRingWriteMax : kRingReadMax);
}

void HostDisk::Dispatch(DiskJob* job) {
  if (OnFile(job->op.kind) && job->op.kind != Kind::kOpen) CHECK(job->file->fd.valid());
  if (ForRing(*job)) return ring_->Add(job);
  for_pool_.push_back(job);
}

void HostDisk::OnRingEnd(const DiskRing::Ended& ended) {
  DiskJob* job = ended.job;
  const bool is_write = job->op.kind == Kind::kWrite;
  if (ended.result > 0) job->moved += static_cast<uint64_t>(ended.result);
  const bool again = ended.result == -EINTR || ended.result == -EAGAIN;
  // What is short at the end of a file is all there is; a thread finds out about the others.
  const bool at_end = !is_write && ended.result == 0;
  if (again || (ended.result >= 0 && job->moved < job->op.size && !at_end)) {
    return pool_->Add(job, Urgency::kUrgent);
  }
  if (ended.result < 0) {
    if (is_write && PoisonsDurableWrite(-ended.result)) job->file->poisoned = true;
    Fail(root_, *job, -ended.result);
  } else if (job->file->poisoned) {
    Refuse(root_, *job, DiskError::kPoisoned);
  } else {
    job->done.size = is_write ? 0 : job->moved;
  }
  End(job);
}

void HostDisk::End(DiskJob* job) {
  job->ended = true;
  if (job->poisoned_dir) poisoned_dirs_.insert(job->op.path);
  if (!job->done.ok()) Remember(*job);
  if (job->file != nullptr) LetGoOfFile(job);
  ended_.push_back(job);
}

void HostDisk::TakeBack(const DiskJob& job) {
  const auto at = files_.find(job.op.file.value);
  if (at == files_.end()) return;  // Its kOpen failed, too.
  OpenFile& file = *at->second;
  if (job.op.kind == Kind::kOpen) {
    files_.erase(at);
  } else if (job.op.kind == Kind::kClose) {
    file.close = nullptr;  // It is still to be closed.
  } else if (--file.under_way == 0 && file.close != nullptr && !file.close->riding) {
    Dispatch(file.close);
  }
}

void HostDisk::LetGoOfFile(DiskJob* job) {
  if (job->done.error == DiskError::kCanceled) return TakeBack(*job);
  OpenFile& file = *job->file;
  if (job->op.kind != Kind::kClose) {
    --file.under_way;
    const bool open_failed = job->op.kind == Kind::kOpen && !job->done.ok();
    if (!open_failed) {
      if (file.under_way == 0 && file.close != nullptr && !file.close->riding) {
        Dispatch(file.close);
      }
      return;
    }
  }
  files_.erase(job->op.file.value);
}

void HostDisk::Settle() {
  for (; settled_ < ended_.size(); ++settled_) {
    DiskJob* job = ended_[settled_];
    for (DiskJob* follower : std::exchange(job->followers, {})) {
      if (job->done.ok()) {
        Begin(follower);
      } else {
        Refuse(root_, *follower, DiskError::kCanceled);
        End(follower);
      }
    }
  }
}

void HostDisk::Remember(const DiskJob& failed) {
  failed_.insert(failed.op.ticket.value);
  failures_.push_back(failed.op.ticket.value);
  if (failures_.size() <= kFailuresKept) return;
  failed_.erase(failures_.front());
  failures_.pop_front();
}

void HostDisk::Take(std::vector<DiskDone>* done) {
  uint64_t ignored = 0;
  CHECK(::read(event_.get(), &ignored, sizeof ignored) > 0 || errno == EAGAIN);
  pool_->Take(&pool_done_, kTakenMax);
  for (DiskJob* job : pool_done_) End(job);
  pool_done_.clear();
  if (ring_ != nullptr) {
    ring_->Reap(&ring_done_);
    for (const DiskRing::Ended& ended : ring_done_) OnRingEnd(ended);
    ring_done_.clear();
  }
  Settle();
  Flush();
  HandOut(done);
}

void HostDisk::Flush() {
  if (ring_ != nullptr) ring_->Submit();
  for (DiskJob* job : for_pool_) {
    Fuse(job);
    const bool urgent =
        job->op.kind == Kind::kRead ||
        (job->op.kind == Kind::kWrite && job->file->access == Access::kDurableWrites);
    pool_->Add(job, urgent ? Urgency::kUrgent : Urgency::kBulk);
  }
  for_pool_.clear();
  pool_->Flush();
}

void HostDisk::HandOut(std::vector<DiskDone>* done) {
  for (DiskJob* job : ended_) {
    done->push_back(std::move(job->done));
    jobs_.erase(job->op.ticket.value);
  }
  ended_.clear();
  settled_ = 0;
}

void HostDisk::Wait(Duration at_most) {
  if (jobs_.empty() && at_most < Duration{}) return;
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec limit{at_most.ns / kSecond, at_most.ns % kSecond};
  pollfd readable{event_.get(), POLLIN, 0};
  CHECK(::ppoll(&readable, 1, at_most < Duration{} ? nullptr : &limit, nullptr) >= 0 ||
        errno == EINTR);
}

void HostDisk::Drain() {
  std::vector<DiskDone> dropped;
  while (!jobs_.empty()) {
    Wait();
    Take(&dropped);
    dropped.clear();
  }
}

}  // namespace dunlin::host
