// The monotonic clock of the system.
#include "src/base/clock.h"

#include <ctime>

namespace hawser {

uint64_t SystemClock::now_ns() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace hawser
