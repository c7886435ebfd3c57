#include "engine/monitor/connz.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/json_out.h"
#include "engine/monitor/conn_json.h"
#include "engine/monitor/sorted_rows.h"

namespace dunlin::monitor {
namespace {

constexpr std::string_view kSortNames[] = {
    "cid",        "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to",
    "bytes_from", "last",  "idle", "uptime",  "stop",    "reason",    "rtt",
};

std::string ToLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// The largest first. Not '-value': that has no answer for the smallest number.
int64_t Descending(int64_t value) { return ~value; }

// 'closed' is null for an open connection.
int64_t SortKey(SortBy sort, const ConnInfo& info, const ClosedConn* closed, WallTime now) {
  switch (sort) {
    case SortBy::kCid:
    case SortBy::kStart: return 0;  // Rows with equal keys are in order of cid.
    case SortBy::kSubs: return Descending(info.subscriptions);
    case SortBy::kPending: return Descending(info.pending_bytes);
    case SortBy::kMsgsTo: return Descending(info.out_msgs);
    case SortBy::kMsgsFrom: return Descending(info.in_msgs);
    case SortBy::kBytesTo: return Descending(info.out_bytes);
    case SortBy::kBytesFrom: return Descending(info.in_bytes);
    case SortBy::kLast: return Descending(info.last_activity.ns);
    case SortBy::kIdle: return Descending(closed ? (now - info.last_activity).ns : info.idle.ns);
    case SortBy::kUptime: return info.uptime.ns;
    case SortBy::kStop: return closed ? Descending(closed->stop().ns) : 0;
    case SortBy::kReason: return closed ? CloseReasonRank(closed->reason()) : 0;
    case SortBy::kRtt: return Descending(ShownRtt(info.rtt).ns);
  }
  return 0;
}

class ConnzJob : public Job {
 public:
  explicit ConnzJob(ConnzOptions options)
      : options_(std::move(options)), json_(&text_, JsonStyle::kIndent2) {}

  bool Continue(Source& source, size_t* budget, std::string* text) override;

 private:
  enum class Phase : uint8_t { kStart, kOpen, kClosed, kHead, kRows, kSubs, kDone };

  void Begin(Source& source);
  size_t CollectOpen(Source& source);
  size_t CollectClosed(Source& source);
  size_t WriteHead();
  size_t WriteRow(Source& source);
  size_t WriteSubs(Source& source);
  size_t AddRow(const Row& row);
  bool IsWanted(const ConnInfo& info) const;
  void BeginRow(Source& source, const ConnInfo& info, const ClosedConn* closed);
  void WriteSubsOf(const ClosedConn& closed);
  ShowAuth auth() const { return options_.auth ? ShowAuth::kYes : ShowAuth::kNo; }

