// From patterns to one rank's steps: finds the rank's seat in each pattern and opens a phase around what it does there.
#include "collectives/emit.h"

#include <algorithm>
#include <cassert>

namespace hawser {
namespace {

Chunks at(const Place& place, const Islands& islands, Rank me) {
  const uint32_t island = islands.island_of[me];
  switch (place.extent) {
    case Place::Extent::whole:
      return {place.buffer, place.first, place.count, 1};
    case Place::Extent::my_part:
      return {place.buffer, place.first + place.count * islands.index[me], place.count, 1};
    case Place::Extent::my_island:
      return {place.buffer, place.first + islands.before[island], static_cast<uint32_t>(islands.members[island].size()), 1};
  }
  return {};
}

std::vector<uint32_t> block_table(const Pattern& pattern, const Islands& islands, uint32_t members, uint32_t chunks) {
  if (pattern.island_blocks) return islands.before;
  std::vector<uint32_t> begin(members + 1);
  for (uint32_t i = 0; i <= members; ++i) begin[i] = static_cast<uint32_t>(uint64_t{chunks} * i / members);
  return begin;
}

Seat seat_of(const Pattern& pattern, const Islands& islands, Rank me, Rank root) {
  Seat seat{pattern.kind, pattern.collective, group_of(pattern.group, islands, me, root)};
  if (!rooted(pattern.collective)) seat.group.root = -1;
  if (seat.group.members.empty()) {
    seat.input.count = seat.output.count = 0;
    return seat;
  }
  seat.input = at(pattern.input, islands, me);
  seat.output = at(pattern.output, islands, me);
  seat.begin = block_table(pattern, islands, seat.size(), std::max(seat.input.count, seat.output.count));
  if (only_root_gives(pattern.collective) && !seat.is_root()) seat.input.count = 0;
  if (only_root_gets(pattern.collective) && !seat.is_root()) seat.output.count = 0;
  return seat;
}

void emit_steps(PlanBuilder& builder, const Seat& seat) {
  if (seat.group.members.empty()) return;
  if (seat.size() == 1) return builder.copy(seat.input, seat.output);
  switch (seat.kind) {
    case PatternKind::ring:
      return emit_ring(builder, seat);
    case PatternKind::direct:
      return seat.collective == Collective::all_to_all || seat.collective == Collective::all_to_all_v ? emit_all_to_all(builder, seat)
                                                                                                      : emit_direct(builder, seat);
    case PatternKind::one_shot:
      return emit_one_shot(builder, seat);
    case PatternKind::recursive_doubling:
      return emit_recursive_doubling(builder, seat);
    case PatternKind::halving_doubling:
      return emit_halving_doubling(builder, seat);
    case PatternKind::binomial_tree:
      return emit_binomial_tree(builder, seat);
    case PatternKind::pairwise:
      return emit_all_to_all(builder, seat);
    case PatternKind::dissemination:
      return emit_dissemination(builder, seat);
    case PatternKind::pack:
      break;
  }
  assert(false && "packs are no phases");
}

void emit_phase(PlanBuilder& builder, const Pattern& pattern, const Islands& islands, Rank me, Rank root) {
  const Seat seat = seat_of(pattern, islands, me, root);
  builder.begin_phase(pattern.collective, builder.group(seat.group.members), seat.group.root, seat.input, seat.output);
  emit_steps(builder, seat);
  builder.end_phase();
}

}  // namespace

void emit(PlanBuilder& builder, const Patterns& patterns, const Islands& islands, Rank me, Rank root) {
  builder.scratch(patterns.scratch_chunks);
  for (const Pattern& pattern : patterns.list) {
    if (is_phase(pattern)) emit_phase(builder, pattern, islands, me, root);
    else if (!group_of(pattern.group, islands, me, root).members.empty())
      emit_pack(builder, islands, pattern, at(pattern.input, islands, me), at(pattern.output, islands, me));
  }
}

}  // namespace hawser
