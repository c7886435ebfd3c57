#include "sim/tool/planted.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/mutant.h"
#include "sim/scenario/parser.h"
#include "sim/store/story_campaign.h"
#include "sim/store/story_scenario.h"
#include "sim/tool/shell.h"

namespace dunlin::sim {
namespace {

// 'rows': of design/simulation.md, section 4, that it was made after. 'story': in the folder,
// without '.scn'; empty: none yet.
struct Planted {
  int number;
  const char* rows;
  const char* story;
  const char* what;
};

constexpr Planted kPlanted[] = {
    {111, "", "", "a record of the journal is believed without its checksum"},
    {112, "50", "", "a segment is given back while records in it are needed"},
    {113, "57", "what_was_not_promised_stays_lost",
     "what an earlier life could not promise comes back"},
    {114, "45", "a_bad_sector_is_no_torn_tail", "every hole is taken for a torn tail"},
    {115, "", "what_lies_behind_a_torn_batch_is_nobodys",
     "what lies behind a torn batch is replayed"},
    {116, "54", "a_segment_is_kept_while_it_is_needed",
     "a file is used again before it is durable that it may be"},
    {117, "", "answers_with_batches_in_flight_are_in_order",
     "batches are acknowledged out of order"},
    {118, "44 49", "a_synced_answer_outlives_a_power_loss",
     "acknowledged when written, not when synced"},
    {119, "", "", "a failed sync is asked again, and believed"},
    {120, "57", "", "what was copied once is not copied again"},
    {121, "", "", "copies are replayed where they lie"},
    {122, "51", "a_kill_and_a_power_loss_take_nothing_that_was_read",
     "what a kill left is built upon before it is durable"},
    {130, "", "", "block bytes are written before the journal has them"},
    {131, "52", "names_of_blocks_are_durable_before_they_are_spoken_of",
     "a checkpoint speaks of blocks whose names are not durable"},
    {132, "50", "sealed_blocks_are_synced_with_a_checkpoint",
     "a checkpoint leaves out sealed blocks when it syncs"},
    {133, "57", "a_tombstone_outlives_the_block_that_it_lies_in", "tombstones go with their block"},
    {134, "53 54", "a_clean_stop_leaves_the_last_sequence",
     "a clean stop leaves nothing that says which sequence was the last"},
    {135, "58", "what_was_truncated_stays_away", "what was truncated comes back with the block"},
    {138, "45", "damage_in_a_block_takes_only_itself",
     "what lies behind damage in a block is dropped"},
    {139, "67", "one_bad_block_does_not_stop_a_stream",
     "one damaged block, and nothing is taken any more"},
    {140, "68", "removing_what_is_gone_is_no_failure",
     "removing what is gone is taken for a failure of the disk"},
    {141, "49", "a_block_is_synced_before_it_takes_the_place_of_another",
     "a block is written anew and renamed without a sync"},
    {142, "60", "a_clean_stop_waits_for_what_is_written",
     "a clean stop does not wait for what is written"},
    {143, "69", "a_custom_first_sequence_is_set_once",
     "a custom first sequence purges at each start"},
    {144, "57", "rewriting_a_block_keeps_its_tombstones",
     "rewriting drops tombstones that are needed"},
    {147, "", "", "what never expires goes by age"},
    {148, "55", "a_head_block_may_be_longer_than_it_says",
     "recovery believes the length of the head's file"},
    {149, "54", "an_emptied_stream_uses_no_sequence_again",
     "the last sequence is what blocks happen to hold"},
    {150, "59", "blocks_that_are_gone_do_not_count",
     "blocks that the checkpoint does not name count"},
    {151, "56", "a_block_is_never_overwritten_in_place",
     "a block that is compacted is overwritten in place"},
    {152, "64", "deletions_of_another_replica_are_looked_at",
     "as many deletions are taken for the same ones"},
    {153, "65", "skipped_sequences_are_kept", "skipped sequences are not replayed"},
    {154, "", "", "the journal forgets a batch with records from after the checkpoint"},
    {155, "70", "a_purge_stops_where_it_was_told_to",
     "a purge by subject takes one more than it was told to"},
    {156, "71 72", "a_block_that_cannot_be_opened_now_is_not_lost",
     "a block that cannot be opened now is given up"},
    {157, "72", "a_checkpoint_that_cannot_be_read_now_is_not_gone",
     "a checkpoint that cannot be read now is taken for none"},
    {158, "61", "a_purged_block_is_not_recompressed_into_life",
     "a block goes while it is written anew"},
    {159, "", "", "a clean stop believes in a floor that it does not leave behind"},
    {160, "", "an_encrypted_block_is_written_anew_with_its_key",
     "each write to an encrypted block begins the key stream anew"},
    {161, "52", "an_encrypted_block_is_written_anew_with_its_key",
     "a key that has not got its name yet is not looked for"},
    {162, "52", "an_encrypted_block_is_written_anew_with_its_key",
     "a block's new key takes the old one's place before the block is there"},
    {163, "52", "", "a block's new key is not durable when the block takes its name"},
    {164, "", "", "a checksum of meta.inf that has not got its name yet is not looked for"},
    {165, "", "", "meta.inf takes its name before its checksum is durable"},
    {166, "52", "", "the key of meta.inf takes its name before meta.inf has"},
    {167, "59", "", "an index is believed that does not fit the files"},
    {168, "59", "", "an index is believed that does not fit what is in its last block"},
    {170, "", "a_purge_that_was_cut_off_is_finished",
     "a purge by subject that was cut off is not gone on with"},
    {171, "", "a_purge_that_was_cut_off_is_finished",
     "a checkpoint does not say that a purge is under way"},
    {172, "", "what_was_to_be_erased_is_erased_after_a_death",
     "what was to be erased is only removed by the next start"},
    {173, "", "what_was_to_be_erased_is_erased_after_a_death",
     "a checkpoint does not say what is to be erased"},
    {174, "", "a_deleted_stream_stays_away",
     "what was deleted is in the way of a stream of its name"},
    {175, "", "a_late_stream_starts_by_itself",
     "a stream that is made while all runs waits for somebody to wake it"},
    {176, "", "a_stop_waits_for_streams_that_are_being_made",
     "a stop does not wait for what is being made"},
    {177, "", "a_stop_while_it_starts_loses_nothing", "a stop does not wait for a start"},
    {178, "", "what_a_limit_took_stays_gone_without_it",
     "a configuration does not wait for what the last one took"},
    {179, "", "a_block_written_anew_is_not_cut_short",
     "nothing says that a block will be shorter, written anew"},
    {190, "", "", "what changes while the base of an index is built is not in it"},
    {191, "", "a_rewrite_leaves_out_what_nobody_counts",
     "a rewritten block takes its name while an index still counts what it leaves out"},
    {192, "", "an_index_knows_what_is_still_owed", "an index does not say what is still owed"},
    {193, "", "",  // A key is there before meta.inf: it would take two changes of keys now.
     "a consumer's key gets its name while it is being read"},
    {198, "", "what_an_index_owes_is_left_in_by_a_second_rewrite",
     "a rewrite passes for one that knows what an index still owes"},
    {199, "", "a_stop_cut_off_behind_its_checkpoint_keeps_the_index",
     "parts of an index go before it is certain that their checkpoint did"},
    {194, "", "a_consumer_keeps_what_came_with_its_checkpoint",
     "the journal forgets a batch with records from after a consumer's checkpoint"},
    {195, "72", "consumers_that_cannot_be_listed_now_are_not_gone",
     "a folder of consumers that cannot be listed is taken for an empty one"},
    {196, "", "a_consumers_configuration_waits_for_what_a_power_loss_takes",
     "a consumer's configuration is durable before its state"},
    {197, "94", "the_state_of_a_consumer_that_is_gone_is_missed",
     "a consumer's state that is gone is taken for none"},
    {200, "", "a_checkpoint_that_was_deleted_is_missed",
     "records of a stream whose checkpoint is gone are nobody's"},
    {201, "", "what_was_deleted_is_not_found_again",
     "a stream that was deleted is found, and made anew"},
    {210, "46", "the_metadata_of_a_consumer_that_are_gone_are_missed",
     "a consumer whose meta.inf is gone passes for one that was never made, and goes"},
    {211, "48", "a_deletion_is_not_that_of_the_next_one_of_its_name",
     "a deletion in the journal takes the stream that has the name now"},
    {212, "62", "blocks_are_compressed_and_then_encrypted",
     "a block that is written anew is encrypted before it is compressed"},
    {213, "63", "blocks_alone_say_which_subjects_there_are",
     "subjects that are counted anew are what the buffer holds in the end"},
    {214, "94", "the_state_of_a_consumer_that_was_damaged_is_missed",
     "a consumer's state that is damaged is taken for none"},
    // No story makes a snapshot: tests/storage/snapshot_test.cc finds it.
    {215, "66", "", "a snapshot leaves out what is removed while it is read"},
    {202, "", "a_consumer_that_nothing_was_done_to_is_missed",
     "nothing says that a consumer was made"},
    {203, "", "a_directory_that_is_gone_is_missed",
     "the records of a directory that is gone are dropped without a word"},
    {204, "", "a_consumer_whose_journal_was_damaged_is_named",
     "nobody names whose changes damage to the journal may have taken"},
    {220, "", "what_rots_while_it_runs_is_spoken_of",
     "a block that goes bad while a store runs is not spoken of, and written anew without it"},
    {221, "", "",  // Nothing is wrong but that it costs: tests/storage/file/wake_test.cc.
     "when the first message was stored is looked for for ever, where it cannot be read"},
    {222, "", "", "a block's file that was taken away is asked for, for ever"},
    {205, "", "an_index_that_cannot_be_opened_is_missed",
     "an index.db that is damaged is passed over without a word"},
    {206, "", "blocks_alone_are_spoken_of",
     "a stream that is nothing but blocks starts without a word"},
    {241, "", "an_index_stays_until_there_is_a_checkpoint",
     "an index.db goes once it is read: a start that dies has taken what it said"},
    {242, "", "the_key_of_metadata_that_is_gone_is_missed",
     "metadata that is sealed, without its key, is taken as it is"},
    {243, "", "",
     "what a deleted stream had in the journal is carried on behind the word that it was deleted"},
    {244, "", "",
     "a laggard's few records in a large batch are given up, and read again, for ever"},
    {245, "", "",
     "subjects are not held against their limit, where debts took all of a call: a start waits"},
    {246, "", "",
     "the journal keeps what cannot be anybody's while somebody else cannot be opened"},
    {247, "", "", "a stream that was deleted misses records of the journal that it needs no more"},
    {248, "", "a_consumer_that_cannot_be_opened_does_not_keep_a_damaged_segment",
     "what a laggard needs of a damaged segment is not copied, and everybody waits for room"},
    {249, "", "a_journal_that_is_gone_is_missed",
     "a journal that somebody deleted is taken for one that never was"},
    {250, "", "",
     "what is known of a damaged block's sequences outlives a truncate, which gives them to "
     "others"},
    {251, "", "who_keeps_the_journal_full_is_named",
     "nobody is told which stream keeps the journal full"},
    {252, "", "",
     "a segment is given back while what goes there waits for its file: the journal stands still"},
    {253, "", "an_index_of_another_key_is_no_damage",
     "an index that was sealed with an earlier key of the stream is taken for a damaged one"},
    {254, "", "what_damage_hides_takes_no_sound_message",
     "a sound message goes in the place of one that cannot be read"},
    {255, "", "a_stop_that_may_be_undone_keeps_the_index",
     "a stop takes an index away whose checkpoint is gone, but not for good"},
    {256, "", "bytes_that_cannot_be_read_take_no_sound_message",
     "what was removed and cannot be read counts its bytes: a limit takes others"},
    {257, "", "limits_on_all_come_before_those_of_subjects",
     "limits of subjects that are lowered take their messages before those on all have theirs"},
    {258, "", "",
     "a stop wants all blocks in memory that it looks through: with less room it never ends"},
    {259, "", "deleting_who_keeps_the_journal_full_gives_it_back",
     "the journal keeps what it has of one that could not be opened although it is deleted"},
    {180, "", "", "in memory: a full subject takes one more"},
    {181, "", "", "in memory: the first time is that of a message that is gone"},
    {182, "", "", "in memory: sequences skipped on nothing count as deleted"},
    {183, "", "", "in memory: a subject counted from its middle has one too many"},
    {184, "", "", "in memory: a purge keeps one too many"},
    {185, "", "", "in memory: one byte more than the limit is kept"},
    {186, "", "", "in memory: a delete marker is followed by another one"},
    {187, "", "", "in memory: what never expires goes by age"},
    {188, "", "", "in memory: a compaction takes the sequence that it goes up to"},
    {189, "", "", "in memory: the last one up to a sequence is the one before it"},
};

// Seeds of independent campaigns: the table shows the middle one.
constexpr std::array<uint64_t, 3> kFirstSeeds = {1, 1'000'001, 2'000'001};

// Tells one story, with the bug or without.
class Telling : public ChildWork {
 public:
  Telling(const Story* story, int mutant) : story_(story), mutant_(mutant) {}
  int Run(int) override {
    mutant_switched_on = mutant_;
    return RunStory(*story_).failures.empty() ? 0 : 1;
  }

