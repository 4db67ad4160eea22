// Maximum flow on small graphs, by shortest augmenting paths. Capacities are integers; the answer saturates.
#pragma once
#include <cstdint>
#include <vector>

namespace hawser {

class FlowGraph {
 public:
  explicit FlowGraph(uint32_t nodes) : around_(nodes) {}
  void add(uint32_t from, uint32_t to, uint64_t capacity);  // one way
  uint64_t most(uint32_t from, uint32_t to);                // uses the graph up

 private:
  struct Edge {
    uint32_t to;
    uint64_t capacity;
  };
  bool find_path(uint32_t from, uint32_t to);
  std::vector<Edge> edges_;  // an edge and its reverse are neighbours
  std::vector<std::vector<uint32_t>> around_;
  std::vector<uint32_t> by_;  // the edge each node was reached by
};

}  // namespace hawser
