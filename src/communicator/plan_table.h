// Plans of one communicator, made once per (operation, type, count ...) and found again by one hash and one compare.
//
// A hit takes no lock. A miss plans on the caller's thread, under the table's mutex, without the seat. Entries live as long as the
// communicator; past a limit a new one belongs to its call alone. Programs are shared by entries that differ in size only.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "collectives/planner.h"
#include "src/base/config.h"
#include "src/communicator/call.h"
#include "src/executor/executor.h"
#include "src/executor/program.h"
#include "src/lowering/island.h"
#include "src/topology/topology.h"

namespace hawser {

// What a plan depends on, in two words.
struct PlanKey {
  uint64_t count = 0;
  uint64_t what = 0;  // the rest, packed
  PlanKey() = default;
  PlanKey(uint64_t elements, Collective collective, DataType type, ReduceOp op, bool in_place, int32_t root)
      : count(elements),
        what(uint64_t{static_cast<uint8_t>(collective)} | uint64_t{static_cast<uint8_t>(type)} << 8 |
             uint64_t{static_cast<uint8_t>(op)} << 16 | uint64_t{in_place} << 24 | uint64_t{static_cast<uint32_t>(root)} << 32) {}
  Collective collective() const { return static_cast<Collective>(what & 0xff); }
  DataType type() const { return static_cast<DataType>(what >> 8 & 0xff); }
  ReduceOp op() const { return static_cast<ReduceOp>(what >> 16 & 0xff); }
  bool in_place() const { return what >> 24 & 1; }
  int32_t root() const { return static_cast<int32_t>(what >> 32); }
  friend bool operator==(const PlanKey&, const PlanKey&) = default;
  size_t slot() const { return static_cast<size_t>(((what ^ count << 25) * 0x9e3779b97f4a7c15u) >> 58); }
};

struct PlanEntry {
  PlanKey key;
  uint32_t signature = 0;
  Description description;
  std::shared_ptr<const Program> program;
  Routine* whole = nullptr;                  // the plan is one phase inside one island, and this runs it
  PhaseCall call;                            // for whole: all but the addresses, with a serial of its own
  Binding binding;                           // for the executor: likewise
  uint64_t packed = 0;                       // of the description, for Doing
  size_t input_bytes = 0, output_bytes = 0;  // of the buffers this rank must give
  bool asks_for_buffers = false;             // its scheme is push: members tell each other whether their buffers are the library's
  Choice choice;
};

class PlanTable {
 public:
  // island null: this rank is alone in its own. island_ranks: whom it really shares memory with, whatever the topology says.
  PlanTable(const Config&, const Topology&, Rank me, Island* island, const std::vector<Rank>& island_ranks);
  const PlanEntry* find(const PlanKey& key) const {
    const PlanEntry* const entry = slots_[key.slot()].load(std::memory_order_acquire);
    return entry->key == key ? entry : nullptr;
  }
  // Plans it if it is not there. The entry lives as long as the pointer (and the table).
  Result<std::shared_ptr<const PlanEntry>> get(const PlanKey&);
  Request request(const PlanKey&) const;

 private:
  Result<std::shared_ptr<PlanEntry>> make(const PlanKey&);
  struct BufferChoice {
    Choice choice;
    Scheme otherwise{SchemeKind::bounce, 64 << 10};  // inside an island, where some member's buffers do not allow the chosen one
  };
  Result<BufferChoice> choose_with_buffers(Request) const;
  Result<std::shared_ptr<const Program>> program(const Request&, const Choice&, const Scheme& otherwise, Aliasing);
  const Config& config_;
  const Topology& topology_;
  const Rank me_;
  Island* const island_;
  const std::vector<Rank>& island_ranks_;
  std::mutex mutex_;
  uint64_t serials_ = 0;  // of entries made
  PlanEntry none_;        // in empty places: of no key that a call can have
  std::unordered_multimap<uint64_t, std::shared_ptr<const PlanEntry>> entries_;
  std::unordered_map<std::string, std::shared_ptr<const Program>> programs_;
  std::unordered_map<std::string, std::shared_ptr<Routine>> routines_;
  std::array<std::atomic<const PlanEntry*>, 64> slots_;
};

}  // namespace hawser
