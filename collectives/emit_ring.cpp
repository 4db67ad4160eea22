// Rings: one block goes round, every member adds or keeps it. Broadcast and reduce are chains that end at their neighbour.
#include <cassert>

#include "collectives/emit.h"

namespace hawser {
namespace {

Rank next(const Seat& seat) { return seat.rank(seat.after(1)); }
Rank previous(const Seat& seat) { return seat.rank(seat.before(1)); }

// Block b starts at member b + 1, collects everybody's share and ends at member b, in `mine`. Partial sums live in the output where there
// is room for all blocks (the receive then fuses with the reduce), else in scratch: the input is not ours to overwrite.
void reduce_round(PlanBuilder& builder, const Seat& seat, Chunks mine, bool room_in_output) {
  Chunks partial = block(seat, seat.input, seat.before(1));
  for (uint32_t round = 0; round + 1 < seat.size(); ++round) {
    const uint32_t arriving = seat.before(round + 2);
    const bool last = round + 2 == seat.size();
    const Chunks share = block(seat, seat.input, arriving), received = builder.scratch_like(share);
    builder.send(next(seat), partial);
    builder.recv(previous(seat), received);
    if (!last && !room_in_output) {
      builder.reduce(share, received);
      partial = received;
      continue;
    }
    partial = last ? mine : block(seat, seat.output, arriving);
    builder.copy(share, partial);
    builder.reduce(received, partial);
  }
}

void gather_round(PlanBuilder& builder, const Seat& seat, Chunks mine) {
  for (uint32_t round = 0; round + 1 < seat.size(); ++round) {
    builder.send(next(seat), round == 0 ? mine : block(seat, seat.output, seat.before(round)));
    builder.recv(previous(seat), block(seat, seat.output, seat.before(round + 1)));
  }
}

void chain_broadcast(PlanBuilder& builder, const Seat& seat) {
  if (!seat.is_root()) builder.recv(previous(seat), seat.output);
  if (seat.after(1) != seat.root()) builder.send(next(seat), seat.is_root() ? seat.input : seat.output);
  if (seat.is_root()) builder.copy(seat.input, seat.output);
}

void chain_reduce(PlanBuilder& builder, const Seat& seat) {
  Chunks sum = seat.input;
  if (seat.after(1) != seat.root()) {  // the one before the root starts: sums travel from next to previous
    const Chunks received = builder.scratch_like(seat.input);
    builder.recv(next(seat), received);
    if (seat.is_root()) {
      builder.copy(seat.input, seat.output);
      return builder.reduce(received, seat.output);
    }
    builder.reduce(seat.input, received);
    sum = received;
  }
  builder.send(previous(seat), sum);
}

}  // namespace

void emit_ring(PlanBuilder& builder, const Seat& seat) {
  switch (seat.collective) {
    case Collective::reduce_scatter:
      return reduce_round(builder, seat, seat.output, false);
    case Collective::all_gather: {
      builder.copy(seat.input, block(seat, seat.output, seat.me()));
      return gather_round(builder, seat, seat.input);
    }
    case Collective::all_reduce: {
      const Chunks mine = block(seat, seat.output, seat.me());
      reduce_round(builder, seat, mine, true);
      return gather_round(builder, seat, mine);
    }
    case Collective::broadcast:
      return chain_broadcast(builder, seat);
    case Collective::reduce:
      return chain_reduce(builder, seat);
    default:
      assert(false && "no ring for this collective");
  }
}

}  // namespace hawser
