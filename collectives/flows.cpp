// Counting who loads what: ports by host or by rank, links and cores by what passes them.
#include "collectives/flows.h"

#include <algorithm>
#include <bit>
#include <functional>
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
    int island;
  };
  End end_of(Rank rank) const {
    const int host = topology_.host_of(rank);
    const uint32_t run = topology_.run_index_of_host(host);
    const uint32_t local = static_cast<uint32_t>(topology_.local_of(rank));
    return {run, flows_.class_of_local_[run][local], static_cast<uint32_t>(host), local, topology_.island_of(rank)};
  }
  const Flows::Way& way_of(const End& from, const End& to) const {
    if (from.host != to.host) return flows_.way(from.cls, to.cls);
    return from.island == to.island ? flows_.in_island_[from.run] : flows_.inside_[from.run];
  }
  // One message.
  void add(const End& from, const End& to, uint32_t host_in_from, uint32_t host_in_to) {
    const bool near = from.host == to.host;
    const Flows::Way& way = way_of(from, to);
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

Flows::Message Flows::message(const Topology& topology, Rank from, Rank to) const {
  const RoundBuilder builder(*this, topology, false);
  const Way& way = builder.way_of(builder.end_of(from), builder.end_of(to));
  return {way.latency_ps + 2 * way.overhead_ps, way.femtoseconds};
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

// Who sends to whom: a member, or `size` for nobody.
struct Partners {
  uint32_t size, power, pairs;
  explicit Partners(uint32_t g) : size(g), power(std::bit_floor(g)), pairs(g - power) {}
  uint32_t number(uint32_t member) const { return member < 2 * pairs ? member / 2 : member - pairs; }
  uint32_t member(uint32_t at) const { return at < pairs ? 2 * at + 1 : at + pairs; }
  bool left_out(uint32_t member) const { return member < 2 * pairs && member % 2 == 0; }
  uint32_t after(uint32_t i, uint32_t distance) const { return (i + distance) % size; }
  uint32_t before(uint32_t i) const { return (i + size - 1) % size; }
  uint32_t fold_in(uint32_t i) const { return left_out(i) ? i + 1 : size; }
  uint32_t fold_out(uint32_t i) const { return i < 2 * pairs && i % 2 == 1 ? i - 1 : size; }
  uint32_t doubled(uint32_t i, uint32_t distance) const { return left_out(i) ? size : member(number(i) ^ distance); }
  uint32_t down(uint32_t i, uint32_t distance) const { return i % (2 * distance) == 0 ? std::min(i + distance, size) : size; }
  uint32_t up(uint32_t i, uint32_t distance) const { return i % (2 * distance) == distance ? i - distance : size; }
};

using Partner = std::function<uint32_t(uint32_t)>;

uint32_t share_of(__int128 part, __int128 whole) {
  return whole <= 0 ? 1024 : static_cast<uint32_t>(std::clamp<__int128>(part * 1024 / whole, 1, 1024));
}

}  // namespace

// Rounds with one partner, for all groups of a kind.
class GroupBuilder {
 public:
  GroupBuilder(const Flows& flows, const Topology& topology, const std::vector<std::vector<Rank>>& groups)
      : builder_(flows, topology, true), groups_(groups), size_(static_cast<uint32_t>(groups[0].size())) {
    std::vector<uint32_t> seen(topology.runs().size());
    for (int host = 0; host < topology.hosts(); ++host) host_in_run_.push_back(seen[topology.run_index_of_host(host)]++);
    for (Rank rank = 0; rank < topology.ranks(); ++rank) ends_.push_back(builder_.end_of(rank));
  }
  Round round(const Partner& partner) {
    each(partner, [&](Rank from, Rank to) {
      const auto &a = end(from), &b = end(to);
      builder_.add(a, b, host_in_run_[a.host], host_in_run_[b.host]);
    });
    return builder_.take();
  }
  // rounds[i] moves weights[i] blocks: one clock for each rank, for latencies and for bytes.
  Share share(const std::vector<Partner>& rounds, const std::vector<uint64_t>& weights) const {
    std::vector<__int128> latency(ends_.size()), data(ends_.size());
    __int128 all_latency = 0, all_data = 0;
    for (size_t i = 0; i < rounds.size(); ++i) {
      std::vector<__int128> next_latency = latency, next_data = data;
      __int128 most_latency = 0, most_data = 0;
      each(rounds[i], [&](Rank from, Rank to) {
        const auto& way = builder_.way_of(end(from), end(to));
        const __int128 takes = way.latency_ps + 2 * way.overhead_ps, moves = static_cast<__int128>(way.femtoseconds) * weights[i];
        most_latency = std::max(most_latency, takes);
        most_data = std::max(most_data, moves);
        const auto a = static_cast<size_t>(from), b = static_cast<size_t>(to);
        next_latency[b] = std::max(next_latency[b], latency[a] + takes);
        next_data[b] = std::max(next_data[b], data[a] + moves);
      });
      latency.swap(next_latency), data.swap(next_data);
      all_latency += most_latency, all_data += most_data;
    }
    return {share_of(*std::max_element(latency.begin(), latency.end()), all_latency),
            share_of(*std::max_element(data.begin(), data.end()), all_data)};
  }

 private:
  const RoundBuilder::End& end(Rank rank) const { return ends_[static_cast<size_t>(rank)]; }
  template <class Visit>
  void each(const Partner& partner, const Visit& visit) const {
    for (const auto& members : groups_)
      for (uint32_t i = 0; i < size_; ++i)
        if (const uint32_t to = partner(i); to < size_) visit(members[i], members[to]);
  }
  RoundBuilder builder_;
  const std::vector<std::vector<Rank>>& groups_;
  uint32_t size_;
  std::vector<RoundBuilder::End> ends_;
  std::vector<uint32_t> host_in_run_;  // by host
};

void Flows::make_group(const Topology& topology, GroupKind kind) {
  GroupFlows& result = groups_[static_cast<size_t>(kind)];
  const auto groups = groups_of(topology, kind);
  result.size = groups.empty() ? 0 : static_cast<uint32_t>(groups[0].size());
  if (result.size < 2) return;
  result.direct = direct(topology, kind);
  GroupBuilder builder(*this, topology, groups);
  const Partners partners(result.size);
  result.ring = builder.round([&](uint32_t i) { return partners.after(i, 1); });
  result.ring_back = builder.round([&](uint32_t i) { return partners.before(i); });
  result.fold_in = builder.round([&](uint32_t i) { return partners.fold_in(i); });
  result.fold_out = builder.round([&](uint32_t i) { return partners.fold_out(i); });
  const auto make = [&](auto who, uint32_t levels, std::vector<Round>& rounds) {
    std::vector<Partner> list;
    for (uint32_t level = 0; level < levels; ++level) {
      list.push_back([&partners, who, level](uint32_t i) { return (partners.*who)(i, 1u << level); });
      rounds.push_back(builder.round(list.back()));
    }
    return list;
  };
  const auto reversed = [](std::vector<Partner> list) { return std::vector<Partner>(list.rbegin(), list.rend()); };
  const uint32_t levels = log2_below(result.size), doublings = log2_below(partners.power);
  std::vector<uint64_t> same(levels, 1), growing, shrinking;
  for (uint32_t i = 0; i < doublings; ++i) growing.push_back(uint64_t{1} << i), shrinking.insert(shrinking.begin(), uint64_t{1} << i);
  const auto doubled = make(&Partners::doubled, doublings, result.doubling);
  result.even = builder.share(doubled, same);
  result.growing = builder.share(doubled, growing);
  result.shrinking = builder.share(reversed(doubled), shrinking);
  result.down = builder.share(reversed(make(&Partners::down, levels, result.tree_down)), same);
  result.up = builder.share(make(&Partners::up, levels, result.tree_up), same);
  result.around = builder.share(make(&Partners::after, levels, result.dissemination), same);
}

}  // namespace hawser
