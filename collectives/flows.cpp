// Counting who loads what: ports by host or by rank, links and cores by what passes them.
#include "collectives/flows.h"

#include <algorithm>
#include <bit>
#include <map>

#include "src/topology/contraction.h"

namespace hawser {
namespace {

constexpr size_t kMostRuns = 128;  // beyond, the first run of a cluster stands for the ways of the others

uint32_t log2_below(uint32_t n) { return n < 2 ? 0 : static_cast<uint32_t>(std::bit_width(n - 1)); }

bool takes_part(GroupKind kind, uint32_t index) { return kind != GroupKind::leaders || index == 0; }

}  // namespace

// Adds messages up into a round. Instances: a port of each host, or of each rank that has its own; each rank's sending and receiving.
class RoundBuilder {
 public:
  // one_by_one: room for every port and rank, for rounds that are added message by message.
  RoundBuilder(const Flows& flows, const Topology& topology, bool one_by_one)
      : flows_(flows), topology_(topology), fixed_(flows.resources_.count()), blocks_(fixed_.size()) {
    uint64_t slots = 0;
    for (const HostRun& run : topology.runs()) {
      first_slot_.push_back(slots);
      slots_per_rank_.push_back(2 * run.ports.size() + 3);
      slots += uint64_t{run.hosts} * run.ranks_per_host * slots_per_rank_.back();
    }
    if (one_by_one) instances_.resize(slots);
  }
  struct End {
    uint32_t run, cls, host, local;  // host: in the run
    int island, index;
  };
  End end_of(Rank rank) const {
    const int host = topology_.host_of(rank);
    const uint32_t run = topology_.run_index_of_host(host);
    const uint32_t local = static_cast<uint32_t>(topology_.local_of(rank));
    return {run, flows_.class_of_local_[run][local], static_cast<uint32_t>(host), local, topology_.island_of(rank), 0};
  }
  // One message.
  void add(const End& from, const End& to, uint32_t host_in_from, uint32_t host_in_to) {
    const bool near = from.host == to.host;
    const Flows::Way& way =
        near ? (from.island == to.island ? flows_.in_island_[from.run] : flows_.inside_[from.run]) : flows_.way(from.cls, to.cls);
    count(way);
    load(instance(from, host_in_from, 0, true), flows_.resources_.sending(from.run), 0, way.overhead_ps);
    load(instance(to, host_in_to, 1, true), flows_.resources_.receiving(to.run), 0, way.overhead_ps);
    if (near) return load(instance(from, host_in_from, 2, true), flows_.resources_.inner(from.run), 1, 0);
    const HostRun &a = topology_.runs()[from.run], &b = topology_.runs()[to.run];
    load(instance(from, host_in_from, 3 + 2 * way.out, a.ports[way.out].each), flows_.resources_.port_out(from.run, way.out), 1, 0);
    load(instance(to, host_in_to, 4 + 2 * way.in, b.ports[way.in].each), flows_.resources_.port_in(to.run, way.in), 1, 0);
    for (const uint32_t resource : way.shared) ++blocks_[resource];
  }
  void count(const Flows::Way& way, uint64_t messages = 1) {
    const int64_t latency = way.latency_ps + 2 * way.overhead_ps;
    round_.latency_ps = std::max(round_.latency_ps, latency);
    round_.arrival_ps = std::max(round_.arrival_ps, latency - way.overhead_ps);
    round_.femtoseconds = std::max(round_.femtoseconds, way.femtoseconds);
    round_.all_latency_ps += static_cast<__int128>(latency) * messages;
    round_.all_femtoseconds += static_cast<__int128>(way.femtoseconds) * messages;
    round_.messages += messages;
  }
  void peak(uint32_t resource, uint64_t blocks, int64_t fixed_ps) {
    blocks_[resource] = std::max(blocks_[resource], blocks);
    fixed_[resource] = std::max(fixed_[resource], fixed_ps);
  }
  void pass(uint32_t resource, uint64_t blocks) { blocks_[resource] += blocks; }
  Round take() {
    Round round = std::move(round_);
    round_ = {};
    for (uint32_t r = 0; r < blocks_.size(); ++r)
      if (blocks_[r] > 0 || fixed_[r] > 0) round.entries.push_back({r, blocks_[r], fixed_[r]});
    std::fill(blocks_.begin(), blocks_.end(), 0);
    std::fill(fixed_.begin(), fixed_.end(), 0);
    std::fill(instances_.begin(), instances_.end(), Instance{});
    return round;
  }

