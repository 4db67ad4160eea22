// Ranks that share CPUs keep themselves spread over them. All of them are runnable all the time, since they wait by yielding, so a kernel
// sees no idle CPU and may leave three on one CPU and one on another for tens of milliseconds (docs/decisions/0013).
#pragma once
#include <sched.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/lowering/island_state.h"

namespace hawser {

// Where member `me` should go: the CPU it may use with the fewest members, if that has at least two fewer than its own and nobody behind it
// in the order of members is on its own too (so that one moves, not all). at: by member, -1 not known.
std::optional<int> better_cpu(uint32_t me, std::span<const int> at, const cpu_set_t& allowed);

class CpuSpread {  // of one island member; its thread's affinity is the same after look() as before
 public:
  explicit CpuSpread(IslandState& island) : island_(island), at_(island.size) {}
  // While waiting. Tells the others on which CPU this member waits, and now and then looks where they do, and moves.
  void look() {
    if (island_.facts.ranks_per_cpu_x256 > 256 && --looks_left_ == 0) look_around();
  }

 private:
  static constexpr uint32_t kEvery = 64, kRest = 8192;  // looks: between two, and after a move
  void look_around();
  IslandState& island_;
  std::vector<int> at_;  // by member
  uint32_t looks_left_ = kEvery;
};

}  // namespace hawser
