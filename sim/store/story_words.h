// The words of the language of stories, for its reader and its writer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/store/story.h"

namespace dunlin::sim {

[[nodiscard]] std::optional<StoryStep::Verb> VerbOf(std::string_view word);
[[nodiscard]] const char* WordOf(StoryStep::Verb verb);
[[nodiscard]] std::vector<std::string> StepWords();

// Rates that 'faults' sets: "read", "write", ... nullptr: no such fault.
[[nodiscard]] FaultRate* FaultNamed(std::string_view word, DiskFaults* faults);
[[nodiscard]] std::vector<std::string> FaultWords();
// What 'fail' makes fail.
[[nodiscard]] std::optional<DiskFault> FailureNamed(std::string_view word);
[[nodiscard]] const char* FailureWord(DiskFault fault);

// What a death may come after: "rename", "sync", ...
[[nodiscard]] std::optional<DiskOp::Kind> OpNamed(std::string_view word);
[[nodiscard]] const char* OpWord(DiskOp::Kind kind);
[[nodiscard]] std::vector<std::string> OpWords();

// "direct", "buffered", "200ms".
[[nodiscard]] bool ReadSync(std::string_view word, JournalOptions* journal);
// discard, retention, compression. False: 'choices' says what it could be.
[[nodiscard]] bool ReadChoice(std::string_view key, std::string_view word, StoreConfig* config,
                              std::string* choices);
// none, all, explicit.
[[nodiscard]] bool ReadAckPolicy(std::string_view word, AckPolicy* policy);
[[nodiscard]] const char* AckPolicyWord(AckPolicy policy);
// Without a sequence that it speaks of.
[[nodiscard]] std::string ConsumerErrorText(ConsumerError error);
// -1: never.
[[nodiscard]] std::string TtlHeader(int64_t seconds);

[[nodiscard]] bool Unescape(std::string_view text, std::string* out);
[[nodiscard]] std::string Escape(std::string_view text);

}  // namespace dunlin::sim
