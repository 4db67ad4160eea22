// Islands by rank, and rosters of parts.
#include "src/communicator/roster.h"

namespace hawser {

std::vector<Rank> Roster::island_of(Rank rank) const {
  std::vector<Rank> members;
  for (size_t other = 0; other < islands.size(); ++other)
    if (islands[other] == islands[static_cast<size_t>(rank)]) members.push_back(static_cast<Rank>(other));
  return members;
}

Result<Roster> restrict_roster(const Roster& whole, const std::vector<Rank>& members) {
  Roster part;
  part.key = whole.key;
  std::vector<int> number(whole.facts.size(), -1);
  for (const Rank member : members) {
    const auto old = static_cast<size_t>(whole.islands[static_cast<size_t>(member)]);
    if (number[old] < 0) {
      number[old] = static_cast<int>(part.facts.size());
      part.facts.push_back(whole.facts[old]);
    }
    part.islands.push_back(number[old]);
    part.records.push_back(whole.records[static_cast<size_t>(member)]);
  }
  part.topology = HAWSER_TRY(compose_topology(part.records, part.islands, part.facts));
  return part;
}

}  // namespace hawser
