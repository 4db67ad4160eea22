// Cuts, partitions and memory.
#include "src/plan/bound.h"

#include <algorithm>
#include <vector>

#include "src/plan/flow.h"
#include "src/topology/contraction.h"

namespace hawser {
namespace {

using Hosts = std::vector<uint32_t>;  // how many of each run

constexpr uint32_t kMostClusters = 8;  // 3^8 partitions; beyond, only all exploded and all whole
constexpr size_t kMostRuns = 64;       // single hosts are cut off one of each run; beyond, of the first ones

uint64_t times(uint64_t a, uint64_t b) { return b != 0 && a > UINT64_MAX / 8 / b ? UINT64_MAX / 8 : a * b; }

uint64_t of_ports(const HostRun& run, const Port& port, uint64_t bits_per_s) {  // all ranks' ports together
  const uint64_t users = std::min<uint64_t>(port.last_local, run.ranks_per_host - 1) - port.first_local + 1;
  return times(bits_per_s, port.each ? users : 1);
}

uint64_t ranks_of(const Topology& topology, const Hosts& hosts) {
  uint64_t ranks = 0;
  for (size_t r = 0; r < hosts.size(); ++r) ranks += uint64_t{hosts[r]} * topology.runs()[r].ranks_per_host;
  return ranks;
}

Hosts all_but(const Topology& topology, const Hosts& some) {
  Hosts others;
  for (size_t r = 0; r < some.size(); ++r) others.push_back(topology.runs()[r].hosts - some[r]);
  return others;
}

Hosts none(const Topology& topology) { return Hosts(topology.runs().size()); }

Hosts cluster_hosts(const Topology& topology, uint32_t cluster) {
  Hosts hosts = none(topology);
  for (size_t r = 0; r < hosts.size(); ++r)
    if (topology.contraction().cluster_of_run[r] == cluster) hosts[r] = topology.runs()[r].hosts;
  return hosts;
}

int64_t time_of(unsigned __int128 bytes, uint64_t bits_per_s) {
  if (bits_per_s == 0) return 0;
  const unsigned __int128 most = INT64_MAX / 4;
  return static_cast<int64_t>(std::min(bytes * 8 * 1'000'000'000'000 / bits_per_s, most));
}

uint64_t request_bytes(const Request& request) {
  const size_t size = size_of(request.type);
  return request.count > (uint64_t{1} << 50) / size ? uint64_t{1} << 50 : request.count * size;
}

struct Crossing {  // what must leave, and what must enter a set of ranks
  unsigned __int128 leaving = 0, entering = 0;
};

Crossing crossing(const Request& request, uint64_t inside, uint64_t all, bool root_inside) {
  const unsigned __int128 bytes = request_bytes(request), outside = all - inside;
  switch (request.collective) {
    case Collective::all_reduce:
      return {bytes, bytes};
    case Collective::broadcast:
      return root_inside ? Crossing{bytes, 0} : Crossing{0, bytes};
    case Collective::reduce:
      return root_inside ? Crossing{0, bytes} : Crossing{bytes, 0};
    case Collective::all_gather:
      return {bytes * inside, bytes * outside};
    case Collective::reduce_scatter:
      return {bytes * outside, bytes * inside};
    case Collective::all_to_all:
      return {bytes * inside * outside, bytes * inside * outside};
    default:
      return {};
  }
}

class NetworkBound {
 public:
  NetworkBound(const Topology& topology, const Request& request) : topology_(topology), request_(request) {
    root_run_ = topology.run_index_of_host(topology.host_of(request.root));
  }
  Bound find() {
    const size_t runs = std::min(topology_.runs().size(), kMostRuns);
    for (uint32_t r = 0; r < runs; ++r) try_host(r);
    const uint32_t clusters = topology_.contraction().clusters();
    for (uint32_t c = 0; clusters > 1 && c < std::min<uint32_t>(clusters, kMostRuns); ++c)
      try_set(cluster_hosts(topology_, c), "cut around the cluster of " + topology_.runs()[first_run(c)].first_name, home_cluster() == c);
    if (request_.collective == Collective::all_reduce) try_partitions();
    return best_;
  }

