// An island of threads: every member has a segment of its own and maps those of the others, as processes would.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "src/lowering/island.h"
#include "src/memory/segment.h"

namespace hawser {

class World {
 public:
  World(uint32_t members, size_t buffer_bytes);
  uint32_t size() const { return static_cast<uint32_t>(seats_.size()); }
  Island& island(uint32_t me) { return *seats_[me].island; }
  const std::vector<IslandMember>& members(uint32_t me) const { return seats_[me].members; }
  std::byte* area(uint32_t me) const { return seats_[me].area; }
  std::byte* input(uint32_t me) const { return seats_[me].input; }  // buffer_bytes each, in the member's segment
  std::byte* output(uint32_t me) const { return seats_[me].output; }
  void run(const std::function<void(uint32_t me)>&);  // a thread a member

 private:
  struct Seat {
    std::unique_ptr<Segment> segment;
    std::vector<std::unique_ptr<MappedSegment>> peers;
    std::vector<IslandMember> members;
    std::byte *area = nullptr, *input = nullptr, *output = nullptr;
    std::unique_ptr<Island> island;
  };
  std::vector<Seat> seats_;
};

// Runs a routine to its end, polling and yielding; Code::timeout when it takes longer than any test should.
Pause finish(Routine&);

}  // namespace hawser
