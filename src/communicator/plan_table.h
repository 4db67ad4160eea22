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
#include "src/executor/program.h"
#include "src/lowering/island.h"
#include "src/topology/topology.h"

namespace hawser {

struct PlanKey {
  uint64_t count = 0;
  Collective collective = Collective::barrier;
  DataType type = DataType::u8;
  ReduceOp op = ReduceOp::sum;
  bool in_place = false;
  int32_t root = -1;
  friend bool operator==(const PlanKey&, const PlanKey&) = default;
  size_t slot() const {
    const uint64_t packed = uint64_t{static_cast<uint8_t>(collective)} | uint64_t{static_cast<uint8_t>(type)} << 8 |
                            uint64_t{static_cast<uint8_t>(op)} << 16 | uint64_t{in_place} << 24 |
                            uint64_t{static_cast<uint32_t>(root)} << 32;
    return static_cast<size_t>(((packed ^ count * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u) >> 58);
  }
};

struct PlanEntry {
  PlanKey key;
  uint32_t signature = 0;
  Description description;
  std::shared_ptr<const Program> program;
  Routine* whole = nullptr;                  // the plan is one phase inside one island, and this runs it
  PhaseCall call;                            // for whole: all but the addresses
  uint64_t packed = 0;                       // of the description, for Doing
  size_t input_bytes = 0, output_bytes = 0;  // of the buffers this rank must give
  bool asks_for_buffers = false;             // its scheme is push: members tell each other whether their buffers are the library's
  Choice choice;
};

class PlanTable {
 public:
  PlanTable(const Config&, const Topology&, Rank me, Island*);  // island null: this rank is alone in its own
  const PlanEntry* find(const PlanKey& key) const {
    const PlanEntry* const entry = slots_[key.slot()].load(std::memory_order_acquire);
    return entry != nullptr && entry->key == key ? entry : nullptr;
  }
  // Plans it if it is not there. The entry lives as long as the pointer (and the table).
  Result<std::shared_ptr<const PlanEntry>> get(const PlanKey&);
  Request request(const PlanKey&) const;

 private:
  Result<std::shared_ptr<PlanEntry>> make(const PlanKey&);
  Result<Choice> choose_with_buffers(Request) const;
  Result<std::shared_ptr<const Program>> program(const Request&, const Choice&, Aliasing);
  const Config& config_;
  const Topology& topology_;
  const Rank me_;
  Island* const island_;
  std::mutex mutex_;
  std::unordered_multimap<uint64_t, std::shared_ptr<const PlanEntry>> entries_;
  std::unordered_map<std::string, std::shared_ptr<const Program>> programs_;
  std::unordered_map<std::string, std::shared_ptr<Routine>> routines_;
  std::array<std::atomic<const PlanEntry*>, 64> slots_{};
};

}  // namespace hawser