 private:
  uint32_t first_run(uint32_t cluster) const {
    const auto& of_run = topology_.contraction().cluster_of_run;
    return static_cast<uint32_t>(std::find(of_run.begin(), of_run.end(), cluster) - of_run.begin());
  }
  uint32_t home_cluster() const { return topology_.contraction().cluster_of_run[root_run_]; }
  void take(int64_t picoseconds, std::string why) {
    if (picoseconds > best_.picoseconds) best_ = {picoseconds, std::move(why)};
  }
  void try_host(uint32_t run) {
    Hosts one = none(topology_);
    one[run] = 1;
    const std::string why = "cut around a host like " + topology_.runs()[run].first_name;
    // Of several equal hosts one has the root and the others have not.
    if (topology_.runs()[run].hosts > 1 || run != root_run_) try_set(one, why, false);
    if (run == root_run_) try_set(one, why, true);
  }
  void try_set(const Hosts& set, const std::string& why, bool root_inside) {
    const uint64_t inside = ranks_of(topology_, set), all = static_cast<uint64_t>(topology_.ranks());
    if (inside == 0 || inside == all) return;
    const Crossing must = crossing(request_, inside, all, root_inside);
    if (must.leaving > 0) take(time_of(must.leaving, cut_capacity(topology_, set)), why);
    if (must.entering > 0) take(time_of(must.entering, cut_capacity(topology_, all_but(topology_, set))), why);
  }

  // ---- partitions: 0 exploded, 1 whole, 2 in the rest
  void try_partitions() {
    const uint32_t clusters = topology_.contraction().clusters();
    std::vector<int> how(clusters, 0);
    if (clusters > kMostClusters) {
      try_partition(how);
      return try_partition(std::vector<int>(clusters, 1));
    }
    for (;;) {
      try_partition(how);
      uint32_t at = 0;
      while (at < clusters && how[at] == 2) how[at++] = 0;
      if (at == clusters) return;
      ++how[at];
    }
  }
  unsigned __int128 entering(const Hosts& part) { return cut_capacity(topology_, all_but(topology_, part)); }
  unsigned __int128 entering_hosts(uint32_t run) {
    if (host_entering_.empty()) host_entering_.assign(topology_.runs().size(), UINT64_MAX);
    if (host_entering_[run] == UINT64_MAX) {
      Hosts one = none(topology_);
      one[run] = 1;
      host_entering_[run] = static_cast<uint64_t>(entering(one));
    }
    return host_entering_[run];
  }
  void try_partition(const std::vector<int>& how) {
    uint64_t parts = 0;
    unsigned __int128 capacity = 0;
    Hosts rest = none(topology_);
    for (uint32_t c = 0; c < how.size(); ++c) {
      const Hosts hosts = cluster_hosts(topology_, c);
      if (how[c] == 1) ++parts, capacity += entering(hosts);
      for (uint32_t r = 0; r < hosts.size() && how[c] != 1; ++r) {
        if (how[c] == 2) rest[r] += hosts[r];
        else if (hosts[r] > 0) parts += hosts[r], capacity += entering_hosts(r) * hosts[r];
      }
    }
    if (ranks_of(topology_, rest) > 0) ++parts, capacity += entering(rest);
    if (parts < 2 || capacity == 0) return;
    const unsigned __int128 bits = static_cast<unsigned __int128>(request_bytes(request_)) * 16 * (parts - 1);
    const unsigned __int128 most = INT64_MAX / 4;
    take(static_cast<int64_t>(std::min(bits * 1'000'000'000'000 / capacity, most)), "partition into " + std::to_string(parts) + " parts");
  }

