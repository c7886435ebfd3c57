// Limits that the simulator makes tiny, so that what starts at thousands is met with a handful.
//
// KNOB(normal, tiny) is 'normal' in production, as a constant; in the simulator's build
// (-DDUNLIN_SIM) it is 'tiny' while a run asks for it. IN_SIMULATION is for what only makes a fault
// show: memory that is overwritten when it is given back. It decides nothing.
//
// Only in .cc files that are named in engine_mutated_sources of their meson.build; see
// engine/base/mutant.h.
#pragma once

#ifdef DUNLIN_SIM
namespace dunlin {
extern bool knobs_are_tiny;
}  // namespace dunlin
#define KNOB(normal, tiny) (::dunlin::knobs_are_tiny ? (tiny) : (normal))
#define IN_SIMULATION true
#else
#define KNOB(normal, tiny) (normal)
#define IN_SIMULATION false
#endif
