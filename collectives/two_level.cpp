// Inside the island first, then between islands, then inside again. Where islands are equally large every rank talks to its like in the
// other islands (rails), so that all interfaces work; else one leader an island does.
#include "collectives/rows.h"

namespace hawser {
namespace {

using enum Collective;
constexpr auto kDirect = PatternKind::direct;
constexpr auto kAll = GroupKind::all, kIsland = GroupKind::island, kRail = GroupKind::rail, kLeaders = GroupKind::leaders;

Place whole(Buffer buffer, uint32_t count, uint32_t first = 0) { return {buffer, Place::Extent::whole, first, count}; }
Place my_part(Buffer buffer, uint32_t count) { return {buffer, Place::Extent::my_part, 0, count}; }
Place my_island(Buffer buffer, uint32_t first = 0) { return {buffer, Place::Extent::my_island, first, 0}; }
Pattern pack(GroupKind who, Order from, Order into, Place source, Place target) {
  return {.kind = PatternKind::pack, .group = who, .input = source, .output = target, .from = from, .into = into};
}

Patterns all_reduce_over_rails(const Shape& shape, PatternKind between) {
  const uint32_t parts = shape.islands, chunks = shape.island_ranks * parts;  // each rank owns one chunk for each island
  const Place mine = my_part(Buffer::output, parts);
  return {chunks,
          chunks,
          0,
          {{kDirect, reduce_scatter, kIsland, whole(Buffer::input, chunks), mine},
           {between, all_reduce, kRail, mine, mine},
           {kDirect, all_gather, kIsland, mine, whole(Buffer::output, chunks)}}};
}

Patterns all_reduce_over_leaders(const Shape& shape, PatternKind between) {
  const Place input = whole(Buffer::input, shape.islands), output = whole(Buffer::output, shape.islands);
  return {shape.islands,
          shape.islands,
          0,
          {{kDirect, reduce, kIsland, input, output},
           {between, all_reduce, kLeaders, output, output},
           {kDirect, broadcast, kIsland, output, output}}};
}

Patterns all_gather_over_rails(const Shape& shape, PatternKind between) {
  const uint32_t islands = shape.islands, ranks = shape.ranks;
  const Place rail = whole(Buffer::scratch, islands), packed = whole(Buffer::scratch, ranks, islands);
  return {1,
          ranks,
          islands + ranks,
          {{between, all_gather, kRail, whole(Buffer::input, 1), rail},
           {kDirect, all_gather, kIsland, rail, packed},
           pack(kAll, Order::by_member, Order::by_rank, packed, whole(Buffer::output, ranks))}};
}

Patterns all_gather_over_leaders(const Shape& shape, PatternKind between) {
  const uint32_t ranks = shape.ranks;
  const Place packed = whole(Buffer::scratch, ranks), island = my_island(Buffer::scratch);
  return {1,
          ranks,
          ranks,
          {{kDirect, gather, kIsland, whole(Buffer::input, 1), island},
           {between, all_gather, kLeaders, island, packed, true},
           {kDirect, broadcast, kIsland, packed, packed},
           pack(kAll, Order::by_island, Order::by_rank, packed, whole(Buffer::output, ranks))}};
}

Patterns reduce_scatter_over_rails(const Shape& shape, PatternKind between) {
  const uint32_t islands = shape.islands, ranks = shape.ranks;
  const Place packed = whole(Buffer::scratch, ranks), rail = whole(Buffer::scratch, islands, ranks);
  return {ranks,
          1,
          ranks + islands,
          {pack(kAll, Order::by_rank, Order::by_member, whole(Buffer::input, ranks), packed),
           {kDirect, reduce_scatter, kIsland, packed, rail},
           {between, reduce_scatter, kRail, rail, whole(Buffer::output, 1)}}};
}

Patterns reduce_scatter_over_leaders(const Shape& shape, PatternKind between) {
  const uint32_t ranks = shape.ranks;
  const Place sums = whole(Buffer::scratch, ranks), packed = whole(Buffer::scratch, ranks, ranks);
  const Place island = my_island(Buffer::scratch, 2 * ranks);
  return {ranks,
          1,
          3 * ranks,
          {{kDirect, reduce, kIsland, whole(Buffer::input, ranks), sums},
           pack(kLeaders, Order::by_rank, Order::by_island, sums, packed),
           {between, reduce_scatter, kLeaders, packed, island, true},
           {kDirect, scatter, kIsland, island, whole(Buffer::output, 1)}}};
}

Patterns broadcast_over_leaders(PatternKind between) {
  const Place input = whole(Buffer::input, 1), output = whole(Buffer::output, 1);
  return {1, 1, 0, {{between, broadcast, kLeaders, input, output}, {kDirect, broadcast, kIsland, output, output}}};
}

Patterns reduce_over_leaders(PatternKind between) {
  const Place sum = whole(Buffer::scratch, 1);
  return {1, 1, 1, {{kDirect, reduce, kIsland, whole(Buffer::input, 1), sum}, {between, reduce, kLeaders, sum, whole(Buffer::output, 1)}}};
}

// All of an island have come; all islands have come; and so the island's others hear.
Patterns barrier_over_leaders() {
  const Place token = whole(Buffer::scratch, 1), all = whole(Buffer::scratch, 1, 1);
  return {0,
          0,
          2,
          {{kDirect, barrier, kIsland, token, all},
           {PatternKind::dissemination, barrier, kLeaders, all, all},
           {kDirect, barrier, kIsland, all, all}}};
}

}  // namespace

Patterns two_level_patterns(const Shape& shape, Collective collective, PatternKind between) {
  const bool rails = shape.island_ranks > 0;
  switch (collective) {
    case all_reduce:
      return rails ? all_reduce_over_rails(shape, between) : all_reduce_over_leaders(shape, between);
    case all_gather:
      return rails ? all_gather_over_rails(shape, between) : all_gather_over_leaders(shape, between);
    case reduce_scatter:
      return rails ? reduce_scatter_over_rails(shape, between) : reduce_scatter_over_leaders(shape, between);
    case broadcast:
      return broadcast_over_leaders(between);
    case reduce:
      return reduce_over_leaders(between);
    case barrier:
      return barrier_over_leaders();
    default:
      return {};
  }
}

bool suits_two_levels(const Shape& shape) { return shape.islands > 1 && shape.islands < shape.ranks; }

}  // namespace hawser
