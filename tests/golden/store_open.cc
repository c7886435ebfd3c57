// Opens a store directory with Storage, on the host's disk, says what is in it, and stops cleanly.
//
//   store_open dump DIR CIPHER    # none, chacha, aes; the key is in $GOLDEN_KEY
//   store_open tell DIR CIPHER    # first makes streams of its own, and changes those that there
//   are
//
// Prints what 'dunlin store inspect --json --messages' prints, of streams and messages; to stderr,
// of which streams there is nothing but blocks.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/rng.h"
#include "storage/catalog.h"
#include "storage/inspect/print.h"
#include "tests/host/disk/storage_loop.h"

namespace dunlin::host {
namespace {

struct Stream {
  std::string account;
  format::StreamMeta meta;
  uint32_t id = 0;
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "store_open: %s\n", why.c_str());
  std::exit(1);
}

class Opened {
 public:
  Opened(const std::string& directory, const std::string& cipher) : disk_(OpenDisk(directory)) {
    const char* key = std::getenv("GOLDEN_KEY");
    CHECK(key != nullptr);
    options_.journal.segment_bytes = 1u << 20;
    options_.journal.prepare_bytes_ahead = 64u << 10;
    if (cipher != "none") {
      options_.encryption.key = key;
      options_.encryption.cipher =
          cipher == "aes" ? crypto::CipherKind::kAes : crypto::CipherKind::kChaCha;
      options_.encryption.entropy = &entropy_;
    }
  }

  // Streams that are there, up and running.
  void Start() {
    std::vector<FoundStream> found = Catalog();
    loop_ = std::make_unique<StorageLoop>(*disk_, options_, 1);
    for (FoundStream& stream : found) {
      if (!stream.problem.empty()) Die(stream.problem);
      if (stream.meta.in_memory) continue;
      Stream added{stream.account, std::move(stream.meta), 0};
      added.id = loop_->storage().AddStream(stream.directory, added.meta.config, added.meta.json);
      streams_.push_back(std::move(added));
    }
    loop_->storage().Open(StorageLoop::ReadClocks());
    if (!loop_->RunUntil(Storage::State::kRunning)) Die("it does not start" + Failures());
    for (const std::string& notice : loop_->storage().TakeNotices()) {
      if (notice.find(kBlocksAlone) == std::string::npos) Die(notice);
      std::fprintf(stderr, "%s\n", notice.c_str());
    }
    if (const std::string failures = Failures(); !failures.empty()) Die(failures);
  }

  void Add(const std::string& account, const StoreConfig& config) {
    const WallTime created{1'800'000'000'123'456'789};
    const std::string json =
        format::EncodeStreamMeta(created, format::StreamConfigJson(config, {config.name + ".>"}));
    const Result<format::StreamMeta> meta = format::DecodeStreamMeta(json);
    if (!meta.ok()) Die(meta.error().text);
    Stream added{account, meta.value(), 0};
    added.id =
        loop_->storage().AddStream(account + "/streams/" + config.name, config, added.meta.json);
    streams_.push_back(std::move(added));
    while (store(config.name).phase() != file::FileStore::Phase::kRunning) loop_->Step();
  }

  file::FileStore& store(const std::string& name) {
    for (const Stream& stream : streams_) {
      if (stream.meta.config.name == name) return *loop_->storage().stream(stream.id);
    }
    Die("there is no stream " + name);
  }
  StorageLoop& loop() { return *loop_; }
  static Now now() { return StorageLoop::ReadClocks(); }

  void Put(const std::string& stream, const std::string& subject, const std::string& header,
           const std::string& payload) {
    const StoreResult result = store(stream).Store(now(), subject, header, payload, 0);
    if (!result.ok()) Die(stream + ": " + DescribeStoreError(result.error));
    loop_->Step(StorageLoop::How::kLook);
  }

  void Dump() {
    std::string text;
    inspect::JsonSink sink(&text);
    for (const Stream& stream : streams_) {
      DumpStream(stream, &sink);
      (void)std::fwrite(text.data(), 1, text.size(), stdout);
      text.clear();
    }
  }

