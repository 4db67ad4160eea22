// What each planner file gives to the catalog: its list of patterns for a shape, and which shapes it suits.
#pragma once
#include "collectives/patterns.h"

namespace hawser {

// Chunks of the whole plan's input and output, and a list of patterns.
Patterns flat(PatternKind, GroupKind, Collective, uint32_t ranks, uint32_t vector_chunks);  // one phase over the group

Patterns island_patterns(const Shape&, Collective);                          // island.cpp: one phase that a routine may replace whole
Patterns one_shot_patterns(const Shape&, Collective);                        // direct.cpp
Patterns direct_patterns(const Shape&, Collective);                          // direct.cpp
Patterns pairwise_patterns(const Shape&, Collective);                        // pairwise.cpp
Patterns ring_patterns(const Shape&, Collective);                            // ring.cpp
Patterns recursive_doubling_patterns(const Shape&, Collective);              // recursive_doubling.cpp
Patterns halving_doubling_patterns(const Shape&, Collective);                // halving_doubling.cpp
Patterns binomial_tree_patterns(const Shape&, Collective);                   // binomial_tree.cpp
Patterns dissemination_patterns(const Shape&, Collective);                   // dissemination.cpp
Patterns two_level_patterns(const Shape&, Collective, PatternKind between);  // two_level.cpp
Patterns two_level_all_to_all(const Shape&);                                 // two_level_all_to_all.cpp

bool suits_one_island(const Shape&);
bool suits_ring(const Shape&);        // few enough for a ring's rounds
bool suits_two_levels(const Shape&);  // several islands, not each of one rank
bool suits_rails(const Shape&);       // two levels, and islands equally large

}  // namespace hawser
