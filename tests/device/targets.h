// Runs a test once with each instruction set this processor has, as if it had no better one.
#pragma once
#include <hwy/targets.h>

#include <functional>

namespace hawser {

inline void with_every_instruction_set(const std::function<void()>& body) {
  hwy::SetSupportedTargetsForTest(0);
  const int64_t all = hwy::SupportedTargets();
  for (int64_t left = all; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left);  // without the better ones already seen
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(left & -left));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace hawser
