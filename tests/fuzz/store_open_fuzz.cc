// A store directory that is not what was written: whatever stands in its files, a process opens it
// or says why not, in bounded work; and what it gives out then it gives out after a clean stop,
// too.
//
// The first byte of the input chooses the directory (kBases); the rest are edits of its files
// (edited_store.h). Who makes checksums fit may choose what is lost, but not more.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "sim/disk/disk_driver.h"
#include "sim/store/store_process.h"
#include "tests/fuzz/edited_store.h"

namespace {

using dunlin::Rng;
using dunlin::fuzz::Files;
using dunlin::fuzz::StoreBase;
using dunlin::sim::DiskDriver;
using dunlin::sim::StoreProcess;
using Outcome = StoreProcess::Outcome;

constexpr StoreBase kBases[] = {
    {false, false, true}, {false, false, false}, {false, true, true},
    {true, false, true},  {true, true, false},
};
constexpr size_t kBaseCount = sizeof kBases / sizeof kBases[0];
constexpr uint8_t kKinds = 8;

const Files& BaseFiles(size_t which) {
  static const auto* const all = [] {
    auto* made = new std::vector<Files>();
    for (const StoreBase& base : kBases) made->push_back(dunlin::fuzz::MakeStore(base));
    return made;
  }();
  return (*all)[which];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dunlin::fuzz::kEditBytes;
  using dunlin::fuzz::kEditsMax;
  if (size == 0) return 0;
  const size_t which = data[0] % kBaseCount;
  Files files = BaseFiles(which);
  size_t edits = 0;
  bool is_forged = false;
  for (size_t at = 1; at + kEditBytes <= size && edits < kEditsMax; ++edits) {
    const uint8_t kind = data[at] % kKinds;
    is_forged |= kind == dunlin::fuzz::kSealingEdit;
    at += dunlin::fuzz::Edit(kind, data + at, size - at, dunlin::fuzz::Paths(files), &files);
  }

  DiskDriver driver(1);
  dunlin::fuzz::Put(files, &driver.disk());
  const dunlin::sim::StorySetup setup = dunlin::fuzz::SetupOf(kBases[which]);
  std::string first, second;
  {
    StoreProcess process(&driver, setup, {true}, Rng(2));
    const Outcome boot = process.Boot();
    CHECK(boot == Outcome::kDone || boot == Outcome::kFailed);
    if (boot == Outcome::kFailed) return 0;
    process.CheckInvariants();
    if (!dunlin::fuzz::ReadAll(process, &first)) return 0;
    const Outcome stop = process.Stop();
    CHECK(stop == Outcome::kDone || stop == Outcome::kFailed);
    if (stop == Outcome::kFailed) return 0;
  }
  StoreProcess process(&driver, setup, {true}, Rng(3));
  CHECK(process.Boot() == Outcome::kDone);
  process.CheckInvariants();
  const bool is_read = dunlin::fuzz::ReadAll(process, &second);
  if (!is_forged && (!is_read || first != second)) {
    for (const auto& [path, bytes] : files) {
      if (bytes != BaseFiles(which).at(path)) std::fprintf(stderr, "changed: %s\n", path.c_str());
    }
    std::fprintf(stderr, "%s\nat first:\n%sthen:\n%s", process.Why().c_str(), first.c_str(),
                 second.c_str());
  }
  CHECK(is_forged || (is_read && first == second));
  return 0;
}
