// The switch of the planted bugs; see engine/base/mutant.h.
#include "engine/base/mutant.h"

namespace dunlin {
int mutant_switched_on = 0;
}  // namespace dunlin
