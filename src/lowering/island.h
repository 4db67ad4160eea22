// The ranks of one communicator that load and store each other's memory, and the routines that run its phases there.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/base/status.h"
#include "src/executor/routine.h"
#include "src/plan/scheme.h"
#include "transports/cells.h"

namespace hawser {

struct IslandMember {
  std::byte* area = nullptr;     // island_area_bytes() long, 4 KiB aligned, zero at first; written by that member only, read by all
  std::byte* segment = nullptr;  // its whole segment as mapped here, for push
  size_t segment_bytes = 0;
  PeerBell bell;        // null for oneself
  int32_t process = 0;  // out of whose memory the kernel may copy; 0: not known here
};

size_t island_area_bytes(uint32_t members);  // what each member carves

class Island {  // of one communicator; used by the holder of the seat only
 public:
  Island(uint32_t me, std::vector<IslandMember> members, const IslandFacts&);
  ~Island();
  // A routine for phases of this island, any collective by its PhaseCall; at most one is between start and done at a time, and every member
  // starts the same phases in the same order with the same scheme. Lives no longer than the island.
  std::unique_ptr<Routine> routine(const Scheme&);
  // For push and cma, which some member's buffers may not allow: what is done then.
  std::unique_ptr<Routine> routine(const Scheme&, const Scheme& otherwise);
  void waits();  // told by a member that waits, once a round of waiting: see cpu_spread.h
  uint32_t me() const;
  uint32_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hop, copy and non-temporal rates, cache shares, measured by the members of an island together, best of many short tries. About 4 ms, on a
// busy machine up to 50. What is not measured when `patience` ends, since a member is late or dead, keeps its default. With more ranks than
// CPUs the hop is the default. Collective over the members; what each returns may differ: agreement takes member 0's.
IslandFacts measure_island(uint32_t me, const std::vector<IslandMember>&, uint32_t ranks_per_cpu_x256,
                           std::chrono::milliseconds patience = std::chrono::milliseconds(200));

}  // namespace hawser
