#include "sim/store/story_campaign.h"

#include <algorithm>
#include <utility>

#include "sim/store/consumer_teller.h"
#include "sim/store/story_plan.h"
#include "sim/store/story_runner.h"
#include "sim/store/story_words.h"
#include "storage/format/little_endian.h"
#include "storage/format/record.h"
#include "storage/journal/format.h"

namespace dunlin::sim {
namespace {

using Verb = StoryStep::Verb;

class Storyteller {
 public:
  explicit Storyteller(uint64_t seed)
      : plan_(PlanStory(seed)),
        rng_(Rng(seed).Fork("teller")),
        coming_(Rng(seed).Fork("coming")),
        harm_(Rng(seed).Fork("harm")),
        consumers_(Rng(seed).Fork("consuming"), plan_.consumers),
        runner_(plan_.setup, StoryRunner::Mode::kLenient) {
    out_.story.setup = plan_.setup;
    out_.story.about = "Seed " + std::to_string(seed) + ": " + Describe(plan_) + ".";
  }

  StorySeedResult Run() {
    for (int life = 0; life < plan_.run.lives && Well(); ++life) {
      Trouble();
      if (!Start()) break;
      Live();
      if (Well()) EndLife();
      if (Well()) BetweenLives();
    }
    if (runner_.well()) runner_.End();
    runner_.Kill();
    out_.result.failures = runner_.failures();
    out_.result.hash = runner_.hash();
    out_.result.counts = runner_.counts();
    out_.result.runs = 1;
    return std::move(out_);
  }

 private:
  // What is damaged while it runs goes on for a while.
  bool Well() {
    const int enough = plan_.run.faults.rot_on_read.per_million > 0 ? 60 : 3;
    return runner_.well() && !(runner_.damaged() && ++after_damage_ > enough);
  }

  bool Do(StoryStep step) {
    step.at = {static_cast<int>(out_.story.steps.size()) + 1, 1};
    out_.story.steps.push_back(step);
    const bool right = runner_.Do(step);
    out_.story.steps.back().error = runner_.refusal();
    out_.story.steps.back().consumer.error = runner_.consumer_refusal();
    return right;
  }
  void DoAll(const std::vector<StoryStep>& steps) {
    for (const StoryStep& step : steps) {
      if (runner_.well() && runner_.running() && !runner_.failed()) (void)Do(step);
    }
  }
  bool Do(Verb verb) {
    StoryStep step;
    step.verb = verb;
    return Do(step);
  }

  void Trouble() {
    if (!plan_.run.has_trouble()) return;
    StoryStep faults;
    faults.verb = Verb::kFaults;
    faults.faults = plan_.run.faults;
    (void)Do(faults);
    if (plan_.run.capacity_bytes == UINT64_MAX) return;
    StoryStep space;
    space.verb = Verb::kSpace;
    space.size = plan_.run.capacity_bytes;
    (void)Do(space);
  }
  void NoTrouble() {
    if (!plan_.run.has_trouble()) return;
    (void)Do(Verb::kFaults);
    StoryStep space;
    space.verb = Verb::kSpace;
    space.size = UINT64_MAX;
    (void)Do(space);
  }

  StoryStep Death(std::optional<uint64_t> in) {
    StoryStep death = DrawDeath(rng_);
    death.in = in;
    return death;
  }

  StoryStep StopWhileItStarts() {
    StoryStep stop;
    stop.verb = Verb::kStop;
    stop.in = coming_.Below(40);
    return stop;
  }

  // Again and again while the disk does not let it; it dies now and then on the way. The last
  // attempts have a disk that is well.
  bool Start() {
    for (int attempt = 0; attempt < 8; ++attempt) {
      if (attempt == 5) NoTrouble();
      if (attempt < 4 && rng_.Chance(1, 4)) (void)Do(Death(rng_.Below(120)));
      if (attempt < 4 && coming_.Chance(1, 12)) (void)Do(StopWhileItStarts());
      if (!Do(Verb::kStart)) return false;
      if (runner_.running()) return true;
    }
    return false;  // On damage only: else the runner has complained.
  }