 private:
  struct Instance {
    uint32_t blocks = 0;
    int64_t fixed_ps = 0;
  };
  Instance& instance(const End& end, uint32_t host_in_run, uint64_t slot, bool by_rank) {
    const uint64_t rank = uint64_t{host_in_run} * topology_.runs()[end.run].ranks_per_host + (by_rank ? end.local : 0);
    return instances_[first_slot_[end.run] + rank * slots_per_rank_[end.run] + slot];
  }
  void load(Instance& instance, uint32_t resource, uint32_t blocks, int64_t fixed_ps) {
    instance.blocks += blocks;
    instance.fixed_ps += fixed_ps;
    peak(resource, instance.blocks, instance.fixed_ps);
  }

  const Flows& flows_;
  const Topology& topology_;
  std::vector<uint64_t> first_slot_, slots_per_rank_;
  std::vector<Instance> instances_;
  std::vector<int64_t> fixed_;
  std::vector<uint64_t> blocks_;
  Round round_;
};

Flows::Flows(const Topology& topology) : resources_(topology) {
  find_classes(topology);
  find_ways(topology);
  for (const GroupKind kind : {GroupKind::all, GroupKind::rail, GroupKind::leaders}) make_group(topology, kind);
}

const Flows& Flows::of(const Topology& topology) {
  const auto make = [&] { return std::static_pointer_cast<const void>(std::make_shared<const Flows>(topology)); };
  return *static_cast<const Flows*>(topology.contraction().coefficients->get(make));
}

void Flows::find_classes(const Topology& topology) {
  const auto& runs = topology.runs();
  std::map<std::pair<uint32_t, size_t>, uint32_t> first_alike;
  for (uint32_t r = 0; r < runs.size(); ++r) {
    class_of_local_.emplace_back();
    const auto key = std::pair{topology.contraction().cluster_of_run[r] % 8, runs[r].ports.size()};
    const uint32_t like = first_alike.emplace(key, r).first->second;
    if (runs.size() > kMostRuns && like != r) {
      const auto& theirs = class_of_local_[like];
      for (uint32_t local = 0; local < runs[r].ranks_per_host; ++local)
        class_of_local_.back().push_back(theirs[std::min<size_t>(local, theirs.size() - 1)]);
      continue;
    }
    std::map<std::vector<uint32_t>, uint32_t> by_ports;
    for (uint32_t local = 0; local < runs[r].ranks_per_host; ++local) {
      const auto found = by_ports.emplace(usable_ports(runs[r], static_cast<int>(local)), static_cast<uint32_t>(classes_.size()));
      if (found.second) classes_.push_back({r, static_cast<int>(local), 0});
      ++classes_[found.first->second].on_host;
      class_of_local_.back().push_back(found.first->second);
    }
  }
}

void Flows::find_ways(const Topology& topology) {
  const auto& runs = topology.runs();
  const auto add_hop = [&](Way& way, const RouteHop& hop) {
    if (hop.kind == RouteHop::Kind::port_out) way.out = hop.index;
    if (hop.kind == RouteHop::Kind::port_in) way.in = hop.index;
    if (hop.kind == RouteHop::Kind::core) way.shared.push_back(resources_.core(hop.index));
    if (hop.kind == RouteHop::Kind::link_forward) way.shared.push_back(resources_.link(hop.index, true));
    if (hop.kind == RouteHop::Kind::link_backward) way.shared.push_back(resources_.link(hop.index, false));
  };
  const auto to_way = [&](const Route& route, Fabric fabric) {
    Way way;
    for (const RouteHop& hop : route.hops) add_hop(way, hop);
    way.femtoseconds = 8'000'000'000'000'000 / std::max<uint64_t>(route.bits_per_s, 1);
    way.latency_ps = route.latency_ns * 1000;
    way.overhead_ps = message_overhead_ps(fabric);
    return way;
  };
  for (uint32_t r = 0; r < runs.size(); ++r) {
    inside_.push_back(to_way(route_inside(topology, r), Fabric::ethernet));
    in_island_.push_back(to_way(route_inside(topology, r), Fabric::shared_memory));
  }
  if (topology.hosts() < 2) return ways_.assign(classes_.size() * classes_.size(), {}), void();
  for (const RankClass& from : classes_)
    for (const RankClass& to : classes_) {
      const Route route = route_between(topology, from.run, from.local, to.run, to.local);
      const uint32_t out = route.hops.empty() ? 0 : route.hops.front().index;
      ways_.push_back(to_way(route, topology.switches()[runs[from.run].ports[out].at_switch].fabric));
    }
}

// ---- rounds in which everybody sends to everybody: counted on one host of each run

Round Flows::direct(const Topology& topology, GroupKind kind) const {
  RoundBuilder builder(*this, topology, false);
  const auto& runs = topology.runs();
  for (uint32_t a = 0; a < runs.size(); ++a) {
    std::vector<uint64_t> host_out(runs[a].ports.size()), host_in(host_out.size());
    const uint32_t island_ranks = runs[a].ranks_per_host / runs[a].islands_per_host;
    for (uint32_t local = 0; local < runs[a].ranks_per_host; ++local) {
      const uint32_t index = local % island_ranks, from = class_of_local_[a][local];
      if (!takes_part(kind, index)) continue;
      std::vector<uint64_t> out(host_out.size()), in(host_out.size());
      int64_t sending = 0, receiving = 0;
      uint64_t near = 0;
      for (uint32_t b = 0; b < runs.size(); ++b) {
        std::map<uint32_t, uint64_t> per_host;  // class: how many of its ranks on a host are met
        const uint32_t their_ranks = runs[b].ranks_per_host / runs[b].islands_per_host;
        if (kind == GroupKind::all)
          for (const uint32_t to : class_of_local_[b]) ++per_host[to];
        else
          for (uint32_t i = 0; i < runs[b].islands_per_host; ++i)
            ++per_host[class_of_local_[b][i * their_ranks + (kind == GroupKind::rail ? index : 0)]];
        const uint64_t others = runs[b].hosts - (a == b ? 1 : 0);
        for (const auto& [to, count] : per_host) {
          if (a == b) near += count;
          if (others == 0) continue;
          const Way &way = this->way(from, to), &back = this->way(to, from);
          const uint64_t messages = others * count;
          builder.count(way, messages * runs[a].hosts);
          out[way.out] += messages, in[back.in] += messages;
          sending += static_cast<int64_t>(messages) * way.overhead_ps, receiving += static_cast<int64_t>(messages) * back.overhead_ps;
          for (const uint32_t resource : way.shared) builder.pass(resource, messages * runs[a].hosts);
        }
      }
      if (near > 1) {  // others on this host
        const bool one_island = runs[a].islands_per_host == 1;
        const Way& way = one_island ? in_island_[a] : inside_[a];
        builder.count(way, (near - 1) * runs[a].hosts);
        builder.peak(resources_.inner(a), near - 1, 0);
        sending += static_cast<int64_t>(near - 1) * way.overhead_ps, receiving += static_cast<int64_t>(near - 1) * way.overhead_ps;
      }
      builder.peak(resources_.sending(a), 0, sending);
      builder.peak(resources_.receiving(a), 0, receiving);
      for (uint32_t port = 0; port < host_out.size(); ++port) {
        const bool each = runs[a].ports[port].each;
        host_out[port] = each ? std::max(host_out[port], out[port]) : host_out[port] + out[port];
        host_in[port] = each ? std::max(host_in[port], in[port]) : host_in[port] + in[port];
      }
    }
    for (uint32_t port = 0; port < host_out.size(); ++port) {
      builder.peak(resources_.port_out(a, port), host_out[port], 0);
      builder.peak(resources_.port_in(a, port), host_in[port], 0);
    }
  }
  return builder.take();
}

Round Flows::rooted(const Topology& topology, GroupKind kind, Rank root, bool to_root) const {
  RoundBuilder builder(*this, topology, false);
  const auto& runs = topology.runs();
  const uint32_t home = topology.run_index_of_host(topology.host_of(root));
  const uint32_t local = static_cast<uint32_t>(topology.local_of(root)), mine = class_of_local_[home][local];
  std::vector<uint64_t> through(runs[home].ports.size());
  int64_t busy = 0;
  for (uint32_t b = 0; b < runs.size(); ++b) {
    const uint32_t island_ranks = runs[b].ranks_per_host / runs[b].islands_per_host;
    const uint64_t others = runs[b].hosts - (b == home ? 1 : 0);
    for (uint32_t i = 0; others > 0 && i < runs[b].ranks_per_host; i += kind == GroupKind::leaders ? island_ranks : 1) {
      const uint32_t theirs = class_of_local_[b][i];
      const Way& way = to_root ? this->way(theirs, mine) : this->way(mine, theirs);
      const bool each = runs[b].ports[to_root ? way.out : way.in].each;
      builder.count(way, others);
      through[to_root ? way.in : way.out] += others;
      busy += static_cast<int64_t>(others) * way.overhead_ps;
      builder.peak(to_root ? resources_.sending(b) : resources_.receiving(b), 0, way.overhead_ps);
      const uint64_t on_port = each ? 1 : kind == GroupKind::leaders ? runs[b].islands_per_host : classes_[theirs].on_host;
      builder.peak(to_root ? resources_.port_out(b, way.out) : resources_.port_in(b, way.in), on_port, 0);
      for (const uint32_t resource : way.shared) builder.pass(resource, others);
    }
  }
  const uint64_t near = (kind == GroupKind::leaders ? runs[home].islands_per_host : runs[home].ranks_per_host) - 1;
  if (near > 0) {
    const Way& way = runs[home].islands_per_host == 1 ? in_island_[home] : inside_[home];
    builder.count(way, near);
    builder.peak(resources_.inner(home), near, 0);
    busy += static_cast<int64_t>(near) * way.overhead_ps;
  }
  for (uint32_t port = 0; port < through.size(); ++port)
    builder.peak(to_root ? resources_.port_in(home, port) : resources_.port_out(home, port), through[port], 0);
  builder.peak(to_root ? resources_.receiving(home) : resources_.sending(home), 0, busy);
  return builder.take();
}

// ---- rounds in which everybody has one partner: rank by rank

namespace {

std::vector<std::vector<Rank>> groups_of(const Topology& topology, GroupKind kind) {
  std::vector<std::vector<Rank>> groups;
  if (kind == GroupKind::all) {
    groups.emplace_back();
    for (Rank rank = 0; rank < topology.ranks(); ++rank) groups[0].push_back(rank);
    return groups;
  }
  for (int island = 0; island < topology.islands(); ++island) {
    const std::vector<Rank> members = topology.ranks_of_island(island);
    const size_t wanted = kind == GroupKind::leaders ? 1 : members.size();
    if (island > 0 && wanted != groups.size()) return {};  // rails need islands of one size
    groups.resize(wanted);
    for (size_t j = 0; j < wanted; ++j) groups[j].push_back(members[j]);
  }
  return groups;
}

}  // namespace

void Flows::make_group(const Topology& topology, GroupKind kind) {
  GroupFlows& result = groups_[static_cast<size_t>(kind)];
  const auto groups = groups_of(topology, kind);
  if (groups.empty() || groups[0].size() < 2) {
    result.size = groups.empty() ? 0 : 1;
    return;
  }
  const uint32_t g = static_cast<uint32_t>(groups[0].size());
  result.size = g;
  result.direct = direct(topology, kind);
  RoundBuilder builder(*this, topology, true);
  std::vector<RoundBuilder::End> ends;
  std::vector<uint32_t> host_in_run;  // by host
  {
    std::vector<uint32_t> seen(topology.runs().size());
    for (int host = 0; host < topology.hosts(); ++host) host_in_run.push_back(seen[topology.run_index_of_host(host)]++);
    for (Rank rank = 0; rank < topology.ranks(); ++rank) ends.push_back(builder.end_of(rank));
  }
  const auto round = [&](auto partner) {  // partner(member) gives the member it sends to, or g for nobody
    for (const auto& members : groups)
      for (uint32_t i = 0; i < g; ++i) {
        const uint32_t to = partner(i);
        if (to >= g) continue;
        const auto &a = ends[static_cast<size_t>(members[i])], &b = ends[static_cast<size_t>(members[to])];
        builder.add(a, b, host_in_run[a.host], host_in_run[b.host]);
      }
    return builder.take();
  };
  const uint32_t power = std::bit_floor(g), pairs = g - power;
  const auto number = [&](uint32_t member) { return member < 2 * pairs ? member / 2 : member - pairs; };
  const auto member = [&](uint32_t at) { return at < pairs ? 2 * at + 1 : at + pairs; };
  const auto left_out = [&](uint32_t at) { return at < 2 * pairs && at % 2 == 0; };
  result.ring = round([&](uint32_t i) { return (i + 1) % g; });
  result.ring_back = round([&](uint32_t i) { return (i + g - 1) % g; });
  if (pairs > 0) {
    result.fold_in = round([&](uint32_t i) { return left_out(i) ? i + 1 : g; });
    result.fold_out = round([&](uint32_t i) { return i < 2 * pairs && i % 2 == 1 ? i - 1 : g; });
  }
  for (uint32_t distance = 1; distance < power; distance *= 2)
    result.doubling.push_back(round([&](uint32_t i) { return left_out(i) ? g : member(number(i) ^ distance); }));
  for (uint32_t level = 0, distance = 1; level < log2_below(g); ++level, distance *= 2) {
    result.tree_down.push_back(round([&](uint32_t i) { return i % (2 * distance) == 0 ? std::min(i + distance, g) : g; }));
    result.tree_up.push_back(round([&](uint32_t i) { return i % (2 * distance) == distance ? i - distance : g; }));
    result.dissemination.push_back(round([&](uint32_t i) { return (i + distance) % g; }));
  }
}

}  // namespace hawser
