// A story of streams on a disk that lies, as data: what a file in scenarios/storage says, what a
// seed of the campaign turns into, and what shrinking makes smaller.
//
// One process keeps the streams. It is told to change them, dies, is started again, over and over.
// What must be there after each start is nobody's to write down: the runner knows (story_runner.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/store/consumer_store.h"
#include "engine/store/stream_store.h"
#include "sim/disk/fault_dice.h"
#include "sim/disk/faults.h"
#include "sim/disk/sim_disk.h"
#include "sim/scenario/problem.h"
#include "storage/storage.h"

namespace dunlin::sim {

struct StoryStream {
  StoreConfig config;
  bool in_memory = false;
  bool late = false;  // Is not there before it is added.
};

struct StorySetup {
  uint64_t seed = 1;   // Of the disk's timing, of how deaths go, of questions asked.
  uint64_t tries = 1;  // With so many seeds from this one on.
  uint64_t pace = 0;   // Turns of the process after each change.
  // Changes come while chores of now are not done yet, where no limit could tell.
  bool rush = false;
  // What is configured of streams lies in their meta.inf: after a death that says what is so.
  bool meta = false;
  // A stream whose files were damaged may fail, and does so alone: all goes on without it.
  bool alone = false;
  JournalOptions journal;
  file::FileLimits limits;
  file::ConsumerLimits consumer_limits;
  std::string key, previous_key;  // Of encryption; empty: none.
  crypto::CipherKind cipher = crypto::CipherKind::kChaCha;
  std::vector<StoryStream> streams;
  bool has_interval_policy() const { return journal.sync == JournalOptions::Sync::kInterval; }
};
// Small blocks, a small journal: what a file starts from.
[[nodiscard]] StorySetup SmallStorySetup();

// Something that a state is expected to have.
struct StoryNumber {
  std::string field;  // "msgs", "first", ...
  uint64_t value = 0;
};

// What a step says of a consumer.
struct StoryConsumer {
  std::string name;            // Empty: the step is about none.
  ConsumerStoreConfig config;  // With its name.
  uint64_t seq = 0;            // The consumer's sequence; 0: the one that is due.
  uint64_t deliveries = 0;     // Of this message, with this one; 0: once more than before.
  enum class Starting : uint8_t {
    kNew,
    kReset,  // Everything is forgotten.
    kMoved,  // The stream begins later than what was delivered.
  };
  Starting starting = Starting::kNew;
  ConsumerState state;  // Times of delivery: when the step is done.
  bool force = false;
  std::optional<ConsumerError> error;  // It must be refused, with this.
};

struct StoryStep {
  enum class Verb : uint8_t {
    // Changes.
    kStore,     // 'count' messages on 'subject': 'size' bytes each, or 'text'; 'header', 'ttl'.
    kSkip,      // 'count' sequences; 'advance'.
    kRemove,    // 'seq'.
    kErase,     // 'seq'.
    kDeleted,   // 'ranges' are deleted, another replica says.
    kPurge,     // 'subject' (empty: all), 'below', 'keep'.
    kCompact,   // 'seq'.
    kTruncate,  // 'seq'.
    kConfig,    // 'config'.
    kAdd,       // It is made; begun only.
    kDrop,      // It is deleted, for ever; another one of its name may be added at once.
    // Changes of 'consumer'; the last three above may be about one, too.
    kDeliver,   // 'count' messages from 'seq' on.
    kAck,       // 'seq'.
    kStarting,  // It begins behind 'seq'.
    kForget,    // How often what lies below 'seq' was delivered.
    kState,     // Another replica's.
    // The process.
    kCheckpoint,  // Of the stream, its consumer, or (kAllStreams) of all; begun only.
    kTurn,        // 'count' completions of the disk; or up to the one that it is 'after'.
    kSettle,      // Until nothing moves any more.
    kAdvance,     // 'time' passes.
    kStop,        // In good order; with 'in': while it starts, after so many operations.
    kKill,        // 'variant'; 'in' so many operations of the disk, or 'after' one.
    kPowerLoss,   // Likewise.
    kStart,
    // The disk.
    kFaults,   // 'faults' from here on.
    kFail,     // 'fault' strikes the next 'count' times.
    kSpace,    // 'size' bytes there are in all; UINT64_MAX: plenty.
    kRot,      // The sector at 'offset' of file 'path'.
    kCut,      // The file ends at 'size'.
    kDelete,   // The file is gone.
    kForeign,  // There is a file 'path' that holds 'text'.
    kWipe,     // Everything is gone.
    kEncrypt,  // From the next start on: with key 'text', the one before is 'header', 'cipher'.
    // What must be so.
    kCheck,           // Streams hold what they should, and answer every question rightly.
    kExpectState,     // 'numbers'.
    kExpectConsumer,  // 'numbers'; or it failed with 'text'; 'count' 0: there is none.
    kExpectMessage,   // 'seq' is 'subject' 'text'.
    kExpectGone,      // 'seq', with the error 'text'.
    kExpectNotice,    // One of this life has 'text'; 'count' 0: there is none at all.
    kExpectFailed,    // The process cannot go on, and says 'text'.
    kExpectFile,      // 'path' is there; 'count' 0: is not.
    // Everything.
    kEveryPoint,  // 'body', told until its end; and again and again, up to each of its effects.
  };
  static constexpr size_t kAllStreams = SIZE_MAX;

  Verb verb = Verb::kSettle;
  scenario::Position at;
  size_t stream = kAllStreams;
  std::string subject, header, text, path;
  bool has_text = false;
  bool advance = false;
  Seq seq = 0, below = 0;
  uint64_t keep = 0, count = 1, size = 0, offset = 0;
  int64_t ttl = 0;
  Duration time{};
  uint64_t variant = 0;
  std::optional<uint64_t> in;
  std::optional<AwaitedOp> after;  // Of a death, or the end of turns: once this has completed.
  // Of changes: that must be refused, with this.
  std::optional<StoreError> error;
  StoreConfig config;
  StoryConsumer consumer;
  std::vector<SeqRange> ranges;
  crypto::CipherKind cipher = crypto::CipherKind::kChaCha;
  DiskFaults faults;
  DiskFault fault = DiskFault::kSyncError;
  std::vector<StoryNumber> numbers;
  // kEveryPoint.
  std::vector<StoryStep> body;
  bool kills = true, power_losses = true;
  bool twice = false;  // Some recoveries are cut off as well.
};

struct Story {
  std::string path;  // For reports.
  std::string about;
  StorySetup setup;
  std::vector<StoryStep> steps;
};

// Whether a scenario file is a story of stores: its first statement is 'storage'.
[[nodiscard]] bool IsStory(std::string_view text);
// Nothing if the file has a mistake; 'problems' then has at least one.
[[nodiscard]] std::optional<Story> ParseStory(std::string_view text, std::string path,
                                              std::vector<scenario::Problem>* problems);
// The file that says so. ParseStory() gives the same story again.
[[nodiscard]] std::string FormatStory(const Story& story);
// One step as a line of a file.
[[nodiscard]] std::string FormatStep(const StorySetup& setup, const StoryStep& step);

}  // namespace dunlin::sim
