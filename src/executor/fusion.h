// Which receives serve one reduce only, so that it may read the message where it lies. Pure.
#pragma once
#include <cstdint>
#include <vector>

#include "src/plan/plan.h"

namespace hawser {

inline constexpr uint32_t kNotFused = UINT32_MAX;

// By step: a receive into scratch whose content one reduce of the same range reads, and nobody else, names that reduce; and back.
std::vector<uint32_t> fused_partners(const Plan&, const std::vector<bool>& replaced_step);

}  // namespace hawser
