// Colour refinement over runs of hosts and switches, and the clusters.
#include "src/topology/contraction.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "src/base/hash.h"

namespace hawser {
namespace {

constexpr int kMostRounds = 64;  // far more than the depth of any tree of switches; beyond it nothing is put together

uint64_t first_colour(const HostRun& run) {
  uint64_t colour = combine(run.ranks_per_host, run.islands_per_host);
  const IslandFacts& facts = run.island;
  for (const uint64_t value : {run.inner.out_bits_per_s, run.inner.in_bits_per_s, static_cast<uint64_t>(run.inner_latency_ns),
                               uint64_t{facts.hop_ns}, facts.copy_bytes_per_s, facts.non_temporal_bytes_per_s, uint64_t{facts.l2_kib},
                               uint64_t{facts.l3_share_kib}, uint64_t{facts.ranks_per_cpu_x256}, facts.publish_bytes_per_s,
                               facts.take_bytes_per_s, facts.cma_bytes_per_s, facts.cma_again_bytes_per_s, uint64_t{facts.cma_ns}})
    colour = combine(colour, value);
  return colour;
}

uint64_t colour_of(const Port& port) {
  uint64_t colour = combine(port.rate.out_bits_per_s, port.rate.in_bits_per_s);
  colour = combine(colour, static_cast<uint64_t>(port.latency_ns));
  return combine(colour, uint64_t{port.first_local} << 32 | uint64_t{port.last_local} << 1 | uint64_t{port.each});
}

uint64_t colour_of(const SharedLink& link, bool forward) {
  const uint64_t colour =
      forward ? combine(link.rate.out_bits_per_s, link.rate.in_bits_per_s) : combine(link.rate.in_bits_per_s, link.rate.out_bits_per_s);
  return combine(colour, static_cast<uint64_t>(link.latency_ns));
}

class Colours {  // nodes: switches, then runs. Neighbours are added up, so their order does not matter.
 public:
  explicit Colours(const Topology& topology) : topology_(topology), switches_(topology.switches().size()) {
    for (const Switch& one : topology.switches()) colours_.push_back(combine(static_cast<uint64_t>(one.fabric), one.core_bits_per_s));
    for (const HostRun& run : topology.runs()) colours_.push_back(first_colour(run));
    refine();
  }
  uint64_t of_switch(uint32_t at) const { return colours_[at]; }
  uint64_t of_run(uint32_t at) const { return colours_[switches_ + at]; }

 private:
  size_t distinct() const {
    std::vector<uint64_t> sorted = colours_;
    std::sort(sorted.begin(), sorted.end());
    return static_cast<size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  }
  void round() {
    std::vector<uint64_t> next(colours_.size());
    for (const SharedLink& link : topology_.links()) {
      next[link.from] += mix(combine(colour_of(link, true), colours_[link.to]));
      next[link.to] += mix(combine(colour_of(link, false), colours_[link.from]));
    }
    for (size_t r = 0; r < topology_.runs().size(); ++r) {
      const HostRun& run = topology_.runs()[r];
      for (const Port& port : run.ports) {
        const uint64_t colour = colour_of(port);
        next[switches_ + r] = combine(next[switches_ + r], combine(colour, colours_[port.at_switch]));  // ports count in their order
        next[port.at_switch] += run.hosts * mix(combine(colour, colours_[switches_ + r]));
      }
    }
    for (size_t i = 0; i < colours_.size(); ++i) colours_[i] = combine(colours_[i], next[i]);
  }
  void refine() {
    size_t before = distinct();
    for (int i = 0; i < kMostRounds; ++i) {
      round();
      const size_t after = distinct();
      if (after == before) return;
      before = after;
    }
    std::iota(colours_.begin(), colours_.end(), uint64_t{0});
  }

