// Who is in a group, in which order chunks lie, in which order peers are visited.
#include "collectives/patterns.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hawser {
namespace {

Rank leader(const std::vector<Rank>& island, Rank root) {
  return std::find(island.begin(), island.end(), root) != island.end() ? root : island.front();
}

int32_t index_in(const std::vector<Rank>& members, Rank rank) {
  const auto found = std::find(members.begin(), members.end(), rank);
  return found == members.end() ? -1 : static_cast<int32_t>(found - members.begin());
}

std::vector<Rank> everyone(uint32_t ranks) {
  std::vector<Rank> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<Rank> members_of(GroupKind kind, const Islands& islands, Rank me, Rank root) {
  const uint32_t mine = islands.island_of[me], index = islands.index[me];
  if (kind == GroupKind::all) return everyone(islands.ranks());
  if (kind == GroupKind::island) return islands.members[mine];
  std::vector<Rank> across;
  for (const auto& island : islands.members) across.push_back(kind == GroupKind::rail ? island[index] : leader(island, root));
  if (across[mine] != me) across.clear();
  return across;
}

}  // namespace

std::string_view name(PatternKind kind) {
  constexpr std::string_view names[] = {"ring",     "direct",        "one_shot", "recursive_doubling", "halving_doubling", "binomial_tree",
                                        "pairwise", "dissemination", "pack"};
  return names[static_cast<int>(kind)];
}

std::string_view name(GroupKind kind) {
  constexpr std::string_view names[] = {"all", "island", "rail", "leaders"};
  return names[static_cast<int>(kind)];
}

Shape Shape::of(const Topology& topology) {
  Shape shape;
  shape.ranks = static_cast<uint32_t>(topology.ranks());
  shape.islands = static_cast<uint32_t>(topology.islands());
  shape.island_ranks = shape.ranks / std::max(shape.islands, 1u);
  for (const HostRun& run : topology.runs())
    if (run.ranks_per_host != shape.island_ranks * run.islands_per_host) shape.island_ranks = 0;
  return shape;
}

Islands Islands::of(std::vector<std::vector<Rank>> members) {
  Islands islands;
  islands.members = std::move(members);
  islands.before.push_back(0);
  for (const auto& island : islands.members) islands.before.push_back(islands.before.back() + static_cast<uint32_t>(island.size()));
  islands.island_of.resize(islands.before.back());
  islands.index.resize(islands.before.back());
  for (uint32_t i = 0; i < islands.members.size(); ++i)
    for (uint32_t j = 0; j < islands.members[i].size(); ++j) {
      islands.island_of[islands.members[i][j]] = i;
      islands.index[islands.members[i][j]] = j;
    }
  return islands;
}

Islands Islands::of(const Topology& topology) {
  std::vector<std::vector<Rank>> members(static_cast<size_t>(topology.islands()));
  for (Rank rank = 0; rank < topology.ranks(); ++rank) members[static_cast<size_t>(topology.island_of(rank))].push_back(rank);
  return of(std::move(members));
}

Shape Islands::shape() const {
  Shape shape{ranks(), static_cast<uint32_t>(members.size()), static_cast<uint32_t>(members.front().size())};
  for (const auto& island : members)
    if (island.size() != shape.island_ranks) shape.island_ranks = 0;
  return shape;
}

Group group_of(GroupKind kind, const Islands& islands, Rank me, Rank root) {
  Group group{members_of(kind, islands, me, root)};
  if (group.members.empty()) return group;
  group.me = static_cast<uint32_t>(index_in(group.members, me));
  const bool led = kind == GroupKind::island;  // inside an island the leader is the root
  group.root = index_in(group.members, led ? leader(group.members, root) : root);
  return group;
}

uint32_t position(Order order, const Islands& islands, Rank rank) {
  switch (order) {
    case Order::by_rank:
      return static_cast<uint32_t>(rank);
    case Order::by_member:
      return islands.index[rank] * static_cast<uint32_t>(islands.members.size()) + islands.island_of[rank];
    case Order::by_island:
      return islands.before[islands.island_of[rank]] + islands.index[rank];
  }
  return 0;
}

uint32_t peer_stride(uint32_t n) {
  if (n < 3) return 1;
  const auto golden = static_cast<uint32_t>(uint64_t{n} * 618 / 1000);
  for (uint32_t away = 0; away < n; ++away) {
    if (golden + away < n && std::gcd(golden + away, n) == 1) return golden + away;
    if (away < golden && std::gcd(golden - away, n) == 1) return golden - away;
  }
  return 1;
}

}  // namespace hawser
