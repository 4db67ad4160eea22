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
#include "src/memory/process_copy.h"

namespace hawser {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds, std::chrono::milliseconds;
// A try is one round trip or one copy, so short that among many some meet no stranger on any of their CPUs.
constexpr int kRoundTrips = 2000, kLeastTries = 10;
constexpr milliseconds kHopTime{3}, kMostHopTime{40};  // the latter while nothing plausible was seen: the two may stand on one CPU
constexpr microseconds kCopyTime{500}, kStreamTime{1500};
constexpr size_t kCopyBytes = size_t{256} << 10, kStreamBytes = size_t{2} << 20;
constexpr size_t kCrossingBytes = size_t{64} << 10;
constexpr int kWarmings = kRingBytes / kCrossingBytes, kCrossings = kWarmings + 24;  // once round the ring
static_assert(kRingBytes % kCrossingBytes == 0);
// A cache of hundreds of MiB is a socket's, whose other cores have their share too, seen from here or not.
constexpr size_t kMostL3Kib = size_t{64} << 10;
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
  Meeting(uint32_t me, const std::vector<IslandMember>& members, bool yields, milliseconds patience)
      : me_(me), members_(members), yields_(yields), deadline_(Clock::now() + patience) {
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

// While it lives the calling thread stays on one of the CPUs it may use, its neighbours on others: two members on one CPU measure nothing
// that crosses.
class Spread {
 public:
  explicit Spread(uint32_t me) {
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;  // more than 1,024 CPUs: hardly two on one
    const int count = CPU_COUNT(&before_);
    if (count < 2) return;
    int left = static_cast<int>(me) % count, cpu = 0;
    while (!CPU_ISSET(static_cast<size_t>(cpu), &before_) || left-- > 0) ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(cpu), &one);
    bound_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~Spread() {
    if (bound_) (void)::sched_setaffinity(0, sizeof before_, &before_);
  }
  Spread(const Spread&) = delete;
  Spread& operator=(const Spread&) = delete;

 private:
  cpu_set_t before_{};
  bool bound_ = false;
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

// Copies between caches as a ring makes them: into lines that the next member read last, then out of lines that it wrote last.
bool measure_crossing(Meeting& meeting, uint32_t me, const std::vector<IslandMember>& members, std::byte* own, IslandFacts& facts) {
  const auto count = static_cast<uint32_t>(members.size());
  std::byte* const mine = members[me].area + ring_offset(count);
  const std::byte* const theirs = members[(me + 1) % count].area + ring_offset(count);
  uint64_t publish_ns = UINT64_MAX, take_ns = UINT64_MAX;
  for (int number = 0; number < kCrossings; ++number) {
    if (!meeting.meet()) return false;
    const auto begin = Clock::now();
    const size_t at = static_cast<size_t>(number) * kCrossingBytes % kRingBytes;
    copy_bytes(mine + at, own, kCrossingBytes, false);
    const uint64_t published_ns = ns_since(begin);
    if (!meeting.meet()) return false;
    const auto middle = Clock::now();
    copy_bytes(own, theirs + at, kCrossingBytes, false);
    const uint64_t taken_ns = ns_since(middle);
    if (number < kWarmings) continue;  // nobody had read these lines yet
    publish_ns = std::min(publish_ns, published_ns);
    take_ns = std::min(take_ns, taken_ns);
  }
  facts.publish_bytes_per_s = kCrossingBytes * 1'000'000'000 / std::max<uint64_t>(publish_ns, 1);
  facts.take_bytes_per_s = kCrossingBytes * 1'000'000'000 / std::max<uint64_t>(take_ns, 1);
  return true;
}

// Through the kernel, out of memory that its owner wrote last.
class KernelCopies {
 public:
  KernelCopies(Meeting& meeting, uint32_t me, const std::vector<IslandMember>& members, std::byte* from, std::byte* into)
      : meeting_(meeting), me_(me), members_(members), from_(from), into_(into) {}

  bool measure(IslandFacts& facts) {
    bool able = false;
    if (!all_can(able)) return false;
    if (!able) return true;
    uint64_t short_ns = UINT64_MAX, long_ns = UINT64_MAX, again_ns = UINT64_MAX;
    const uint32_t next = (me_ + 1) % static_cast<uint32_t>(members_.size());
    for (int number = 0; number < kCrossings; ++number) {
      std::memset(from_, number, kCrossingBytes);
      if (!meeting_.meet()) return false;
      const auto begin = Clock::now();
      able = able && read(next, line_bytes);
      const auto middle = Clock::now();
      able = able && read(next, kCrossingBytes);
      const auto after = Clock::now();
      able = able && read(next, kCrossingBytes);
      again_ns = std::min(again_ns, ns_since(after));
      long_ns = std::min(long_ns, static_cast<uint64_t>((after - middle) / std::chrono::nanoseconds(1)));
      short_ns = std::min(short_ns, static_cast<uint64_t>((middle - begin) / std::chrono::nanoseconds(1)));
      if (!meeting_.meet()) return false;  // nobody writes or frees what is being read
    }
    if (!able) return true;  // that member is gone: the next meeting of all will tell
    facts.cma_ns = static_cast<uint32_t>(std::min<uint64_t>(short_ns, 1'000'000'000));
    facts.cma_bytes_per_s = rate(long_ns, short_ns);
    facts.cma_again_bytes_per_s = rate(again_ns, short_ns);
    return true;
  }

 private:
  static uint64_t rate(uint64_t whole_ns, uint64_t short_ns) {
    return kCrossingBytes * 1'000'000'000 / std::max<uint64_t>(whole_ns - std::min(short_ns, whole_ns), 1);
  }
  bool read(uint32_t peer, size_t bytes) const {
    const uint64_t address = head(peer).probed.address.load(std::memory_order_acquire);
    return copy_from_process(members_[peer].process, into_, address, bytes);
  }
  // Everyone reads a line of everyone else's and knows what must be in it: the number of a process may mean another one where it comes
  // from.
  bool all_can(bool& able) {
    std::memset(from_, static_cast<int>(me_ + 1), line_bytes);
    head(me_).probed.address.store(reinterpret_cast<uint64_t>(from_), std::memory_order_release);
    if (!meeting_.meet()) return false;
    able = true;
    for (uint32_t peer = 0; peer < members_.size(); ++peer) {
      if (peer == me_) continue;
      const bool right =
          members_[peer].process > 0 && read(peer, line_bytes) &&
          std::all_of(into_, into_ + line_bytes, [peer](std::byte value) { return value == static_cast<std::byte>(peer + 1); });
      able = able && right;
    }
    head(me_).probed.refused.store(!able, std::memory_order_release);
    if (!meeting_.meet()) return false;
    for (uint32_t peer = 0; peer < members_.size(); ++peer) able = able && head(peer).probed.refused.load(std::memory_order_acquire) == 0;
    return true;
  }
  AreaHead& head(uint32_t member) const { return *reinterpret_cast<AreaHead*>(members_[member].area); }
  Meeting& meeting_;
  const uint32_t me_;
  const std::vector<IslandMember>& members_;
  std::byte *const from_, *const into_;
};

void read_caches(size_t members, IslandFacts& facts) {
  const long l2 = ::sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = ::sysconf(_SC_LEVEL3_CACHE_SIZE);  // 0 or -1: the system does not say
  if (l2 > 0) facts.l2_kib = static_cast<uint32_t>(l2 >> 10);
  if (l3 > 0)
    facts.l3_share_kib = static_cast<uint32_t>(std::max<size_t>(std::min(static_cast<size_t>(l3 >> 10), kMostL3Kib) / members, 1));
}

}  // namespace

IslandFacts measure_island(uint32_t me, const std::vector<IslandMember>& members, uint32_t ranks_per_cpu_x256, milliseconds patience) {
  IslandFacts facts;
  facts.ranks_per_cpu_x256 = ranks_per_cpu_x256;
  read_caches(members.size(), facts);
  const bool crowded = ranks_per_cpu_x256 > 256;
  const Spread spread(me);
  const auto buffers = std::make_unique<std::byte[]>(2 * kStreamBytes);  // zeroed, so its pages are there
  Meeting meeting(me, members, crowded, patience);
  if (!meeting.meet()) return facts;  // a member is missing: the defaults will do, its island comes to nothing
  // With more ranks than CPUs a hop is a matter of scheduling, not of caches.
  if (!crowded && members.size() > 1 && me < 2 && !measure_hop(meeting, me, facts)) return facts;
  std::byte *from = buffers.get(), *into = from + kStreamBytes;
  if (!measure_rate(meeting, into, from, kCopyBytes, kCopyTime, facts.copy_bytes_per_s)) return facts;
  if (!measure_rate(meeting, into, from, kStreamBytes, kStreamTime, facts.non_temporal_bytes_per_s)) return facts;
  if (members.size() < 2 || !measure_crossing(meeting, me, members, from, facts)) return facts;
  KernelCopies(meeting, me, members, from, into).measure(facts);
  return facts;
}

}  // namespace hawser
