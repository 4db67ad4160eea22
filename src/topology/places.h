// Which rank sits where: arithmetic over the runs of hosts, and tables only when an order line shuffles the ranks. Immutable, shared.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/types.h"
#include "src/topology/topology.h"

namespace hawser {

class HostNames;

class Places {
 public:
  // The runs are checked already; order holds NAME or NAME:LOCAL.
  static Result<std::shared_ptr<const Places>> make(const std::vector<HostRun>&, const std::vector<std::string>& order);

  struct Seat {
    uint32_t run = 0;
    int host = 0, local = 0, island = 0;
  };
  Seat seat(Rank) const;
  uint32_t run_of_host(int host) const;
  uint32_t index_in_run(int host) const;
  uint32_t run_of_island(int island) const;
  std::vector<Rank> ranks_of_island(int island) const;
  std::vector<Rank> ranks_of_host(int host) const;
  int ranks() const { return ranks_; }
  int hosts() const { return hosts_; }
  int islands() const { return islands_; }
  bool shuffled() const { return !seats_.empty(); }

 private:
  struct Span {  // of a run, in order of text
    int first_rank, first_host, first_island;
    int ranks_per_host, ranks_per_island, islands_per_host;
  };
  const Span& span_of_rank(Rank) const;
  uint32_t text_host(int host) const { return text_host_.empty() ? static_cast<uint32_t>(host) : text_host_[static_cast<size_t>(host)]; }
  Status shuffle(const std::vector<HostRun>&, const std::vector<std::string>& order);
  Status claim(const HostNames&, const std::string& entry, std::vector<bool>& taken);
  void number_in_rank_order();

  std::vector<Span> spans_;
  int ranks_ = 0, hosts_ = 0, islands_ = 0;
  // Only with an order line:
  std::vector<Seat> seats_;           // by rank
  std::vector<uint32_t> text_host_;   // by host: its number in order of text
  std::vector<uint32_t> island_run_;  // by island
  std::vector<std::vector<Rank>> by_island_, by_host_;
};

// The entries of a canonical order line; empty when ranks follow the text.
std::vector<std::string> order_entries(const Places&, const std::vector<HostRun>&);

}  // namespace hawser
