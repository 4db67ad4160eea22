// Which receive each send meets: the k-th message of a pair and channel is the k-th on both sides.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "src/plan/plan.h"

namespace hawser {

struct Meeting {
  static constexpr uint32_t kNobody = UINT32_MAX;
  uint32_t peer = kNobody;  // index among the plans; kNobody: the peer is none of them, or has no such step
  uint32_t step = 0;        // of the peer
  uint32_t ordinal = 0;     // among the messages from the sender to the receiver, from 0
};

// By plan, by step; of copies and reduces it says nothing. ranks[i] is the rank of plans[i].
std::vector<std::vector<Meeting>> match(std::span<const Plan* const> plans, std::span<const Rank> ranks);

}  // namespace hawser
