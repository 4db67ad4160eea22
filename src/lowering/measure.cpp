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
using std::chrono::microseconds, std::chrono::milliseconds;
constexpr milliseconds kPatience{200};  // for a member that is late or dead
// A try is one round trip or one copy, so short that among many some meet no stranger on any of their CPUs.
constexpr int kRoundTrips = 2000, kLeastTries = 10;
constexpr milliseconds kHopTime{3}, kMostHopTime{40};  // the latter while nothing plausible was seen: the two may stand on one CPU
constexpr microseconds kCopyTime{500}, kStreamTime{1500};
constexpr size_t kCopyBytes = size_t{256} << 10, kStreamBytes = size_t{2} << 20;
constexpr uint64_t kLeastHopNs = 20, kMostHopNs = 2000;  // no two CPUs of one machine are nearer or farther

uint64_t ns_since(Clock::time_point begin) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
}

uint64_t least_clock_ns() {  // what reading the clock adds to every try
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < 100; ++i) least = std::min(least, ns_since(Clock::now()));
  return least;
}

class Meeting {  // of the members, over words that only grow
 public:
  Meeting(uint32_t me, const std::vector<IslandMember>& members, bool yields)
      : me_(me), members_(members), yields_(yields), deadline_(Clock::now() + kPatience) {
    met_ = head(me).arrived.count.load(std::memory_order_relaxed);
    probed_ = head(me).probed.count.load(std::memory_order_relaxed);
  }
  // Member 0 begins. False: the peer is gone.
  bool round_trip() {
    head(me_).probed.count.store(++probed_, std::memory_order_release);
    return await(head(1).probed.count, probed_);
  }
  // Member 1 answers until member 0 goes to the next meeting.
  bool answer_all() {
    const std::atomic<uint64_t>&asked = head(0).probed.count, &arrived = head(0).arrived.count;
    for (uint32_t spins = 1;; ++spins) {
      if (asked.load(std::memory_order_acquire) > probed_) {
        head(me_).probed.count.store(++probed_, std::memory_order_release);
        spins = 0;
      } else if (spins % kSpins == 0 && !patient()) {
        return false;
      } else if (spins % 64 == 0 && arrived.load(std::memory_order_acquire) > met_) {
        return true;
      }
    }
  }
  void arrive() { head(me_).arrived.count.store(++met_, std::memory_order_release); }
  bool all_arrived() const {
    for (uint32_t peer = 0; peer < members_.size(); ++peer)
      if (head(peer).arrived.count.load(std::memory_order_acquire) < met_) return false;
    return true;
  }
  bool meet() {
    arrive();
    for (uint32_t spins = 1; !all_arrived(); ++spins) {
      _mm_pause();
      if (yields_ || spins % kSpins == 0) ::sched_yield();
      if (spins % 64 == 0 && !patient()) return false;
    }
    return true;
  }
  bool patient() const { return Clock::now() < deadline_; }

 private:
  AreaHead& head(uint32_t member) const { return *reinterpret_cast<AreaHead*>(members_[member].area); }
  // No PAUSE, which would be most of a hop, and no yield, which would be a scheduler's hop.
  bool await(const std::atomic<uint64_t>& word, uint64_t value) const {
    for (uint32_t spins = 1; word.load(std::memory_order_acquire) < value; ++spins)
      if (spins % kSpins == 0 && !patient()) return false;
    return true;
  }
  static constexpr uint32_t kSpins = 1024;
  const uint32_t me_;
  const std::vector<IslandMember>& members_;
  const bool yields_;
  const Clock::time_point deadline_;
  uint64_t met_, probed_;
};

bool measure_hop(Meeting& meeting, uint32_t me, IslandFacts& facts) {
  if (me == 1) return meeting.answer_all();
  const uint64_t clock_ns = least_clock_ns();
  const auto begin = Clock::now();
  uint64_t best = UINT64_MAX;
  auto before = begin, since = begin;
  for (int trips = 0; trips < kRoundTrips;) {  // counted, and their time taken, from the first one that is plausible
    if (!meeting.round_trip()) return false;
    const auto now = Clock::now();
    best = std::min(best, static_cast<uint64_t>((now - before) / std::chrono::nanoseconds(1)));
    before = now;
    if (best > 2 * kMostHopNs) {
      if (now - begin > kMostHopTime) break;
      since = now;
    } else if (++trips, now - since > kHopTime) {
      break;
    }
  }
  const uint64_t hop = (best - std::min(best, clock_ns)) / 2;
  if (hop >= kLeastHopNs && hop <= kMostHopNs) facts.hop_ns = static_cast<uint32_t>(hop);
  return true;
}

// Bytes a second of the best of many tries, everyone at once: who is done copies on until all are.
bool measure_rate(Meeting& meeting, std::byte* into, const std::byte* from, size_t bytes, microseconds time, uint64_t& bytes_per_s) {
  if (!meeting.meet()) return false;
  const bool stream = bytes == kStreamBytes;
  const auto begin = Clock::now();
  uint64_t best = UINT64_MAX;
  auto before = begin;
  for (int tries = 0; (tries < kLeastTries || before - begin < time) && meeting.patient(); ++tries) {
    copy_bytes(into, from, bytes, stream);
    const auto now = Clock::now();
    best = std::min(best, static_cast<uint64_t>((now - before) / std::chrono::nanoseconds(1)));
    before = now;
  }
  if (!meeting.patient()) return false;
  bytes_per_s = bytes * 1'000'000'000 / std::max<uint64_t>(best, 1);
  for (meeting.arrive(); !meeting.all_arrived();) {
    if (!meeting.patient()) return false;
    copy_bytes(into, from, bytes, stream);
  }
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
  if (!measure_rate(meeting, into, from, kCopyBytes, kCopyTime, facts.copy_bytes_per_s)) return facts;
  measure_rate(meeting, into, from, kStreamBytes, kStreamTime, facts.non_temporal_bytes_per_s);
  return facts;
}

}  // namespace hawser
