#include "tests/fuzz/edited_store.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "sim/disk/disk_driver.h"
#include "storage/file/file_consumer_store.h"
#include "storage/format/checksum_key.h"
#include "storage/format/file_names.h"
#include "storage/format/little_endian.h"
#include "storage/format/record.h"

namespace dunlin::fuzz {
namespace {

using sim::DiskDriver;
using sim::StoreProcess;
using Outcome = StoreProcess::Outcome;

// Several blocks: holes, times to live, a block that was emptied, a checkpoint on the way.
void Tell(StoreProcess& process, const DiskDriver& driver) {
  StreamStore& store = process.store(0);
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
  for (const Seq seq : {3, 4, 17, 18, 19, 30, 39}) CHECK(store.Remove(driver.now(), seq).ok());
  CHECK(store.Erase(driver.now(), 35).ok());
  CHECK(store.Skip(driver.now(), 0, 3, StreamStore::SkipTime::kAdvance).ok());
  CHECK(store.Store(driver.now(), "s.last", "", "end", 0).ok());
  settle();
}

// Messages that are pending, acknowledged, delivered again; metadata that changed; and records
// behind the last checkpoint of each.
void TellConsumers(StoreProcess& process, const DiskDriver& driver) {
  CHECK(process.AwaitConsumers(0) == Outcome::kDone);
  const std::vector<ConsumerStoreConfig> configs = {{"all", AckPolicy::kAll, -1},
                                                    {"explicit", AckPolicy::kExplicit, 3},
                                                    {"none", AckPolicy::kNone, -1}};
  for (const ConsumerStoreConfig& config : configs) {
    process.AddConsumer(0, config);
    CHECK(process.AwaitConsumer(0, config.name) == Outcome::kDone);
    file::FileConsumerStore& store = *process.consumer(0, config.name);
    uint64_t delivered = 0;
    const auto deliver = [&](uint64_t upto) {
      while (delivered < upto) {
        ++delivered;
        CHECK(store.Delivered(delivered, delivered + 2, 1, driver.now().wall).ok());
      }
    };
    CHECK(store.SetStarting(2).ok());
    deliver(12);
    if (config.ack_policy != AckPolicy::kNone) {
      for (const uint64_t seq : {1, 2, 4, 7}) CHECK(store.Acked(seq, seq + 2).ok());
      CHECK(store.Delivered(13, 10, 2, driver.now().wall).ok());
      delivered = 13;
    }
    store.WantCheckpoint();
    CHECK(process.Settle() == Outcome::kDone);
    deliver(20);
    if (config.ack_policy != AckPolicy::kNone) CHECK(store.Acked(14, 16).ok());
    CHECK(store.SetMeta(StoreProcess::MetaOf(config) + " ").ok());
    CHECK(process.Settle() == Outcome::kDone);
  }
}

// Makes the checksums of a block's records fit, as far as their lengths make sense.
void SealRecords(const crypto::HighwayHash64& checksum, std::string* block) {
  format::RecordReader reader(*block, nullptr);
  format::Record record;
  std::vector<std::pair<uint64_t, uint64_t>> hashes;
  while (reader.Next(&record)) {
    const std::string_view bytes = std::string_view(*block).substr(record.offset, record.bytes);
    const std::string_view subject = bytes.substr(format::kRecordHeadBytes, record.subject.size());
    const size_t text =
        format::kRecordHeadBytes + subject.size() + (record.has_header ? sizeof(uint32_t) : 0);
    hashes.emplace_back(
        record.offset + record.bytes - 8,
        checksum.Of({bytes.substr(4, 16), subject, bytes.substr(text, bytes.size() - text - 8)}));
  }
  for (const auto& [at, hash] : hashes)
    format::PutU64(hash, reinterpret_cast<uint8_t*>(block->data()) + at);
}

crypto::HighwayHash64 ChecksumOf(const std::string& path) {
  const std::string folder = "/" + std::string(format::kConsumersDir) + "/";
  const size_t at = path.find(folder);
  if (at == std::string::npos) return format::StreamChecksum("S");
  const size_t name = at + folder.size();
  return format::ConsumerChecksum("S", path.substr(name, path.find('/', name) - name));
}

}  // namespace

sim::StorySetup SetupOf(const StoreBase& base) {
  sim::StorySetup setup = sim::SmallStorySetup();
  if (base.is_encrypted) setup.key = "s3cr3t";
  setup.limits.block_bytes = 600;
  sim::StoryStream stream;
  stream.config.name = "S";
  stream.config.allow_msg_ttl = true;
  if (base.is_compressed) stream.config.compression = StoreCompression::kS2;
  setup.streams.push_back(std::move(stream));
  // Consumers are those of streams that have metadata.
  setup.meta = base.has_consumers;
  return setup;
}

Files MakeStore(const StoreBase& base) {
  DiskDriver driver(1);
  StoreProcess process(&driver, SetupOf(base), {true}, Rng(1));
  CHECK(process.Boot() == Outcome::kDone);
  Tell(process, driver);
  if (base.has_consumers) TellConsumers(process, driver);
  if (base.stops) CHECK(process.Stop() == Outcome::kDone);
  Files files;
  for (const std::string& path : driver.disk().Files()) files[path] = *driver.disk().Contents(path);
  CHECK(files.size() > 4);
  return files;
}

void Seal(const std::string& path, std::string* bytes) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (const auto block = format::ParseBlockFile(name))
    return SealRecords(format::BlockChecksum("S", *block), bytes);
  if (bytes->size() < 8) return;
  const size_t end = bytes->size() - 8;
  const uint64_t hash = ChecksumOf(path).Of(std::string_view(*bytes).substr(0, end));
  format::PutU64(hash, reinterpret_cast<uint8_t*>(bytes->data()) + end);
}

