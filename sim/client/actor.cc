#include "sim/client/actor.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "sim/client/compose.h"

namespace dunlin::sim {
namespace {

// An own PING that is not answered for so long: the client gives the connection up, as clients do.
constexpr Duration kPatience = Seconds(60);

}  // namespace

Actor::Actor(Stage& stage, const ClientPlan& plan)
    : stage_(stage),
      plan_(plan),
      rng_(stage.world.rng().Fork("actor", static_cast<uint64_t>(plan.id))) {}

void Actor::Begin() { SetAlarm(plan_.start, AlarmKind::kConnect); }

void Actor::SetAlarm(Duration in, AlarmKind kind) {
  stage_.world.Alarm(stage_.world.now() + in, this, (life_ << 8) | static_cast<uint64_t>(kind));
}

void Actor::OnAlarm(uint64_t cookie) {
  if (cookie >> 8 != life_ || state_ == State::kDeparted) return;
  switch (static_cast<AlarmKind>(cookie & 0xff)) {
    case AlarmKind::kConnect: Connect(); break;
    case AlarmKind::kBurst: Burst(); break;
    case AlarmKind::kUnstall: stage_.world.ResumeReading(endpoint_); break;
    case AlarmKind::kUnpace: stage_.world.PaceReading(endpoint_, 0, {}); break;
    case AlarmKind::kUnmute: muted_ = false; break;
  }
}

// ---- Coming and going.

void Actor::Connect() {
  if (state_ != State::kAway) return;
  ++life_;
  state_ = State::kConnecting;
  conn_ = kNone;
  out_.clear();
  seq_ = sids_ = unknown_ = 0;
  subs_.clear();
  leaving_.clear();
  free_sids_.clear();
  pings_.clear();
  oks_expected_ = oks_received_ = 0;
  muted_ = rude_ = false;
  endpoint_ = stage_.world.Connect(stage_.server, stage_.plan.link, this,
                                   "10.0.0." + std::to_string(1 + plan_.id % 250));
}

void Actor::ComeBackLater() {
  ++life_;
  state_ = State::kAway;
  SetAlarm(Millis(rng_.Between(5, 500)), AlarmKind::kConnect);
}

void Actor::OnOpened(EndpointId) {
  state_ = State::kGreeting;
  ConnRecord record;
  record.client = "c" + std::to_string(plan_.id);
  record.echo = plan_.echo;
  record.headers = plan_.headers;
  record.no_responders = plan_.no_responders;
  record.excused = stage_.excuse_all || stage_.server_in_trouble;
  record.faulted = stage_.server_in_trouble;
  conn_ = stage_.Told().Connected(std::move(record));
}

void Actor::OnEnded(EndpointId) {
  if (conn_ != kNone) stage_.Told().Ended(conn_);
  if (state_ != State::kDeparted) ComeBackLater();
}

void Actor::Leave() {
  if (!connected()) return;
  stage_.Told().Left(conn_);
  stage_.world.Close(endpoint_);
  ComeBackLater();
}

void Actor::Depart(Departure how) {
  if (connected()) {
    if (how == Departure::kVanish) stage_.Told().MakeUnreachable(conn_);
    stage_.Told().Left(conn_);
    switch (how) {
      case Departure::kClose: stage_.world.Close(endpoint_); break;
      case Departure::kFinish: stage_.world.FinishSending(endpoint_); break;
      case Departure::kReset: stage_.world.Reset(endpoint_, ResetSide::kBoth); break;
      case Departure::kVanish: stage_.world.Vanish(endpoint_); break;
    }
  } else if (state_ == State::kConnecting) {
    stage_.world.Close(endpoint_);
  }
  ++life_;
  conn_ = kNone;
  state_ = State::kDeparted;
}

void Actor::Settle() {
  settled_ = true;
  muted_ = false;
  if (!connected()) return;
  stage_.world.PaceReading(endpoint_, 0, {});
  stage_.world.ResumeReading(endpoint_);
}

void Actor::Ping() {
  if (state_ != State::kReady) return;
  AddPing();
  Flush();
}

// ---- Faults.

void Actor::Excuse() {
  if (conn_ != kNone) stage_.Told().Excuse(conn_);
}

void Actor::Reset(ResetSide side) {
  if (!connected()) return;
  // With one side told, the other talks to nobody and is not told either.
  if (side != ResetSide::kBoth) stage_.Told().MakeUnreachable(conn_);
  Excuse();
  stage_.world.Reset(endpoint_, side);
}

void Actor::Vanish() {
  if (!connected()) return;
  stage_.Told().MakeUnreachable(conn_);
  stage_.Told().Left(conn_);
  stage_.world.Vanish(endpoint_);
  ComeBackLater();
}

void Actor::Stall(Duration length) {
  if (!connected()) return;
  Excuse();
  stage_.world.StallReading(endpoint_);
  SetAlarm(length, AlarmKind::kUnstall);
}

void Actor::Pace(int64_t bytes, Duration length) {
  if (!connected()) return;
  Excuse();
  stage_.world.PaceReading(endpoint_, static_cast<size_t>(bytes), Millis(10));
  SetAlarm(length, AlarmKind::kUnpace);
}

void Actor::Mute(Duration length) {
  if (!connected()) return;
  Excuse();
  muted_ = true;
  SetAlarm(length, AlarmKind::kUnmute);
}

void Actor::Clog(Direction direction, Duration length) {
  if (!connected()) return;
  Excuse();
  stage_.world.Clog(endpoint_, direction, stage_.world.now() + length);
}

// ---- What comes in.

void Actor::OnReceived(EndpointId endpoint) {
  if (state_ == State::kDeparted) {
    stage_.world.Consume(endpoint, stage_.world.Received(endpoint).size());
    return;
  }
  const uint64_t life = life_;
  stage_.Told().Heard(conn_);
  const std::string_view stream = stage_.world.Received(endpoint);
  size_t done = 0;
  while (true) {
    const ServerOpRead read = ReadServerOp(stream.substr(done));
    if (read.status == ServerOpRead::Status::kNeedMore) break;
    if (read.status == ServerOpRead::Status::kMalformed) {
      Broken(read.problem);
      return;
    }
    done += read.size;
    Handle(read.op);
    if (life != life_) return;  // It left meanwhile, and the bytes with it.
  }
  stage_.world.Consume(endpoint, done);
  Flush();
}

void Actor::Broken(std::string_view problem) {
  stage_.Told().Violate("protocol",
                        stage_.history.NameOf(conn_) + " was sent " + std::string(problem));
  Excuse();
  Leave();
}

void Actor::Handle(const ServerOp& op) {
  if (state_ == State::kGreeting && seq_ == 0 && oks_expected_ == 0 && pings_.empty() &&
      op.kind != ServerOp::Kind::kInfo && op.kind != ServerOp::Kind::kErr) {
    Broken("something else before INFO");
    return;
  }
  switch (op.kind) {
    case ServerOp::Kind::kInfo: HandleInfo(op.text); break;
    case ServerOp::Kind::kMsg: HandleMsg(op); break;
    case ServerOp::Kind::kPing:
      if (!muted_) out_ += "PONG\r\n";
      break;
    case ServerOp::Kind::kPong: HandlePong(); break;
    case ServerOp::Kind::kOk:
      ++oks_received_;
      if ((!plan_.verbose || oks_received_ > oks_expected_) && !rude_) {
        stage_.Told().Violate("verbose", stage_.history.NameOf(conn_) + ": +OK for nothing");
      }
      break;
    case ServerOp::Kind::kErr:
      if (op.text == "maximum subscriptions exceeded") {
        stage_.Told().SubscriptionRefused(conn_);
        ++oks_received_;  // In place of it.
      }
      stage_.Told().Error(conn_, op.text);
      break;
  }
}

void Actor::HandleInfo(std::string_view json) {
  if (JsonInt(json, "max_payload") != stage_.plan.server.max_payload) {
    stage_.Told().Violate("info", "max_payload in " + std::string(json));
  }
  if (state_ != State::kGreeting || !pings_.empty()) return;  // A later one.
  AppendOp(&out_, rng_, Style::kNeat, "CONNECT", {MakeConnect(plan_, stage_.plan.server)});
  if (plan_.verbose) ++oks_expected_;
  // Everybody has an inbox.
  Subscribe("_INBOX." + std::to_string(plan_.id) + ".*", "");
  subs_.clear();
  AddPing();
}

void Actor::HandlePong() {
  if (pings_.empty()) {
    Broken("a PONG without PING");
    return;
  }
  const SentPing ping = pings_.front();
  pings_.pop_front();
  if (plan_.verbose && oks_received_ < ping.oks_expected && !rude_) {
    stage_.Told().Violate("verbose", stage_.history.NameOf(conn_) + ": +OK is missing");
  }
  stage_.Told().Pong(conn_, ping.at);
  // A sid may be used again once its subscription is gone.
  std::erase_if(leaving_, [this](SubIndex sub) {
    const SubRecord& record = stage_.history.subs()[sub];
    if (record.CertainlyGone()) free_sids_.push_back(record.sid);
    return record.CertainlyGone();
  });
  if (state_ == State::kGreeting) {
    state_ = State::kReady;
    if (!settled_) SetAlarm(Duration{rng_.Between(0, plan_.pause_max.ns)}, AlarmKind::kBurst);
  }
}

bool Actor::HandleNoResponders(const ServerOp& op) {
  if (!op.headers.starts_with("NATS/1.0 503\r\nNats-Subject: ") || !op.payload.empty())
    return false;
  stage_.Told().NoResponders(conn_, op.subject);
  return true;
}

void Actor::HandleMsg(const ServerOp& op) {
  if (op.has_headers && HandleNoResponders(op)) return;
  Delivery delivery;
  delivery.conn = conn_;
  delivery.sid = op.sid;
  delivery.subject = op.subject;
  delivery.reply = op.reply;
  delivery.headers_hash = op.headers.empty() ? 0 : StableHash(op.headers);
  delivery.payload_hash = StableHash(op.payload);
  delivery.payload_size = static_cast<uint32_t>(op.payload.size());
  const auto by_reply = stage_.by_reply.find(op.reply);
  if (const auto id = MessageOfBody(op.payload); id && *id < stage_.history.messages().size()) {
    delivery.message = *id;
  } else if (by_reply != stage_.by_reply.end()) {
    delivery.message = by_reply->second;
  }
  stage_.Told().Delivered(delivery);
  if (!settled_ && op.reply.starts_with("_INBOX.") && Percent(plan_.respond_percent)) {
    Publish(op.reply, "");
  }
}

// ---- What goes out.

void Actor::Flush() {
  if (out_.empty()) return;
  std::string bytes = std::exchange(out_, {});
  if (rng_.Chance(1, 8)) {
    const size_t cut = rng_.Below(bytes.size());
    stage_.world.Send(endpoint_, std::string_view(bytes).substr(0, cut));
    bytes.erase(0, cut);
  }
  stage_.world.Send(endpoint_, bytes);
}

void Actor::AddPing() {
  out_ += "PING\r\n";
  unknown_ = 0;
  pings_.push_back({stage_.world.now(), oks_expected_});
  stage_.Told().PingSent(conn_);
}

void Actor::Burst() {
  // What a thin link carries in some ten round trips.
  const size_t unsent_max = std::min<size_t>(64 * 1024, stage_.plan.link.to_server_bytes_max * 16);
  constexpr uint64_t kUnknownMax = 100;
  if (settled_ || state_ != State::kReady) return;
  if (!pings_.empty() && stage_.world.now() - pings_.front().at > kPatience) {
    Leave();
    return;
  }
  const uint64_t life = life_;
  if (stage_.world.unsent_bytes(endpoint_) < unsent_max) {
    for (int64_t left = rng_.Between(1, plan_.burst_max); left > 0 && life == life_; --left)
      DoOne();
    if (life != life_) return;
    if (unknown_ > kUnknownMax || rng_.Chance(1, 2)) AddPing();
    Flush();
  }
  SetAlarm(Duration{rng_.Between(Millis(1).ns, plan_.pause_max.ns)}, AlarmKind::kBurst);
}

void Actor::DoOne() {
  const int64_t weights[] = {plan_.publish,     plan_.request, plan_.subscribe,
                             plan_.unsubscribe, plan_.leave,   plan_.rude};
  int64_t sum = 0;
  for (const int64_t weight : weights) sum += weight;
  if (sum == 0) return;
  int64_t draw = rng_.Between(0, sum - 1);
  size_t choice = 0;
  while (draw >= weights[choice]) draw -= weights[choice++];
  switch (choice) {
    case 0: Publish(MakeSubject(rng_, stage_.plan), ""); break;
    case 1: Request(); break;
    case 2: SubscribeSomething(); break;
    case 3: Unsubscribe(); break;
    case 4:
      if (!rng_.Chance(1, 8)) break;  // A weight of one is still often enough.
      Flush();
      Leave();
      break;
    default:
      if (rng_.Chance(1, 8)) BeRude();
      break;
  }
}

void Actor::Request() {
  Publish(MakeSubject(rng_, stage_.plan),
          "_INBOX." + std::to_string(plan_.id) + "." + std::to_string(++inbox_));
}

void Actor::Publish(std::string_view subject, std::string_view reply) {
  const auto index = static_cast<MessageIndex>(stage_.history.messages().size());
  // Sizes from nothing to the most, small ones more often.
  int64_t most = plan_.payload_max;
  while (most > 16 && rng_.Chance(1, 2)) most /= 4;
  const std::string body = MakeBody(index, static_cast<size_t>(rng_.Between(0, most)));
  const std::string headers = Percent(plan_.headers_percent) ? MakeHeaders(index) : "";
  MessageRecord record;
  record.conn = conn_;
  record.seq = ++seq_;
  record.subject = subject;
  record.reply = reply;
  // A body too small for its number has it in the reply.
  if (body.size() < kBodyIdBytes && reply.empty()) record.reply = "id." + std::to_string(index);
  if (!record.reply.empty()) stage_.by_reply[record.reply] = index;
  record.headers_hash = headers.empty() ? 0 : StableHash(headers);
  record.payload_hash = StableHash(body);
  record.payload_size = static_cast<uint32_t>(body.size());

  const Style style = Percent(plan_.sloppy_percent) ? Style::kSloppy : Style::kNeat;
  const std::string total = std::to_string(headers.size() + body.size());
  if (headers.empty()) {
    AppendOp(&out_, rng_, style, "PUB", {record.subject, record.reply, total});
  } else {
    AppendOp(&out_, rng_, style, "HPUB",
             {record.subject, record.reply, std::to_string(headers.size()), total});
  }
  out_ += headers;
  out_ += body;
  out_ += "\r\n";
  if (plan_.verbose) ++oks_expected_;
  ++unknown_;
  (void)stage_.Told().Published(std::move(record));
}

void Actor::SubscribeSomething() {
  if (static_cast<int64_t>(subs_.size()) >= plan_.subs_max) return;
  std::string queue;
  if (Percent(plan_.queue_percent))
    queue = "q" + std::to_string(rng_.Between(1, stage_.plan.queues));
  Subscribe(MakePattern(rng_, stage_.plan, plan_.wildcard_percent), queue);
}

void Actor::Subscribe(std::string_view pattern, std::string_view queue) {
  std::string sid;
  if (!free_sids_.empty() && rng_.Chance(1, 4)) {
    sid = std::move(free_sids_.back());
    free_sids_.pop_back();
  } else {
    sid = std::to_string(++sids_);
    if (rng_.Chance(1, 16)) sid = "sid-" + sid;
  }
  const Style style = Percent(plan_.sloppy_percent) ? Style::kSloppy : Style::kNeat;
  AppendOp(&out_, rng_, style, "SUB", {pattern, queue, sid});
  if (plan_.verbose) ++oks_expected_;
  ++unknown_;
  subs_.push_back(stage_.Told().Subscribed(conn_, sid, pattern, queue));
}

void Actor::Unsubscribe() {
  if (subs_.empty()) return;
  const size_t at = rng_.Below(subs_.size());
  const SubIndex sub = subs_[at];
  subs_.erase(subs_.begin() + static_cast<ptrdiff_t>(at));
  const SubRecord& record = stage_.history.subs()[sub];
  uint64_t max = 0;
  if (Percent(plan_.max_percent)) max = record.deliveries + rng_.Below(6);
  const Style style = Percent(plan_.sloppy_percent) ? Style::kSloppy : Style::kNeat;
  AppendOp(&out_, rng_, style, "UNSUB", {record.sid, max == 0 ? "" : std::to_string(max)});
  if (plan_.verbose) ++oks_expected_;
  ++unknown_;
  leaving_.push_back(sub);
  stage_.Told().Unsubscribed(sub, max);
}

void Actor::BeRude() {
  Excuse();
  rude_ = true;
  out_ += MakeRudeness(rng_, stage_.plan);
}

}  // namespace dunlin::sim
