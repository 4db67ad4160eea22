// From records, islands and what was measured inside them to the one Topology that all ranks hold. A pure function of what all know.
//
// A machine (one boot id) becomes a host when its islands are of one size; else every island becomes a host of its own, and a switch of the
// machine joins them, as a host's islands must be alike. Interfaces meet on one switch per network; networks that share no host are joined
// by a switch "routed", as addresses of different networks usually reach each other through a router.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "src/agreement/record.h"
#include "src/topology/names.h"

namespace hawser {
namespace {

constexpr uint64_t kUnknownBitsPerS = 10'000'000'000;  // of an interface that does not say
constexpr int64_t kEthernetLatencyNs = 15'000, kRdmaLatencyNs = 2'000, kRoutedLatencyNs = 50'000;
constexpr int64_t kLoopbackLatencyNs = 4'000;
constexpr uint64_t kCopiesOfLoopback = 3;  // sockets of one machine: into the kernel, out of it, and the kernel's own work

struct Seat {
  size_t host = 0;
  int local = 0;
};

struct Share {  // of the machine's interfaces: so many of all its ranks
  size_t ranks = 1, of = 1;
  uint64_t part(uint64_t rate) const { return std::max<uint64_t>(1, rate / of * ranks + rate % of * ranks / of); }
};

struct Machine {
  std::vector<size_t> ranks;
  std::vector<std::vector<size_t>> islands;  // their ranks, in rank order
  bool alike = true;                         // islands of one size: one host holds them
};

bool is_loopback(const NicRecord& nic) { return nic.subnet.starts_with("127.") || nic.subnet.starts_with("::1/"); }

int64_t latency_of(Fabric fabric) { return fabric == Fabric::ethernet ? kEthernetLatencyNs : kRdmaLatencyNs; }
uint64_t rate_of(const NicRecord& nic) { return nic.bits_per_s == 0 ? kUnknownBitsPerS : nic.bits_per_s; }

class Composer {
 public:
  Composer(const std::vector<Record>& records, const std::vector<int>& islands, const std::vector<IslandFacts>& facts)
      : records_(records), islands_(islands), facts_(facts), seats_(records.size()) {}
  Result<Topology> compose();

 private:
  Status check() const;
  Status find_machines();
  void add_hosts(const Machine&);
  void add_host(const Machine&, const std::vector<std::vector<size_t>>& islands, const std::string& name, Share share);
  std::vector<Port> ports_of(const Machine&, Share share);
  std::string fresh_name(const std::string& wanted);
  uint32_t switch_of(Fabric, const std::string& network);
  uint32_t add_switch(std::string name, Fabric);
  void join_networks();
  uint64_t widest_port(uint32_t at_switch) const;
  Status check_reachable() const;
  std::vector<std::string> order() const;

