// Partitions, topologies, cases.
#include "tests/collectives/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "collectives/emit.h"

namespace hawser {

Partition consecutive(uint32_t ranks, const std::vector<uint32_t>& sizes) {  // sizes repeat
  Partition islands;
  Rank next = 0;
  for (size_t i = 0; next < static_cast<Rank>(ranks); ++i) {
    islands.emplace_back();
    for (uint32_t j = 0; j < sizes[i % sizes.size()] && next < static_cast<Rank>(ranks); ++j) islands.back().push_back(next++);
  }
  return islands;
}

Partition interleaved(uint32_t ranks, uint32_t islands) {
  Partition result(std::min(islands, ranks));
  for (uint32_t rank = 0; rank < ranks; ++rank) result[rank % result.size()].push_back(static_cast<Rank>(rank));
  return result;
}

// A topology whose islands have those members, in that order.
Topology topology_of(const Partition& islands) {
  std::vector<HostRun> hosts;
  std::vector<std::string> order;
  size_t ranks = 0;
  for (const auto& island : islands) ranks += island.size();
  std::vector<std::string> place(ranks);
  for (size_t i = 0; i < islands.size(); ++i) {
    const std::string host = "h" + std::to_string(i);
    hosts.push_back({.first_name = host,
                     .ranks_per_host = static_cast<uint32_t>(islands[i].size()),
                     .ports = {{0, {8'000'000'000, 8'000'000'000}, 1000}}});
    for (size_t j = 0; j < islands[i].size(); ++j) place[static_cast<size_t>(islands[i][j])] = host + ":" + std::to_string(j);
  }
  order = place;
  Result<Topology> made = Topology::make({{"net", Fabric::ethernet}}, {}, std::move(hosts), std::move(order));
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

std::vector<Partition> partitions(uint32_t ranks) {
  std::vector<Partition> found = {consecutive(ranks, {ranks})};
  if (ranks > 1) found.push_back(consecutive(ranks, {1}));
  if (ranks > 32) {  // large ones take long
    found.push_back(consecutive(ranks, {4}));
    found.push_back(interleaved(ranks, 3));
    return found;
  }
  if (ranks > 2) found.push_back(consecutive(ranks, {2}));
  if (ranks > 4) found.push_back(consecutive(ranks, {4}));
  if (ranks > 3) found.push_back(consecutive(ranks, {3, 1, 2}));
  if (ranks > 3) found.push_back(interleaved(ranks, 2));
  if (ranks > 5) found.push_back(interleaved(ranks, 3));
  return found;
}

const Planner& planner_named(std::string_view name, Collective collective) {
  const auto all = planners();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Planner& planner) { return planner.name == name && planner.collective == collective; });
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

std::vector<Plan> Case::plans() const {
  const Patterns patterns = planner->write(*topology, request);
  const Islands islands = Islands::of(*topology);
  std::vector<Plan> result;
  for (Rank me = 0; me < topology->ranks(); ++me)
    result.push_back(plan(patterns, islands, request, me, aliasing[static_cast<size_t>(me)], planner->name));
  return result;
}

std::string Case::text() const {
  return std::string(name(request.collective)) + " by " + std::string(planner->name) + ", root " + std::to_string(request.root) + ", on\n" +
         topology->text();
}

std::vector<Rank> roots(Collective collective, int ranks) {
  if (!rooted(collective) || ranks == 1) return {0};
  if (ranks > 17) return {ranks / 3};
  if (ranks <= 5) {
    std::vector<Rank> all(static_cast<size_t>(ranks));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  return {0, ranks / 3, ranks - 1};
}

std::vector<std::vector<Aliasing>> aliasings(int ranks) {
  std::vector<Aliasing> mixed(static_cast<size_t>(ranks), Aliasing::none);
  for (size_t i = 0; i < mixed.size(); i += 2) mixed[i] = Aliasing::in_place;
  if (ranks > 17) return {mixed};  // large ones take long
  return {std::vector<Aliasing>(mixed.size(), Aliasing::none), std::vector<Aliasing>(mixed.size(), Aliasing::in_place), mixed};
}

std::vector<Case> cases(const Topology& topology) {
  std::vector<Case> found;
  for (const Planner& planner : planners())
    for (const Rank root : roots(planner.collective, topology.ranks())) {
      const Request request{.collective = planner.collective, .count = 1000, .root = root};
      if (!planner.suits(topology, request)) continue;
      for (const auto& aliasing : aliasings(topology.ranks())) found.push_back({&planner, &topology, request, aliasing});
    }
  return found;
}

}  // namespace hawser
