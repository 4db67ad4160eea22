// Closed formulas for the schemes inside an island. They need not give exact times: they need to rank the schemes as measurements do.
//
// Femtoseconds a byte, from the island's facts; the constants were fitted to tables of all-reduce, all-gather, reduce-scatter, all-to-all
// and broadcast on 2 and 4 ranks with the two cores near (a hop of 45 ns) and far (250 ns).
#include "src/plan/scheme.h"

#include <algorithm>
#include <array>

namespace hawser {
namespace {

constexpr uint64_t kLine = 64, kCellBytes = 48, kMostCellMessage = 448, kFlagSlotBytes = 128 << 10;
constexpr uint32_t kPage = 4096, kMostChunk = 128 << 10;
constexpr std::array<std::string_view, 5> kNames = {"cells", "flag", "bounce", "push", "cma"};

// What the busiest member does in one phase. Bytes.
struct Work {
  uint64_t publish = 0;  // copied into its area, in `parts` messages of `part` bytes
  uint64_t part = 0, parts = 1;
  uint64_t take = 0;  // folded or copied out of the others' areas, in `taken` messages
  uint64_t taken = 0;
  uint64_t own = 0;                          // copied from its input to its output
  uint64_t read = 0, written = 0;            // of the user's buffers
  uint64_t push_read = 0, push_written = 0;  // when every member stores its part into every output
  bool rooted = false;                       // who publishes does not take: a pipeline overlaps the two
  bool in_memory = false;                    // the caches do not hold the phase's buffers
  uint64_t sharers = 1;                      // who read the same bytes of a member's buffer at the same time
};

uint64_t divided(uint64_t bytes, uint64_t by) { return (bytes + by - 1) / by; }
uint64_t least(uint64_t a, uint64_t b) { return std::min(a, b); }

uint64_t phase_bytes(const Request& phase) {  // beyond 2^44 bytes nothing changes but the risk of overflow
  const size_t size = size_of(phase.type);
  return phase.count > (uint64_t{1} << 44) / size ? uint64_t{1} << 44 : phase.count * size;
}

Work work_of(Collective collective, uint64_t bytes, uint64_t n) {
  const uint64_t others = n - 1, all = bytes * n, rest = bytes * others;
  switch (collective) {
    case Collective::all_reduce:
      return {bytes, bytes, 1, rest, others, 0, bytes, bytes, bytes, bytes, false};
    case Collective::reduce:
      return {bytes, bytes, 1, rest, others, 0, bytes, bytes, bytes, divided(bytes, n), true};
    case Collective::broadcast:
      return {bytes, bytes, 1, bytes, 1, 0, bytes, bytes, divided(bytes, n), bytes, true, false, std::max<uint64_t>(others, 1)};
    case Collective::all_gather:
      return {bytes, bytes, 1, rest, others, bytes, bytes, all, bytes, all, false};
    case Collective::reduce_scatter:
      return {rest, bytes, others, rest, others, 0, all, bytes, all, bytes, false};
    case Collective::all_to_all:
      return {rest, bytes, others, rest, others, bytes, all, all, all, all, false};
    case Collective::gather:
      return {bytes, bytes, 1, rest, others, bytes, bytes, all, bytes, bytes, true};
    case Collective::scatter:
      return {rest, bytes, others, bytes, 1, bytes, all, bytes, bytes, bytes, true};
    case Collective::barrier:
    case Collective::all_to_all_v:
    case Collective::point_to_point:
      break;
  }
  return {0, 0, 1, 0, others, 0, 0, 0, 0, 0, false};
}

Work whole_work(const IslandFacts& facts, uint32_t members, const Request& phase) {
  Work work = work_of(phase.collective, phase_bytes(phase), std::max(members, 1u));
  work.in_memory = work.read + work.written > uint64_t{facts.l3_share_kib} << 10;
  return work;
}

// The exchanges of an all-reduce in two shots: a reduce-scatter of parts, then an all-gather of them.
std::array<Work, 2> two_shots(uint64_t bytes, uint64_t n, bool in_memory) {
  const uint64_t part = divided(bytes, n);
  Work first = work_of(Collective::reduce_scatter, part, n), second = work_of(Collective::all_gather, part, n);
  first.written = second.read = second.own = 0;  // the part stays in the caches between them
  first.in_memory = second.in_memory = in_memory;
  return {first, second};
}

struct Rates {  // femtoseconds a byte, picoseconds a hop
  uint64_t cached = 0, cells = 0, publish = 0, pull = 0, kernel = 0, kernel_again = 0;
  int64_t kernel_call = 0;
  uint64_t memory = 0;
  int64_t hop = 0, wake = 0;
  uint64_t crowd = 256;  // ranks a CPU, times 256
  uint64_t l2 = 0;
  bool measured = false;  // copies between caches were