  const Topology& topology_;
  size_t switches_;
  std::vector<uint64_t> colours_;
};

class Numbers {  // of things in order of appearance
 public:
  uint32_t of(uint64_t key) { return numbers_.try_emplace(key, static_cast<uint32_t>(numbers_.size())).first->second; }
  size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<uint64_t, uint32_t> numbers_;
};

// ---- clusters

uint64_t sending(const HostRun& run, const Port& port) {  // what one host can send through this port, all ranks together
  const uint64_t ranks = std::min<uint64_t>(port.last_local, run.ranks_per_host - 1) - port.first_local + 1;
  return std::max<uint64_t>(port.rate.out_bits_per_s / 1000, 1) *
         (port.each ? ranks : 1);  // in kbit/s, so that sums over a million ranks fit
}

class Components {
 public:
  explicit Components(const Topology& topology) : parent_(topology.switches().size()), sends_(parent_.size()) {
    std::iota(parent_.begin(), parent_.end(), 0u);
    for (const HostRun& run : topology.runs())
      for (const Port& port : run.ports) sends_[port.at_switch] = add(sends_[port.at_switch], times(sending(run, port), run.hosts));
    join_by_links(topology);
    for (const HostRun& run : topology.runs()) join_by_host(run);
  }
  uint32_t root(uint32_t at) {
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  // What a host of this run can send into each component; in order of its ports.
  std::vector<std::pair<uint32_t, uint64_t>> rates(const HostRun& run) {
    std::vector<std::pair<uint32_t, uint64_t>> rates;
    for (const Port& port : run.ports) {
      const uint32_t at = root(port.at_switch);
      const auto found = std::find_if(rates.begin(), rates.end(), [&](const auto& rate) { return rate.first == at; });
      if (found == rates.end()) rates.emplace_back(at, sending(run, port));
      else found->second += sending(run, port);
    }
    return rates;
  }

 private:
  static uint64_t add(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
  static uint64_t times(uint64_t a, uint64_t b) { return a > UINT64_MAX / b ? UINT64_MAX : a * b; }
  void join(uint32_t a, uint32_t b) {
    a = root(a), b = root(b);
    if (a == b) return;
    parent_[std::max(a, b)] = std::min(a, b);
    sends_[std::min(a, b)] = add(sends_[a], sends_[b]);
  }
  void join_by_links(const Topology& topology) {
    const auto width = [](const SharedLink& link) { return std::min(link.rate.out_bits_per_s, link.rate.in_bits_per_s); };
    std::vector<uint32_t> order(topology.links().size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return width(topology.links()[a]) > width(topology.links()[b]); });
    for (const uint32_t i : order) {
      const SharedLink& link = topology.links()[i];
      const uint64_t smaller = std::min(sends_[root(link.from)], sends_[root(link.to)]);
      if (width(link) / 1000 >= smaller / 2) join(link.from, link.to);
    }
  }
  // A host with nearly equal ways into two components makes them one: rails are a single cluster.
  void join_by_host(const HostRun& run) {
    const auto rates = this->rates(run);
    uint64_t most = 0;
    for (const auto& [component, rate] : rates) most = std::max(most, rate);
    uint32_t first = Contraction::no_cluster;
    for (const auto& [component, rate] : rates) {
      if (rate < most / 2) continue;
      if (first == Contraction::no_cluster) first = component;
      else join(first, component);
    }
  }

  std::vector<uint32_t> parent_;
  std::vector<uint64_t> sends_;  // by component: what the hosts on it can send, kbit/s
};

void find_clusters(const Topology& topology, Contraction& result) {
  Components components(topology);
  Numbers numbers;
  result.cluster_of_switch.assign(topology.switches().size(), Contraction::no_cluster);
  for (const HostRun& run : topology.runs()) {
    uint64_t home = UINT64_MAX, most = 0;  // without ports: one host alone
    for (const auto& [component, rate] : components.rates(run))
      if (rate > most) home = component, most = rate;
    const uint32_t cluster = numbers.of(home);
    result.cluster_of_run.push_back(cluster);
    result.hosts_of_cluster.resize(numbers.size());
    result.ranks_of_cluster.resize(numbers.size());
    result.hosts_of_cluster[cluster] += run.hosts;
    result.ranks_of_cluster[cluster] += run.hosts * run.ranks_per_host;
  }
  std::unordered_map<uint32_t, uint32_t> cluster_of_component;
  for (size_t r = 0; r < topology.runs().size(); ++r) {
    uint64_t most = 0;
    uint32_t home = 0;
    for (const auto& [component, rate] : components.rates(topology.runs()[r]))
      if (rate > most) home = component, most = rate;
    if (most > 0) cluster_of_component[home] = result.cluster_of_run[r];
  }
  for (uint32_t s = 0; s < topology.switches().size(); ++s)
    if (const auto found = cluster_of_component.find(components.root(s)); found != cluster_of_component.end())
      result.cluster_of_switch[s] = found->second;
}

void find_classes(const Topology& topology, Contraction& result) {
  const Colours colours(topology);
  Numbers runs, links, switches;
  for (uint32_t s = 0; s < topology.switches().size(); ++s) result.class_of_switch.push_back(switches.of(colours.of_switch(s)));
  for (uint32_t r = 0; r < topology.runs().size(); ++r) {
    const uint32_t at = runs.of(colours.of_run(r));
    result.class_of_run.push_back(at);
    if (at == result.host_classes.size()) result.host_classes.push_back({r, 0, result.cluster_of_run[r]});
    result.host_classes[at].hosts += topology.runs()[r].hosts;
  }
  for (uint32_t i = 0; i < topology.links().size(); ++i) {
    const SharedLink& link = topology.links()[i];
    const uint64_t ends = combine(colours.of_switch(link.from), colours.of_switch(link.to));
    const uint32_t at = links.of(combine(ends, colour_of(link, true)));
    result.class_of_link.push_back(at);
    if (at == result.link_classes.size()) result.link_classes.push_back({i, 0});
    ++result.link_classes[at].links;
  }
}

}  // namespace

Contraction contract(const Topology& topology) {
  Contraction result;
  find_clusters(topology, result);
  find_classes(topology, result);
  return result;
}

}  // namespace hawser
