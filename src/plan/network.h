// The topology as a simulator sees it: every port, link, core and rank by itself, and which of them a message passes.
#pragma once
#include <cstdint>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "src/plan/outline.h"
#include "src/topology/topology.h"

namespace hawser {

struct Station {  // serves messages one after another
  ResourceKind kind = ResourceKind::inner;
  uint32_t owner = 0;                  // rank (sending, receiving, inner), host (ports), link, switch or island
  uint32_t port = 0;                   // ports: index in the host's run
  uint64_t femtoseconds_per_byte = 0;  // 0: bytes do not load it
  int64_t latency_ps = 0;              // until what it sent on arrives at the next
};

struct Path {
  std::vector<uint32_t> stations;  // sending first, receiving last
  int64_t overhead_ps = 0;         // of one message, at each end
};

class Network {
 public:
  explicit Network(const Topology&);
  const Path& path(Rank from, Rank to);
  uint32_t copying(Rank rank) const { return static_cast<uint32_t>(rank) * kOfRank + 4; }
  uint32_t island(int number) const { return first_island_ + static_cast<uint32_t>(number); }
  const std::vector<Station>& stations() const { return stations_; }

 private:
  static constexpr uint32_t kOfRank = 5;  // sending, receiving, inner out, inner in, copying
  Path find(Rank from, Rank to);
  void pass(const RouteHop&, Rank from, Rank to, Path&);
  const std::vector<RouteHop>& hops(Rank from, Rank to);
  uint32_t port(Rank, uint32_t port, bool out);
  void add_ranks();
  void add_links();
  uint32_t add(Station);

  const Topology& topology_;
  std::vector<Station> stations_;
  uint32_t first_link_ = 0, first_core_ = 0, first_island_ = 0;
  std::unordered_map<uint64_t, uint32_t> ports_;  // by host, local rank where each has its own, port and direction
  std::unordered_map<uint64_t, Path> paths_;      // by pair
  // By run and number on the host of both ends, and whether they share the host: who is alike there goes the same way.
  std::map<std::tuple<uint32_t, int, uint32_t, int, bool>, std::vector<RouteHop>> routes_;
};

}  // namespace hawser
