// The reader of patterns that writes one rank's steps into a builder. One function per kind of pattern, in emit_*.cpp.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "collectives/patterns.h"
#include "src/plan/builder.h"
#include "src/plan/request.h"

namespace hawser {

// The plan of one rank. Islands may be any partition of the ranks that has the shape the patterns were made for.
Plan plan(const Patterns&, const Islands&, const Request&, Rank me, Aliasing, std::string_view planner);

// A rank's place in one pattern: its group, and where its chunks lie.
struct Seat {
  PatternKind kind = PatternKind::direct;
  Collective collective = Collective::all_reduce;
  Group group;
  Chunks input, output;
  std::vector<uint32_t> begin;  // block i of the whole vector is chunks [begin[i], begin[i + 1]); one entry a member and one more

  uint32_t size() const { return static_cast<uint32_t>(group.members.size()); }
  uint32_t me() const { return group.me; }
  uint32_t root() const { return static_cast<uint32_t>(group.root); }
  bool is_root() const { return group.root == static_cast<int32_t>(group.me); }
  Rank rank(uint32_t member) const { return group.members[member]; }
  uint32_t after(uint32_t distance) const { return (me() + distance) % size(); }
  uint32_t before(uint32_t distance) const { return (me() + size() - distance % size()) % size(); }
  uint32_t block_chunks(uint32_t member) const { return begin[member + 1] - begin[member]; }
};

// Blocks [from, to) of a whole vector that lies at `vector`.
inline Chunks blocks(const Seat& seat, Chunks vector, uint32_t from, uint32_t to) {
  return {vector.buffer, vector.first + seat.begin[from], seat.begin[to] - seat.begin[from], 1};
}
inline Chunks block(const Seat& seat, Chunks vector, uint32_t member) { return blocks(seat, vector, member, member + 1); }

// Writes all patterns: one phase around each that is one.
void emit(PlanBuilder&, const Patterns&, const Islands&, Rank me, Rank root);

void emit_ring(PlanBuilder&, const Seat&);
void emit_direct(PlanBuilder&, const Seat&);
void emit_one_shot(PlanBuilder&, const Seat&);
void emit_recursive_doubling(PlanBuilder&, const Seat&);
void emit_halving_doubling(PlanBuilder&, const Seat&);
void emit_binomial_tree(PlanBuilder&, const Seat&);
void emit_all_to_all(PlanBuilder&, const Seat&);  // direct and pairwise
void emit_dissemination(PlanBuilder&, const Seat&);
void emit_pack(PlanBuilder&, const Islands&, const Pattern&, Chunks source, Chunks target);

}  // namespace hawser
