// What a plan would cost without building it: a few stages, each a load on every class of resource and a critical chain. Integers,
// picoseconds, and all of it proportional to bytes but for what a message costs whatever its size; so slices are arithmetic.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/plan/request.h"
#include "src/plan/scheme.h"
#include "src/topology/topology.h"

namespace hawser {

// What it occupies a rank to send, or to receive, one message on such a fabric, whatever its size.
int64_t message_overhead_ps(Fabric);

// Everything that can be full. Ports and processors of all hosts of a run are one class: its busiest.
enum class ResourceKind : uint8_t { sending, receiving, port_out, port_in, inner, link_forward, link_backward, core, island, copying };
struct Resource {
  ResourceKind kind;
  uint32_t index = 0;  // of the run, link or switch
  uint32_t port = 0;
};
class Resources {
 public:
  explicit Resources(const Topology&);
  uint32_t count() const { return static_cast<uint32_t>(list_.size()); }
  const Resource& at(uint32_t resource) const { return list_[resource]; }
  uint32_t sending(uint32_t run) const { return first_of_run_[run]; }
  uint32_t receiving(uint32_t run) const { return first_of_run_[run] + 1; }
  uint32_t inner(uint32_t run) const { return first_of_run_[run] + 2; }
  uint32_t island(uint32_t run) const { return first_of_run_[run] + 3; }
  uint32_t copying(uint32_t run) const { return first_of_run_[run] + 4; }  // copies and reductions of one rank
  uint32_t port_out(uint32_t run, uint32_t port) const { return first_of_run_[run] + 5 + 2 * port; }
  uint32_t port_in(uint32_t run, uint32_t port) const { return first_of_run_[run] + 6 + 2 * port; }
  uint32_t link(uint32_t link, bool forward) const { return first_link_ + 2 * link + (forward ? 0 : 1); }
  uint32_t core(uint32_t at_switch) const { return first_core_ + at_switch; }
  uint64_t femtoseconds_per_byte(uint32_t resource) const { return rates_[resource]; }  // 0: bytes do not load it

 private:
  void add(ResourceKind, uint32_t index, uint32_t port, uint64_t bits_per_s);
  std::vector<Resource> list_;
  std::vector<uint64_t> rates_;
  std::vector<uint32_t> first_of_run_;
  uint32_t first_link_ = 0, first_core_ = 0;
};
std::string describe(const Topology&, const Resource&);  // "port of a[0-1] on eth-a, out"

struct Load {  // of one slice among S: fixed_ps + data_ps / S
  uint32_t resource = 0;
  int64_t fixed_ps = 0, data_ps = 0;
  bool local = false;  // a rank's own copies and reductions: nothing has to arrive after them
};

struct IslandWork {  // one phase inside islands of this kind
  uint32_t resource = 0;
  IslandFacts facts;
  uint32_t members = 1;
  Request phase;  // count of all slices together
};

struct Stage {
  int64_t chain_fixed_ps = 0, chain_data_ps = 0;  // the longest chain of messages that wait for each other
  int64_t latency_ps = 0;                         // from the last bit out of a full resource to its arrival
  int64_t after_data_ps = 0;                      // and what is done with it then
  uint32_t rounds = 1;                            // one after the other, that the loads are spread over
  std::vector<Load> loads;
  std::vector<IslandWork> islands;  // not empty: the stage is a phase inside islands; nothing else of the stage counts
};

struct Outline {
  uint32_t resources = 0;  // how many there are to add up
  std::vector<Stage> stages;
  uint64_t chunk_bytes = 0;  // of the longest chunk: what is sliced
  bool flows_on = false;     // a rank is done with a slice before the last one is: the window does not hold it back
};

struct OutlineCost {
  int64_t picoseconds = 0;
  uint32_t limit = 0;    // the resource that is busy longest
  int64_t limit_ps = 0;  // how long
};
// All stages of all slices, `window` of them under way at once.
OutlineCost cost(const Outline&, uint32_t slices, uint32_t window);

// The scheme for a phase inside islands, one for all kinds of them: the slowest kind's, if the others can follow it.
Scheme scheme_of(const Stage&, uint32_t slices);

// bytes * femtoseconds, in picoseconds, without overflow.
int64_t transfer_ps(uint64_t bytes, uint64_t femtoseconds_per_byte);

}  // namespace hawser
