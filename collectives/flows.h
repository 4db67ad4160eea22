// Who sends to whom in one round of a pattern, as load on classes of resources for a block of one byte. Made once for a topology and kept
// with it: an outline only multiplies. Direct rounds are counted by classes of ranks; rounds with one partner rank by rank.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/patterns.h"
#include "src/plan/outline.h"
#include "src/topology/topology.h"

namespace hawser {

struct Round {
  struct Entry {
    uint32_t resource = 0;
    uint64_t blocks = 0;   // that pass the busiest of this class
    int64_t fixed_ps = 0;  // for its messages, whatever their size
  };
  std::vector<Entry> entries;
  int64_t latency_ps = 0;       // the longest message's: overheads of both ends and the way
  int64_t arrival_ps = 0;       // without the sender's
  uint64_t femtoseconds = 0;    // a byte through the narrowest place of any of the ways
  __int128 all_latency_ps = 0;  // of all messages added up
  __int128 all_femtoseconds = 0;
  uint64_t messages = 0;
};

// The longest chain through several rounds, as a share of the sum of each round's longest: not every round is long for the same ranks.
struct Share {
  uint32_t latency_x1024 = 1024, data_x1024 = 1024;
};

struct GroupFlows {   // for groups of one kind; all groups at once
  uint32_t size = 0;  // members of a group; 0: there is no such group
  Round ring, ring_back, direct, fold_in, fold_out;
  std::vector<Round> doubling;            // distance 1, 2, 4 ... among the largest power of two
  std::vector<Round> tree_down, tree_up;  // of a tree whose root is member 0: distance 1, 2, 4 ...
  std::vector<Round> dissemination;       // likewise
  Share even, growing, shrinking;         // of doubling, with equal blocks, blocks that double, and the way back
  Share down, up;                         // of the trees
  Share around;                           // of dissemination
};

class Flows {
 public:
  static const Flows& of(const Topology&);  // made at first use
  explicit Flows(const Topology&);
  const Resources& resources() const { return resources_; }
  const GroupFlows& group(GroupKind kind) const { return groups_[static_cast<size_t>(kind)]; }
  // One message between two ranks.
  struct Message {
    int64_t latency_ps = 0;  // with both overheads
    uint64_t femtoseconds = 0;
  };
  Message message(const Topology&, Rank from, Rank to) const;
  // Root to each of the others in its group, or back.
  Round rooted(const Topology&, GroupKind, Rank root, bool to_root) const;

 private:
  friend class RoundBuilder;
  friend class GroupBuilder;
  struct Way {                     // from a rank of one class to a rank of another
    std::vector<uint32_t> shared;  // links and cores on it
    uint32_t out = 0, in = 0;      // ports of the two runs
    uint64_t femtoseconds = 0;
    int64_t latency_ps = 0, overhead_ps = 0;
  };
  struct RankClass {  // ranks of one run that use the same ports
    uint32_t run = 0;
    int local = 0;         // one of them
    uint32_t on_host = 0;  // how many of them a host has
  };
  void find_classes(const Topology&);
  void find_ways(const Topology&);
  const Way& way(uint32_t from, uint32_t to) const { return ways_[from * classes_.size() + to]; }
  Round direct(const Topology&, GroupKind) const;
  void make_group(const Topology&, GroupKind);

  Resources resources_;
  std::vector<RankClass> classes_;
  std::vector<std::vector<uint32_t>> class_of_local_;  // by run, by local number
  std::vector<Way> ways_;                              // to another host
  std::vector<Way> inside_, in_island_;                // by run
  GroupFlows groups_[4];
};

}  // namespace hawser
