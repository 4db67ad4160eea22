// Trees from or to a root, log2 n messages deep.
#include "collectives/rows.h"

namespace hawser {

Patterns binomial_tree_patterns(const Shape& shape, Collective collective) {
  return flat(PatternKind::binomial_tree, GroupKind::all, collective, shape.ranks, 1);
}

}  // namespace hawser