 private:
  const Story* const story_;
  const int mutant_;
};

// Runs seeds with a bug until one fails that does not without. Reports each before it runs: twice
// its place in the campaign, and one more with the bug.
class StoryHunt : public ChildWork {
 public:
  StoryHunt(int mutant, uint64_t first, uint64_t seeds_max)
      : mutant_(mutant), first_(first), seeds_max_(seeds_max) {}
  int Run(int report_to) override {
    for (uint64_t i = 0; i < seeds_max_; ++i) {
      mutant_switched_on = 0;
      Report(report_to, 2 * i);
      if (!RunStorySeed(first_ + i).result.failures.empty()) continue;
      mutant_switched_on = mutant_;
      Report(report_to, 2 * i + 1);
      if (!RunStorySeed(first_ + i).result.failures.empty()) return 1;
    }
    return 0;
  }

 private:
  const int mutant_;
  const uint64_t first_, seeds_max_;
};

// Empty if the story does what it is for.
std::string CheckStory(const Planted& planted, const std::string& folder) {
  const std::string path = folder + "/" + planted.story + ".scn";
  const std::optional<std::string> text = ReadWholeFile(path);
  if (!text) return "cannot be read";
  std::vector<scenario::Problem> problems;
  const auto story = ParseStory(*text, path, &problems);
  if (!story) return scenario::FormatProblem(path, problems.front());
  Telling without(&*story, 0), with(&*story, planted.number);
  const ChildResult good = RunInChild(without);
  if (good.died || good.exit_code != 0) return "FAILS WITHOUT IT";
  const ChildResult bad = RunInChild(with);
  return bad.died || bad.exit_code == 1 ? "" : "PASSES WITH IT";
}

struct Cost {
  std::string seeds = "-";
  uint64_t worst = 0;
  double cpu_seconds = 0;
  bool found = true;
};

Cost HuntFor(int mutant, uint64_t seeds_max) {
  Cost cost;
  std::array<uint64_t, kFirstSeeds.size()> costs{};
  const double start = CpuSeconds();
  for (size_t i = 0; i < costs.size(); ++i) {
    StoryHunt hunt(mutant, kFirstSeeds[i], seeds_max);
    const ChildResult result = RunInChild(hunt);
    const uint64_t last = result.last_report.value_or(0);
    costs[i] = last / 2 + 1;
    // A crash without the bug ends a campaign, and finds nothing.
    cost.found &= (result.died && last % 2 == 1) || result.exit_code == 1;
  }
  cost.cpu_seconds = (CpuSeconds() - start) / static_cast<double>(costs.size());
  std::sort(costs.begin(), costs.end());
  cost.seeds = cost.found ? std::to_string(costs[1]) : "NOT FOUND";
  cost.worst = costs.back();
  return cost;
}

}  // namespace

int CheckPlanted(const std::string& folder, uint64_t seeds_max, int only) {
  bool right = true;
  std::printf("mutant\trows\tstory\tverdict\tseeds\tworst\tcpu_seconds\twhat\n");
  for (const Planted& planted : kPlanted) {
    if (only != 0 && planted.number != only) continue;
    const bool has_story = planted.story[0] != 0;
    const std::string verdict = has_story ? CheckStory(planted, folder) : "";
    const Cost cost = seeds_max == 0 ? Cost{} : HuntFor(planted.number, seeds_max);
    right &= verdict.empty() && cost.found;
    std::printf("%d\t%s\t%s\t%s\t%s\t%llu\t%.1f\t%s\n", planted.number,
                planted.rows[0] == 0 ? "-" : planted.rows, has_story ? planted.story : "-",
                !has_story        ? "-"
                : verdict.empty() ? "found"
                                  : verdict.c_str(),
                cost.seeds.c_str(), static_cast<unsigned long long>(cost.worst), cost.cpu_seconds,
                planted.what);
    std::fflush(stdout);
  }
  return right ? 0 : 1;
}

}  // namespace dunlin::sim
