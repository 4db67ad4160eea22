// Everybody to everybody at once, in one shot (everything) or two (reduce-scatter, then all-gather). Folds in rank order: deterministic.
#include "collectives/rows.h"

namespace hawser {

Patterns one_shot_patterns(const Shape& shape, Collective collective) {
  return flat(PatternKind::one_shot, GroupKind::all, collective, shape.ranks, 1);
}

Patterns direct_patterns(const Shape& shape, Collective collective) {
  const uint32_t chunks = collective == Collective::all_reduce ? shape.ranks : 1;
  return flat(PatternKind::direct, GroupKind::all, collective, shape.ranks, chunks);
}

}  // namespace hawser
