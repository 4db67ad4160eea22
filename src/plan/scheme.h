// What happens inside an island when a phase is replaced by a routine over shared memory: the schemes and what each would cost there.
#pragma once
#include <cstdint>
#include <string_view>

#include "src/plan/request.h"
#include "src/topology/topology.h"

namespace hawser {

// cells: every 64-byte line carries data and its sequence number; flag: one copy into the member's slot and one flag;
// bounce: a ring of a few cache-sized chunks, pipelined; push: buffers of the library, each member stores its part into every output; cma:
// readers copy out of the publishers' own buffers through the kernel, once.
enum class SchemeKind : uint8_t { cells, flag, bounce, push, cma };
std::string_view name(SchemeKind);

struct Scheme {
  SchemeKind kind = SchemeKind::flag;
  uint32_t chunk_bytes = 0;   // bounce: of one ring chunk
  bool non_temporal = false;  // stores to outputs bypass the caches; cma: only those of a member's own block, the kernel stores as it likes
  bool two_shot = false;      // reductions: every member reduces its part, then all gather; else everyone reduces everything
  friend bool operator==(const Scheme&, const Scheme&) = default;
};

struct IslandCost {
  Scheme scheme;
  int64_t picoseconds = 0;
};
// The cheapest scheme for one phase on an island of `members`, and its time; integers only, equal everywhere. collective and count as in
// Request.
IslandCost cheapest_scheme(const IslandFacts&, uint32_t members, const Request& phase);
int64_t scheme_cost(const IslandFacts&, uint32_t members, const Request& phase, const Scheme&);  // picoseconds
bool scheme_suits(const IslandFacts&, uint32_t members, const Request& phase, const Scheme&);    // sizes, buffers, the kernel

}  // namespace hawser
