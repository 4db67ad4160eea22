// One phase over the one island: what shared-memory routines replace whole. Its steps are direct exchanges; the routines fold in rank order
// too.
#include "collectives/rows.h"

namespace hawser {

Patterns island_patterns(const Shape& shape, Collective collective) {
  const PatternKind kind = collective == Collective::all_reduce ? PatternKind::one_shot : PatternKind::direct;
  return flat(kind, GroupKind::island, collective, shape.ranks, 1);
}

bool suits_one_island(const Shape& shape) { return shape.islands == 1; }

}  // namespace hawser
