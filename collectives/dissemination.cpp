// A barrier in log2 n rounds.
#include "collectives/rows.h"

namespace hawser {

Patterns dissemination_patterns(const Shape& shape, Collective collective) {
  return flat(PatternKind::dissemination, GroupKind::all, collective, shape.ranks, 1);
}

}  // namespace hawser
