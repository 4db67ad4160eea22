// Binomial trees: member v (counted from the root) hangs below v without its lowest bit, and stands for all members below it.
#include <algorithm>
#include <bit>
#include <cassert>

#include "collectives/emit.h"

namespace hawser {
namespace {

struct Tree {
  const Seat& seat;
  uint32_t me;  // counted from the root
  explicit Tree(const Seat& of) : seat(of), me((of.me() + of.size() - of.root()) % of.size()) {}
  uint32_t member(uint32_t node) const { return (node + seat.root()) % seat.size(); }
  Rank rank(uint32_t node) const { return seat.rank(member(node)); }
  Rank parent() const { return rank(me & (me - 1)); }
  uint32_t span(uint32_t node) const { return node == 0 ? std::bit_ceil(seat.size()) : node & (~node + 1); }
  uint32_t end(uint32_t node) const { return std::min(node + span(node), seat.size()); }  // the subtree is [node, end)
  bool leaf() const { return end(me) == me + 1; }

  template <class Visit>
  void children_largest_first(const Visit& visit) const {
    for (uint32_t distance = span(me) / 2; distance > 0; distance /= 2)
      if (me + distance < seat.size()) visit(me + distance);
  }
  template <class Visit>
  void children_smallest_first(const Visit& visit) const {
    for (uint32_t distance = 1; distance < span(me) && me + distance < seat.size(); distance *= 2) visit(me + distance);
  }
  // A subtree's members are consecutive, but for the one turn from the last member to the first.
  template <class Visit>
  void pieces(uint32_t node, const Visit& visit) const {
    const uint32_t turn = seat.size() - seat.root();
    if (node < turn) visit(node, std::min(end(node), turn));
    if (end(node) > turn) visit(std::max(node, turn), end(node));
  }
};

void broadcast(PlanBuilder& builder, const Tree& tree) {
  const Seat& seat = tree.seat;
  if (tree.me != 0) builder.recv(tree.parent(), seat.output);
  tree.children_largest_first([&](uint32_t child) { builder.send(tree.rank(child), tree.me == 0 ? seat.input : seat.output); });
  if (tree.me == 0) builder.copy(seat.input, seat.output);
}

void reduce(PlanBuilder& builder, const Tree& tree) {
  const Seat& seat = tree.seat;
  Chunks sum = seat.input;
  if (tree.me == 0) builder.copy(seat.input, sum = seat.output);
  tree.children_smallest_first([&](uint32_t child) {
    const Chunks received = builder.scratch_like(seat.input);
    builder.recv(tree.rank(child), received);
    if (sum == seat.input && tree.me != 0) builder.reduce(seat.input, sum = received);
    else builder.reduce(received, sum);
  });
  if (tree.me != 0) builder.send(tree.parent(), sum);
}

// Where the blocks of nodes [from, to) of my subtree lie: in the caller's vector at the root, else in `held`, in order of nodes.
Chunks nodes(const Tree& tree, Chunks whole, Chunks held, uint32_t from, uint32_t to) {
  const Seat& seat = tree.seat;
  const uint32_t size = seat.block_chunks(0);
  if (tree.me == 0) return {whole.buffer, whole.first + tree.member(from) * size, (to - from) * size, 1};
  return {held.buffer, held.first + (from - tree.me) * size, (to - from) * size, 1};
}

Chunks hold_subtree(PlanBuilder& builder, const Tree& tree) {
  const uint32_t count = (tree.end(tree.me) - tree.me) * tree.seat.block_chunks(0);
  return {Buffer::scratch, builder.scratch(count), count, 1};
}

void gather(PlanBuilder& builder, const Tree& tree) {
  const Seat& seat = tree.seat;
  const Chunks held = tree.me == 0 ? Chunks{} : tree.leaf() ? seat.input : hold_subtree(builder, tree);
  builder.copy(seat.input, nodes(tree, seat.output, held, tree.me, tree.me + 1));
  tree.children_smallest_first([&](uint32_t child) {
    tree.pieces(child, [&](uint32_t from, uint32_t to) { builder.recv(tree.rank(child), nodes(tree, seat.output, held, from, to)); });
  });
  if (tree.me == 0) return;
  tree.pieces(tree.me, [&](uint32_t from, uint32_t to) { builder.send(tree.parent(), nodes(tree, seat.output, held, from, to)); });
}

void scatter(PlanBuilder& builder, const Tree& tree) {
  const Seat& seat = tree.seat;
  const Chunks held = tree.me == 0 ? Chunks{} : tree.leaf() ? seat.output : hold_subtree(builder, tree);
  if (tree.me != 0)
    tree.pieces(tree.me, [&](uint32_t from, uint32_t to) { builder.recv(tree.parent(), nodes(tree, seat.input, held, from, to)); });
  tree.children_largest_first([&](uint32_t child) {
    tree.pieces(child, [&](uint32_t from, uint32_t to) { builder.send(tree.rank(child), nodes(tree, seat.input, held, from, to)); });
  });
  builder.copy(nodes(tree, seat.input, held, tree.me, tree.me + 1), seat.output);
}

}  // namespace

void emit_binomial_tree(PlanBuilder& builder, const Seat& seat) {
  const Tree tree(seat);
  switch (seat.collective) {
    case Collective::broadcast:
      return broadcast(builder, tree);
    case Collective::reduce:
      return reduce(builder, tree);
    case Collective::gather:
      return gather(builder, tree);
    case Collective::scatter:
      return scatter(builder, tree);
    default:
      assert(false && "no tree for this collective");
  }
}

}  // namespace hawser