  const ConnzOptions options_;
  Phase phase_ = Phase::kStart;
  std::string server_id_;
  WallTime now_;
  uint64_t place_ = 0;  // Where collecting goes on.
  uint64_t closed_end_ = 0;
  uint64_t total_ = 0;
  SortedRows rows_;
  PageBounds page_;
  std::string text_;
  JsonOut json_;
  // The open connection whose subscriptions are being written.
  Row row_{};
  uint64_t sub_cursor_ = 0;
  bool subs_begun_ = false;
};

bool ConnzJob::Continue(Source& source, size_t* budget, std::string* text) {
  size_t spent = 0;
  while (spent < *budget && phase_ != Phase::kDone) {
    switch (phase_) {
      case Phase::kStart: Begin(source); break;
      case Phase::kOpen: spent += CollectOpen(source); break;
      case Phase::kClosed: spent += CollectClosed(source); break;
      case Phase::kHead: spent += WriteHead(); break;
      case Phase::kRows: spent += WriteRow(source); break;
      case Phase::kSubs: spent += WriteSubs(source); break;
      case Phase::kDone: break;
    }
  }
  *budget -= std::min(spent, *budget);
  text->append(text_);
  text_.clear();
  return phase_ == Phase::kDone;
}

void ConnzJob::Begin(Source& source) {
  const ServerFacts facts = source.Facts();
  server_id_ = facts.server_id;
  now_ = facts.now.wall;
  closed_end_ = source.Closed().total();
  phase_ = Phase::kOpen;
  if (options_.state == ConnzOptions::State::kClosed) {
    place_ = closed_end_ - source.Closed().size();
    phase_ = Phase::kClosed;
  }
}

size_t ConnzJob::AddRow(const Row& row) { return rows_.Add(row) ? kSortRunCost : 0; }

bool ConnzJob::IsWanted(const ConnInfo& info) const {
  return (options_.user.empty() || info.user == options_.user) &&
         (options_.mqtt_client.empty() || info.mqtt_client == options_.mqtt_client);
}

size_t ConnzJob::CollectOpen(Source& source) {
  ConnInfo info;
  if (!source.NextConn(&place_, &info)) {
    const bool closed_too = options_.state == ConnzOptions::State::kAll;
    place_ = closed_end_ - std::min<uint64_t>(closed_end_, source.Closed().size());
    phase_ = closed_too ? Phase::kClosed : Phase::kHead;
    return kCollectCost;
  }
  const bool of_account = options_.account.empty() || info.account == options_.account;
  total_ += of_account;
  bool wanted = of_account && IsWanted(info);
  if (options_.cid != 0) wanted = info.cid == options_.cid;  // Whatever else is asked for.
  if (!wanted) return kCollectCost;
  return kCollectCost + AddRow({SortKey(options_.sort, info, nullptr, now_), info.cid,
                                Row::Where::kOpen, info.position});
}

size_t ConnzJob::CollectClosed(Source& source) {
  if (place_ >= closed_end_) {
    phase_ = Phase::kHead;
    return kCollectCost;
  }
  const uint64_t number = place_++;
  const ClosedConn* closed = source.Closed().Find(number);
  if (closed == nullptr) return kCollectCost;  // It left the ring while we were at work.
  const ConnInfo& info = closed->info();
  // The reference notes no account for those of the global one, so that asking for it finds none.
  const bool of_account = options_.account.empty() ||
                          (info.account == options_.account && info.account != kGlobalAccount);
  total_ += of_account;
  const bool of_cid = options_.cid == 0 || info.cid == options_.cid;
  if (!of_account || !of_cid || !IsWanted(info)) return kCollectCost;
  return kCollectCost + AddRow({SortKey(options_.sort, info, closed, now_), info.cid,
                                Row::Where::kClosed, number});
}

size_t ConnzJob::WriteHead() {
  rows_.Seal();
  page_ = ChoosePage(rows_.size(), options_.offset, options_.limit);
  json_.BeginObject();
  json_.String("server_id", server_id_);
  json_.String("now", FormatRfc3339(now_));
  json_.Uint("num_connections", page_.size);
  json_.Uint("total", total_);
  json_.Int("offset", options_.offset);
  json_.Int("limit", options_.limit);
  json_.BeginArray("connections");
  phase_ = Phase::kRows;
  return kSortRunCost;
}

// One row: skipped, written, or begun if its subscriptions are to follow.
size_t ConnzJob::WriteRow(Source& source) {
  if (page_.first > 0) {
    rows_.Pop();
    --page_.first;
    return kPopCost;
  }
  if (page_.size == 0) {
    json_.EndArray();
    json_.EndObject();
    phase_ = Phase::kDone;
    return kPopCost;
  }
  --page_.size;
  row_ = rows_.Pop();
  ConnInfo info;
  if (row_.where == Row::Where::kClosed) {
    if (const ClosedConn* closed = source.Closed().Find(row_.place)) {
      BeginRow(source, closed->info(), closed);
      return kConnCost + closed->subs().size() * kSubCost;
    }
  } else if (source.ConnAt(row_.place, &info) && info.cid == row_.cid) {
    BeginRow(source, info, nullptr);
    return kConnCost;
  } else if (const ClosedConn* closed = source.Closed().FindCid(row_.cid)) {
    // It closed since it was collected: shown as it was, open.
    BeginRow(source, closed->info(), nullptr);
    return kConnCost + kSearchCost;
  }
  // And the ring has dropped it already. A row was promised.
  info = {};
  info.cid = row_.cid;
  BeginRow(source, info, nullptr);
  return kConnCost + kSearchCost;
}

void ConnzJob::BeginRow(Source& source, const ConnInfo& info, const ClosedConn* closed) {
  BeginConn(info, closed, auth(), &json_);
  if (closed != nullptr) {
    WriteSubsOf(*closed);
  } else {
    if (info.rtt == Duration{} && !info.lang.empty()) source.WantRtt(info);
    if (info.subscriptions > 0 && options_.subs != SubsShown::kNone) {
      sub_cursor_ = 0;
      subs_begun_ = false;
      phase_ = Phase::kSubs;
      return;
    }
  }
  EndConn(info, closed, auth(), &json_);
}

// These are few: the ring cut the list.
void ConnzJob::WriteSubsOf(const ClosedConn& closed) {
  if (closed.subs().empty() || options_.subs == SubsShown::kNone) return;
  const bool detail = options_.subs == SubsShown::kDetail;
  json_.BeginArray(detail ? "subscriptions_list_detail" : "subscriptions_list");
  for (const SubInfo& sub : closed.subs()) {
    if (detail) {
      WriteSub(sub, closed.info().cid, closed.info().account, &json_);
    } else {
      json_.String(sub.subject);
    }
  }
  json_.EndArray();
}

// One page of the subscriptions of an open connection. If it is gone by now, its list ends here.
size_t ConnzJob::WriteSubs(Source& source) {
  ConnInfo info;
  SubInfo page[kSubPage];
  size_t count = 0;
  if (source.ConnAt(row_.place, &info) && info.cid == row_.cid) {
    count = source.ListSubs(info, &sub_cursor_, page);
  } else {
    info = {};
  }
  const bool detail = options_.subs == SubsShown::kDetail;
  if (count > 0 && !std::exchange(subs_begun_, true)) {
    json_.BeginArray(detail ? "subscriptions_list_detail" : "subscriptions_list");
  }
  for (size_t i = 0; i < count; ++i) {
    if (detail) {
      WriteSub(page[i], row_.cid, {}, &json_);
    } else {
      json_.String(page[i].subject);
    }
  }
  if (count < kSubPage) {
    if (subs_begun_) json_.EndArray();
    EndConn(info, nullptr, auth(), &json_);
    phase_ = Phase::kRows;
  }
  return kConnCost + count * kSubCost;
}

}  // namespace

PageBounds ChoosePage(uint64_t count, int64_t offset, int64_t limit) {
  const uint64_t first = std::min(static_cast<uint64_t>(std::max<int64_t>(offset, 0)), count);
  const uint64_t wanted = static_cast<uint64_t>(std::max<int64_t>(limit, 0));
  return {first, std::min(wanted, count - first)};
}

SubsShown ReadSubsShown(Query* query) {
  if (ToLower(query->Get("subs")) == "detail") return SubsShown::kDetail;
  return query->GetBool("subs") ? SubsShown::kSubjects : SubsShown::kNone;
}

// In the reference's order: the first parameter that is not understood is the one that is told.
ConnzOptions ReadConnzQuery(Query* query) {
  ConnzOptions options;
  options.auth = query->GetBool("auth");
  options.subs = ReadSubsShown(query);
  options.offset = std::max<int64_t>(query->GetInt("offset"), 0);
  options.limit = query->GetInt("limit");
  if (options.limit <= 0) options.limit = kListLimitDefault;
  options.cid = query->GetUint("cid");
  if (options.cid != 0) options.limit = 1;
  const std::string_view state = query->Get("state");
  const std::string state_name = ToLower(state);
  if (state_name == "closed") {
    options.state = ConnzOptions::State::kClosed;
  } else if (state_name == "any" || state_name == "all") {
    options.state = ConnzOptions::State::kAll;
  } else if (!state_name.empty() && state_name != "open") {
    query->SetError("Error decoding state for " + std::string(state));
  }
  options.user = query->Get("user");
  options.account = query->Get("acc");
  options.mqtt_client = query->Get("mqtt_client");
  return options;
}

void ReadConnzSort(Query* query, ConnzOptions* options) {
  const std::string_view sort = query->Get("sort");
  if (!sort.empty()) {
    const auto found = std::find(std::begin(kSortNames), std::end(kSortNames), sort);
    if (found == std::end(kSortNames)) {
      query->SetError("invalid sorting option: " + std::string(sort));
    } else {
      options->sort = static_cast<SortBy>(found - std::begin(kSortNames));
    }
  }
  if (options->state != ConnzOptions::State::kClosed &&
      (options->sort == SortBy::kStop || options->sort == SortBy::kReason)) {
    query->SetError("sort by " + std::string(sort) + " only valid on closed connections");
  }
}

std::unique_ptr<Job> MakeConnzJob(ConnzOptions options) {
  return std::make_unique<ConnzJob>(std::move(options));
}

std::string ConnzOfUnknownAccount(const ConnzOptions& options, WallTime now) {
  std::string text;
  JsonOut json(&text, JsonStyle::kIndent2);
  json.BeginObject();
  json.String("server_id", "");
  json.String("now", FormatRfc3339(now));
  json.Int("num_connections", 0);
  json.Int("total", 0);
  json.Int("offset", options.offset);
  json.Int("limit", options.limit);
  json.Null("connections");
  json.EndObject();
  return text;
}

}  // namespace dunlin::monitor