  const std::vector<Record>& records_;
  const std::vector<int>& islands_;
  const std::vector<IslandFacts>& facts_;
  std::vector<Machine> machines_;
  std::vector<Switch> switches_;
  std::vector<SharedLink> links_;
  std::vector<HostRun> hosts_;
  std::vector<Seat> seats_;  // by rank
  std::map<std::pair<Fabric, std::string>, uint32_t> switch_of_;
  std::set<std::pair<std::string, uint64_t>> names_;  // without leading zeros
  std::set<std::string> switch_names_;
};

std::string letters_of(std::string_view text) {  // what a name may hold
  std::string name;
  for (const char letter : text.substr(0, 180)) name += valid_name(std::string_view(&letter, 1)) ? letter : '-';
  return name.empty() ? "host" : name;
}

Status Composer::check() const {
  if (records_.empty() || islands_.size() != records_.size())
    return Status(Code::internal,
                  "a topology of " + std::to_string(records_.size()) + " records and " + std::to_string(islands_.size()) + " islands");
  for (const int island : islands_)
    if (island < 0 || static_cast<size_t>(island) >= facts_.size())
      return Status(Code::internal, "island " + std::to_string(island) + " has no facts");
  return {};
}

Status Composer::find_machines() {
  std::map<std::string, size_t> machine_of_boot;
  std::map<int, std::pair<size_t, size_t>> place_of_island;  // machine, number in it
  for (size_t rank = 0; rank < records_.size(); ++rank) {
    const std::string& boot = records_[rank].boot_id;
    const std::string key = boot.empty() ? "rank " + std::to_string(rank) : "boot " + boot;
    const size_t at = machine_of_boot.emplace(key, machines_.size()).first->second;
    if (at == machines_.size()) machines_.emplace_back();
    Machine& machine = machines_[at];
    machine.ranks.push_back(rank);
    const auto place = place_of_island.emplace(islands_[rank], std::pair(at, machine.islands.size())).first->second;
    if (place.first != at) return Status(Code::internal, "island " + std::to_string(islands_[rank]) + " spans two machines");
    if (place.second == machine.islands.size()) machine.islands.emplace_back();
    machine.islands[place.second].push_back(rank);
  }
  for (Machine& machine : machines_)
    for (const auto& island : machine.islands) machine.alike = machine.alike && island.size() == machine.islands[0].size();
  return {};
}

std::string Composer::fresh_name(const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2;; ++number) {
    const NumberedName parts = split_name(name);
    if (names_.emplace(std::string(parts.prefix), parts.digits == 0 ? 0 : parts.number + 1).second) return name;
    name = wanted + "." + std::to_string(number);
  }
}

uint32_t Composer::add_switch(std::string name, Fabric fabric) {
  std::string fresh = name;
  for (int number = 2; !switch_names_.insert(fresh).second; ++number) fresh = name + "." + std::to_string(number);
  switches_.push_back({fresh, fabric, 0});
  return static_cast<uint32_t>(switches_.size() - 1);
}

uint32_t Composer::switch_of(Fabric fabric, const std::string& network) {
  const auto found = switch_of_.find({fabric, network});
  if (found != switch_of_.end()) return found->second;
  return switch_of_[{fabric, network}] = add_switch(std::string(name(fabric)) + "-" + letters_of(network), fabric);
}

// The interfaces of all its ranks, each once by name; share: of their rates.
std::vector<Port> Composer::ports_of(const Machine& machine, Share share) {
  std::vector<Port> ports;
  if (machines_.size() == 1) return ports;  // nobody is elsewhere
  std::set<std::pair<Fabric, std::string>> taken;
  for (const size_t rank : machine.ranks)
    for (const NicRecord& nic : records_[rank].nics) {
      if (is_loopback(nic) || !taken.emplace(nic.fabric, nic.name).second) continue;
      const uint64_t rate = share.part(rate_of(nic));
      ports.push_back({.at_switch = switch_of(nic.fabric, nic.subnet), .rate = {rate, rate}, .latency_ns = latency_of(nic.fabric)});
    }
  return ports;
}

uint64_t loopback_bits_per_s(const IslandFacts& facts) {
  return std::max<uint64_t>(8'000'000, facts.copy_bytes_per_s / kCopiesOfLoopback * 8);
}

void Composer::add_host(const Machine& machine, const std::vector<std::vector<size_t>>& islands, const std::string& name, Share share) {
  HostRun run;
  run.first_name = fresh_name(name);
  run.islands_per_host = static_cast<uint32_t>(islands.size());
  run.island = facts_[static_cast<size_t>(islands_[islands[0][0]])];
  int local = 0;
  for (const auto& island : islands)
    for (const size_t rank : island) seats_[rank] = {hosts_.size(), local++};
  run.ranks_per_host = static_cast<uint32_t>(local);
  if (islands.size() > 1) {
    run.inner = {loopback_bits_per_s(run.island), loopback_bits_per_s(run.island)};
    run.inner_latency_ns = kLoopbackLatencyNs;
  }
  run.ports = ports_of(machine, share);
  hosts_.push_back(std::move(run));
}

void Composer::add_hosts(const Machine& machine) {
  const std::string name = letters_of(records_[machine.ranks[0]].host_name);
  if (machine.alike) return add_host(machine, machine.islands, name, {});
  const uint32_t inside = add_switch(name + "-inside", Fabric::ethernet);
  for (const auto& island : machine.islands) {
    add_host(machine, {island}, name, {island.size(), machine.ranks.size()});
    const uint64_t rate = loopback_bits_per_s(hosts_.back().island);
    hosts_.back().ports.push_back({.at_switch = inside, .rate = {rate, rate}, .latency_ns = kLoopbackLatencyNs / 2});
  }
}

uint64_t Composer::widest_port(uint32_t at_switch) const {
  uint64_t widest = kUnknownBitsPerS;
  bool found = false;
  for (const HostRun& host : hosts_)
    for (const Port& port : host.ports)
      if (port.at_switch == at_switch)
        widest = std::exchange(found, true) ? std::max(widest, port.rate.out_bits_per_s) : port.rate.out_bits_per_s;
  return widest;
}

// Links every group of networks that no host joins to the others, through a router nobody told us about.
void Composer::join_networks() {
  std::vector<uint32_t> group(switches_.size());
  std::iota(group.begin(), group.end(), 0u);
  for (const HostRun& host : hosts_)
    for (const Port& port : host.ports) {
      const uint32_t from = group[port.at_switch], to = group[host.ports[0].at_switch];
      std::replace(group.begin(), group.end(), from, to);
    }
  std::vector<uint32_t> firsts;  // a switch of each group, in order
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < group.size(); ++i)
    if (seen.insert(group[i]).second) firsts.push_back(i);
  if (firsts.size() < 2) return;
  const uint32_t router = add_switch("routed", Fabric::ethernet);
  for (const uint32_t each : firsts) links_.push_back({each, router, {widest_port(each), widest_port(each)}, kRoutedLatencyNs});
}