  void Live() {
    const uint64_t cut =
        rng_.Chance(1, 3) ? rng_.Below(static_cast<uint64_t>(plan_.run.changes) * 3) : 0;
    if (cut > 0) (void)Do(Death(cut));
    for (int i = 0; i < plan_.run.changes && Well() && runner_.running() && !runner_.failed();
         ++i) {
      const size_t stream = rng_.Below(plan_.setup.streams.size());
      if (!ComesOrGoes(stream) && runner_.there(stream)) Change(stream);
      if (runner_.well()) DoAll(consumers_.Next(runner_, stream));
      if (const uint64_t turns = rng_.Below(5); turns > 0 && runner_.well()) {
        StoryStep step;
        step.verb = Verb::kTurn;
        step.count = turns;
        (void)Do(step);
      }
      if (rng_.Chance(1, 40) && runner_.well()) PassTime();
      if (rng_.Chance(1, 120) && runner_.well()) FailNext();
      if (rng_.Chance(1, 60) && runner_.well()) (void)Do(Verb::kCheck);
      if (rng_.Chance(1, 50) && runner_.well()) (void)Do(Verb::kCheckpoint);
    }
  }

  // Streams that come and go; the other draws do not know of it.
  bool ComesOrGoes(size_t stream) {
    StoryStep step;
    step.stream = stream;
    step.verb = runner_.there(stream) ? Verb::kDrop : Verb::kAdd;
    if (step.verb == Verb::kAdd ? coming_.Chance(1, 2) : !plan_.drops || coming_.Chance(29, 30))
      return false;
    if (step.verb == Verb::kDrop && coming_.Chance(1, 8)) (void)Do(Death(coming_.Below(30)));
    return runner_.well() && Do(step);
  }

  // What is being made when the process stops.
  void AddSome() {
    for (size_t i = 0; i < plan_.setup.streams.size() && runner_.well(); ++i) {
      if (runner_.there(i) || !runner_.running() || !coming_.Chance(1, 2)) continue;
      StoryStep step;
      step.verb = Verb::kAdd;
      step.stream = i;
      if (!Do(step)) return;
      step = {};
      step.verb = Verb::kTurn;
      step.count = coming_.Below(40);
      (void)Do(step);
    }
  }

  // The next operation of a kind fails. Where files are synced now and then, time passes until it
  // is the journal's turn.
  void FailNext() {
    if (plan_.run.trouble != RunPlan::Trouble::kErrors) return;
    static constexpr DiskFault kKinds[] = {DiskFault::kSyncError,  DiskFault::kSyncError,
                                           DiskFault::kWriteError, DiskFault::kReadError,
                                           DiskFault::kSpaceError, DiskFault::kTooManyFiles};
    StoryStep step;
    step.verb = Verb::kFail;
    step.fault = kKinds[rng_.Below(std::size(kKinds))];
    (void)Do(step);
    if (plan_.setup.has_interval_policy() && runner_.well()) PassTime();
  }

