// All-to-all in rounds that are permutations, so that nobody is everybody's target at the same time.
#include "collectives/rows.h"

namespace hawser {

Patterns pairwise_patterns(const Shape& shape, Collective collective) {
  return flat(PatternKind::pairwise, GroupKind::all, collective, shape.ranks, 1);
}

}  // namespace hawser