  explicit Rates(const IslandFacts& facts) {
    measured = facts.take_bytes_per_s != 0;
    const uint64_t copy = std::max<uint64_t>(facts.copy_bytes_per_s, 1'000'000);
    cached = std::clamp<uint64_t>(1'000'000'000'000'000 / copy / 8, 3000, 16000);
    publish = facts.publish_bytes_per_s ? per_byte(facts.publish_bytes_per_s) : 2 * cached;
    cells = measured ? publish : 4 * cached;
    pull = facts.take_bytes_per_s ? per_byte(facts.take_bytes_per_s) : 3 * cached + least(facts.hop_ns, 600) * 1000 / 6;
    kernel = facts.cma_bytes_per_s ? per_byte(facts.cma_bytes_per_s) : 0;
    kernel_again = facts.cma_again_bytes_per_s ? (kernel + per_byte(facts.cma_again_bytes_per_s)) / 2 : kernel;
    kernel_call = static_cast<int64_t>(facts.cma_ns) * 1000;
    memory = per_byte(facts.non_temporal_bytes_per_s);
    crowd = std::max<uint64_t>(facts.ranks_per_cpu_x256, 256);
    hop = static_cast<int64_t>(facts.hop_ns) * 1000;
    wake = hop + static_cast<int64_t>(least(crowd - 256, 1 << 20)) * (measured ? 3'000'000 : 1'000'000) /
                     256;  // waiting for a peer who must get the CPU first
    l2 = uint64_t{facts.l2_kib} << 10;
  }
  static uint64_t per_byte(uint64_t bytes_per_s) { return 1'000'000'000'000'000 / std::max<uint64_t>(bytes_per_s, 1'000'000); }
  // The data come after the flag that announces them; the first lines take their time until what fetches ahead has seen the pattern.
  int64_t second_line() const { return std::max(measured ? 3 * hop : hop / 4, wake / 16); }
};

int64_t saturated(unsigned __int128 picoseconds) {
  constexpr unsigned __int128 most = INT64_MAX / 4;
  return static_cast<int64_t>(std::min(picoseconds, most));
}
int64_t time_of(uint64_t bytes, uint64_t femtoseconds_per_byte) {
  return saturated(static_cast<unsigned __int128>(bytes) * femtoseconds_per_byte / 1000);
}
int64_t crowded(int64_t picoseconds, const Rates& rates) {
  return saturated(static_cast<unsigned __int128>(picoseconds) * rates.crowd / 256);
}
int64_t waits(const Rates& rates, uint32_t members) { return rates.hop * static_cast<int64_t>(members - 1) / 8 - rates.hop / 8; }

int64_t cells_time(const Work& work, const Rates& rates, uint32_t members) {
  const uint64_t lines = std::max<uint64_t>(1, divided(work.part, kCellBytes));
  const int64_t data = time_of(lines * work.parts * 64, rates.cells) + time_of(lines * work.taken * 64, rates.pull);
  return rates.wake + waits(rates, members) + crowded(data + time_of(work.own, 2 * rates.cached), rates);
}

// Memory as the old tables have it: a plain store is an eighth slower.
int64_t memory_time(uint64_t read, uint64_t written, const Rates& rates, bool non_temporal) {
  return time_of(read + written, non_temporal ? rates.memory : rates.memory + rates.memory / 7) / 2;
}

// What moving so many bytes from and to memory beyond the second cache adds. A plain store fetches what it overwrites. The rate is that of
// copies, which read a byte and write one, measured where the third cache holds them; memory is half as fast.
int64_t spill_time(uint64_t read, uint64_t written, const Work& work, const Rates& rates, bool non_temporal) {
  if (work.read + work.written <= rates.l2) return 0;
  return time_of((read + written * (non_temporal ? 1 : 2)) * (work.in_memory ? 2 : 1), rates.memory) / 2;
}

// One copy in, one way to the readers, and what it adds that the second cache does not hold it all.
int64_t exchange_data(const Work& work, const Rates& rates, int64_t chunks, bool non_temporal) {
  const uint64_t publish = work.publish ? std::max(work.publish, work.parts * kLine) : 0;  // whole lines move
  const uint64_t take = work.take ? std::max(work.take, work.taken * kLine) : 0;
  const int64_t in = time_of(publish, rates.publish), out = time_of(take, rates.pull) + time_of(work.own, 2 * rates.cached);
  // A root and its readers work at the same time, on different chunks and mostly on different calls.
  const int64_t cached = crowded(work.rooted ? std::max(in, out) + std::min(in, out) / (4 * chunks) : in + out, rates);
  if (rates.measured) return cached + spill_time(work.read, work.written, work, rates, non_temporal);
  return work.in_memory ? cached / 3 * 2 + memory_time(work.read, work.written, rates, non_temporal) : cached;
}

int64_t flag_time(const Work& work, const Rates& rates, uint32_t members) {
  const int64_t data = exchange_data(work, rates, 1, false);
  const int64_t spilled = 3 * work.publish > rates.l2 / 2 ? data / 25 : 0;
  return rates.wake + rates.second_line() + waits(rates, members) + data + spilled;
}

int64_t bounce_time(const Work& work, const Rates& rates, uint32_t members, const Scheme& scheme) {
  const int64_t chunks = static_cast<int64_t>(std::max<uint64_t>(1, divided(work.publish, scheme.chunk_bytes)));
  const int64_t data = exchange_data(work, rates, chunks, scheme.non_temporal);
  const int64_t spilled = 4 * uint64_t{scheme.chunk_bytes} > rates.l2 / 2 ? data / 25 : 0;
  const int64_t fill = time_of(least(scheme.chunk_bytes, work.publish), rates.cached);
  return rates.wake + rates.second_line() + waits(rates, members) + data + spilled + fill +
         saturated(static_cast<unsigned __int128>(chunks) * static_cast<unsigned __int128>(std::max(rates.hop, rates.wake / 4)));
}

int64_t push_time(const Work& work, const Rates& rates, uint32_t members, const Scheme& scheme) {
  const int64_t cached = crowded(time_of(work.push_read + work.push_written, rates.cached * 14 / 10), rates);
  const int64_t memory = memory_time(work.push_read, work.push_written, rates, scheme.non_temporal);
  const int64_t data = work.in_memory ? std::max(cached, memory) : cached;
  return rates.wake + rates.wake / 2 + waits(rates, members) + data;
}

// Readers of the same pages wait for each other in the kernel, which counts who uses a page (Chakraborty, Subramoni, Panda,
// Contention-aware kernel-assisted MPI collectives, CLUSTER 2017). Nobody knows whether a buffer was written anew since the last time:
// while it fits into the reader's own cache, half of the times it was.
int64_t cma_time(const Work& work, const Rates& rates, uint32_t members, bool non_temporal) {
  const bool kept = work.take + work.written <= rates.l2;
  const int64_t calls = rates.kernel_call * static_cast<int64_t>(work.taken);
  const int64_t own = time_of(work.own, 2 * rates.cached) + spill_time(work.own, work.own, work, rates, non_temporal);
  const int64_t copies =
      time_of(work.take * work.sharers, kept ? rates.kernel_again : rates.kernel) + spill_time(work.take, work.take, work, rates, false);
  return 2 * rates.wake + waits(rates, members) + crowded(copies + own + calls, rates);
}

int64_t one_exchange(const Work& work, const Rates& rates, uint32_t members, const Scheme& scheme) {
  switch (scheme.kind) {
    case SchemeKind::cells:
      return cells_time(work, rates, members);
    case SchemeKind::flag:
      return flag_time(work, rates, members);
    case SchemeKind::bounce:
      return bounce_time(work, rates, members, scheme);
    case SchemeKind::push:
      return push_time(work, rates, members, scheme);
    case SchemeKind::cma:
      return cma_time(work, rates, members, scheme.non_temporal);
  }
  return INT64_MAX / 4;
}

// ---- what is tried, in order; the first within a sixteenth of the cheapest wins

constexpr int64_t kMargin = 16;

constexpr Scheme kAlways[] = {{SchemeKind::cells, 0, false, false}, {SchemeKind::cma, 0, false, false}, {SchemeKind::flag, 0, false, false},
                              {SchemeKind::push, 0, false, false},  {SchemeKind::flag, 0, false, true}, {SchemeKind::cma, 0, true, false}};
constexpr uint32_t kChunks[] = {64 << 10, 128 << 10, 32 << 10, 16 << 10};

// Where the caches do not hold the phase's buffers anyway, stores past them come first.
template <class Visit>
void each_candidate(bool memory_bound, Visit visit) {
  for (const Scheme& scheme : kAlways) visit(scheme);
  if (memory_bound) visit(Scheme{SchemeKind::push, 0, true, false});
  for (const uint32_t chunk : kChunks)
    for (const bool two_shot : {false, true}) {
      if (memory_bound) visit(Scheme{SchemeKind::bounce, chunk, true, two_shot});
      visit(Scheme{SchemeKind::bounce, chunk, false, two_shot});
    }
}

}  // namespace

std::string_view name(SchemeKind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kNames.size() ? kNames[index] : "unknown";
}

bool scheme_suits(const IslandFacts& facts, uint32_t members, const Request& phase, const Scheme& scheme) {
  const uint64_t bytes = phase_bytes(phase);
  const Work work = work_of(phase.collective, bytes, std::max(members, 1u));
  if (scheme.two_shot && (phase.collective != Collective::all_reduce || members < 2)) return false;
  switch (scheme.kind) {
    case SchemeKind::cells:
      return work.part <= kMostCellMessage && !scheme.two_shot && !scheme.non_temporal;
    case SchemeKind::flag:
      return work.part * (work.parts > 1 ? members : 1) <= kFlagSlotBytes && !scheme.non_temporal;
    case SchemeKind::bounce:
      return scheme.chunk_bytes >= kPage && scheme.chunk_bytes <= kMostChunk && scheme.chunk_bytes % kPage == 0;
    case SchemeKind::push:
      return phase.library_buffers && !scheme.two_shot;
    case SchemeKind::cma:  // a fold would read every piece through a buffer: no gain
      return facts.cma_bytes_per_s != 0 && work.take != 0 && !reduces(phase.collective) && !scheme.two_shot;
  }
  return false;
}

int64_t scheme_cost(const IslandFacts& facts, uint32_t members, const Request& phase, const Scheme& scheme) {
  const Rates rates(facts);
  const uint64_t bytes = phase_bytes(phase);
  if (members <= 1) return crowded(time_of(bytes, 2 * rates.cached), rates);
  if (scheme.kind == SchemeKind::bounce && scheme.chunk_bytes == 0) return INT64_MAX / 4;
  const Work work = whole_work(facts, members, phase);
  if (!scheme.two_shot) return one_exchange(work, rates, members, scheme);
  const auto shots = two_shots(bytes, members, work.in_memory);
  return saturated(static_cast<unsigned __int128>(one_exchange(shots[0], rates, members, scheme)) +
                   static_cast<unsigned __int128>(one_exchange(shots[1], rates, members, scheme)));
}

IslandCost cheapest_scheme(const IslandFacts& facts, uint32_t members, const Request& phase) {
  IslandCost best, wanted;  // of all, and of those the settings ask for
  best.picoseconds = wanted.picoseconds = INT64_MAX;
  each_candidate(whole_work(facts, members, phase).in_memory, [&](const Scheme& scheme) {
    if (!scheme_suits(facts, members, phase, scheme)) return;
    const int64_t cost = scheme_cost(facts, members, phase, scheme);
    if (cost < best.picoseconds - best.picoseconds / kMargin) best = {scheme, cost};
    if (cost < wanted.picoseconds - wanted.picoseconds / kMargin && name(scheme.kind).starts_with(phase.scheme)) wanted = {scheme, cost};
  });
  return wanted.picoseconds < INT64_MAX ? wanted : best;
}

}  // namespace hawser
