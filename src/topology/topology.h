// Who is where and what joins them. A value: equal on every rank, comparable, printable. O(hosts), nothing per pair of ranks.
//
// The text form: `topology 1`, `switch NAME KIND [core RATE]`, `link SWITCH SWITCH RATE[/RATE] [lat US]`,
// `host NAME[FROM-TO] ranks N [islands N] [inner RATE[/RATE] lat US] {on SWITCH RATE[/RATE] [lat US] [for FROM-TO [each]]} ...`, after a
// host line an optional `island hop NS copy RATE nt RATE l2 KIB l3 KIB per_cpu X` (as many of these words as differ from the defaults), and
// an optional `order NAME NAME:LOCAL ...`: who the ranks are, one after the other; a bare NAME is all ranks of that host. Rates in Gbit/s,
// latencies in us, `#` begins a comment.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/base/types.h"

namespace hawser {

struct Rate {
  uint64_t out_bits_per_s = 0, in_bits_per_s = 0;
  friend bool operator==(const Rate&, const Rate&) = default;
};

struct Switch {
  std::string name;
  Fabric fabric = Fabric::ethernet;
  uint64_t core_bits_per_s = 0;  // all that passes through it; 0: non-blocking
  friend bool operator==(const Switch&, const Switch&) = default;
};

struct SharedLink {  // a trunk, an uplink, an oversubscription
  uint32_t from = 0, to = 0;
  Rate rate;
  int64_t latency_ns = 0;
  friend bool operator==(const SharedLink&, const SharedLink&) = default;
};

struct Port {
  uint32_t at_switch = 0;
  Rate rate;
  int64_t latency_ns = 0;
  uint16_t first_local = 0, last_local = UINT16_MAX;  // which ranks of the host use it
  bool each = false;                                  // every one of those ranks has such a port of its own
  friend bool operator==(const Port&, const Port&) = default;
};

// What was measured inside a host: the facts the scheme formulas of plan/scheme.h use. All agreed, all integers.
struct IslandFacts {
  uint32_t hop_ns = 100;                              // a flag from one core to another, one way
  uint64_t copy_bytes_per_s = 12'000'000'000;         // all ranks copying at once, per rank
  uint64_t non_temporal_bytes_per_s = 8'000'000'000;  // likewise with non-temporal stores, far above the caches
  uint32_t l2_kib = 1024, l3_share_kib = 8192;        // per rank
  uint32_t ranks_per_cpu_x256 = 256;                  // 256: one rank per allowed CPU
  // All ranks at once, per rank; 0: not measured, then estimated from the hop and the copy rate.
  uint64_t publish_bytes_per_s = 0;    // copying into lines that a peer read last
  uint64_t take_bytes_per_s = 0;       // copying out of lines that a peer wrote last
  uint64_t cma_bytes_per_s = 0;        // copying through the kernel out of memory that a peer wrote last; 0: not allowed
  uint64_t cma_again_bytes_per_s = 0;  // the same when the reader read it before and nobody has written it since
  uint32_t cma_ns = 0;                 // what such a copy takes however short it is
  friend bool operator==(const IslandFacts&, const IslandFacts&) = default;
};

struct HostRun {  // hosts that are alike, consecutive
  std::string first_name;
  uint32_t hosts = 1, ranks_per_host = 1;
  uint32_t islands_per_host =
      1;       // ranks_per_host / islands_per_host ranks load and store each other's memory; transport=tcp: one rank an island
  Rate inner;  // what one rank can move inside the host when it is not an island; 0: as fast as it copies
  int64_t inner_latency_ns = 0;
  IslandFacts island;
  std::vector<Port> ports;
  friend bool operator==(const HostRun&, const HostRun&) = default;
};

struct RouteHop {
  enum class Kind : uint8_t { port_out, link_forward, link_backward, core, port_in, inner } kind;
  uint32_t index;
};
struct Route {                 // between two ranks
  std::vector<RouteHop> hops;  // port: index into the host run's ports; link: into links(); core: into switches()
  uint64_t bits_per_s = 0;     // the narrowest of them
  int64_t latency_ns = 0;
};

struct Contraction;  // contraction.h: classes of hosts and links, clusters
class Places;        // places.h: which rank sits where

class Topology {
 public:
  Topology() = default;
  static Result<Topology> parse(std::string_view text);
  static Result<Topology> make(std::vector<Switch>, std::vector<SharedLink>, std::vector<HostRun>,
                               std::vector<std::string> order);  // checks; merges equal neighbouring runs
  static Topology one_island(int ranks, const IslandFacts&);     // all ranks on one host
  std::string text() const;                                      // canonical: parse(text()) == *this
  uint64_t fingerprint() const;                                  // of the canonical text

  // Ranks, hosts and islands below are given in range; asking for others is the caller's mistake.
  int ranks() const;
  int hosts() const;
  int host_of(Rank) const;    // hosts are numbered in rank order
  int local_of(Rank) const;   // its number on its host, as ports and islands count
  int island_of(Rank) const;  // islands are numbered in rank order
  int islands() const;
  std::vector<Rank> ranks_of_island(int) const;  // in rank order
  std::vector<Rank> ranks_of_host(int) const;    // in rank order
  const HostRun& run_of_host(int host) const;
  uint32_t run_index_of_host(int host) const;
  std::string host_name(int host) const;
  const IslandFacts& island_facts(int island) const;
  Route route(Rank from, Rank to) const;   // ties by width, then order of text
  const Contraction& contraction() const;  // made once, shared by copies

  const std::vector<Switch>& switches() const { return switches_; }
  const std::vector<SharedLink>& links() const { return links_; }
  const std::vector<HostRun>& runs() const { return runs_; }
  friend bool operator==(const Topology& a, const Topology& b) { return a.text() == b.text(); }

 private:
  std::vector<Switch> switches_;
  std::vector<SharedLink> links_;
  std::vector<HostRun> runs_;
  std::shared_ptr<const Places> places_;            // null in a topology of no ranks
  std::shared_ptr<const Contraction> contraction_;  // likewise
};

// The name of the index-th host of a run: the number at the end of the first name, counted up with its leading zeros.
std::string name_of_host(const HostRun&, uint64_t index);

inline constexpr uint64_t kMostRanks = 1 << 20, kMostNames = 1 << 16, kMostRanksPerHost = 65535, kMostTextBytes = 1 << 20;

}  // namespace hawser
