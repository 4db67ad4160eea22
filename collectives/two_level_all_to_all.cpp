// All-to-all with one message from each rank to each other island: first everything for the j-th members goes to my island's j-th member,
// then along the rails. Packed by strides, so that a message is one range of chunks.
#include "collectives/rows.h"

namespace hawser {

Patterns two_level_all_to_all(const Shape& shape) {
  const uint32_t ranks = shape.ranks;
  const auto whole = [&](Buffer buffer, uint32_t first) { return Place{buffer, Place::Extent::whole, first, ranks}; };
  const auto pack = [](Order from, Order into, Place source, Place target) {
    return Pattern{.kind = PatternKind::pack, .group = GroupKind::all, .input = source, .output = target, .from = from, .into = into};
  };
  const Place input = whole(Buffer::input, 0), output = whole(Buffer::output, 0);
  const Place leaving = whole(Buffer::scratch, 0), arrived = whole(Buffer::scratch, ranks);
  return {ranks,
          ranks,
          2 * ranks,
          {pack(Order::by_rank, Order::by_member, input, leaving),
           {PatternKind::direct, Collective::all_to_all, GroupKind::island, leaving, arrived},
           pack(Order::by_member, Order::by_island, arrived, leaving),
           {PatternKind::pairwise, Collective::all_to_all, GroupKind::rail, leaving, arrived},
           pack(Order::by_island, Order::by_rank, arrived, output)}};
}

bool suits_rails(const Shape& shape) { return suits_two_levels(shape) && shape.island_ranks > 0; }

}  // namespace hawser
