// The cost against its oracle: on random unlike topologies the outlines' times are near the simulator's, and so is what is chosen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "collectives/candidates.h"
#include "src/base/random.h"
#include "src/plan/simulate.h"

namespace hawser {
namespace {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t n) { return random_.next() % n; }
  int of(std::initializer_list<int> values) { return *(values.begin() + below(values.size())); }

 private:
  SeededRandom random_;
};

std::string cluster_lines(Dice& dice, int cluster, int hosts, int ranks, const std::string& ethernet, int ethernet_rate, bool slow) {
  const std::string own = "f" + std::to_string(cluster), name(1, static_cast<char>('a' + cluster));
  const int rate = dice.of({100, 200, 400});
  const std::string each = ranks > 1 ? " for 0-" + std::to_string(ranks - 1) + " each" : "";
  const auto line = [&](int from, int to, int own_rate) {
    return "host " + name + "[" + std::to_string(from) + "-" + std::to_string(to) + "] ranks " + std::to_string(ranks) +
           " inner 1600 lat 1 on " + own + " " + std::to_string(own_rate) + " lat 3" + each + " on " + ethernet + " " +
           std::to_string(ethernet_rate) + " lat 20\n";
  };
  return slow && hosts > 1 ? line(0, hosts - 2, rate) + line(hosts - 1, hosts - 1, rate / 2) : line(0, hosts - 1, rate);
}

// 64 ranks: one to three clusters of unlike fabrics, joined by an Ethernet or by trunks between Ethernets, a slow host in a third of them.
Topology random_topology(Dice& dice) {
  const int clusters = dice.of({1, 2, 3}), ranks = dice.of({1, 4, 8}), hosts = 64 / ranks, ethernet_rate = dice.of({10, 25, 100});
  const bool slow = dice.below(3) == 0, trunks = clusters > 1 && dice.below(2) == 0;
  std::string switches, links, lines;
  for (int c = 0; c < clusters; ++c) {
    const std::string number = std::to_string(c);
    switches += "switch f" + number + " roce\n";
    if (c == 0 || trunks) switches += "switch e" + number + " ethernet\n";
    if (c > 0 && trunks)
      links +=
          "link e0 e" + number + " " + std::to_string(std::max(1, ethernet_rate * hosts / clusters / dice.of({1, 2, 4, 8}))) + " lat 50\n";
    lines += cluster_lines(dice, c, hosts / clusters + (c == 0 ? hosts % clusters : 0), ranks, trunks ? "e" + number : "e0", ethernet_rate,
                           slow && c == 0);
  }
  Result<Topology> topology = Topology::parse("topology 1\n" + switches + links + lines);
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return topology.ok() ? std::move(topology).value() : Topology();
}

Request random_request(Dice& dice, int ranks) {
  Request request;
  request.collective = static_cast<Collective>(dice.of(
      {static_cast<int>(Collective::all_reduce), static_cast<int>(Collective::all_gather), static_cast<int>(Collective::reduce_scatter),
       static_cast<int>(Collective::broadcast), static_cast<int>(Collective::all_to_all)}));
  const uint64_t bytes = uint64_t{1024} << dice.below(14);
  request.count = std::max<uint64_t>(1, bytes / 4 / (keeps_vector(request.collective) ? 1 : static_cast<uint64_t>(ranks)));
  return request;
}

int64_t simulated(const Topology& topology, const Request& request, const Candidate& candidate) {
  const SimulationOptions options{candidate.slice_bytes, candidate.window, choice_of(candidate).schemes};
  const auto make = [&](Rank me) { return plan(*candidate.planner, topology, request, me, Aliasing::none); };
  const Result<Simulation> simulation = simulate(topology, make, request, options);
  EXPECT_TRUE(simulation.ok()) << simulation.error().text();
  return simulation.ok() ? simulation.value().picoseconds : INT64_MAX;
}

struct Tally {
  int costs = 0, near = 0;    // within 15 %, of candidates that simulate within 1.5x of the best
  int choices = 0, good = 0;  // regret at most 10 %
  double worst = 0;           // regret
};

void compare(const Topology& topology, const Request& request, Tally& tally) {
  Result<std::vector<Candidate>> all = candidates(topology, request);
  ASSERT_TRUE(all.ok()) << all.error().text();
  const std::vector<Candidate>& compared = all.value();
  const Candidate& chosen = preferred(compared);
  std::vector<int64_t> times;
  int64_t best = INT64_MAX, mine = 0;
  for (const Candidate& candidate : compared) {
    const bool hopeless = candidate.cost.picoseconds > 6 * chosen.cost.picoseconds;  // no cost was ever that wrong
    times.push_back(hopeless ? INT64_MAX : simulated(topology, request, candidate));
    best = std::min(best, times.back());
    if (&candidate == &chosen) mine = times.back();
  }
  for (size_t i = 0; i < compared.size(); ++i) {
    if (times[i] > best / 2 * 3) continue;
    ++tally.costs;
    if (std::llabs(compared[i].cost.picoseconds - times[i]) <= times[i] / 100 * 15) ++tally.near;
  }
  const double regret = static_cast<double>(mine) / static_cast<double>(best) - 1;
  ++tally.choices;
  if (regret <= 0.10) ++tally.good;
  tally.worst = std::max(tally.worst, regret);
}

TEST(Cost, IsNearTheSimulatorAndSoIsTheChoice) {
  const uint64_t seed = 20261125;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Dice dice(seed);
  Tally tally;
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    const Topology topology = random_topology(dice);
    ASSERT_EQ(topology.ranks(), 64);
    compare(topology, random_request(dice, topology.ranks()), tally);
  }
  std::printf("cost within 15 %%: %d of %d; regret at most 10 %%: %d of %d, worst %.1f %%\n", tally.near, tally.costs, tally.good,
              tally.choices, 100 * tally.worst);
  EXPECT_GE(tally.near * 100, tally.costs * 85);
  EXPECT_GE(tally.good * 100, tally.choices * 95);
}

}  // namespace
}  // namespace hawser
