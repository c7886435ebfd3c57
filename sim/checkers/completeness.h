// Invariant 'lost': nothing is lost to a healthy subscriber.
//
// Owed: a message that the server has carried out for certain, to each plain subscription that was
// certainly there before it was sent and that nobody asked to end (or that has a maximum and has
// not reached it). Healthy means: the connection lives and answers. Its PONG for a PING that was
// sent after the message was known says that everything owed until then must be here.
#pragma once

#include <memory>

#include "sim/checkers/history.h"

namespace dunlin::sim {

[[nodiscard]] std::unique_ptr<Checker> MakeCompletenessChecker(History& history);

}  // namespace dunlin::sim
