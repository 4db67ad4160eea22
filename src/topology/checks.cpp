// The checks and the canonical form: names, ranges, caps, and that every host can reach every other.
#include "src/topology/checks.h"

#include <numeric>
#include <unordered_set>

#include "src/topology/names.h"

namespace hawser {
namespace {

constexpr uint64_t kMostBitsPerS = 1'000'000'000'000'000'000 / 64;  // sums over a million ranks times eight still fit where they are made
constexpr int64_t kMostLatencyNs = 3'600'000'000'000;               // an hour

Status invalid(std::string text) { return Status(Code::invalid, std::move(text)); }

Status check_rate(const Rate& rate, const std::string& of) {
  if (rate.out_bits_per_s == 0 || rate.in_bits_per_s == 0) return invalid(of + ": a rate of 0; leave out what cannot carry anything");
  if (rate.out_bits_per_s > kMostBitsPerS || rate.in_bits_per_s > kMostBitsPerS) return invalid(of + ": a rate above 15625000 Gbit/s");
  return {};
}

Status check_latency(int64_t latency_ns, const std::string& of) {
  if (latency_ns < 0 || latency_ns > kMostLatencyNs) return invalid(of + ": a latency below 0 or above an hour");
  return {};
}

Status check_port(const std::vector<Switch>& switches, const HostRun& run, const Port& port) {
  const std::string of = "host " + run.first_name;
  if (port.at_switch >= switches.size()) return invalid(of + ": a port on a switch that is not there");
  const std::string at = of + ": port on " + switches[port.at_switch].name;
  HAWSER_TRY(check_rate(port.rate, at));
  HAWSER_TRY(check_latency(port.latency_ns, at));
  if (port.first_local > port.last_local || port.first_local >= run.ranks_per_host)
    return invalid(at + ": for ranks " + std::to_string(port.first_local) + "-" + std::to_string(port.last_local) + " of " +
                   std::to_string(run.ranks_per_host));
  return {};
}

Status check_island(const HostRun& run) {
  const IslandFacts& facts = run.island;
  const std::string of = "host " + run.first_name + ": island";
  if (facts.copy_bytes_per_s < 1'000'000 || facts.copy_bytes_per_s > kMostBitsPerS / 8 || facts.non_temporal_bytes_per_s < 1'000'000 ||
      facts.non_temporal_bytes_per_s > kMostBitsPerS / 8)
    return invalid(of + ": copy and nt rates lie between 0.008 and 15625000 Gbit/s");
  if (facts.hop_ns > 1'000'000'000 || facts.l2_kib > (1u << 30) || facts.l3_share_kib > (1u << 30) || facts.ranks_per_cpu_x256 == 0 ||
      facts.ranks_per_cpu_x256 > (1u << 24))
    return invalid(of + ": a fact out of range (hop at most 1 s, caches at most 1 TiB, per_cpu above 0 and at most 65536)");
  for (const uint64_t rate : {facts.publish_bytes_per_s, facts.take_bytes_per_s, facts.cma_bytes_per_s, facts.cma_again_bytes_per_s})
    if (rate != 0 && (rate < 1'000'000 || rate > kMostBitsPerS / 8))
      return invalid(of + ": publish, take and cma rates are 0 or lie between 0.008 and 15625000 Gbit/s");
  if (facts.cma_ns > 1'000'000'000) return invalid(of + ": cma_ns is at most 1 s");
  return {};
}

Status check_run(const std::vector<Switch>& switches, const HostRun& run) {
  const std::string of = "host " + run.first_name;
  if (!valid_name(run.first_name)) return invalid("host: '" + run.first_name + "' is no name: letters, digits, '.', '_', '-'; at most 255");
  if (run.hosts == 0 || run.hosts > kMostRanks) return invalid(of + ": a run has 1 to 1048576 hosts");
  const NumberedName first = split_name(run.first_name);
  if (run.hosts > 1 && (first.digits == 0 || split_name(name_of_host(run, run.hosts - 1)).digits == 0 || run.first_name.size() > 200))
    return invalid(of + ": a run of hosts needs a number of at most 18 digits at the end of a name of at most 200 letters");
  if (run.ranks_per_host == 0 || run.ranks_per_host > kMostRanksPerHost) return invalid(of + ": a host has 1 to 65535 ranks");
  if (run.islands_per_host == 0 || run.ranks_per_host % run.islands_per_host != 0)
    return invalid(of + ": " + std::to_string(run.ranks_per_host) + " ranks do not divide into " + std::to_string(run.islands_per_host) +
                   " islands");
  if ((run.inner.out_bits_per_s == 0) != (run.inner.in_bits_per_s == 0)) return invalid(of + ": inner: one of the two rates is 0");
  if (run.inner.out_bits_per_s != 0) HAWSER_TRY(check_rate(run.inner, of + ": inner"));
  HAWSER_TRY(check_latency(run.inner_latency_ns, of + ": inner"));
  HAWSER_TRY(check_island(run));
  if (run.ports.size() > 256) return invalid(of + ": more than 256 ports");
  for (const Port& port : run.ports) HAWSER_TRY(check_port(switches, run, port));
  return {};
}

class Joined {  // union-find over switches, then runs
 public:
  explicit Joined(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t root(size_t at) {
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  void join(size_t a, size_t b) { parent_[root(a)] = root(b); }

 private:
  std::vector<size_t> parent_;
};

bool alike(const HostRun& a, const HostRun& b) {
  HostRun copy = b;
  copy.first_name = a.first_name;
  copy.hosts = a.hosts;
  return a == copy;
}

bool counts_on(const HostRun& a, const HostRun& b) {
  return split_name(a.first_name).digits > 0 && split_name(b.first_name).digits > 0 && b.first_name.size() <= 200 &&
         name_of_host(a, a.hosts) == b.first_name;
}

Port canonical(Port port, uint32_t ranks) {
  if (port.last_local >= ranks - 1) port.last_local = port.first_local == 0 ? UINT16_MAX : static_cast<uint16_t>(ranks - 1);
  if (ranks == 1 || port.first_local == port.last_local) port.each = false;  // one rank: its own either way
  return port;
}

}  // namespace

Status check_switches(const std::vector<Switch>& switches) {
  if (switches.size() > kMostNames) return invalid("more than 65536 switches");
  std::unordered_set<std::string_view> names;
  for (const Switch& one : switches) {
    if (!valid_name(one.name)) return invalid("switch: '" + one.name + "' is no name: letters, digits, '.', '_', '-'; at most 255");
    if (!names.insert(one.name).second) return invalid("switch " + one.name + ": there are two of that name");
    if (one.core_bits_per_s > kMostBitsPerS) return invalid("switch " + one.name + ": a core above 15625000 Gbit/s");
  }
  return {};
}

Status check_links(const std::vector<Switch>& switches, const std::vector<SharedLink>& links) {
  if (links.size() > kMostNames) return invalid("more than 65536 links");
  for (const SharedLink& link : links) {
    if (link.from >= switches.size() || link.to >= switches.size()) return invalid("link: a switch that is not there");
    const std::string of = "link " + switches[link.from].name + " " + switches[link.to].name;
    if (link.from == link.to) return invalid(of + ": joins a switch to itself");
    HAWSER_TRY(check_rate(link.rate, of));
    HAWSER_TRY(check_latency(link.latency_ns, of));
  }
  return {};
}

Status check_runs(const std::vector<Switch>& switches, const std::vector<HostRun>& runs) {
  if (runs.size() > kMostNames) return invalid("more than 65536 host lines");
  uint64_t ranks = 0;
  for (const HostRun& run : runs) {
    HAWSER_TRY(check_run(switches, run));
    ranks += uint64_t{run.hosts} * run.ranks_per_host;
    if (ranks > kMostRanks) return invalid("host " + run.first_name + ": more than 1048576 ranks in all");
  }
  if (ranks == 0) return invalid("no host; a topology has at least one rank");
  HAWSER_TRY(HostNames::make(runs));
  return {};
}

Status check_connected(const std::vector<Switch>& switches, const std::vector<SharedLink>& links, const std::vector<HostRun>& runs) {
  const bool single = runs.size() == 1 && runs[0].hosts == 1;
  if (single) return {};
  Joined joined(switches.size() + runs.size());
  for (const SharedLink& link : links) joined.join(link.from, link.to);
  for (size_t r = 0; r < runs.size(); ++r) {
    if (runs[r].ports.empty()) return invalid("host " + runs[r].first_name + ": no port, so no other host can be reached");
    for (const Port& port : runs[r].ports) joined.join(switches.size() + r, port.at_switch);
  }
  for (size_t r = 1; r < runs.size(); ++r)
    if (joined.root(switches.size() + r) != joined.root(switches.size()))
      return invalid("hosts " + runs[0].first_name + " and " + runs[r].first_name + " have no route; link their switches");
  return {};
}

std::vector<HostRun> merged(std::vector<HostRun> runs) {
  std::vector<HostRun> result;
  for (HostRun& run : runs) {
    for (Port& port : run.ports) port = canonical(port, run.ranks_per_host);
    if (!result.empty() && alike(result.back(), run) && counts_on(result.back(), run)) result.back().hosts += run.hosts;
    else result.push_back(std::move(run));
  }
  return result;
}

}  // namespace hawser
