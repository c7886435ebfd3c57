// Folders of consumers that are not what was written: whatever stands in 'obs/', a process opens
// its stream with every message, and each consumer or says why not. What a consumer says then, it
// says after a clean stop, too; so it does after it went on.
//
// The first byte of the input chooses the directory (kBases); the rest are edits of the files below
// 'obs/' (edited_store.h), and one kind more: a file that is copied to another consumer's folder.
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "sim/disk/disk_driver.h"
#include "sim/store/store_process.h"
#include "storage/file/file_consumer_store.h"
#include "storage/format/consumer_state.h"
#include "tests/fuzz/edited_store.h"

namespace {

using dunlin::ConsumerState;
using dunlin::Rng;
using dunlin::fuzz::Files;
using dunlin::fuzz::StoreBase;
using dunlin::sim::DiskDriver;
using dunlin::sim::StoreProcess;
using Outcome = StoreProcess::Outcome;

constexpr StoreBase kBases[] = {
    {.stops = true, .has_consumers = true},
    {.has_consumers = true},
    {.is_encrypted = true, .stops = true, .has_consumers = true},
    {.is_encrypted = true, .has_consumers = true},
};
constexpr size_t kBaseCount = sizeof kBases / sizeof kBases[0];
constexpr uint8_t kCopy = 9, kKinds = 10;
constexpr const char* kFolders[] = {"all", "explicit", "none", "other"};

struct Base {
  Files files;
  std::string messages;
};

const Base& BaseOf(size_t which) {
  static const auto* const all = [] {
    auto* made = new std::vector<Base>();
    for (const StoreBase& base : kBases) {
      made->push_back({dunlin::fuzz::MakeStore(base), ""});
      DiskDriver driver(1);
      dunlin::fuzz::Put(made->back().files, &driver.disk());
      StoreProcess process(&driver, dunlin::fuzz::SetupOf(base), {true}, Rng(2));
      CHECK(process.Boot() == Outcome::kDone);
      CHECK(process.AwaitConsumers(0) == Outcome::kDone && process.Consumers(0).size() == 3);
      CHECK(dunlin::fuzz::ReadAll(process, &made->back().messages));
    }
    return made;
  }();
  return (*all)[which];
}

std::string InFolder(const std::string& path, uint8_t which) {
  const size_t name = path.rfind('/');
  const size_t folder = path.rfind('/', name - 1);
  return path.substr(0, folder + 1) + kFolders[which % 4] + path.substr(name);
}

void EditAll(const uint8_t* data, size_t size, Files* files) {
  using dunlin::fuzz::kEditBytes;
  size_t edits = 0;
  for (size_t at = 0; at + kEditBytes <= size && edits < dunlin::fuzz::kEditsMax; ++edits) {
    const uint8_t* const edit = data + at;
    const std::vector<std::string> paths = dunlin::fuzz::Paths(*files, "/obs/");
    if (paths.empty()) return;
    const uint8_t kind = edit[0] % kKinds;
    if (kind == kCopy) {
      const std::string& path = paths[edit[1] % paths.size()];
      (*files)[InFolder(path, edit[4])] = std::string((*files)[path]);
      at += kEditBytes;
    } else {
      at += dunlin::fuzz::Edit(kind, edit, size - at, paths, files);
    }
  }
}

// What each consumer says; of one that failed, why.
struct Told {
  ConsumerState state;
  std::string failure;
  bool operator==(const Told&) const = default;
};
using Consumers = std::map<std::string, Told>;

void Excuse(StoreProcess* process) {
  for (const char* const folder : kFolders) process->Excuse(0, folder);
}

Consumers Tell(StoreProcess& process) {
  CHECK(process.AwaitConsumers(0) == Outcome::kDone);
  Consumers told;
  for (const std::string& name : process.Consumers(0)) {
    const Outcome outcome = process.AwaitConsumer(0, name);
    CHECK(outcome == Outcome::kDone || outcome == Outcome::kFailed);
    const auto* const store = process.consumer(0, name);
    CHECK((outcome == Outcome::kDone) == !store->Failure());
    if (store->Failure()) {
      CHECK(store->Failure()->find("'S > " + name + "'") != std::string::npos);
      told[name].failure = *store->Failure();
      continue;
    }
    told[name].state = store->State();
    // Times are cut to seconds in o.dat.
    for (dunlin::PendingAck& pending : told[name].state.pending)
      pending.delivered.ns = pending.delivered.ns / 1'000'000'000 * 1'000'000'000;
  }
  return told;
}

// All that run take one message more.
void GoOn(StoreProcess& process, const DiskDriver& driver) {
  for (const std::string& name : process.Consumers(0)) {
    auto* const store = process.consumer(0, name);
    if (store->Failure()) continue;
    const ConsumerState state = store->State();
    const uint64_t consumer = state.delivered.consumer + 1, stream = state.delivered.stream + 1;
    const auto delivered = store->Delivered(consumer, stream, 1, driver.now().wall);
    CHECK(delivered.ok());
    (void)store->Acked(consumer, stream);
  }
}

void Expect(const char* when, const Consumers& is, const Consumers& was) {
  if (is == was) return;
  for (const auto* const told : {&was, &is}) {
    std::fprintf(stderr, "%s:\n", told == &was ? "before" : when);
    for (const auto& [name, consumer] : *told) {
      const ConsumerState& state = consumer.state;
      std::fprintf(stderr, "  %s: %lu/%lu %lu/%lu, %zu pending, %zu redelivered; %s\n",
                   name.c_str(), state.delivered.consumer, state.delivered.stream,
                   state.ack_floor.consumer, state.ack_floor.stream, state.pending.size(),
                   state.redelivered.size(), consumer.failure.c_str());
    }
  }
  CHECK(is == was);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t which = data[0] % kBaseCount;
  const Base& base = BaseOf(which);
  Files files = base.files;
  EditAll(data + 1, size - 1, &files);

  DiskDriver driver(1);
  dunlin::fuzz::Put(files, &driver.disk());
  const dunlin::sim::StorySetup setup = dunlin::fuzz::SetupOf(kBases[which]);
  Consumers before;
  uint64_t seed = 100;  // What is drawn in one life is drawn in no other.
  for (const char* const life : {"first", "second", "third"}) {
    StoreProcess process(&driver, setup, {true}, Rng(seed++));
    Excuse(&process);
    const Outcome boot = process.Boot();
    if (boot != Outcome::kDone) std::fprintf(stderr, "%s: %s\n", life, process.Why().c_str());
    CHECK(boot == Outcome::kDone);
    std::string messages;
    CHECK(dunlin::fuzz::ReadAll(process, &messages) && messages == base.messages);
    const Consumers now = Tell(process);
    if (life[0] != 'f') Expect(life, now, before);
    GoOn(process, driver);
    CHECK(process.Settle() == Outcome::kDone);
    before = Tell(process);
    CHECK(process.Stop() == Outcome::kDone);
  }
  return 0;
}