  void Stop() {
    loop_->storage().Stop(now());
    if (!loop_->RunUntil(Storage::State::kStopped)) Die("it does not stop" + Failures());
    for (const std::string& notice : loop_->storage().TakeNotices()) Die(notice);
    if (const std::string failures = Failures(); !failures.empty()) Die(failures);
  }

 private:
  static std::unique_ptr<HostDisk> OpenDisk(const std::string& directory) {
    Result<std::unique_ptr<HostDisk>> disk = HostDisk::Open(directory + "/jetstream", {});
    if (!disk.ok()) Die(disk.error().text);
    return std::move(disk.value());
  }

  std::vector<FoundStream> Catalog() {
    DiskQueue queue;
    StreamCatalog catalog(&queue, options_.encryption);
    catalog.Begin();
    std::vector<DiskDone> done;
    while (!catalog.done()) {
      catalog.Work();
      disk_->Submit(queue);
      if (disk_->under_way() > 0) disk_->Wait();
      disk_->Take(&done);
      for (const DiskDone& each : done) catalog.OnDisk(each);
      done.clear();
    }
    if (!catalog.failure().empty()) Die(catalog.failure());
    return catalog.streams();
  }

  std::string Failures() {
    std::string all;
    if (const auto failure = loop_->storage().Failure()) all += ": " + *failure;
    for (const Stream& stream : streams_) {
      const auto failure = loop_->storage().stream(stream.id)->Failure();
      if (failure) all += ": " + *failure;
    }
    return all;
  }

  void DumpStream(const Stream& stream, inspect::Sink* sink) {
    file::FileStore& store = *loop_->storage().stream(stream.id);
    inspect::StreamReport report;
    report.account = stream.account;
    report.name = stream.meta.config.name;
    report.meta = stream.meta;
    report.meta_known = true;
    report.state = store.State();
    for (auto& [subject, msgs] : TotalsOf(&store, "")) report.subjects[subject] = msgs;
    for (Seq from = std::max<Seq>(report.state.first_seq, 1); from <= report.state.last_seq;) {
      LoadMatch load;
      load.from = from;
      if (loop_->Finish(store, load) == Progress::kFailed) {
        if (load.error != StoreError::kEof) Die(load.detail);
        break;
      }
      format::Record record;
      record.kind = format::RecordKind::kMessage;
      record.seq = load.msg.seq;
      record.time = load.msg.time;
      record.subject = load.msg.subject;
      record.header = load.msg.header;
      record.payload = load.msg.payload;
      sink->OnMessage(record);
      from = load.msg.seq + 1;
    }
    sink->OnStream(report);
  }

