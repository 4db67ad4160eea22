// Few rounds and few bytes: half the vector, a quarter of it ..., and back.
#include "collectives/rows.h"

namespace hawser {

Patterns halving_doubling_patterns(const Shape& shape, Collective collective) {
  const uint32_t chunks = collective == Collective::all_reduce ? shape.ranks : 1;
  return flat(PatternKind::halving_doubling, GroupKind::all, collective, shape.ranks, chunks);
}

}  // namespace hawser