  const Topology& topology_;
  const Request& request_;
  uint32_t root_run_ = 0;
  std::vector<uint64_t> host_entering_;
  Bound best_;
};

struct Touched {
  unsigned __int128 read = 0, written = 0;
};

// By the mean member, and the busiest has no less: every output written once by anyone, in place only what was not there; what goes to
// several outputs read once.
Touched touched(const Request& request, uint64_t members) {
  const unsigned __int128 bytes = request_bytes(request), others = members - 1;
  switch (request.collective) {
    case Collective::all_reduce:
      return {bytes, bytes};
    case Collective::broadcast:
      return {bytes / members, bytes * others / members};
    case Collective::reduce:
      return {bytes, bytes / members};
    case Collective::all_gather:
      return {bytes, bytes * others};
    case Collective::reduce_scatter:
      return {bytes * members, bytes};
    case Collective::all_to_all:
      return {bytes * others, bytes * others};
    default:
      return {};
  }
}

// Then no two operations of a member overlap, and each has to hear from all others.
bool each_waits_for_each(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::all_gather || collective == Collective::reduce_scatter ||
         collective == Collective::all_to_all;
}

}  // namespace

uint64_t cut_capacity(const Topology& topology, const Hosts& hosts) {
  // Nodes: the chosen hosts, the others, and each switch as entrance and exit with its core between.
  const uint32_t switches = static_cast<uint32_t>(topology.switches().size());
  const auto entrance = [](uint32_t at) { return 2 + 2 * at; };
  const auto exit = [](uint32_t at) { return 3 + 2 * at; };
  FlowGraph graph(2 + 2 * switches);
  for (uint32_t s = 0; s < switches; ++s) {
    const uint64_t core = topology.switches()[s].core_bits_per_s;
    graph.add(entrance(s), exit(s), core == 0 ? UINT64_MAX / 2 : core);
  }
  for (const SharedLink& link : topology.links()) {
    graph.add(exit(link.from), entrance(link.to), link.rate.out_bits_per_s);
    graph.add(exit(link.to), entrance(link.from), link.rate.in_bits_per_s);
  }
  for (size_t r = 0; r < hosts.size(); ++r) {
    const HostRun& run = topology.runs()[r];
    for (const Port& port : run.ports) {
      if (hosts[r] > 0) graph.add(0, entrance(port.at_switch), times(of_ports(run, port, port.rate.out_bits_per_s), hosts[r]));
      // The other hosts may also pass on what is not for them.
      const uint64_t others = run.hosts - hosts[r];
      if (others > 0) graph.add(exit(port.at_switch), 1, times(of_ports(run, port, port.rate.in_bits_per_s), others));
    }
  }
  return graph.most(0, 1);
}

Bound network_bound(const Topology& topology, const Request& request) {
  if (topology.hosts() < 2 || request.root < 0 || request.root >= topology.ranks()) return {};
  return NetworkBound(topology, request).find();
}

Bound island_bound(const IslandFacts& facts, uint32_t members, const Request& request) {
  if (members < 2) return {};
  const Touched bytes = touched(request, members);
  const uint64_t fastest = std::max<uint64_t>({facts.copy_bytes_per_s, facts.non_temporal_bytes_per_s, 1});
  const unsigned __int128 all = bytes.read + bytes.written, second_cache = uint64_t{facts.l2_kib} << 10;
  const bool in_memory = all > second_cache + (uint64_t{facts.l3_share_kib} << 10);
  // A copy reads and writes. Its rate was measured in the second cache: the first is at most four times as fast, nothing else is faster.
  // What is a little too long for the second cache may still find a part of itself there.
  const int64_t faster = all > 2 * second_cache ? 1 : 4;
  const int64_t moving = time_of(all / 2, fastest > UINT64_MAX / 8 ? UINT64_MAX : fastest * 8) / faster;
  const int64_t hop = each_waits_for_each(request.collective) ? static_cast<int64_t>(facts.hop_ns) * 1000 : 0;
  return moving > hop ? Bound{moving, in_memory ? "an island's memory" : "an island's caches"} : Bound{hop, "one hop inside an island"};
}

Bound lower_bound(const Topology& topology, const Request& request) {
  Bound best = network_bound(topology, request);
  for (const HostRun& run : topology.runs()) {
    // What the members of one island hold is moved among them only if the island is the whole group; else at least once each for two hosts.
    if (topology.islands() > 1) break;
    Bound one = island_bound(run.island, run.ranks_per_host, request);
    if (one.picoseconds > best.picoseconds) best = std::move(one);
  }
  return best;
}

}  // namespace hawser
