// Reads a store directory that the reference wrote, and writes every file of it anew with our
// encoders: records, compression, ciphers and keys, index, consumer states, timers. The reference
// then has to find the same in it.
//
//   store_rewrite FROM TO FROM_CIPHER TO_CIPHER    # none, chacha, aes; the key is in $GOLDEN_KEY
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "engine/base/check.h"
#include "engine/base/rng.h"
#include "storage/crypto/store_cipher.h"
#include "storage/format/block_file.h"
#include "storage/format/checksum_key.h"
#include "storage/format/consumer_state.h"
#include "storage/format/file_names.h"
#include "storage/format/index_state.h"
#include "storage/format/meta_file.h"
#include "storage/format/record.h"
#include "storage/format/timer_file.h"

namespace dunlin::format {
namespace {

namespace fs = std::filesystem;
using Cipher = std::optional<crypto::CipherKind>;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const fs::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  CHECK(out.good());
}

Cipher ParseCipher(std::string_view word) {
  if (word == "none") return std::nullopt;
  return word == "aes" ? crypto::CipherKind::kAes : crypto::CipherKind::kChaCha;
}

class Rewriter {
 public:
  Rewriter(std::string key, std::string account, Cipher from, Cipher to)
      : master_(key, account), from_(from), to_(to) {}

  void Stream(const fs::path& from, const fs::path& to) {
    name_ = from.filename();
    fs::create_directories(to / kMsgsDir);
    fs::create_directories(to / kConsumersDir);
    const crypto::SecretKey kek = master_.ForStream(name_);
    const auto [old_key, new_key] = Keys(from / kMetaKeyFile, to / kMetaKeyFile, kek);
    const auto meta = DecodeStreamMeta(Opened(Read(from / kMetaFile), old_key));
    CHECK(meta.ok());
    const std::string config = "{" + meta->json.substr(meta->json.find("\"name\""));
    PutMeta(to, EncodeStreamMeta(meta->created, config), StreamChecksum(name_), new_key);
    uint64_t last_checksum = 0;
    for (const auto& [number, last] : Blocks(from)) {
      last_checksum =
          Block(from, to, number, meta->config.compression == StoreCompression::kS2 && !last);
    }
    Index(from, to, old_key, new_key, last_checksum);
    for (const TimerFile kind : {TimerFile::kTtls, TimerFile::kSchedules}) Timers(from, to, kind);
    for (const auto& consumer : fs::directory_iterator(from / kConsumersDir)) {
      Consumer(consumer.path(), to / kConsumersDir / consumer.path().filename());
    }
  }

 private:
  using Key = std::optional<crypto::DataKey>;

  std::pair<Key, Key> Keys(const fs::path& from, const fs::path& to, const crypto::SecretKey& kek) {
    std::pair<Key, Key> keys;
    if (from_) {
      keys.first = crypto::OpenKeyFile(*from_, kek, Read(from));
      CHECK(keys.first.has_value());
    }
    if (to_) {
      crypto::NewKey made = crypto::MakeKeyFile(*to_, kek, &entropy_);
      Write(to, made.file);
      keys.second = made.key;
    }
    return keys;
  }

  std::string Opened(std::string bytes, const Key& key) {
    if (!key) return bytes;
    const auto plain = crypto::Open(key->kind, key->seed, bytes);
    CHECK(plain.has_value());
    return *plain;
  }
  std::string Sealed(std::string bytes, const Key& key) {
    return key ? crypto::Seal(key->kind, key->seed, bytes, &entropy_) : bytes;
  }

  void PutMeta(const fs::path& to, std::string meta, const crypto::HighwayHash64& checksum,
               const Key& key) {
    meta = Sealed(std::move(meta), key);
    Write(to / kMetaFile, meta);
    Write(to / kMetaSumFile, MetaSum(meta, checksum));
  }

  // Numbers, with whether it is the last one.
  static std::map<uint32_t, bool> Blocks(const fs::path& from) {
    std::map<uint32_t, bool> numbers;
    for (const auto& entry : fs::directory_iterator(from / kMsgsDir)) {
      if (const auto number = ParseBlockFile(entry.path().filename().string())) {
        numbers[*number] = false;
      }
    }
    if (!numbers.empty()) numbers.rbegin()->second = true;
    return numbers;
  }

  uint64_t Block(const fs::path& from, const fs::path& to, uint32_t number, bool compress) {
    const auto [old_key, new_key] =
        Keys(from / kMsgsDir / BlockKeyFile(number), to / kMsgsDir / BlockKeyFile(number),
             master_.ForBlock(name_, number));
    std::string bytes = Read(from / kMsgsDir / BlockFile(number));
    Crypt(old_key, &bytes);
    BlockUnpacker unpacker(std::move(bytes));
    while (unpacker.Step()) {
    }
    CHECK(unpacker.damage().ok());
    const auto checksum = BlockChecksum(name_, number);
    std::string out;
    RecordReader reader(unpacker.records(), &checksum);
    for (Record r; reader.Next(&r);) {
      switch (r.kind) {
        case RecordKind::kMessage:
          AppendMessage(checksum, r.seq, r.time, r.subject, r.header, r.payload, &out);
          break;
        case RecordKind::kTombstone: AppendTombstone(checksum, r.seq, r.time, &out); break;
        case RecordKind::kErased: Erased(checksum, r, &out); break;
      }
    }
    CHECK(reader.at_end());
    if (compress && !out.empty()) out = CompressBlock(out);
    const uint64_t last = LastChecksum(out);
    Crypt(new_key, &out);
    Write(to / kMsgsDir / BlockFile(number), out);
    return last;
  }

