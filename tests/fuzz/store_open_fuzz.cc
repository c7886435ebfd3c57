// A store directory that is not what was written: whatever stands in its files, a process opens it
// or says why not, in bounded work; and what it gives out then it gives out after a clean stop,
// too.
//
// The input is a list of edits of a directory that this program makes at its start. Its first byte
// chooses which (kBases); then each edit is five bytes, kind, file, offset (of 65,536ths of the
// file's size) and value. Checksums can be made to fit again, so that what stands behind them is
// reached: who does that may choose what is lost, but not more.
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "sim/disk/disk_driver.h"
#include "sim/store/store_process.h"
#include "sim/store/story.h"
#include "storage/file/checkpoint.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/little_endian.h"
#include "storage/format/record.h"

namespace {

using dunlin::Rng;
using dunlin::sim::DiskDriver;
using dunlin::sim::StoreProcess;
using dunlin::sim::StorySetup;
using Outcome = StoreProcess::Outcome;
using Files = std::map<std::string, std::string>;

struct Base {
  bool is_encrypted = false;
  bool is_compressed = false;
  bool stops = false;  // In good order; else it is killed.
};
constexpr Base kBases[] = {
    {false, false, true}, {false, false, false}, {false, true, true},
    {true, false, true},  {true, true, false},
};
constexpr size_t kBaseCount = sizeof kBases / sizeof kBases[0];
constexpr size_t kEditBytes = 5;
constexpr size_t kEditsMax = 16;

StorySetup SetupOf(const Base& base) {
  StorySetup setup = dunlin::sim::SmallStorySetup();
  if (base.is_encrypted) setup.key = "s3cr3t";
  setup.limits.block_bytes = 600;
  dunlin::sim::StoryStream stream;
  stream.config.name = "S";
  stream.config.allow_msg_ttl = true;
  if (base.is_compressed) stream.config.compression = dunlin::StoreCompression::kS2;
  setup.streams.push_back(std::move(stream));
  return setup;
}

// Several blocks: holes, times to live, a block that was emptied, a checkpoint on the way.
void Tell(StoreProcess& process, const DiskDriver& driver) {
  dunlin::StreamStore& store = process.store(0);
  const auto settle = [&] { CHECK(process.Settle() == Outcome::kDone); };
  for (int i = 0; i < 40; ++i) {
    const std::string header = i % 5 == 0 ? "NATS/1.0\r\nA: b\r\n\r\n" : "";
    CHECK(store
              .Store(driver.now(), "s." + std::to_string(i % 6), header, std::string(60, 'p'),
                     i % 7 == 0 ? 3600 : 0)
              .ok());
    if (i % 8 == 0) settle();
    if (i == 25) process.file(0)->WantCheckpoint();
  }
  for (const dunlin::Seq seq : {3, 4, 17, 18, 19, 30, 39})
    CHECK(store.Remove(driver.now(), seq).ok());
  CHECK(store.Erase(driver.now(), 35).ok());
  CHECK(store.Skip(driver.now(), 0, 3, dunlin::StreamStore::SkipTime::kAdvance).ok());
  CHECK(store.Store(driver.now(), "s.last", "", "end", 0).ok());
  settle();
}

Files Make(const Base& base) {
  DiskDriver driver(1);
  StoreProcess process(&driver, SetupOf(base), {true}, Rng(1));
  CHECK(process.Boot() == Outcome::kDone);
  Tell(process, driver);
  if (base.stops) CHECK(process.Stop() == Outcome::kDone);
  Files files;
  for (const std::string& path : driver.disk().Files()) files[path] = *driver.disk().Contents(path);
  CHECK(files.size() > 4);
  return files;
}

const Files& BaseFiles(size_t which) {
  static const auto* const all = [] {
    auto* made = new std::vector<Files>();
    for (const Base& base : kBases) made->push_back(Make(base));
    return made;
  }();
  return (*all)[which];
}

// Makes the checksums of a block's records fit, as far as their lengths make sense.
void SealRecords(const dunlin::crypto::HighwayHash64& checksum, std::string* block) {
  dunlin::format::RecordReader reader(*block, nullptr);
  dunlin::format::Record record;
  std::vector<std::pair<uint64_t, uint64_t>> hashes;
  while (reader.Next(&record)) {
    const std::string_view bytes = std::string_view(*block).substr(record.offset, record.bytes);
    const std::string_view subject =
        bytes.substr(dunlin::format::kRecordHeadBytes, record.subject.size());
    const size_t text = dunlin::format::kRecordHeadBytes + subject.size() +
                        (record.has_header ? sizeof(uint32_t) : 0);
    hashes.emplace_back(
        record.offset + record.bytes - 8,
        checksum.Of({bytes.substr(4, 16), subject, bytes.substr(text, bytes.size() - text - 8)}));
  }
  for (const auto& [at, hash] : hashes)
    dunlin::format::PutU64(hash, reinterpret_cast<uint8_t*>(block->data()) + at);
}

void Seal(const std::string& path, std::string* bytes) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (const auto block = dunlin::format::ParseBlockFile(name))
    return SealRecords(dunlin::format::BlockChecksum("S", *block), bytes);
  if (bytes->size() < 8) return;
  const size_t end = bytes->size() - 8;
  const uint64_t hash =
      dunlin::format::StreamChecksum("S").Of(std::string_view(*bytes).substr(0, end));
  dunlin::format::PutU64(hash, reinterpret_cast<uint8_t*>(bytes->data()) + end);
}