  void PassTime() {
    StoryStep step;
    step.verb = Verb::kAdvance;
    step.time = Millis(rng_.Chance(1, 4) ? rng_.Between(1000, 12'000) : rng_.Between(1, 1500));
    (void)Do(step);
  }

  void EndLife() {
    stopped_ = false;
    if (rng_.Chance(1, 4) && runner_.running() && !runner_.failed()) {
      if (rng_.Chance(1, 3)) EmptySome();
      if (coming_.Chance(1, 8) && runner_.well()) EraseLast();
      if (rng_.Chance(1, 3)) (void)Do(Death(rng_.Below(60)));
      AddSome();
      DoAll(consumers_.BeforeStop(runner_, 0));
      if (runner_.well()) (void)Do(Verb::kStop);
      stopped_ = !runner_.running() && runner_.stopped();
      if (!runner_.running()) return;
    }
    if (runner_.well()) (void)Do(Death(std::nullopt));
  }

  // What was there last is then for nobody to see but for who looks at what is left of it.
  void EmptySome() {
    const size_t stream = rng_.Below(plan_.setup.streams.size());
    StoryStep step;
    step.stream = stream;
    step.verb = rng_.Chance(1, 2) ? Verb::kCompact : Verb::kPurge;
    if (step.verb == Verb::kCompact) step.seq = runner_.twin(stream).last() + 1;
    for (uint64_t i = rng_.Below(3); i > 0 && runner_.well(); --i) Store(stream);
    if (runner_.well()) (void)Do(step);
  }

  // Nothing is left, and of the last one not even a trace in its block.
  void EraseLast() {
    StoryStep step;
    step.stream = coming_.Below(plan_.setup.streams.size());
    step.verb = Verb::kPurge;
    step.keep = 1;
    if (!Do(step)) return;
    step.verb = Verb::kErase;
    step.keep = 0;
    step.seq = runner_.twin(step.stream).last();
    if (step.seq > 0 && Do(step) && coming_.Chance(1, 2)) (void)Do(Verb::kSettle);
  }

  // Caches may go, without a trace; rarely everything does.
  void BetweenLives() {
    if (rng_.Chance(1, 3)) {
      for (const std::string& path : runner_.Files()) {
        if (!path.ends_with("/index.db") && !path.ends_with("/thw.db")) continue;
        StoryStep step;
        step.verb = Verb::kDelete;
        step.path = path;
        if (!Do(step)) return;
      }
    }
    if (rng_.Chance(1, 80)) (void)Do(Verb::kWipe);
    if (plan_.run.trouble == RunPlan::Trouble::kDamage && rng_.Chance(1, 3)) Harm();
    if (plan_.run.trouble == RunPlan::Trouble::kDamage) {
      if (const auto harm = consumers_.Harm(runner_)) (void)Do(*harm);
    }
    if (plan_.parts_go && runner_.well() && harm_.Chance(1, 3)) LoseParts();
    if (plan_.run.harms && runner_.well() && harm_.Chance(1, 2)) HarmAny();
    if (!plan_.setup.key.empty() && runner_.well() && rng_.Chance(1, 4)) ChangeKeys();
  }

  // Of the index that a death leaves: caches, too.
  void LoseParts() {
    for (const std::string& path : runner_.Files()) {
      if (!path.ends_with(".part") || harm_.Chance(1, 3)) continue;
      StoryStep step;
      step.verb = Verb::kDelete;
      step.path = path;
      if (!Do(step)) return;
    }
  }

  // To any file. The kind comes first: of some there are few.
  void HarmAny() {
    static constexpr std::string_view kEnds[] = {"/msgs/checkpoint",
                                                 "/msgs/checkpoint",
                                                 "/meta.inf",
                                                 "/meta.sum",
                                                 "/meta.key",
                                                 ".key",
                                                 ".blk",
                                                 "/o.dat"};
    const uint64_t kind = harm_.Below(std::size(kEnds) + 1);
    std::vector<std::string> files;
    for (std::string& path : runner_.Files()) {
      const bool fits = kind < std::size(kEnds)
                            ? path.ends_with(kEnds[kind])
                            : path.starts_with(plan_.setup.journal.directory + "/");
      if (fits && !runner_.Contents(path).empty()) files.push_back(std::move(path));
    }
    if (files.empty()) return;
    StoryStep step;
    step.path = files[harm_.Below(files.size())];
    const uint64_t place = harm_.Below(runner_.Contents(step.path).size());
    const uint64_t how = harm_.Below(4);
    step.verb = how < 2 ? Verb::kDelete : how == 2 ? Verb::kCut : Verb::kRot;
    if (step.verb == Verb::kCut) step.size = place;
    if (step.verb == Verb::kRot) step.offset = place;
    if (step.verb == Verb::kRot) step.variant = harm_.Below(1000);
    (void)Do(step);
  }

  // Damage where there is something to be damaged, or where it is hard to see.
  void Harm() {
    std::vector<std::string> blocks, segments, caches;
    for (std::string& path : runner_.Files()) {
      if (runner_.Contents(path).empty()) continue;
      if (path.ends_with(".blk")) {
        blocks.push_back(std::move(path));
      } else if (path.starts_with(plan_.setup.journal.directory + "/")) {
        segments.push_back(std::move(path));
      } else if (path.ends_with(".part") || path.ends_with("/index.db")) {
        caches.push_back(std::move(path));
      }
    }
    StoryStep step;
    const uint64_t kind = rng_.Below(8);
    const auto& files = kind < 5 ? blocks : kind < 7 ? segments : caches;
    if (files.empty()) return;
    step.path = files[rng_.Below(files.size())];
    const std::string bytes = runner_.Contents(step.path);
    const std::vector<uint64_t> places = kind < 3 || kind == 7 ? Sectors(bytes, 0)
                                         : kind < 5            ? RecordEnds(bytes)
                                                    : Sectors(bytes, journal::kHeaderBytes);
    if (places.empty()) return;
    uint64_t place = places[rng_.Below(places.size())];
    if (kind == 5) PlaceOfMessage(segments, &step.path, &place);
    step.verb = kind == 3 || kind == 4 ? Verb::kCut : Verb::kRot;
    (step.verb == Verb::kCut ? step.size : step.offset) = place;
    step.variant = rng_.Below(1000);
    (void)Do(step);
  }
  // Where one of the last messages lies, if it does.
  void PlaceOfMessage(const std::vector<std::string>& files, std::string* path, uint64_t* place) {
    const StreamTwin& twin = runner_.twin(rng_.Below(plan_.setup.streams.size()));
    if (twin.entries().empty()) return;
    const uint64_t back = rng_.Below(std::min<uint64_t>(twin.entries().size(), 40));
    const TwinMsg& msg = *twin.entries()[twin.entries().size() - 1 - back].msg;
    for (const std::string& file : files) {
      const size_t at = runner_.Contents(file).find(msg.subject + msg.payload);
      if (at == std::string::npos) continue;
      *path = file;
      *place = at;
    }
  }
  // In which something was written.
  static std::vector<uint64_t> Sectors(const std::string& bytes, uint64_t from) {
    std::vector<uint64_t> places;
    for (uint64_t at = from; at < bytes.size(); at += 512) {
      if (bytes.find_first_not_of('\0', at) < at + 512) places.push_back(at);
    }
    return places;
  }
  static std::vector<uint64_t> RecordEnds(const std::string& bytes) {
    std::vector<uint64_t> places;
    for (uint64_t at = 0; at + format::kEmptyRecordBytes <= bytes.size();) {
      const uint64_t length = format::GetLittleEndian<uint32_t>(bytes.data() + at) & 0x7fffffff;
      if (length < format::kEmptyRecordBytes) break;
      places.push_back(at);
      at += length;
    }
    return places;
  }

  // Only after a clean stop: what of an older key is left is written anew behind the scenes.
  void ChangeKeys() {
    if (!stopped_) return;
    StoryStep step;
    step.verb = Verb::kEncrypt;
    step.header = "key " + std::to_string(keys_);
    step.text = "key " + std::to_string(++keys_);
    step.cipher = rng_.Chance(1, 2) ? crypto::CipherKind::kAes : crypto::CipherKind::kChaCha;
    (void)Do(step);
  }

  // --- Changes.

  std::string Subject() { return std::string("orders.") + NameOf(rng_.Below(plan_.subjects)); }
  static std::string NameOf(uint64_t number) {
    return std::string(1 + number / 26, static_cast<char>('a' + number % 26));
  }
  std::string Filter() {
    switch (rng_.Below(6)) {
      case 0: return "";
      case 1: return "orders.*";
      case 2: return "orders.>";
      default: return Subject();
    }
  }
  Seq AnySeq(const StreamTwin& twin) {
    const Seq first = std::max<Seq>(twin.first(), 1);
    return twin.last() < first ? first : first + rng_.Below(twin.last() - first + 2);
  }
  // One that is there, most of the time.
  Seq SomeSeq(const StreamTwin& twin) {
    if (twin.entries().empty() || rng_.Chance(1, 8)) return AnySeq(twin);
    return twin.entries()[rng_.Below(twin.entries().size())].seq;
  }

  void Change(size_t stream) {
    StoryStep step;
    step.stream = stream;
    const StreamTwin& twin = runner_.twin(stream);
    const uint64_t kind = rng_.Below(26);
    if (kind < StoryPlan::kKinds && (plan_.left_out >> kind & 1) != 0) return Store(stream);
    switch (kind) {
      case 0:
      case 1:
        step.verb = Verb::kPurge;
        step.subject = Filter();
        step.below = rng_.Chance(1, 3) ? AnySeq(twin) : 0;
        step.keep = rng_.Chance(1, 2) ? rng_.Below(4) : 0;
        if (step.below > 0) step.keep = 0;
        break;
      case 2:
        step.verb = Verb::kCompact;
        step.seq = AnySeq(twin) + (rng_.Chance(1, 8) ? 5 : 0);
        break;
      case 3:
        if (twin.last() == 0 || rng_.Chance(1, 2)) return Store(stream);
        step.verb = Verb::kTruncate;
        step.seq = std::max<Seq>(1, twin.last() - rng_.Below(std::min<Seq>(twin.last(), 12)));
        break;
      case 4:
        step.verb = Verb::kSkip;
        step.count = 1 + rng_.Below(10);
        step.advance = rng_.Chance(1, 3);
        break;
      case 5:
      case 6:
      case 7:
        step.verb = rng_.Chance(1, 8) ? Verb::kErase : Verb::kRemove;
        step.seq = SomeSeq(twin);
        break;
      case 8:
        if (rng_.Chance(1, 2)) return Store(stream);
        step.verb = Verb::kDeleted;
        step.ranges = SomeRanges(twin);
        break;
      case 9:
        if (rng_.Chance(2, 3)) return Store(stream);
        step.verb = Verb::kConfig;
        step.config = ChangedConfig(rng_, runner_.config(stream));
        break;
      default: return Store(stream);
    }
    // What takes its time is cut off on the way more often than others.
    const bool job =
        step.verb == Verb::kPurge || step.verb == Verb::kCompact || step.verb == Verb::kTruncate;
    if (job && rng_.Chance(1, 4)) (void)Do(Verb::kCheckpoint);
    if (job && rng_.Chance(1, 16) && runner_.well()) (void)Do(Death(rng_.Below(40)));
    if (runner_.well()) (void)Do(step);
  }

  std::vector<SeqRange> SomeRanges(const StreamTwin& twin) {
    std::vector<SeqRange> ranges;
    Seq at = AnySeq(twin);
    for (uint64_t i = 1 + rng_.Below(3); i > 0; --i) {
      const Seq last = at + rng_.Below(3);
      ranges.push_back({at, last});
      at = last + 2 + rng_.Below(3);
    }
    return ranges;
  }

  void Store(size_t stream) {
    StoryStep step;
    step.verb = Verb::kStore;
    step.stream = stream;
    step.subject = Subject();
    step.size = rng_.Below(plan_.run.payload_bytes_max);
    if (rng_.Chance(1, 16)) step.count = 2 + rng_.Below(20);
    if (rng_.Chance(1, 4)) step.size = SizeAtLimit(stream, step.subject).value_or(step.size);
    if (runner_.config(stream).allow_msg_ttl && rng_.Chance(1, 4)) {
      step.ttl = rng_.Chance(1, 4) ? -1 : rng_.Between(1, 9);
      step.header = TtlHeader(step.ttl);
    } else if (rng_.Chance(1, 16)) {
      step.header = "NATS/1.0\r\nTell: \xc3\xa9\r\n\r\n";
    }
    (void)Do(step);
  }

  // A message after which a stream that drops its first ones has what it may have, or one byte
  // more.
  std::optional<uint64_t> SizeAtLimit(size_t stream, const std::string& subject) {
    const StoreConfig& config = runner_.config(stream);
    if (config.max_bytes <= 0) return std::nullopt;
    const StreamTwin& twin = runner_.twin(stream);
    const auto bytes = plan_.setup.streams[stream].in_memory ? MemoryMsgBytes : FileMsgBytes;
    int64_t room = config.max_bytes - static_cast<int64_t>(twin.State().bytes) -
                   static_cast<int64_t>(bytes(subject.size(), 0, 0)) +
                   static_cast<int64_t>(rng_.Below(2));
    for (const StreamTwin::Entry& entry : twin.entries()) {
      if (room >= 20) break;  // Shorter payloads do not say which one they are.
      room += static_cast<int64_t>(entry.msg->bytes);
    }
    if (room < 20 || room > 4000) return std::nullopt;
    return static_cast<uint64_t>(room);
  }

  const StoryPlan plan_;
  Rng rng_;
  Rng coming_;
  Rng harm_;
  ConsumerTeller consumers_;
  StoryRunner runner_;
  StorySeedResult out_;
  int after_damage_ = 0;
  int keys_ = 0;
  bool stopped_ = false;  // The last life ended in good order.
};

}  // namespace

StorySeedResult RunStorySeed(uint64_t seed) { return Storyteller(seed).Run(); }

std::string KindOfFailure(std::string_view text) {
  std::string kind;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') {
      const size_t end = text.find('\'', i + 1);
      i = end == std::string_view::npos ? text.size() : end;
      kind += "''";
    } else if (text[i] >= '0' && text[i] <= '9') {
      while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') ++i;
      kind += '#';
    } else {
      kind += text[i];
    }
  }
  return kind;
}

}  // namespace dunlin::sim
