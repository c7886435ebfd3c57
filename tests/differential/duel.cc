#include "tests/differential/duel.h"

#include "engine/base/quote.h"
#include "tests/differential/transcript.h"

namespace dunlin::differential {
namespace {
const std::string kPing = "PING\r\n";
}

Duel::Pair* Duel::Current(int client) {
  for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
    if (pair->client == client && !pair->gone) return &*pair;
  }
  return nullptr;
}

void Duel::Send(Pair* pair, std::string_view bytes) {
  ours_.Send(pair->slot, bytes);
  pair->socket.Send(bytes);
}

bool Duel::Settle(Pair* pair) {
  pair->ours += ours_.Take(pair->slot);
  const std::string wanted = Normalised(pair->ours);
  const bool to_end = !ours_.open(pair->slot);
  while (true) {
    const std::string theirs = Normalised(pair->socket.received());
    if (theirs.size() > wanted.size() || pair->socket.ended()) return theirs == wanted && to_end;
    if (theirs.size() == wanted.size() && !to_end) return theirs == wanted;
    if (!pair->socket.Receive(patience_)) return false;
  }
}

bool Duel::Barrier(Pair* first) {
  if (!Settle(first)) return false;
  for (Pair& pair : pairs_) {
    if (&pair != first && !pair.gone) Send(&pair, kPing);
  }
  for (Pair& pair : pairs_) {
    if (&pair != first && !pair.gone && !Settle(&pair)) return false;
  }
  return true;
}

bool Duel::Part(Pair* pair) {
  if (!Settle(pair)) return false;
  pair->gone = true;
  const bool was_open = ours_.open(pair->slot);
  ours_.Hangup(pair->slot);
  if (!was_open) return true;
  pair->socket.Finish();
  while (!pair->socket.ended()) {
    if (!pair->socket.Receive(patience_)) return false;
  }
  return Normalised(pair->socket.received()) == Normalised(pair->ours);
}

bool Duel::Carry(const Step& step) {
  Pair* const pair = Current(step.client);
  switch (step.kind) {
    case Step::Kind::kOpen:
      if (pair != nullptr) return true;  // A step that shrinking has left over.
      pairs_.push_back({step.client, ours_.Connect(), Socket(port_), "", false});
      return Settle(&pairs_.back());
    case Step::Kind::kClose: return pair == nullptr || Part(pair);
    case Step::Kind::kPiece:
      if (pair != nullptr) Send(pair, step.bytes);
      return true;
    case Step::Kind::kSend:
      if (pair == nullptr) return true;
      // In one write with its PING, so that the reference reads them at once.
      Send(pair, step.bytes + kPing);
      return Barrier(pair);
  }
  return true;
}

std::optional<std::string> Duel::Play(const Session& session) {
  for (const Step& step : session.steps) {
    if (!Carry(step)) return "after " + ToText(step) + Difference();
  }
  for (Pair& pair : pairs_) {
    if (!pair.gone && !Part(&pair)) return "at the end\n" + Difference();
  }
  return std::nullopt;
}

std::string Duel::Difference() {
  std::string text;
  for (Pair& pair : pairs_) {
    pair.ours += ours_.Take(pair.slot);
    const std::string ours = Normalised(pair.ours), theirs = Normalised(pair.socket.received());
    const bool ours_open = ours_.open(pair.slot) || pair.gone,
               theirs_open = !pair.socket.ended() || pair.gone;
    if (ours == theirs && ours_open == theirs_open) continue;
    size_t same = 0;
    while (same < ours.size() && same < theirs.size() && ours[same] == theirs[same]) ++same;
    const size_t from = same - std::min<size_t>(same, 60);
    const std::string name(1, static_cast<char>('a' + pair.client));
    constexpr size_t kShown = 300;
    text += name + " got of us:            ..." + GoQuote(ours.substr(from, kShown)) +
            (ours_open ? "\n" : " and was closed\n");
    text += name + " got of the reference: ..." + GoQuote(theirs.substr(from, kShown)) +
            (theirs_open ? "\n" : " and was closed\n");
  }
  return text.empty() ? "(a difference that went away while it was looked at)\n" : text;
}

}  // namespace dunlin::differential
