// Stations are made for ranks, links, cores and islands at once, for ports when a message first passes.
#include "src/plan/network.h"

namespace hawser {
namespace {

constexpr int64_t kPicosecondsPerNanosecond = 1000;

uint64_t femtoseconds_per_byte(uint64_t bits_per_s) { return bits_per_s == 0 ? 0 : 8'000'000'000'000'000 / bits_per_s; }

}  // namespace

Network::Network(const Topology& topology) : topology_(topology) {
  add_ranks();
  add_links();
}

uint32_t Network::add(Station station) {
  stations_.push_back(station);
  return static_cast<uint32_t>(stations_.size() - 1);
}

void Network::add_ranks() {
  for (Rank rank = 0; rank < topology_.ranks(); ++rank) {
    const auto owner = static_cast<uint32_t>(rank);
    const HostRun& run = topology_.run_of_host(topology_.host_of(rank));
    const uint64_t copy = femtoseconds_per_byte(run.island.copy_bytes_per_s * 8);
    const auto inner = [&](uint64_t bits_per_s) { return bits_per_s == 0 ? copy : femtoseconds_per_byte(bits_per_s); };
    const int64_t hop = std::max<int64_t>(run.inner_latency_ns, run.island.hop_ns) * kPicosecondsPerNanosecond;
    add({ResourceKind::sending, owner});
    add({ResourceKind::receiving, owner});
    add({ResourceKind::inner, owner, 0, inner(run.inner.out_bits_per_s), hop});
    add({ResourceKind::inner, owner, 1, inner(run.inner.in_bits_per_s), 0});
    add({ResourceKind::inner, owner, 2, copy, 0});
  }
}

void Network::add_links() {
  first_link_ = static_cast<uint32_t>(stations_.size());
  for (uint32_t i = 0; i < topology_.links().size(); ++i) {
    const SharedLink& link = topology_.links()[i];
    const int64_t latency = link.latency_ns * kPicosecondsPerNanosecond;
    add({ResourceKind::link_forward, i, 0, femtoseconds_per_byte(link.rate.out_bits_per_s), latency});
    add({ResourceKind::link_backward, i, 0, femtoseconds_per_byte(link.rate.in_bits_per_s), latency});
  }
  first_core_ = static_cast<uint32_t>(stations_.size());
  for (uint32_t i = 0; i < topology_.switches().size(); ++i)
    add({ResourceKind::core, i, 0, femtoseconds_per_byte(topology_.switches()[i].core_bits_per_s), 0});
  first_island_ = static_cast<uint32_t>(stations_.size());
  for (uint32_t i = 0; i < static_cast<uint32_t>(topology_.islands()); ++i) add({ResourceKind::island, i});
}

uint32_t Network::port(Rank rank, uint32_t port, bool out) {
  const int host = topology_.host_of(rank);
  const Port& what = topology_.run_of_host(host).ports[port];
  const uint64_t local = what.each ? static_cast<uint64_t>(topology_.local_of(rank)) + 1 : 0;
  const uint64_t key = ((static_cast<uint64_t>(host) << 17 | local) << 20 | port) << 1 | (out ? 1 : 0);
  const auto [found, is_new] = ports_.try_emplace(key, static_cast<uint32_t>(stations_.size()));
  if (is_new)
    add({out ? ResourceKind::port_out : ResourceKind::port_in, static_cast<uint32_t>(host), port,
         femtoseconds_per_byte(out ? what.rate.out_bits_per_s : what.rate.in_bits_per_s), what.latency_ns * kPicosecondsPerNanosecond});
  return found->second;
}

const Path& Network::path(Rank from, Rank to) {
  const uint64_t key = static_cast<uint64_t>(from) << 32 | static_cast<uint32_t>(to);
  const auto found = paths_.find(key);
  return found != paths_.end() ? found->second : paths_.emplace(key, find(from, to)).first->second;
}

const std::vector<RouteHop>& Network::hops(Rank from, Rank to) {
  const int from_host = topology_.host_of(from), to_host = topology_.host_of(to);
  const auto key = std::tuple(topology_.run_index_of_host(from_host), topology_.local_of(from), topology_.run_index_of_host(to_host),
                              topology_.local_of(to), from_host == to_host);
  const auto found = routes_.find(key);
  return found != routes_.end() ? found->second : routes_.emplace(key, topology_.route(from, to).hops).first->second;
}

Path Network::find(Rank from, Rank to) {
  Path path{{static_cast<uint32_t>(from) * kOfRank}, message_overhead_ps(Fabric::shared_memory)};
  for (const RouteHop& hop : hops(from, to)) pass(hop, from, to, path);
  path.stations.push_back(static_cast<uint32_t>(to) * kOfRank + 1);
  return path;
}

void Network::pass(const RouteHop& hop, Rank from, Rank to, Path& path) {
  const uint32_t sender = static_cast<uint32_t>(from) * kOfRank, receiver = static_cast<uint32_t>(to) * kOfRank;
  switch (hop.kind) {
    case RouteHop::Kind::port_out: {
      path.stations.push_back(port(from, hop.index, true));
      const Port& out = topology_.run_of_host(topology_.host_of(from)).ports[hop.index];
      path.overhead_ps = message_overhead_ps(topology_.switches()[out.at_switch].fabric);
      return;
    }
    case RouteHop::Kind::port_in:
      return path.stations.push_back(port(to, hop.index, false));
    case RouteHop::Kind::link_forward:
      return path.stations.push_back(first_link_ + 2 * hop.index);
    case RouteHop::Kind::link_backward:
      return path.stations.push_back(first_link_ + 2 * hop.index + 1);
    case RouteHop::Kind::core:
      return path.stations.push_back(first_core_ + hop.index);
    case RouteHop::Kind::inner:
      path.stations.insert(path.stations.end(), {sender + 2, receiver + 3});
  }
}

}  // namespace hawser
