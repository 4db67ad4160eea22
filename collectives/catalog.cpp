// Every planner, one row each. Of two that cost nearly the same the first wins, so simple ones stand first.
#include "collectives/planner.h"
#include "collectives/rows.h"
#include "src/base/hash.h"

namespace hawser {
namespace {

using enum Collective;

template <Patterns (*make)(const Shape&, Collective)>
Patterns write(const Topology& topology, const Request& request) {
  return make(Shape::of(topology), request.collective);
}
template <PatternKind between>
Patterns write_two_level(const Topology& topology, const Request& request) {
  return two_level_patterns(Shape::of(topology), request.collective, between);
}
Patterns write_two_level_all_to_all(const Topology& topology, const Request&) { return two_level_all_to_all(Shape::of(topology)); }

template <bool (*fits)(const Shape&)>
bool suits(const Topology& topology, const Request&) {
  return fits(Shape::of(topology));
}
bool any(const Topology&, const Request&) { return true; }

constexpr auto kIsland = write<island_patterns>, kOneShot = write<one_shot_patterns>, kDirect = write<direct_patterns>,
               kPairwise = write<pairwise_patterns>, kRing = write<ring_patterns>, kDoubling = write<recursive_doubling_patterns>,
               kHalving = write<halving_doubling_patterns>, kTree = write<binomial_tree_patterns>,
               kDissemination = write<dissemination_patterns>;
constexpr auto kTwoLevelRing = write_two_level<PatternKind::ring>, kTwoLevelDirect = write_two_level<PatternKind::direct>;
constexpr auto kOneIsland = suits<suits_one_island>, kFewRanks = suits<suits_ring>, kTwoLevels = suits<suits_two_levels>,
               kRails = suits<suits_rails>;

// Deterministic: reduces in rank order, or not at all.
constexpr Planner kPlanners[] = {
    {"island", all_reduce, true, kOneIsland, kIsland},
    {"one_shot", all_reduce, true, any, kOneShot},
    {"recursive_doubling", all_reduce, false, any, kDoubling},
    {"direct", all_reduce, true, any, kDirect},
    {"ring", all_reduce, false, kFewRanks, kRing},
    {"halving_doubling", all_reduce, false, any, kHalving},
    {"two_level_direct", all_reduce, false, kTwoLevels, kTwoLevelDirect},
    {"two_level_ring", all_reduce, false, kTwoLevels, kTwoLevelRing},

    {"island", reduce, true, kOneIsland, kIsland},
    {"direct", reduce, true, any, kDirect},
    {"binomial_tree", reduce, false, any, kTree},
    {"ring", reduce, false, kFewRanks, kRing},
    {"two_level_direct", reduce, false, kTwoLevels, kTwoLevelDirect},
    {"two_level_ring", reduce, false, kTwoLevels, kTwoLevelRing},

    {"island", broadcast, true, kOneIsland, kIsland},
    {"direct", broadcast, true, any, kDirect},
    {"binomial_tree", broadcast, true, any, kTree},
    {"ring", broadcast, true, kFewRanks, kRing},
    {"two_level_direct", broadcast, true, kTwoLevels, kTwoLevelDirect},
    {"two_level_ring", broadcast, true, kTwoLevels, kTwoLevelRing},

    {"island", all_gather, true, kOneIsland, kIsland},
    {"direct", all_gather, true, any, kDirect},
    {"recursive_doubling", all_gather, true, any, kDoubling},
    {"ring", all_gather, true, kFewRanks, kRing},
    {"two_level_direct", all_gather, true, kTwoLevels, kTwoLevelDirect},
    {"two_level_ring", all_gather, true, kTwoLevels, kTwoLevelRing},

    {"island", reduce_scatter, true, kOneIsland, kIsland},
    {"direct", reduce_scatter, true, any, kDirect},
    {"ring", reduce_scatter, false, kFewRanks, kRing},
    {"halving_doubling", reduce_scatter, false, any, kHalving},
    {"two_level_direct", reduce_scatter, false, kTwoLevels, kTwoLevelDirect},
    {"two_level_ring", reduce_scatter, false, kTwoLevels, kTwoLevelRing},

    {"island", all_to_all, true, kOneIsland, kIsland},
    {"pairwise", all_to_all, true, any, kPairwise},
    {"two_level_direct", all_to_all, true, kRails, write_two_level_all_to_all},
    {"pairwise", all_to_all_v, true, any, kPairwise},

    {"island", gather, true, kOneIsland, kIsland},
    {"direct", gather, true, any, kDirect},
    {"binomial_tree", gather, true, any, kTree},
    {"island", scatter, true, kOneIsland, kIsland},
    {"direct", scatter, true, any, kDirect},
    {"binomial_tree", scatter, true, any, kTree},

    {"island", barrier, true, kOneIsland, kIsland},
    {"dissemination", barrier, true, any, kDissemination},
    {"direct", barrier, true, any, kDirect},
    {"two_level_direct", barrier, true, kTwoLevels, kTwoLevelDirect},
};

}  // namespace

std::span<const Planner> planners() { return kPlanners; }

uint64_t catalog_hash() {
  uint64_t value = 0;
  for (const Planner& planner : kPlanners) value = combine(combine(value, hash(planner.name)), static_cast<uint64_t>(planner.collective));
  return value;
}

}  // namespace hawser
