// Exchanges with partners at distances that double or halve. Who is left over when the group is no power of two stands behind a neighbour.
#include <bit>
#include <cassert>

#include "collectives/emit.h"

namespace hawser {
namespace {

// The members that take part, numbered 0 .. count-1; number q stands for members [first(q), first(q + 1)), one or two of them.
struct Numbers {
  uint32_t size, count, pairs;
  explicit Numbers(uint32_t members) : size(members), count(std::bit_floor(members)), pairs(members - count) {}
  bool left_out(uint32_t member) const { return member < 2 * pairs && member % 2 == 0; }
  bool stands_for_two(uint32_t member) const { return member < 2 * pairs && member % 2 == 1; }
  uint32_t number(uint32_t member) const { return member < 2 * pairs ? member / 2 : member - pairs; }
  uint32_t member(uint32_t number) const { return number < pairs ? 2 * number + 1 : number + pairs; }
  uint32_t first(uint32_t number) const { return number < pairs ? 2 * number : number + pairs; }
};

Rank neighbour(const Seat& seat, const Numbers& numbers) { return seat.rank(numbers.left_out(seat.me()) ? seat.me() + 1 : seat.me() - 1); }

// Every number has its own blocks at `mine`; in the end it has all of them in the output. Neighbours that were left out hear at last.
void double_up(PlanBuilder& builder, const Seat& seat, const Numbers& numbers, Chunks mine) {
  const uint32_t me = numbers.number(seat.me());
  for (uint32_t distance = 1; distance < numbers.count; distance *= 2) {
    const uint32_t from = me & ~(distance - 1), theirs = from ^ distance;
    const Rank partner = seat.rank(numbers.member(me ^ distance));
    builder.send(partner, distance == 1 ? mine : blocks(seat, seat.output, numbers.first(from), numbers.first(from + distance)));
    builder.recv(partner, blocks(seat, seat.output, numbers.first(theirs), numbers.first(theirs + distance)));
  }
}

void all_gather(PlanBuilder& builder, const Seat& seat) {
  const Numbers numbers(seat.size());
  const uint32_t me = seat.me();
  builder.copy(seat.input, block(seat, seat.output, me));
  if (numbers.left_out(me)) {
    const Rank helper = neighbour(seat, numbers);
    builder.send(helper, seat.input);
    builder.recv(helper, blocks(seat, seat.output, 0, me));
    return builder.recv(helper, blocks(seat, seat.output, me + 1, seat.size()));
  }
  Chunks mine = seat.input;
  if (numbers.stands_for_two(me)) {
    builder.recv(neighbour(seat, numbers), block(seat, seat.output, me - 1));
    mine = blocks(seat, seat.output, me - 1, me + 1);
  }
  double_up(builder, seat, numbers, mine);
  if (!numbers.stands_for_two(me)) return;
  builder.send(neighbour(seat, numbers), blocks(seat, seat.output, 0, me - 1));
  builder.send(neighbour(seat, numbers), blocks(seat, seat.output, me, seat.size()));
}

// Sends what I have, adds what the partner has; the first time the input goes out as it is.
void exchange_sums(PlanBuilder& builder, const Seat& seat, Rank partner, bool send, bool first) {
  const Chunks received = builder.scratch_like(seat.input);
  if (send) builder.send(partner, first ? seat.input : seat.output);
  builder.recv(partner, received);
  if (first) builder.copy(seat.input, seat.output);
  builder.reduce(received, seat.output);
}

void all_reduce(PlanBuilder& builder, const Seat& seat) {
  const Numbers numbers(seat.size());
  if (numbers.left_out(seat.me())) {
    builder.send(neighbour(seat, numbers), seat.input);
    return builder.recv(neighbour(seat, numbers), seat.output);
  }
  bool first = true;
  if (numbers.stands_for_two(seat.me())) {
    exchange_sums(builder, seat, neighbour(seat, numbers), false, first);
    first = false;
  }
  const uint32_t me = numbers.number(seat.me());
  for (uint32_t distance = 1; distance < numbers.count; distance *= 2, first = false)
    exchange_sums(builder, seat, seat.rank(numbers.member(me ^ distance)), true, first);
  if (numbers.stands_for_two(seat.me())) builder.send(neighbour(seat, numbers), seat.output);
}

// A partial sum of the blocks of numbers [from, to).
struct Partial {
  Chunks chunks;
  uint32_t from, to;
  Chunks part(const Seat& seat, const Numbers& numbers, uint32_t begin, uint32_t end) const {
    const uint32_t skipped = seat.begin[numbers.first(begin)] - seat.begin[numbers.first(from)];
    const uint32_t count = seat.begin[numbers.first(end)] - seat.begin[numbers.first(begin)];
    return {chunks.buffer, chunks.first + skipped, count, 1};
  }
};

Chunks receive_and_add(PlanBuilder& builder, Rank from, Chunks share) {
  const Chunks received = builder.scratch_like(share);
  builder.recv(from, received);
  builder.reduce(share, received);
  return received;
}

// The whole sum of my number's blocks.
Chunks halve(PlanBuilder& builder, const Seat& seat, const Numbers& numbers) {
  Partial sum{seat.input, 0, numbers.count};
  if (numbers.stands_for_two(seat.me())) sum.chunks = receive_and_add(builder, neighbour(seat, numbers), seat.input);
  const uint32_t me = numbers.number(seat.me());
  while (sum.to - sum.from > 1) {
    const uint32_t half = (sum.to - sum.from) / 2, middle = sum.from + half;
    const bool lower = me < middle;
    const Rank partner = seat.rank(numbers.member(me ^ half));
    const uint32_t from = lower ? sum.from : middle, other = lower ? middle : sum.from;
    builder.send(partner, sum.part(seat, numbers, other, other + half));
    sum = {receive_and_add(builder, partner, sum.part(seat, numbers, from, from + half)), from, from + half};
  }
  return sum.chunks;
}

void halving_reduce_scatter(PlanBuilder& builder, const Seat& seat) {
  const Numbers numbers(seat.size());
  if (numbers.left_out(seat.me())) {
    builder.send(neighbour(seat, numbers), seat.input);
    return builder.recv(neighbour(seat, numbers), seat.output);
  }
  Chunks sum = halve(builder, seat, numbers);
  if (numbers.stands_for_two(seat.me())) {
    const uint32_t theirs = seat.block_chunks(seat.me() - 1);
    builder.send(neighbour(seat, numbers), {sum.buffer, sum.first, theirs, 1});
    sum = {sum.buffer, sum.first + theirs, sum.count - theirs, 1};
  }
  builder.copy(sum, seat.output);
}

void halving_all_reduce(PlanBuilder& builder, const Seat& seat) {
  const Numbers numbers(seat.size());
  if (numbers.left_out(seat.me())) {
    builder.send(neighbour(seat, numbers), seat.input);
    return builder.recv(neighbour(seat, numbers), seat.output);
  }
  const uint32_t me = numbers.number(seat.me());
  const Chunks mine = blocks(seat, seat.output, numbers.first(me), numbers.first(me + 1));
  builder.copy(halve(builder, seat, numbers), mine);
  double_up(builder, seat, numbers, mine);
  if (numbers.stands_for_two(seat.me())) builder.send(neighbour(seat, numbers), seat.output);
}

}  // namespace

void emit_recursive_doubling(PlanBuilder& builder, const Seat& seat) {
  assert(seat.collective == Collective::all_reduce || seat.collective == Collective::all_gather);
  return seat.collective == Collective::all_reduce ? all_reduce(builder, seat) : all_gather(builder, seat);
}

void emit_halving_doubling(PlanBuilder& builder, const Seat& seat) {
  switch (seat.collective) {
    case Collective::reduce_scatter:
      return halving_reduce_scatter(builder, seat);
    case Collective::all_reduce:
      return halving_all_reduce(builder, seat);
    case Collective::all_gather:
      return all_gather(builder, seat);
    default:
      assert(false && "no halving for this collective");
  }
}

}  // namespace hawser
