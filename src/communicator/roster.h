// What all ranks of a communicator agreed on when it was made: who they are, which of them are islands, what joins them.
#pragma once
#include <vector>

#include "src/agreement/record.h"
#include "src/net/handshake.h"
#include "src/topology/topology.h"

namespace hawser {

struct Roster {
  std::vector<Record> records;     // by rank
  std::vector<int> islands;        // by rank: its island's number, islands in rank order
  std::vector<IslandFacts> facts;  // by island
  Topology topology;
  SecretKey key{};                          // of every connection between them
  std::vector<Rank> island_of(Rank) const;  // the ranks of that rank's island, in rank order
};

// The same for some of its ranks, renumbered in the order given.
Result<Roster> restrict_roster(const Roster&, const std::vector<Rank>& members);

}  // namespace hawser