Status Composer::check_reachable() const {
  if (hosts_.size() == 1) return {};
  for (size_t rank = 0; rank < seats_.size(); ++rank)
    if (hosts_[seats_[rank].host].ports.empty())
      return Status(Code::unreachable,
                    "rank " + std::to_string(rank) + " (host " + records_[rank].host_name +
                        ") has no network interface through which other hosts reach it; see the settings interfaces and transport");
  return {};
}

// Who the ranks are where they do not follow the hosts; empty where they do.
std::vector<std::string> Composer::order() const {
  std::vector<std::string> entries;
  bool plain = true;
  Seat expected;
  for (const Seat& seat : seats_) {
    plain = plain && seat.host == expected.host && seat.local == expected.local;
    const bool last = seat.local + 1 == static_cast<int>(hosts_[seat.host].ranks_per_host);
    expected = last ? Seat{seat.host + 1, 0} : Seat{seat.host, seat.local + 1};
    entries.push_back(hosts_[seat.host].first_name + ":" + std::to_string(seat.local));
  }
  return plain ? std::vector<std::string>() : entries;
}

Result<Topology> Composer::compose() {
  HAWSER_TRY(check());
  HAWSER_TRY(find_machines());
  for (const Machine& machine : machines_) add_hosts(machine);
  HAWSER_TRY(check_reachable());
  if (hosts_.size() > 1) join_networks();
  return Topology::make(switches_, links_, hosts_, order());
}

}  // namespace

namespace {

// Islands whose measurements of a fact differ by no more than noise get the median of them, so that hosts that are alike are one run. A
// class ends where the next value is more than 15 % larger.
template <class Value>
void put_into_classes(std::vector<IslandFacts>& facts, Value IslandFacts::*fact) {
  std::vector<IslandFacts*> sorted;
  for (IslandFacts& one : facts) sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(), [fact](const IslandFacts* a, const IslandFacts* b) { return a->*fact < b->*fact; });
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin + 1;
    while (end < sorted.size() && sorted[end]->*fact - sorted[end - 1]->*fact <= sorted[end - 1]->*fact / 20 * 3) ++end;
    const Value median = sorted[begin + (end - begin) / 2]->*fact;
    for (; begin < end; ++begin) sorted[begin]->*fact = median;
  }
}

std::vector<IslandFacts> in_classes(std::vector<IslandFacts> facts) {
  for (const auto fact : {&IslandFacts::copy_bytes_per_s, &IslandFacts::non_temporal_bytes_per_s, &IslandFacts::publish_bytes_per_s,
                          &IslandFacts::take_bytes_per_s, &IslandFacts::cma_bytes_per_s, &IslandFacts::cma_again_bytes_per_s})
    put_into_classes(facts, fact);
  for (const auto fact : {&IslandFacts::hop_ns, &IslandFacts::cma_ns}) put_into_classes(facts, fact);
  return facts;
}

}  // namespace

Result<Topology> compose_topology(const std::vector<Record>& records, const std::vector<int>& islands,
                                  const std::vector<IslandFacts>& facts) {
  return Composer(records, islands, in_classes(facts)).compose();
}

}  // namespace hawser