  crypto::SeededEntropy entropy_{Rng(11)};
  StorageOptions options_;
  std::unique_ptr<HostDisk> disk_;
  std::unique_ptr<StorageLoop> loop_;
  std::vector<Stream> streams_;
};

void Fill(Opened* opened, const std::string& stream, int count, int size = 40) {
  Rng rng(static_cast<uint64_t>(count));
  for (int i = 0; i < count; ++i) {
    std::string payload = "bottles of beer " + std::to_string(i) + " ";
    while (payload.size() < static_cast<size_t>(size)) payload += payload;
    if (i % 2 == 0) {
      for (char& byte : payload) byte = static_cast<char>(rng.Next());
    }
    opened->Put(stream, stream + "." + std::to_string(i % 7) + ".x",
                i % 3 == 0 ? "NATS/1.0\r\nX-Number: " + std::to_string(i) + "\r\n\r\n" : "",
                i % 11 == 10 ? "" : payload);
  }
}

template <class Request>
void Finish(Opened* opened, const std::string& stream, Request request) {
  if (opened->loop().Finish(opened->store(stream), request) != Progress::kDone) {
    Die(stream + ": a job fails");
  }
}
Purge PurgeOf(std::string filter, Seq below, uint64_t keep) {
  Purge purge;
  purge.filter = std::move(filter);
  purge.below = below;
  purge.keep = keep;
  return purge;
}

// Streams of all kinds, by us. Not before 'Start'.
void Tell(Opened* o) {
  const auto config = [](std::string name) {
    StoreConfig out;
    out.name = std::move(name);
    return out;
  };
  const Now now = Opened::now();
  o->Add("$G", config("OURS"));
  Fill(o, "OURS", 200);
  o->Add("$G", config("OURSEMPTY"));
  o->Add("$G", config("OURSDELETES"));
  Fill(o, "OURSDELETES", 60);
  for (const Seq seq : {1, 2, 10, 11, 12, 30, 60}) {
    CHECK(o->store("OURSDELETES").Remove(now, seq).ok());
  }
  for (const Seq seq : {3, 20, 21, 59}) CHECK(o->store("OURSDELETES").Erase(now, seq).ok());
  Fill(o, "OURSDELETES", 5);
  StoreConfig many = config("OURSS2");
  many.max_bytes = 120'000;
  many.compression = StoreCompression::kS2;
  o->Add("$G", many);
  Fill(o, "OURSS2", 260, 900);
  for (Seq seq = 200; seq < 240; seq += 5) {
    if (o->store("OURSS2").State().first_seq <= seq) (void)o->store("OURSS2").Remove(now, seq);
  }
  o->store("OURSS2").WantCheckpoint();
  Fill(o, "OURSS2", 3);
  // Blocks that end in deleted messages, in their files or no more.
  StoreConfig ends = config("OURSENDS");
  ends.max_bytes = 120'000;
  o->Add("$G", ends);
  Fill(o, "OURSENDS", 200, 400);
  const auto& blocks = o->store("OURSENDS").index().blocks;
  CHECK(blocks.size() > 2);
  const SeqRange some{blocks[0]->last.seq - 1, blocks[0]->last.seq};
  const SeqRange most{blocks[1]->first.seq + 5, blocks[1]->last.seq};
  CHECK(o->store("OURSENDS").SyncDeleted(now, {some, most}).ok());
  o->store("OURSENDS").WantCheckpoint();
  Fill(o, "OURSENDS", 3);
  for (const auto& [name, job] :
       {std::pair("OURSPURGED", PurgeOf("", 0, 0)), std::pair("OURSPURGEKEEP", PurgeOf("", 0, 7)),
        std::pair("OURSPURGESEQ", PurgeOf("", 31, 0)),
        std::pair("OURSPURGESUBJ", PurgeOf("OURSPURGESUBJ.3.>", 0, 0))}) {
    o->Add("$G", config(name));
    Fill(o, name, 50);
    Finish(o, name, job);
  }
  Fill(o, "OURSPURGESUBJ", 10);
  o->Add("$G", config("OURSTRUNCATED"));
  Fill(o, "OURSTRUNCATED", 50);
  Truncate truncate;
  truncate.seq = 23;
  Finish(o, "OURSTRUNCATED", truncate);
  Fill(o, "OURSTRUNCATED", 2);
  StoreConfig limited = config("OURSLIMITED");
  limited.max_msgs = 25;
  limited.max_msgs_per_subject = 3;
  o->Add("$G", limited);
  Fill(o, "OURSLIMITED", 80);
  StoreConfig first = config("OURSFIRST");
  first.first_seq = 1000;
  o->Add("$G", first);
  Fill(o, "OURSFIRST", 10);
  StoreConfig ttl = config("OURSTTL");
  ttl.allow_msg_ttl = true;
  o->Add("$G", ttl);
  Fill(o, "OURSTTL", 5);
  for (int i = 0; i < 4; ++i) {
    o->Put("OURSTTL", "OURSTTL." + std::to_string(i) + ".x", "NATS/1.0\r\nNats-TTL: 1h\r\n\r\n",
           "an hour");
  }
  o->Add("$G", config("OURSGAP"));
  Fill(o, "OURSGAP", 4);
  CHECK(o->store("OURSGAP").Skip(now, 0, 9, StreamStore::SkipTime::kKeep).ok());
  Fill(o, "OURSGAP", 4);
  CHECK(o->store("OURSGAP").Skip(now, 0, 3, StreamStore::SkipTime::kKeep).ok());
}

int Main(int argc, char** argv) {
  CHECK(argc == 4);
  const std::string what = argv[1];
  Opened opened(argv[2], argv[3]);
  opened.Start();
  if (what == "tell") Tell(&opened);
  opened.Dump();
  opened.Stop();
  return 0;
}

}  // namespace
}  // namespace dunlin::host

int main(int argc, char** argv) { return dunlin::host::Main(argc, argv); }
