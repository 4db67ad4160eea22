// The decision, and the move: binding to one CPU makes the kernel carry the thread there; then it may go where it could before.
#include "src/lowering/cpu_spread.h"

#include <algorithm>
#include <atomic>

namespace hawser {

std::optional<int> better_cpu(uint32_t me, std::span<const int> at, const cpu_set_t& allowed) {
  const auto members_on = [at](int cpu) { return std::count(at.begin(), at.end(), cpu); };
  const int mine = at[me];
  if (mine < 0 || std::find(at.begin() + me + 1, at.end(), mine) != at.end()) return {};
  int best = mine;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<size_t>(cpu), &allowed) && members_on(cpu) < members_on(best)) best = cpu;
  if (members_on(mine) < members_on(best) + 2) return {};
  return best;
}

void CpuSpread::look_around() {
  looks_left_ = kEvery;
  const int mine = ::sched_getcpu();
  std::atomic<uint32_t>& told = island_.members[island_.me].head->waits_on.cpu;
  const auto known = static_cast<uint32_t>(mine + 1);
  if (told.load(std::memory_order_relaxed) != known) told.store(known, std::memory_order_relaxed);
  for (uint32_t member = 0; member < island_.size; ++member)
    at_[member] = static_cast<int>(island_.members[member].head->waits_on.cpu.load(std::memory_order_relaxed) - 1);
  if (std::count(at_.begin(), at_.end(), mine) < 2) return;
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const std::optional<int> better = better_cpu(island_.me, at_, allowed);
  if (!better) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(*better), &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) return;
  (void)::sched_setaffinity(0, sizeof allowed, &allowed);
  looks_left_ = kRest;
}

}  // namespace hawser
