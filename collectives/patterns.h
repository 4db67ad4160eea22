// The words planners are written in: a pattern is one way a group of ranks does one collective among itself, as a plain value.
//
// It has two readers: emit.h writes a rank's steps, outline adds its load on classes of links. Nothing here depends on a rank: groups and
// places say "my island", "my part". Making Patterns costs O(runs of hosts), so that choosing stays cheap; who is in a group is only looked
// up (Islands, O(ranks)) when a plan is written.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "src/plan/plan.h"
#include "src/topology/topology.h"

namespace hawser {

// g members, C chunks of the whole vector in g blocks; "rounds" follow one another, all else is posted at once.
enum class PatternKind : uint8_t {
  ring,                // reduce_scatter, all_gather: g-1 rounds of one block to the next member; all_reduce: both.
                       // broadcast, reduce: a chain from or to the root, all chunks in one message a hop (slices make it a pipeline)
  direct,              // one message from each to each. all_reduce: reduce_scatter, then all_gather. Folds in the order of the group.
                       // broadcast, scatter, gather, reduce: all from or to the root. barrier: a token from each to each
  one_shot,            // all_reduce: everybody sends everything to everybody and folds in the order of the group
  recursive_doubling,  // all_reduce: log2 g rounds of all chunks; all_gather: rounds of 1, 2, 4 ... blocks
  halving_doubling,    // reduce_scatter: rounds of 1/2, 1/4 ... of the vector; all_gather: the reverse; all_reduce: both
  binomial_tree,       // broadcast, reduce: all chunks a hop; gather, scatter: a subtree's blocks a hop
  pairwise,            // all_to_all: round r sends to me + r * peer_stride(g), receives from me - r * peer_stride(g)
  dissemination,       // barrier: round r sends a token to me + 2^r
  pack                 // no messages: copies chunks from one order into another
};
std::string_view name(PatternKind);

// recursive_doubling and halving_doubling with g not a power of two: before the rounds, members 0, 2 ... of the first 2 * (g - p) send all
// they have to their right neighbour (p the power of two below), and get the result back after them. reduce_scatter: only their block.

enum class GroupKind : uint8_t {
  all,
  island,  // every island by itself
  rail,    // the j-th members of all islands, for each j; only where islands are equally large
  leaders  // one rank of each island: the root in its own, else the first
};
std::string_view name(GroupKind);

// Where chunks lie, for each rank: `count` chunks of a buffer from `first` on (whole); the same further by count * my index in my island
// (my_part); or as many chunks as my island has ranks, further by the ranks in islands before mine (my_island).
struct Place {
  enum class Extent : uint8_t { whole, my_part, my_island };
  Buffer buffer = Buffer::input;
  Extent extent = Extent::whole;
  uint32_t first = 0, count = 0;
};

// Orders of one chunk per rank, for pack: rank number; all first members of the islands, then all second ones ...; island by island.
enum class Order : uint8_t { by_rank, by_member, by_island };

struct Pattern {
  PatternKind kind = PatternKind::direct;
  Collective collective = Collective::all_reduce;
  GroupKind group = GroupKind::all;
  Place input, output;         // root-only places are used by the root alone
  bool island_blocks = false;  // leaders: block i has as many chunks as island i has ranks; else blocks as equal as chunks allow
  Order from = Order::by_rank, into = Order::by_rank;  // pack
};
// All but pack are phases of the plan. Phase i of every rank's plan is phase i here; its group is empty where the rank has no part in it.
inline bool is_phase(const Pattern& pattern) { return pattern.kind != PatternKind::pack; }
// Chunks of the whole vector this pattern moves: the longer of input and output. A chunk's length follows from Patterns.
inline uint32_t vector_chunks(const Pattern& pattern) {
  return pattern.input.count > pattern.output.count ? pattern.input.count : pattern.output.count;
}

struct Patterns {
  // Of the plan. all_reduce, reduce, broadcast: both equal, a chunk is ceil(Request::count / chunks) elements; else one chunk is
  // Request::count elements (one per rank in the longer of both); barrier: none, its tokens are scratch chunks 0 (in) and 1 (out).
  uint32_t input_chunks = 1, output_chunks = 1;
  uint32_t scratch_chunks = 0;  // that places of buffer scratch refer to; patterns add their own
  std::vector<Pattern> list;    // in program order
};

// What making patterns needs to know, in O(runs of hosts).
struct Shape {
  uint32_t ranks = 1, islands = 1;
  uint32_t island_ranks = 1;  // of each island; 0: they differ
  static Shape of(const Topology&);
};

// Who is where, in full.
struct Islands {
  std::vector<std::vector<Rank>> members;  // by island, in rank order
  std::vector<uint32_t> island_of, index;  // by rank: its island, its index there
  std::vector<uint32_t> before;            // by island: ranks in islands before it; one entry more
  static Islands of(const Topology&);
  static Islands of(std::vector<std::vector<Rank>> members);  // islands in the order given; every rank once
  Shape shape() const;
  uint32_t ranks() const { return static_cast<uint32_t>(island_of.size()); }
};

struct Group {
  std::vector<Rank> members;  // empty: the rank has no part
  uint32_t me = 0;            // index in members
  int32_t root = -1;          // likewise; -1: none
};
Group group_of(GroupKind, const Islands&, Rank me, Rank root);

uint32_t position(Order, const Islands&, Rank);  // of a rank's chunk

// A step near 0.618 n that shares no divisor with n: in every round all send and all receive, and neighbours in rank (who often share a
// slow link) are visited at different times.
uint32_t peer_stride(uint32_t n);

}  // namespace hawser
