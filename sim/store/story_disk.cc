// StoryRunner: what happens to the disk behind everybody's back, and deaths at what it does.
#include <algorithm>
#include <charconv>

#include "engine/base/check.h"
#include "sim/store/story_runner.h"

namespace dunlin::sim {
namespace {

FaultRate* RateOf(DiskFault fault, DiskFaults* faults) {
  switch (fault) {
    case DiskFault::kReadError: return &faults->read_error;
    case DiskFault::kWriteError: return &faults->write_error;
    case DiskFault::kSyncError: return &faults->sync_error;
    case DiskFault::kSpaceError: return &faults->space_error;
    case DiskFault::kTooManyFiles: return &faults->too_many_files;
    case DiskFault::kStall: return &faults->stall;
    default: return nullptr;
  }
}

// Caches: may go at any time, and nobody is worse off.
bool IsCache(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "index.db" || name == "thw.db" || name == "sched.db" || name.ends_with(".part");
}

}  // namespace

// 'journal[2]' is the second file whose path begins so; [-1] the last one.
std::string StoryRunner::PathOf(const std::string& path) {
  const size_t open = path.find('[');
  if (open == std::string::npos || !path.ends_with(']')) return path;
  int number = 0;
  std::from_chars(path.data() + open + 1, path.data() + path.size() - 1, number);
  std::vector<std::string> files;
  for (const std::string& file : driver_.disk().Files()) {
    if (file.starts_with(path.substr(0, open))) files.push_back(file);
  }
  const int count = static_cast<int>(files.size());
  const int place = number < 0 ? count + number : number - 1;
  return place >= 0 && place < count ? files[static_cast<size_t>(place)] : path;
}

bool StoryRunner::DoFault(const StoryStep& step) {
  if (step.verb == Verb::kFaults) {
    faults_ = step.faults;
  } else if (step.verb == Verb::kSpace) {
    capacity_ = step.size;
  } else {
    FaultRate* rate = RateOf(step.fault, &faults_);
    CHECK(rate != nullptr);
    *rate = {1'000'000,
             driver_.disk().dice().struck(step.fault) + static_cast<uint32_t>(step.count)};
  }
  Trouble(true);
  return true;
}

// Whoever looks which streams there are does not find one that has no folder.
bool StoryRunner::DeleteFolder(const std::string& folder) {
  bool any = false;
  const bool ran = driver_.disk().Contents(folder + "msgs/checkpoint").has_value();
  for (const std::string& path : driver_.disk().Files()) {
    if (!path.starts_with(folder)) continue;
    any = true;
    const std::optional<std::string> before = driver_.disk().Truth(path);
    driver_.disk().Delete(path);
    Damage(path, before.value_or(""));
  }
  for (size_t i = 0; i < there_.size(); ++i) {
    if (!any || folder != "streams/" + histories_[i].config().name + "/") continue;
    gone_[i] = there_[i] && ran && !drops_[i].asked;
    there_[i] = false;
    consumers_.StreamGone(i);
  }
  return any || mode_ == Mode::kLenient || was_cut_ || Fail("there is no folder '" + folder + "'");
}

bool StoryRunner::DoDisk(const StoryStep& step) {
  if (step.verb == Verb::kFaults || step.verb == Verb::kFail || step.verb == Verb::kSpace)
    return DoFault(step);
  if (process_ != nullptr && running()) {
    if (mode_ == Mode::kLenient) return true;
    return Fail("files are changed while no process runs: 'kill', 'power_loss' or 'stop' it first");
  }
  if (step.verb == Verb::kEncrypt) {
    setup_.key = step.text;
    setup_.previous_key = step.header;
    setup_.cipher = step.cipher;
    return true;
  }
  SimDisk& disk = driver_.disk();
  if (step.verb == Verb::kWipe) {
    disk.Wipe();
    configs_.Wiped();
    consumers_.Wiped();
    for (std::vector<Asked>& asked : asked_) asked.clear();
    // Nothing is left that could know of it.
    for (StreamHistory& history : histories_) history.Restart(StreamTwin::Empty(history.config()));
    return true;
  }
  const std::string path = PathOf(step.path);
  if (step.verb == Verb::kDelete && path.ends_with('/')) return DeleteFolder(path);
  if (step.verb == Verb::kForeign) {
    planted_.insert(path);
    disk.Put(path, step.text);
    return true;
  }
  const std::optional<std::string> contents = disk.Contents(path), before = disk.Truth(path);
  if (!contents) {
    if (mode_ == Mode::kLenient || was_cut_ || IsCache(path)) return true;
    std::string there;
    for (const std::string& file : disk.Files()) there += "\n    " + file;
    return Fail("there is no file '" + path + "'; there are:" + there);
  }
  // A cache, but one that a checkpoint may name: it may be missed.
  if (path.ends_with(".part")) planted_.insert(path);
  switch (step.verb) {
    case Verb::kRot:
      if (contents->empty()) return true;
      disk.Rot(path, std::min(step.offset, contents->size() - 1), step.variant + 1);
      break;
    case Verb::kDelete:
      no_index_ |= path.ends_with("/index.db");
      disk.Delete(path);
      break;
    case Verb::kCut:
      disk.Delete(path);
      disk.Put(path, contents->substr(0, step.size));
      break;
    default: CHECK(false);
  }
  bad_index_ |= path.ends_with("/index.db");
  if (!IsCache(path)) Damage(path, *before);
  return true;
}

// --- Moments that an operation of the disk makes.

// A file that waits for what is not done does not tell what it says.
bool StoryRunner::AwaitsInVain() {
  if (mode_ == Mode::kLenient || !driver_.disk().awaits() || driver_.disk().met()) return false;
  Fail("what its death comes after was not done");
  return true;
}

bool StoryRunner::DoDeath(const StoryStep& step) {
  const CrashKind kind = step.verb == Verb::kKill ? CrashKind::kKill : CrashKind::kPowerLoss;
  if (step.after) {
    death_ = {StoreProcess::kNoDeath, kind, step.variant};
    driver_.disk().Await(step.after);
    if (process_ != nullptr) process_->DieOnceMet();
    return true;
  }
  if (step.in) {
    death_ = {driver_.disk().completions() + *step.in, kind, step.variant};
    if (process_ != nullptr) process_->DieAt(std::min(death_.at, forced_.at));
    return true;
  }
  if (process_ == nullptr) return true;
  if (AwaitsInVain()) return false;
  Die(kind, step.variant);
  was_cut_ = false;
  return true;
}

bool StoryRunner::TurnUntil(const AwaitedOp& op) {
  if (driver_.disk().awaits()) return Fail("its death comes after something else");
  SimDisk& disk = driver_.disk();
  disk.Await(op);
  for (int i = 0; i < StoreProcess::kTurnsMax && !disk.met() && running() && !failed(); ++i) Turn();
  const bool met = disk.met();
  disk.Await(std::nullopt);
  if (met || mode_ == Mode::kLenient || !running() || failed()) return well();
  return Fail("what it turns for is not done");
}

}  // namespace dunlin::sim
