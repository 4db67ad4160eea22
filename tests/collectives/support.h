// What the tests of this room share: partitions of ranks into islands, topologies that have them, all ranks' plans.
#pragma once
#include <string>
#include <vector>

#include "collectives/planner.h"
#include "src/plan/builder.h"

namespace hawser {

using Partition = std::vector<std::vector<Rank>>;
Partition consecutive(uint32_t ranks, const std::vector<uint32_t>& sizes);  // sizes repeat
Partition interleaved(uint32_t ranks, uint32_t islands);
std::vector<Partition> partitions(uint32_t ranks);  // of every kind that so many ranks allow

Topology topology_of(const Partition&);  // one host an island, all on one switch
const Planner& planner_named(std::string_view name, Collective);

struct Case {
  const Planner* planner = nullptr;
  const Topology* topology = nullptr;
  Request request;
  std::vector<Aliasing> aliasing;  // by rank
  std::vector<Plan> plans() const;
  std::string text() const;
};

std::vector<Rank> roots(Collective, int ranks);           // a sample; {0} where there is none
std::vector<std::vector<Aliasing>> aliasings(int ranks);  // none, all, mixed
std::vector<Case> cases(const Topology&);                 // every planner that suits, with those

}  // namespace hawser
