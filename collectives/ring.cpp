// Rings: the least bytes, the most rounds. One chunk a member, so broadcast and reduce (chains) need but one.
#include "collectives/rows.h"

namespace hawser {
namespace {
constexpr uint32_t kMostRingRanks = 4096;  // beyond, a rank's plan takes megabytes and its rounds milliseconds
}

Patterns ring_patterns(const Shape& shape, Collective collective) {
  const uint32_t chunks = collective == Collective::all_reduce ? shape.ranks : 1;
  return flat(PatternKind::ring, GroupKind::all, collective, shape.ranks, chunks);
}

bool suits_ring(const Shape& shape) { return shape.ranks <= kMostRingRanks; }

}  // namespace hawser
