// The end of a run: everybody has left. Nothing of them may be left in the server.
#pragma once

#include "sim/plan/plan.h"
#include "sim/world.h"

namespace dunlin::sim {

// Lets the time pass that the server needs to notice all departures; then fails 'drain' for
// connections, subscriptions or interest that are still there, and 'stop' if it does not end when
// told to.
void CheckDrained(World& world, NodeId server, const ServerPlan& plan);

}  // namespace dunlin::sim