void Edit(const uint8_t* edit, Files* files) {
  if (files->empty()) return;
  const auto nth = [&](size_t n) { return std::next(files->begin(), n % files->size()); };
  const auto file = nth(edit[1]);
  std::string& bytes = file->second;
  const size_t at = bytes.size() * dunlin::format::GetU16(edit + 2) / 65536;
  const uint8_t value = edit[4];
  switch (edit[0] % 8) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(value);
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << value % 8));
      break;
    case 2: bytes.resize(at); break;
    case 3: bytes.erase(at, value); break;
    case 4: bytes.insert(at, value, static_cast<char>(value)); break;
    case 5: files->erase(file); break;
    case 6: bytes = nth(value)->second; break;
    default: Seal(file->first, &bytes);
  }
}

// All that can be read, a line each. Empty, with false: the store says that it cannot go on.
bool Read(StoreProcess& process, std::string* out) {
  dunlin::Seq from = 1;
  while (true) {
    dunlin::LoadMatch load;
    load.from = from;
    const Outcome outcome = process.Run(0, load);
    CHECK(outcome != Outcome::kStuck);
    if (process.Failed()) return false;
    if (outcome == Outcome::kFailed && load.error == dunlin::StoreError::kEof) return true;
    if (outcome == Outcome::kFailed) return false;
    CHECK(load.msg.seq >= from);
    from = load.msg.seq + 1;
    *out += std::to_string(load.msg.seq) + " " + std::string(load.msg.subject) + " " +
            std::string(load.msg.header) + std::string(load.msg.payload) + "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t which = data[0] % kBaseCount;
  Files files = BaseFiles(which);
  size_t edits = 0;
  bool is_forged = false;
  for (size_t at = 1; at + kEditBytes <= size && edits < kEditsMax; at += kEditBytes, ++edits) {
    Edit(data + at, &files);
    is_forged |= data[at] % 8 == 7;
  }

  DiskDriver driver(1);
  for (const auto& [path, bytes] : files) driver.disk().Put(path, bytes);
  const StorySetup setup = SetupOf(kBases[which]);
  std::string first, second;
  {
    StoreProcess process(&driver, setup, {true}, Rng(2));
    const Outcome boot = process.Boot();
    CHECK(boot == Outcome::kDone || boot == Outcome::kFailed);
    if (boot == Outcome::kFailed) return 0;
    process.CheckInvariants();
    if (!Read(process, &first)) return 0;
    const Outcome stop = process.Stop();
    CHECK(stop == Outcome::kDone || stop == Outcome::kFailed);
    if (stop == Outcome::kFailed) return 0;
  }
  StoreProcess process(&driver, setup, {true}, Rng(3));
  CHECK(process.Boot() == Outcome::kDone);
  process.CheckInvariants();
  const bool is_read = Read(process, &second);
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
