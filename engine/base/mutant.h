// Planted bugs, to learn whether the simulator finds them. In production MUTANT(n) is the literal
// false and costs nothing; in the simulator's build (-DDUNLIN_SIM) it is true while bug 'n' is
// switched on.
//
//   if (sub.delivered >= sub.max + (MUTANT(1) ? 1 : 0)) ...
//
// Only in .cc files, which are then named in engine_mutated_sources of their meson.build: so that
// everything else in the simulator is the production object. 'sim/mutants.tsv' says what each one
// is.
#pragma once

#ifdef DUNLIN_SIM
namespace dunlin {
// 0: none.
extern int mutant_switched_on;
}  // namespace dunlin
#define MUTANT(n) (::dunlin::mutant_switched_on == (n))
#else
#define MUTANT(n) false
#endif
