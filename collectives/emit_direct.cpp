// Direct exchanges: one message from each to each, posted at once. Reductions fold strictly in the order of the group, never commuted, so
// that an element's result is the same whoever computes it and however the vector is cut.
#include <cassert>
#include <functional>

#include "collectives/emit.h"

namespace hawser {
namespace {

// Distances to all the others, in the order in which they are visited.
template <class Visit>
void visit_others(const Seat& seat, const Visit& visit) {
  const uint64_t stride = peer_stride(seat.size());
  for (uint32_t round = 1; round < seat.size(); ++round) visit(static_cast<uint32_t>(round * stride % seat.size()));
}

// Receives everybody's share and folds: ((0 op 1) op 2) ... with mine in its turn. Correct whether mine and target are one or not.
void fold_in_order(PlanBuilder& builder, const Seat& seat, Chunks mine, Chunks target) {
  Chunks sum = target;
  for (uint32_t member = 0; member < seat.size(); ++member) {
    if (member == seat.me()) {
      if (member > 0) builder.reduce(mine, sum);
      builder.copy(member == 0 ? mine : sum, target);
      sum = target;
      continue;
    }
    const Chunks received = builder.scratch_like(mine);
    builder.recv(seat.rank(member), received);
    if (member == 0) sum = received;
    else builder.reduce(received, sum);
  }
}

void reduce_scatter(PlanBuilder& builder, const Seat& seat, Chunks target) {
  visit_others(seat, [&](uint32_t distance) {
    const uint32_t to = seat.after(distance);
    builder.send(seat.rank(to), block(seat, seat.input, to));
  });
  fold_in_order(builder, seat, block(seat, seat.input, seat.me()), target);
}

void all_gather(PlanBuilder& builder, const Seat& seat, Chunks mine) {
  visit_others(seat, [&](uint32_t distance) { builder.send(seat.rank(seat.after(distance)), mine); });
  visit_others(seat, [&](uint32_t distance) {
    const uint32_t from = seat.before(distance);
    builder.recv(seat.rank(from), block(seat, seat.output, from));
  });
  builder.copy(mine, block(seat, seat.output, seat.me()));
}

void from_root(PlanBuilder& builder, const Seat& seat, bool everything) {  // broadcast, scatter
  if (!seat.is_root()) return builder.recv(seat.rank(seat.root()), seat.output);
  visit_others(seat, [&](uint32_t distance) {
    const uint32_t to = seat.after(distance);
    builder.send(seat.rank(to), everything ? seat.input : block(seat, seat.input, to));
  });
  builder.copy(everything ? seat.input : block(seat, seat.input, seat.me()), seat.output);
}

void to_root(PlanBuilder& builder, const Seat& seat, bool fold) {  // reduce, gather
  if (!seat.is_root()) return builder.send(seat.rank(seat.root()), seat.input);
  if (fold) return fold_in_order(builder, seat, seat.input, seat.output);
  visit_others(seat, [&](uint32_t distance) {
    const uint32_t from = seat.before(distance);
    builder.recv(seat.rank(from), block(seat, seat.output, from));
  });
  builder.copy(seat.input, block(seat, seat.output, seat.me()));
}

void everything_to_everybody(PlanBuilder& builder, const Seat& seat) {
  visit_others(seat, [&](uint32_t distance) { builder.send(seat.rank(seat.after(distance)), seat.input); });
  fold_in_order(builder, seat, seat.input, seat.output);
}

}  // namespace

void emit_direct(PlanBuilder& builder, const Seat& seat) {
  switch (seat.collective) {
    case Collective::reduce_scatter:
      return reduce_scatter(builder, seat, seat.output);
    case Collective::all_gather:
      return all_gather(builder, seat, seat.input);
    case Collective::all_reduce: {
      const Chunks mine = block(seat, seat.output, seat.me());
      reduce_scatter(builder, seat, mine);
      return all_gather(builder, seat, mine);
    }
    case Collective::broadcast:
      return from_root(builder, seat, true);
    case Collective::scatter:
      return from_root(builder, seat, false);
    case Collective::reduce:
      return to_root(builder, seat, true);
    case Collective::gather:
      return to_root(builder, seat, false);
    case Collective::barrier:
      return everything_to_everybody(builder, seat);
    default:
      assert(false && "no direct exchange for this collective");
  }
}

void emit_one_shot(PlanBuilder& builder, const Seat& seat) { everything_to_everybody(builder, seat); }

void emit_all_to_all(PlanBuilder& builder, const Seat& seat) {
  Chunks source = seat.input;
  if (builder.same(seat.input, seat.output)) {  // what comes from a peer may come before what goes to it has left
    source = builder.scratch_like(seat.input);
    builder.copy(seat.input, source);
  }
  builder.copy(block(seat, source, seat.me()), block(seat, seat.output, seat.me()));
  visit_others(seat, [&](uint32_t distance) {
    const uint32_t to = seat.after(distance), from = seat.before(distance);
    builder.send(seat.rank(to), block(seat, source, to));
    builder.recv(seat.rank(from), block(seat, seat.output, from));
  });
}

}  // namespace hawser
