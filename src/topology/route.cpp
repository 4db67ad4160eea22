// The way from one rank to another: over which ports, links and cores, how wide and how far.
#include <algorithm>
#include <cassert>

#include "src/topology/contraction.h"
#include "src/topology/topology.h"

namespace hawser {
namespace {

struct Reached {  // a switch, seen from where the search began
  uint32_t links = UINT32_MAX;
  uint64_t width = 0;
  uint32_t by_link = UINT32_MAX, from = 0;
};

struct Ends {  // a link as one switch sees it
  uint32_t link, to;
};

std::vector<std::vector<Ends>> links_by_switch(const Topology& topology) {
  std::vector<std::vector<Ends>> around(topology.switches().size());
  for (uint32_t i = 0; i < topology.links().size(); ++i) {
    const SharedLink& link = topology.links()[i];
    around[link.from].push_back({i, link.to});
    around[link.to].push_back({i, link.from});
  }
  return around;
}

uint64_t core_width(const Switch& one) { return one.core_bits_per_s == 0 ? UINT64_MAX : one.core_bits_per_s; }

uint64_t width_entering(const SharedLink& link, uint32_t from) {
  return link.from == from ? link.rate.out_bits_per_s : link.rate.in_bits_per_s;
}

// Level by level: a switch is final when its level is done, so the widest way to it is known before anybody goes on from it.
std::vector<Reached> search(const Topology& topology, uint32_t start) {
  const auto around = links_by_switch(topology);
  std::vector<Reached> reached(around.size());
  reached[start] = {0, core_width(topology.switches()[start]), UINT32_MAX, start};
  std::vector<uint32_t> level{start}, next;
  for (uint32_t depth = 1; !level.empty(); ++depth, level.swap(next), next.clear())
    for (const uint32_t from : level)
      for (const Ends& ends : around[from]) {
        Reached& target = reached[ends.to];
        if (target.links < depth) continue;
        const uint64_t width =
            std::min({reached[from].width, width_entering(topology.links()[ends.link], from), core_width(topology.switches()[ends.to])});
        if (target.links > depth) next.push_back(ends.to);
        else if (width < target.width || (width == target.width && ends.link >= target.by_link)) continue;
        target = {depth, width, ends.link, from};
      }
  return reached;
}

SwitchPath path_to(const Topology& topology, const std::vector<Reached>& reached, uint32_t end) {
  SwitchPath path;
  path.exists = reached[end].links != UINT32_MAX;
  if (!path.exists) return path;
  path.bits_per_s = reached[end].width;
  const auto pass = [&](uint32_t at) {
    if (topology.switches()[at].core_bits_per_s != 0) path.hops.push_back({RouteHop::Kind::core, at});
  };
  for (uint32_t at = end;; at = reached[at].from) {
    pass(at);
    if (reached[at].by_link == UINT32_MAX) break;
    const SharedLink& link = topology.links()[reached[at].by_link];
    path.hops.push_back({link.to == at ? RouteHop::Kind::link_forward : RouteHop::Kind::link_backward, reached[at].by_link});
    path.latency_ns += link.latency_ns;
  }
  std::reverse(path.hops.begin(), path.hops.end());
  return path;
}

Route inside_host(const HostRun& run, uint32_t run_index) {
  Route route;
  const uint64_t copy_bits = run.island.copy_bytes_per_s * 8;
  route.hops.push_back({RouteHop::Kind::inner, run_index});
  route.bits_per_s = run.inner.out_bits_per_s == 0 ? copy_bits : std::min(run.inner.out_bits_per_s, run.inner.in_bits_per_s);
  route.latency_ns = std::max<int64_t>(run.inner_latency_ns, run.island.hop_ns);
  return route;
}

Route joined(const HostRun& from, uint32_t out, const SwitchPath& path, const HostRun& to, uint32_t in) {
  Route route;
  route.hops.push_back({RouteHop::Kind::port_out, out});
  route.hops.insert(route.hops.end(), path.hops.begin(), path.hops.end());
  route.hops.push_back({RouteHop::Kind::port_in, in});
  route.bits_per_s = std::min({from.ports[out].rate.out_bits_per_s, path.bits_per_s, to.ports[in].rate.in_bits_per_s});
  route.latency_ns = from.ports[out].latency_ns + path.latency_ns + to.ports[in].latency_ns;
  return route;
}

bool better(const Route& a, const Route& b) {
  const auto links = [](const Route& route) {
    return std::count_if(route.hops.begin(), route.hops.end(), [](const RouteHop& hop) {
      return hop.kind == RouteHop::Kind::link_forward || hop.kind == RouteHop::Kind::link_backward;
    });
  };
  if (b.hops.empty()) return true;
  if (links(a) != links(b)) return links(a) < links(b);
  return a.bits_per_s > b.bits_per_s;
}

Route best(const Topology& topology, const HostRun& from, const std::vector<uint32_t>& outs, const HostRun& to,
           const std::vector<uint32_t>& ins) {
  Route chosen;
  for (const uint32_t out : outs) {
    const uint32_t start = from.ports[out].at_switch;
    std::vector<Reached> reached;  // searched only when no port of the other side is on the same switch
    for (const uint32_t in : ins) {
      if (to.ports[in].at_switch != start && reached.empty()) reached = search(topology, start);
      SwitchPath path;
      if (to.ports[in].at_switch != start) {
        path = path_to(topology, reached, to.ports[in].at_switch);
        if (!path.exists) continue;
      } else if (topology.switches()[start].core_bits_per_s != 0) {
        path.hops.push_back({RouteHop::Kind::core, start});
        path.bits_per_s = topology.switches()[start].core_bits_per_s;
      }
      Route route = joined(from, out, path, to, in);
      if (better(route, chosen)) chosen = std::move(route);
    }
  }
  return chosen;
}

std::vector<uint32_t> all_ports(const HostRun& run) {
  std::vector<uint32_t> ports(run.ports.size());
  for (uint32_t i = 0; i < ports.size(); ++i) ports[i] = i;
  return ports;
}

}  // namespace

std::vector<uint32_t> usable_ports(const HostRun& run, int local) {
  std::vector<uint32_t> ports;
  for (uint32_t i = 0; i < run.ports.size(); ++i)
    if (run.ports[i].first_local <= local && local <= run.ports[i].last_local) ports.push_back(i);
  return ports.empty() ? all_ports(run) : ports;
}

std::vector<SwitchPath> paths_from(const Topology& topology, uint32_t at_switch) {
  const std::vector<Reached> reached = search(topology, at_switch);
  std::vector<SwitchPath> paths;
  for (uint32_t end = 0; end < reached.size(); ++end) paths.push_back(path_to(topology, reached, end));
  return paths;
}

Route route_inside(const Topology& topology, uint32_t run) { return inside_host(topology.runs()[run], run); }

Route route_between(const Topology& topology, uint32_t from_run, int from_local, uint32_t to_run, int to_local) {
  const HostRun &from = topology.runs()[from_run], &to = topology.runs()[to_run];
  Route route = best(topology, from, usable_ports(from, from_local), to, usable_ports(to, to_local));
  // Ranks on rails that do not meet go through a neighbour's port of their host.
  if (route.hops.empty()) route = best(topology, from, all_ports(from), to, all_ports(to));
  return route;
}

Route Topology::route(Rank from, Rank to) const {
  const int from_host = host_of(from), to_host = host_of(to);
  const uint32_t from_run = run_index_of_host(from_host), to_run = run_index_of_host(to_host);
  if (from_host == to_host) return route_inside(*this, from_run);
  Route route = route_between(*this, from_run, local_of(from), to_run, local_of(to));
  assert(!route.hops.empty());  // make() saw that all hosts are joined
  return route;
}

}  // namespace hawser
