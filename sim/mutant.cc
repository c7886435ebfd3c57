// The switches of the planted bugs and of tiny limits; see engine/base/mutant.h and knob.h.
#include "engine/base/mutant.h"

#include "engine/base/knob.h"

namespace dunlin {
int mutant_switched_on = 0;
bool knobs_are_tiny = false;
}  // namespace dunlin
