// The block store dies at every point of a story, and once more while it recovers.
#include <gtest/gtest.h>

#include "tests/storage/file/file_story.h"

namespace dunlin::file {
namespace {

void RunStory(const char* name, const Script& script, const FileStoreOptions& options = Small(),
              bool stop = false) {
  for (const std::string& failure : Tell(name, script, options, {stop})) ADD_FAILURE() << failure;
  // What is durable is not synced yet.
  for (const std::string& failure : Tell(name, script, options, {stop, 40})) {
    ADD_FAILURE() << "interval: " << failure;
  }
}

const Script kTen = 10 * Put("a");

TEST(FileStoreCrash, Storing) {
  RunStory("storing", kTen + Script{WantCheckpoint()} + kTen + Script{WantCheckpoint(), Put("b")});
}
TEST(FileStoreCrash, Removing) {
  RunStory("removing", kTen + Script{WantCheckpoint(), Remove(1), Remove(5), Remove(10), Remove(2),
                                     Put("b"), Remove(3), Remove(4), WantCheckpoint(), Remove(6),
                                     Remove(7), Put("c"), Remove(9), Remove(8), WantCheckpoint()});
}
TEST(FileStoreCrash, EmptyingAndGoingOn) {
  RunStory("emptying", Script{Put("a"), Remove(1), WantCheckpoint(), Put("a"), Put("a"), Remove(3),
                              Remove(2), WantCheckpoint()} +
                           kTen + Script{WantCheckpoint()});
}
TEST(FileStoreCrash, Skipping) {
  RunStory("skipping", Script{Skip(3), Put("a"), Skip(1), WantCheckpoint(), Put("a"), Skip(100'000),
                              Put("a"), WantCheckpoint(), Put("b"), Skip(2)});
}
TEST(FileStoreCrash, PurgingEverything) {
  RunStory("purge", kTen + Script{WantCheckpoint(), Put("b"), PurgeOf("", 0, 0), Put("c"),
                                  WantCheckpoint(), Put("d"), PurgeOf("", 0, 0), WantCheckpoint()});
}
TEST(FileStoreCrash, PurgingBySubject) {
  Script script;
  for (int i = 0; i < 12; ++i) script.push_back(Put("s." + std::to_string(i % 3)));
  RunStory("purge by subject",
           script + Script{WantCheckpoint(), PurgeOf("s.1", 0, 1), Put("s.1"), PurgeOf("s.0", 8, 0),
                           WantCheckpoint(), PurgeOf("s.*", 0, 2), Put("x"), WantCheckpoint()});
}
// Each form of a purge, so slowly that deaths and checkpoints come in the middle of it.
TEST(FileStoreCrash, PurgingInSlices) {
  FileStoreOptions options = Small();
  options.limits.records_per_slice = 4;
  Script script;
  for (int i = 0; i < 14; ++i) script.push_back(Put("s." + std::to_string(i % 3)));
  script.push_back(WantCheckpoint());
  const Script more = {Put("s.1"), WantCheckpoint()};
  const auto run = [&](const char* name, const Step& purge) {
    for (const std::string& failure : Tell(name, script + Script{purge} + more, options))
      ADD_FAILURE() << failure;
  };
  run("purge a subject", PurgeOf("s.1", 0, 0));
  run("purge, keep", PurgeOf("s.*", 0, 3));
  run("purge, below", PurgeOf("s.0", 9, 0));
  run("purge, below and keep", PurgeOf("s.0", 12, 2));
  run("purge all", PurgeOf("", 0, 0));
  run("purge all, keep", PurgeOf(">", 0, 3));
  run("purge all, below", PurgeOf("", 9, 0));
}
TEST(FileStoreCrash, Compacting) {
  RunStory("compact", kTen + Script{WantCheckpoint(), CompactTo(7), Put("b"), CompactTo(11),
                                    Put("c"), WantCheckpoint(), CompactTo(30), Put("d")});
}
TEST(FileStoreCrash, Truncating) {
  RunStory("truncate",
           kTen + Script{Remove(4), WantCheckpoint(), TruncateTo(7), Put("b"), Put("b"),
                         WantCheckpoint(), TruncateTo(4), Put("c"), Put("c"), WantCheckpoint(),
                         TruncateTo(2), Put("d"), TruncateTo(0), Put("e"), WantCheckpoint()});
}
TEST(FileStoreCrash, EnforcingLimits) {
  FileStoreOptions options = Small();
  options.config.max_msgs = 8;
  options.config.max_msgs_per_subject = 2;
  Script script;
  for (int i = 0; i < 24; ++i) {
    script.push_back(Put("s." + std::to_string(i * 7 % 5)));
    if (i % 8 == 5) script.push_back(WantCheckpoint());
  }
  RunStory("limits", script, options);
}
TEST(FileStoreCrash, RewritingSparseBlocks) {
  FileStoreOptions options = Small();
  options.config.compression = StoreCompression::kS2;
  RunStory("rewrite", Sparse(Remove), options);
}
TEST(FileStoreCrash, CompressingSealedBlocks) {
  FileStoreOptions options = Small();
  options.config.compression = StoreCompression::kS2;
  RunStory("compress",
           7 * Put("a", 60) + Script{WantCheckpoint(), Put("b"), WantCheckpoint(), Put("c")},
           options);
}
// What was promised to be erased is, whoever comes to do it. Payloads are one letter, many times.
TEST(FileStoreCrash, Erasing) {
  const auto check = [](sim::SimDisk& disk, size_t promised) -> std::string {
    for (const std::string& path : disk.Files()) {
      const std::string bytes = disk.Truth(path).value_or("");
      for (const auto& [steps, letter] : {std::pair(9u, 'c'), std::pair(12u, 'i')}) {
        if (promised >= steps && bytes.find(std::string(20, letter)) != std::string::npos)
          return path + " holds what was erased: " + letter;
      }
    }
    return "";
  };
  const Script script =
      8 * Put("a") + Script{EraseOf(3), WantCheckpoint(), Put("b"), EraseOf(9), WantCheckpoint()};
  for (const bool stop : {false, true}) {
    for (const std::string& failure :
         Tell("erase", script, Small(), {.stop = stop, .check = check}))
      ADD_FAILURE() << failure;
  }
  RunStory("erase", script, Small());
}
TEST(FileStoreCrash, ChangingTheConfiguration) {
  StoreConfig few, one;
  few.max_msgs = 4;
  one.max_msgs_per_subject = 1;
  one.compression = StoreCompression::kS2;
  const Script script =
      7 * Put("a") + Script{WantCheckpoint(), Configure(few), Put("b"), Configure({}),   Put("b"),
                            Put("c"),         Configure(one), Put("c"), WantCheckpoint()};
  for (const std::string& failure : Tell("config", script)) ADD_FAILURE() << failure;
}
TEST(FileStoreCrash, TruncatingAndStopping) {
  RunStory(
      "truncate, stop",
      9 * Put("a") + Script{Remove(2), WantCheckpoint(), TruncateTo(6), Put("b"), WantCheckpoint()},
      Small(), true);
}
TEST(FileStoreCrash, StoppingCleanly) {
  RunStory("stop",
           kTen + Script{Remove(1), Remove(2), Remove(6), WantCheckpoint(), Put("b"), Remove(11)},
           Small(), true);
}
TEST(FileStoreCrash, StoppingWhenEmpty) {
  RunStory("stop empty", Script{Put("a"), Put("a"), PurgeOf("", 0, 0), Put("b"), Remove(3)},
           Small(), true);
}

}  // namespace
}  // namespace dunlin::file
