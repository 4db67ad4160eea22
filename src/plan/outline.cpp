// Adding up stages and slices, and the names of resources.
#include "src/plan/outline.h"

#include <algorithm>

namespace hawser {
namespace {

constexpr int64_t kMost = INT64_MAX / 4;

int64_t saturated(__int128 picoseconds) { return static_cast<int64_t>(std::min<__int128>(picoseconds, kMost)); }

Request sliced(const Request& phase, uint32_t slices) {
  Request slice = phase;
  slice.count = (phase.count + slices - 1) / slices;
  return slice;
}

int64_t island_time(const IslandWork& work, const Scheme& scheme, uint32_t slices) {
  return work.members < 2 ? 0 : scheme_cost(work.facts, work.members, sliced(work.phase, slices), scheme);
}

std::string run_name(const Topology& topology, uint32_t run) {
  const HostRun& hosts = topology.runs()[run];
  return hosts.hosts == 1 ? hosts.first_name : hosts.first_name + " to " + name_of_host(hosts, hosts.hosts - 1);
}

std::string switch_name(const Topology& topology, uint32_t at) { return topology.switches()[at].name; }

// The loads of all stages on each resource, how long one slice takes alone, and what one more costs where nothing else holds it up.
struct Sums {
  std::vector<int64_t> loads;
  __int128 alone = 0;
  int64_t step = 0;      // the longest that one round keeps a resource
  int64_t latency = 0;   // the longest
  int64_t crossing = 0;  // the busiest resource of each stage of messages, added up: slices under way at once go through these side by side
  void add(const Stage& stage, uint32_t slices) {
    if (!stage.islands.empty()) return add_islands(stage, slices);
    int64_t peak = 0, local = 0;
    for (const Load& load : stage.loads) {
      const int64_t time = load.fixed_ps + load.data_ps / slices;
      loads[load.resource] = saturated(static_cast<__int128>(loads[load.resource]) + time);
      int64_t& most = load.local ? local : peak;
      most = std::max(most, time);
    }
    step = std::max(step, std::max(peak, local) / static_cast<int64_t>(stage.rounds));
    latency = std::max(latency, stage.latency_ps);
    if (stage.chain_fixed_ps > 0) crossing = saturated(static_cast<__int128>(crossing) + std::max(peak, local));
    const int64_t chain = stage.chain_fixed_ps + stage.chain_data_ps / slices;
    alone += std::max({chain, peak + stage.latency_ps + stage.after_data_ps / slices, local + stage.latency_ps});
  }
  void add_islands(const Stage& stage, uint32_t slices) {
    const Scheme scheme = scheme_of(stage, slices);
    int64_t longest = 0;
    for (const IslandWork& work : stage.islands) {
      const int64_t time = island_time(work, scheme, slices);
      loads[work.resource] = saturated(static_cast<__int128>(loads[work.resource]) + time);
      longest = std::max(longest, time);
    }
    alone += longest;
    step = std::max(step, longest);
  }
};

// Slices follow one another a round apart as long as resources idle between rounds; no resource does all slices faster than its load, and
// slices under way at once reach each stage together; with a window the next slice starts when one is done.
__int128 in_windows(const Sums& sums, int64_t limit, uint32_t slices, uint32_t window) {
  const __int128 again = slices - 1, rounds = (slices - 1) / window + 1, behind = again % window;
  const __int128 load = std::max(limit, sums.crossing);
  return std::max({sums.alone + again * sums.step, load * slices + sums.latency, rounds * sums.alone + behind * sums.step});
}

// Where a rank passes slices on, a place in its window is free again once a slice came and went.
__int128 flowing(const Sums& sums, int64_t limit, uint32_t slices, uint32_t window) {
  const __int128 cycle = (static_cast<__int128>(sums.latency) + 2 * sums.step) / window;
  return sums.alone + static_cast<__int128>(slices - 1) * limit + (slices - window) * std::max<__int128>(0, cycle - limit);
}

}  // namespace

int64_t message_overhead_ps(Fabric fabric) {
  switch (fabric) {
    case Fabric::memory:
    case Fabric::shared_memory:
      return 100'000;
    case Fabric::ethernet:
      return 1'500'000;
    case Fabric::infiniband:
    case Fabric::roce:
    case Fabric::iwarp:
      return 500'000;
  }
  return 1'500'000;
}

Resources::Resources(const Topology& topology) {
  for (uint32_t r = 0; r < topology.runs().size(); ++r) {
    const HostRun& run = topology.runs()[r];
    first_of_run_.push_back(count());
    add(ResourceKind::sending, r, 0, 0);
    add(ResourceKind::receiving, r, 0, 0);
    add(ResourceKind::inner, r, 0,
        run.inner.out_bits_per_s == 0 ? run.island.copy_bytes_per_s * 8 : std::min(run.inner.out_bits_per_s, run.inner.in_bits_per_s));
    add(ResourceKind::island, r, 0, 0);
    add(ResourceKind::copying, r, 0, run.island.copy_bytes_per_s * 8);
    for (uint32_t port = 0; port < run.ports.size(); ++port) {
      add(ResourceKind::port_out, r, port, run.ports[port].rate.out_bits_per_s);
      add(ResourceKind::port_in, r, port, run.ports[port].rate.in_bits_per_s);
    }
  }
  first_link_ = count();
  for (uint32_t i = 0; i < topology.links().size(); ++i) {
    add(ResourceKind::link_forward, i, 0, topology.links()[i].rate.out_bits_per_s);
    add(ResourceKind::link_backward, i, 0, topology.links()[i].rate.in_bits_per_s);
  }
  first_core_ = count();
  for (uint32_t i = 0; i < topology.switches().size(); ++i) add(ResourceKind::core, i, 0, topology.switches()[i].core_bits_per_s);
}

void Resources::add(ResourceKind kind, uint32_t index, uint32_t port, uint64_t bits_per_s) {
  list_.push_back({kind, index, port});
  rates_.push_back(bits_per_s == 0 ? 0 : std::max<uint64_t>(1, 8'000'000'000'000'000 / bits_per_s));
}

std::string describe(const Topology& topology, const Resource& resource) {
  const auto port = [&](const char* way) {
    const Port& one = topology.runs()[resource.index].ports[resource.port];
    return "port of " + run_name(topology, resource.index) + " on " + switch_name(topology, one.at_switch) + ", " + way;
  };
  const auto link = [&](bool forward) {
    const SharedLink& one = topology.links()[resource.index];
    return "link from " + switch_name(topology, forward ? one.from : one.to) + " to " + switch_name(topology, forward ? one.to : one.from);
  };
  switch (resource.kind) {
    case ResourceKind::sending:
      return "messages sent by a rank of " + run_name(topology, resource.index);
    case ResourceKind::receiving:
      return "messages received by a rank of " + run_name(topology, resource.index);
    case ResourceKind::port_out:
      return port("out");
    case ResourceKind::port_in:
      return port("in");
    case ResourceKind::inner:
      return "inside " + run_name(topology, resource.index);
    case ResourceKind::link_forward:
      return link(true);
    case ResourceKind::link_backward:
      return link(false);
    case ResourceKind::core:
      return "core of " + switch_name(topology, resource.index);
    case ResourceKind::copying:
      return "copies and reductions of a rank of " + run_name(topology, resource.index);
    case ResourceKind::island:
      return "shared memory of " + run_name(topology, resource.index);
  }
  return "unknown";
}

int64_t transfer_ps(uint64_t bytes, uint64_t femtoseconds_per_byte) {
  return saturated(static_cast<__int128>(static_cast<unsigned __int128>(bytes) * femtoseconds_per_byte / 1000));
}

Scheme scheme_of(const Stage& stage, uint32_t slices) {
  IslandCost slowest;
  slowest.picoseconds = -1;
  for (const IslandWork& work : stage.islands) {
    if (work.members < 2) continue;
    const IslandCost best = cheapest_scheme(work.facts, work.members, sliced(work.phase, slices));
    if (best.picoseconds > slowest.picoseconds) slowest = best;
  }
  for (const IslandWork& work : stage.islands)
    if (work.members > 1 && !scheme_suits(work.facts, work.members, sliced(work.phase, slices), slowest.scheme))
      return {SchemeKind::bounce, 64 << 10, false, false};
  return slowest.scheme;
}

OutlineCost cost(const Outline& outline, uint32_t slices, uint32_t window) {
  slices = std::max(slices, 1u);
  window = std::clamp(window, 1u, slices);
  Sums sums{std::vector<int64_t>(outline.resources), 0};
  for (const Stage& stage : outline.stages) sums.add(stage, slices);
  OutlineCost result;
  for (uint32_t r = 0; r < outline.resources; ++r)
    if (sums.loads[r] > result.limit_ps) result.limit = r, result.limit_ps = sums.loads[r];
  result.picoseconds =
      saturated(outline.flows_on ? flowing(sums, result.limit_ps, slices, window) : in_windows(sums, result.limit_ps, slices, window));
  result.limit_ps = saturated(static_cast<__int128>(result.limit_ps) * slices);
  return result;
}

}  // namespace hawser
