// Few rounds for small messages: everything to a partner twice as far away each time.
#include "collectives/rows.h"

namespace hawser {

Patterns recursive_doubling_patterns(const Shape& shape, Collective collective) {
  return flat(PatternKind::recursive_doubling, GroupKind::all, collective, shape.ranks, 1);
}

}  // namespace hawser
