#include "sim/store/story_consumers.h"

#include <algorithm>
#include <utility>

namespace dunlin::sim {

using Phase = file::FileConsumerStore::Phase;

ConsumerHistory::State ReadConsumer(const file::FileConsumerStore* store) {
  if (store == nullptr) return std::nullopt;
  ConsumerTwin twin(store->config());
  twin.Become(store->State(), store->HasState());
  return twin;
}

const ConsumerTwin* StoryConsumers::Now(size_t stream, const std::string& name) const {
  const auto found = streams_[stream].find(name);
  return found == streams_[stream].end() || !found->second.now() ? nullptr : &*found->second.now();
}

void StoryConsumers::StreamDropped(size_t stream, WritePoint point) {
  for (auto& [name, history] : streams_[stream]) {
    if (history.now()) history.Changed(std::nullopt, point);
  }
}

void StoryConsumers::NotePromises(StoreProcess* process, WritePoint synced, WritePoint through) {
  for (size_t i = 0; i < streams_.size(); ++i) {
    for (auto& [name, history] : streams_[i]) {
      if (!history.runs()) {
        const file::FileConsumerStore* const store = process->consumer(i, name);
        if (store != nullptr && store->phase() == Phase::kRunning) history.Runs();
      }
      history.Promised(synced, ConsumerHistory::Survives::kPowerLoss);
      history.Promised(through, ConsumerHistory::Survives::kKill);
    }
  }
}

void StoryConsumers::PromisedAll() {
  for (Histories& stream : streams_) {
    for (auto& [name, history] : stream) history.PromisedAll();
  }
}

void StoryConsumers::Wiped() {
  for (size_t i = 0; i < streams_.size(); ++i) StreamGone(i);
}

void StoryConsumers::StreamGone(size_t stream) {
  for (auto& [name, history] : streams_[stream]) history.Restart(std::nullopt);
}

// --- Damage.

void StoryConsumers::Damaged(std::string_view path) {
  for (size_t i = 0; i < names_.size(); ++i) {
    const std::string folder = "streams/" + names_[i] + "/obs/";
    if (!path.starts_with(folder)) continue;
    const std::string_view rest = path.substr(folder.size());
    const std::string name(rest.substr(0, rest.find('/')));
    damaged_.insert({i, name});
  }
}

void StoryConsumers::Excuse(StoreProcess* process) const {
  for (const auto& [stream, name] : damaged_) process->Excuse(stream, name);
}

// --- What must be so.

std::string StoryConsumers::TakeRecovered(StoreProcess* process, size_t stream, const Found& how,
                                          Moment* moment) {
  for (const std::string& name : process->Consumers(stream)) (void)Get(stream, name);
  for (auto& [name, history] : streams_[stream]) {
    const file::FileConsumerStore* const store = process->consumer(stream, name);
    const ConsumerHistory::State found = ReadConsumer(store);
    const bool damaged = IsDamaged(stream, name);
    if (store != nullptr && store->Failure()) {
      history.Restart(std::nullopt);
      if (damaged) continue;
      return "consumer " + name + " fails: " + *store->Failure();
    }
    if (found && store->meta() != StoreProcess::MetaOf(found->config()) && !damaged)
      return "consumer " + name + " is configured as '" + store->meta() + "'";
    // One that failed for its damage, and can be read again: nobody knew what it had.
    const bool unknown = damaged && !history.now();
    const bool could_be = !history.now() || history.now()->CanBe();
    std::string problem = history.TakeRecovered(found, how.lost_power, moment);
    if (problem.empty()) continue;
    const std::optional<WritePoint> lost = history.FirstLost(found);
    history.Restart(found);
    if (found && could_be && !found->CanBe() && how.strict == Strict::kYes)
      return "consumer " + name + " cannot be: " + found->Describe();
    if (how.strict == Strict::kNo || unknown) continue;
    const std::string about = "'" + names_[stream] + " > " + name + "'";
    const bool said = std::any_of(
        how.notices.begin(), how.notices.end(),
        [&](const std::string& notice) { return notice.find(about) != std::string::npos; });
    const bool from_journal = how.strict == Strict::kJournal;
    if (from_journal && (how.told_below == 0 || (lost && lost->batch >= how.told_below))) continue;
    if (from_journal && !said) return "consumer " + name + " " + problem + ", and nobody named it";
    if (!from_journal && (!damaged || !said))
      return "consumer " + name + " " + problem + (damaged ? ", and nobody said a word" : "");
  }
  return "";
}

std::string StoryConsumers::Difference(StoreProcess* process, size_t stream, Times times) const {
  for (const std::string& name : process->Consumers(stream)) {
    if (!streams_[stream].contains(name)) return "there is a consumer " + name;
  }
  for (const auto& [name, history] : streams_[stream]) {
    if (IsDamaged(stream, name)) continue;
    const file::FileConsumerStore* const store = process->consumer(stream, name);
    const ConsumerHistory::State found = ReadConsumer(store), &wanted = history.now();
    if (!history.runs() && !found) continue;
    const bool same = !found || !wanted        ? !found && !wanted
                      : times == Times::kExact ? *found == *wanted
                                               : found->Stored() == wanted->Stored();
    if (!same) return "consumer " + name + " has " + Describe(found) + ", not " + Describe(wanted);
    if (found && store->meta() != StoreProcess::MetaOf(found->config()))
      return "consumer " + name + " is configured as '" + store->meta() + "'";
  }
  return "";
}

std::vector<std::string> StoryConsumers::Files(StoreProcess* process, size_t stream) const {
  std::vector<std::string> files;
  for (const std::string& name : process->Consumers(stream)) {
    for (const char* file : {"meta.inf", "meta.sum", "meta.key", "o.dat"})
      files.push_back("obs/" + name + "/" + file);
  }
  return files;
}

}  // namespace dunlin::sim