  void Erased(const crypto::HighwayHash64& checksum, const Record& r, std::string* out) {
    if (r.bytes == kEmptyRecordBytes) {
      AppendSkipped(checksum, r.seq, r.time, out);
      return;
    }
    const size_t at = out->size();
    out->resize(at + r.bytes);
    EraseRecord(checksum, r.seq, reinterpret_cast<uint8_t*>(out->data()) + at, r.bytes, &rng_);
  }

  static void Crypt(const Key& key, std::string* bytes) {
    if (!key) return;
    crypto::BlockCipher(*key).Apply(0, reinterpret_cast<uint8_t*>(bytes->data()), bytes->size());
  }

  void Index(const fs::path& from, const fs::path& to, const Key& old_key, const Key& new_key,
             uint64_t last_checksum) {
    if (!fs::exists(from / kMsgsDir / kIndexFile)) return;
    const std::string file = Read(from / kMsgsDir / kIndexFile);
    std::string_view content;
    CHECK(CheckIndexFile(file, StreamChecksum(name_), &content).ok());
    const std::string plain = Opened(std::string(content), old_key);
    IndexReader reader(plain);
    std::string out, blocks;
    IndexWriter writer(reader.stream(), reader.subjects(), &out);
    std::vector<IndexBlock> all;
    auto piece = reader.Next();
    for (; piece != IndexReader::Piece::kEnd; piece = reader.Next()) {
      CHECK(piece != IndexReader::Piece::kDamaged);
      if (piece == IndexReader::Piece::kSubject) {
        writer.Add(reader.subject());
      } else {
        all.push_back(reader.block());
      }
    }
    writer.BeginBlocks(all.size());
    for (const IndexBlock& block : all) writer.Add(block);
    writer.End({reader.tail().last_block, last_checksum});
    out = Sealed(std::move(out), new_key);
    AppendIndexChecksum(StreamChecksum(name_), &out);
    Write(to / kMsgsDir / kIndexFile, out);
  }

  void Timers(const fs::path& from, const fs::path& to, TimerFile kind) {
    const std::string_view name = kind == TimerFile::kTtls ? kTtlFile : kScheduleFile;
    if (!fs::exists(from / kMsgsDir / name)) return;
    const std::string bytes = Read(from / kMsgsDir / name);
    TimerFileReader reader(kind, bytes);
    std::string out;
    AppendTimerHead(reader.entries(), reader.next_seq(), &out);
    for (TimerEntry entry; reader.Next(&entry);) AppendTimerEntry(kind, entry, &out);
    CHECK(reader.damage().ok());
    Write(to / kMsgsDir / name, out);
  }

  void Consumer(const fs::path& from, const fs::path& to) {
    const std::string consumer = from.filename();
    fs::create_directories(to);
    const crypto::SecretKey kek = master_.ForConsumer(name_, consumer);
    const auto [old_key, new_key] = Keys(from / kMetaKeyFile, to / kMetaKeyFile, kek);
    const auto meta = DecodeConsumerMeta(Opened(Read(from / kMetaFile), old_key));
    CHECK(meta.ok());
    const size_t behind_name = meta->json.find("\"durable_name\"");
    PutMeta(to, EncodeConsumerMeta(meta->created, consumer, "{" + meta->json.substr(behind_name)),
            ConsumerChecksum(name_, consumer), new_key);
    if (!fs::exists(from / kConsumerStateFile)) return;
    ConsumerState state;
    CHECK(DecodeConsumerState(Opened(Read(from / kConsumerStateFile), old_key), &state).ok());
    Write(to / kConsumerStateFile, Sealed(EncodeConsumerState(state, meta->created), new_key));
  }

  const crypto::MasterKey master_;
  const Cipher from_, to_;
  std::string name_;
  Rng rng_{7};
  crypto::SeededEntropy entropy_{Rng(8)};
};

int Main(int argc, char** argv) {
  CHECK(argc == 5);
  const char* key = std::getenv("GOLDEN_KEY");
  CHECK(key != nullptr);
  const fs::path from = fs::path(argv[1]) / kRootDir, to = fs::path(argv[2]) / kRootDir;
  int streams = 0;
  for (const auto& account : fs::directory_iterator(from)) {
    if (!fs::exists(account.path() / kStreamsDir)) continue;
    const fs::path below = account.path().filename() / kStreamsDir;
    Rewriter rewriter(key, account.path().filename(), ParseCipher(argv[3]), ParseCipher(argv[4]));
    for (const auto& stream : fs::directory_iterator(from / below)) {
      rewriter.Stream(stream.path(), to / below / stream.path().filename());
      ++streams;
    }
  }
  std::printf("%d streams\n", streams);
  return 0;
}

}  // namespace
}  // namespace dunlin::format

int main(int argc, char** argv) { return dunlin::format::Main(argc, argv); }
