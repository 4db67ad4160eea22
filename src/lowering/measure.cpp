// The facts of an island, measured by its members together: the hop between two of them, what all can copy at once, and the caches.
#include <immintrin.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include "src/device/reduce.h"
#include "src/lowering/area.h"
#include "src/lowering/island.h"

namespace hawser {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::milliseconds(200);   // for a member that is late or dead
constexpr int kTries = 4, kHopTries = 40, kRoundTrips = 20;  // many short ones: some of them meet no stranger on either CPU
constexpr size_t kCopyBytes = size_t{256} << 10, kStreamBytes = size_t{2} << 20;

uint64_t ns_since(Clock::time_point begin) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
}

class Meeting {  // of the members, over words that only grow
 public:
  Meeting(uint32_t me, const std::vector<IslandMember>& members, bool yields)
      : me_(me), members_(members), yields_(yields), deadline_(Clock::now() + kPatience) {
    met_ = head(me).arrived.count.load(std::memory_order_relaxed);
    probed_ = head(me).probed.count.load(std::memory_order_relaxed);
  }
  bool meet() {
    head(me_).arrived.count.store(++met_, std::memory_order_release);
    for (uint32_t peer = 0; peer < members_.size(); ++peer)
      if (!await(head(peer).arrived.count, met_)) return false;
    return true;
  }
  bool round_trip(bool first) {
    ++probed_;
    if (first) head(me_).probed.count.store(probed_, std::memory_order_release);
    if (!await(head(1 - me_).probed.count, probed_)) return false;
    if (!first) head(me_).probed.count.store(probed_, std::memory_order_release);
    return true;
  }

 private:
  AreaHead& head(uint32_t member) const { return *reinterpret_cast<AreaHead*>(members_[member].area); }
  bool await(const std::atomic<uint64_t>& word, uint64_t value) const {
    for (uint32_t spins = 1; word.load(std::memory_order_acquire) < value; ++spins) {
      _mm_pause();
      if (yields_ || spins % 1024 == 0) ::sched_yield();
      if (spins % 1024 == 0 && Clock::now() > deadline_) return false;
    }
    return true;
  }
  const uint32_t me_;
  const std::vector<IslandMember>& members_;
  const bool yields_;
  const Clock::time_point deadline_;
  uint64_t met_, probed_;
};

bool measure_hop(Meeting& meeting, uint32_t me, IslandFacts& facts) {
  uint64_t best = UINT64_MAX;
  for (int attempt = 0; attempt < kHopTries; ++attempt) {
    const auto begin = Clock::now();
    for (int i = 0; i < kRoundTrips; ++i)
      if (!meeting.round_trip(me == 0)) return false;
    best = std::min(best, ns_since(begin));
  }
  facts.hop_ns = static_cast<uint32_t>(std::clamp<uint64_t>(best / (2 * kRoundTrips), 1, 100'000));
  return true;
}

// Bytes a second of the best of a few tries, everyone at once.
bool measure_rate(Meeting& meeting, std::byte* into, const std::byte* from, size_t bytes, bool stream, uint64_t& bytes_per_s) {
  uint64_t best = UINT64_MAX;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (!meeting.meet()) return false;
    const auto begin = Clock::now();
    copy_bytes(into, from, bytes, stream);
    best = std::min(best, std::max<uint64_t>(ns_since(begin), 1));
  }
  bytes_per_s = bytes * 1'000'000'000 / best;
  return true;
}

void read_caches(size_t members, IslandFacts& facts) {
  const long l2 = ::sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = ::sysconf(_SC_LEVEL3_CACHE_SIZE);  // 0 or -1: the system does not say
  if (l2 > 0) facts.l2_kib = static_cast<uint32_t>(l2 >> 10);
  if (l3 > 0) facts.l3_share_kib = static_cast<uint32_t>(std::max<size_t>(static_cast<size_t>(l3 >> 10) / members, 1));
}

}  // namespace

IslandFacts measure_island(uint32_t me, const std::vector<IslandMember>& members, uint32_t ranks_per_cpu_x256) {
  IslandFacts facts;
  facts.ranks_per_cpu_x256 = ranks_per_cpu_x256;
  read_caches(members.size(), facts);
  const bool crowded = ranks_per_cpu_x256 > 256;
  const auto buffers = std::make_unique<std::byte[]>(2 * kStreamBytes);  // zeroed, so its pages are there
  Meeting meeting(me, members, crowded);
  if (!meeting.meet()) return facts;  // a member is missing: the defaults will do, its island comes to nothing
  // With more ranks than CPUs a hop is a matter of scheduling, not of caches.
  if (!crowded && members.size() > 1 && me < 2 && !measure_hop(meeting, me, facts)) return facts;
  std::byte *from = buffers.get(), *into = from + kStreamBytes;
  if (!measure_rate(meeting, into, from, kCopyBytes, false, facts.copy_bytes_per_s)) return facts;
  measure_rate(meeting, into, from, kStreamBytes, true, facts.non_temporal_bytes_per_s);
  return facts;
}

}  // namespace hawser