void Put(const Files& files, sim::SimDisk* disk) {
  for (const auto& [path, bytes] : files) disk->Put(path, bytes);
}

size_t Edit(uint8_t kind, const uint8_t* edit, size_t size, const std::vector<std::string>& paths,
            Files* files) {
  if (paths.empty()) return kEditBytes;
  const auto nth = [&](size_t n) -> const std::string& { return paths[n % paths.size()]; };
  const std::string& path = nth(edit[1]);
  std::string& bytes = (*files)[path];
  const size_t at = bytes.size() * format::GetU16(edit + 2) / 65536;
  const uint8_t value = edit[4];
  switch (kind) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(value);
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << value % 8));
      break;
    case 2: bytes.resize(at); break;
    case 3: bytes.erase(at, value); break;
    case 4: bytes.insert(at, value, static_cast<char>(value)); break;
    case 5: files->erase(path); break;
    case 6: bytes = (*files)[nth(value)]; break;
    case kSealingEdit: Seal(path, &bytes); break;
    case kFillingEdit: {
      const size_t count = std::min<size_t>(format::GetU16(edit + 2), size - kEditBytes);
      bytes.assign(reinterpret_cast<const char*>(edit) + kEditBytes, count);
      return kEditBytes + count;
    }
    default: CHECK(false);
  }
  return kEditBytes;
}

std::vector<std::string> Paths(const Files& files, std::string_view part) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) {
    if (path.find(part) != std::string::npos) paths.push_back(path);
  }
  return paths;
}

bool ReadAll(StoreProcess& process, std::string* out) {
  Seq from = 1;
  while (true) {
    LoadMatch load;
    load.from = from;
    const Outcome outcome = process.Run(0, load);
    CHECK(outcome != Outcome::kStuck);
    if (process.Failed()) return false;
    if (outcome == Outcome::kFailed && load.error == StoreError::kEof) return true;
    if (outcome == Outcome::kFailed) return false;
    CHECK(load.msg.seq >= from);
    from = load.msg.seq + 1;
    *out += std::to_string(load.msg.seq) + " " + std::string(load.msg.subject) + " " +
            std::string(load.msg.header) + std::string(load.msg.payload) + "\n";
  }
}

}  // namespace dunlin::fuzz
