#include "engine/monitor/subsz.h"

#include <algorithm>
#include <utility>

#include "engine/base/json_out.h"
#include "engine/monitor/conn_json.h"
#include "engine/monitor/connz.h"
#include "engine/subject/subject.h"

namespace dunlin::monitor {
namespace {

// The total stands before the list, so connections are walked twice: to count, and to write the
// page.
class SubszJob : public Job {
 public:
  explicit SubszJob(SubszOptions options)
      : options_(std::move(options)), json_(&text_, JsonStyle::kIndent2) {}

  bool Continue(Source& source, size_t* budget, std::string* text) override;

 private:
  enum class Phase : uint8_t { kCount, kHead, kWrite, kDone };

  size_t CountSome(Source& source);
  size_t WriteHead(Source& source);
  size_t WriteSome(Source& source);
  void Finish();
  bool NextConn(Source& source, ConnInfo* info);
  bool IsOfAccount(std::string_view account) const {
    return options_.account.empty() || options_.account == account;
  }
  bool IsListed(const SubInfo& sub) const {
    return options_.test.empty() || subject::MatchesLiteral(options_.test, sub.subject);
  }

  const SubszOptions options_;
  Phase phase_ = Phase::kCount;
  uint64_t total_ = 0;
  PageBounds page_;
  bool list_begun_ = false;
  std::string text_;
  JsonOut json_;
  // The walk: connections, and the subscriptions of the one that is being looked at.
  uint64_t place_ = 0;
  bool in_conn_ = false;
  uint64_t conn_place_ = 0, conn_cid_ = 0;
  uint64_t sub_cursor_ = 0;
};

bool SubszJob::Continue(Source& source, size_t* budget, std::string* text) {
  size_t spent = 0;
  while (spent < *budget && phase_ != Phase::kDone) {
    switch (phase_) {
      case Phase::kCount: spent += options_.subs ? CountSome(source) : WriteHead(source); break;
      case Phase::kHead: spent += WriteHead(source); break;
      case Phase::kWrite: spent += WriteSome(source); break;
      case Phase::kDone: break;
    }
  }
  *budget -= std::min(spent, *budget);
  text->append(text_);
  text_.clear();
  return phase_ == Phase::kDone;
}

// The connection that the walk is at. False: the walk is over.
bool SubszJob::NextConn(Source& source, ConnInfo* info) {
  while (in_conn_) {
    if (source.ConnAt(conn_place_, info) && info->cid == conn_cid_) return true;
    in_conn_ = false;  // It closed under our hands.
  }
  do {
    if (!source.NextConn(&place_, info)) return false;
  } while (!IsOfAccount(info->account));
  in_conn_ = true;
  conn_place_ = info->position;
  conn_cid_ = info->cid;
  sub_cursor_ = 0;
  return true;
}

size_t SubszJob::CountSome(Source& source) {
  ConnInfo info;
  if (!NextConn(source, &info)) {
    phase_ = Phase::kHead;
    return kCollectCost;
  }
  if (options_.test.empty()) {
    total_ += info.subscriptions;
    in_conn_ = false;
    return kCollectCost;
  }
  SubInfo page[kSubPage];
  const size_t count = source.ListSubs(info, &sub_cursor_, page);
  total_ += static_cast<uint64_t>(
      std::count_if(page, page + count, [&](const SubInfo& sub) { return IsListed(sub); }));
  if (count < kSubPage) in_conn_ = false;
  return kCollectCost * (count + 1);
}

size_t SubszJob::WriteHead(Source& source) {
  const ServerFacts facts = source.Facts();
  subject::SublistStats stats;
  for (const AccountFacts& account : facts.accounts) {
    if (IsOfAccount(account.name)) stats.Add(account.subs);
  }
  json_.BeginObject();
  json_.String("server_id", facts.server_id);
  json_.String("now", FormatRfc3339(facts.now.wall));
  WriteSublistStats(stats, &json_);
  json_.Uint("total", total_);
  json_.Int("offset", options_.offset);
  json_.Int("limit", options_.limit);
  page_ = ChoosePage(total_, options_.offset, options_.limit);
  place_ = 0;
  in_conn_ = false;
  phase_ = Phase::kWrite;
  if (page_.size == 0) Finish();
  return kSortRunCost;
}

size_t SubszJob::WriteSome(Source& source) {
  ConnInfo info;
  if (page_.size == 0 || !NextConn(source, &info)) {
    Finish();
    return kCollectCost;
  }
  SubInfo page[kSubPage];
  const size_t count = source.ListSubs(info, &sub_cursor_, page);
  size_t cost = kCollectCost * (count + 1);
  for (size_t i = 0; i < count && page_.size > 0; ++i) {
    if (!IsListed(page[i])) continue;
    if (page_.first > 0) {
      --page_.first;
      continue;
    }
    if (!std::exchange(list_begun_, true)) json_.BeginArray("subscriptions_list");
    WriteSub(page[i], info.cid, info.account, &json_);
    --page_.size;
    cost += kSubCost;
  }
  if (count < kSubPage) in_conn_ = false;
  return cost;
}

void SubszJob::Finish() {
  if (list_begun_) json_.EndArray();
  json_.EndObject();
  phase_ = Phase::kDone;
}

}  // namespace

SubszOptions ReadSubszQuery(Query* query) {
  SubszOptions options;
  options.subs = query->GetBool("subs");
  options.offset = std::max<int64_t>(query->GetInt("offset"), 0);
  options.limit = query->GetInt("limit");
  if (options.limit <= 0) options.limit = kListLimitDefault;
  options.test = query->Get("test");
  options.account = query->Get("acc");
  if (!options.test.empty() && !subject::IsValidLiteralSubject(options.test)) {
    query->SetError("invalid test subject, must be valid publish subject: " + options.test);
  }
  return options;
}

std::unique_ptr<Job> MakeSubszJob(SubszOptions options) {
  return std::make_unique<SubszJob>(std::move(options));
}

}  // namespace dunlin::monitor
