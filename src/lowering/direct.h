// Buffers are used where they lie. Push: all of them are the library's; every member reduces its part from all inputs and stores it into
// every output, so that each byte is read once and written once. Cma: whatever they are, every reader copies what is for it out of the
// publishers' memory through the kernel; folds cannot.
#pragma once
#include <memory>
#include <vector>

#include "src/device/reduce.h"
#include "src/lowering/cell_ring.h"
#include "src/lowering/staged_routine.h"

namespace hawser {

// A call is: an all-gather over cells of where each member's buffers lie; if all can, the work itself, without a wait; then a barrier over
// cells, since peers read and write this member's buffers until then. If one cannot (its buffers are ordinary), all of them know, and take
// the other way, or run the call by another routine instead. After that they do not ask for the next kUnasked calls: all of them saw the
// same offers, so all skip the same calls, and buffers that are always ordinary cost next to nothing.
class DirectRoutine final : public Routine {
 public:
  struct Ways {
    bool push = false, cma = false;  // what is tried, in this order
  };
  DirectRoutine(IslandState&, Ways, bool non_temporal, std::unique_ptr<Routine> otherwise);
  void start(const PhaseCall&) override;
  Pause progress() override;
  bool run(const PhaseCall& call, std::byte* input, std::byte* output, bool library_buffers) override;
  Pause look_for_mismatch() override;

 private:
  enum class Stage : uint8_t { offering, meeting, otherwise };
  enum class Way : uint8_t { push, cma, none };
  struct Offer {
    uint64_t input = 0, output = 0;                // offsets of block 0 in the member's segment
    uint64_t address = 0;                          // of block 0 of its input in the member's process
    uint64_t input_stride = 0, output_stride = 0;  // bytes from a block to the next: who has one block only does not know the others'
    uint64_t able = 0;                             // a bit a way
  };
  static constexpr uint64_t bit(Way way) { return uint64_t{1} << static_cast<int>(way); }

  Offer my_offer(const PhaseCall&) const;
  bool goes_unasked();  // counts
  bool all_able(Way) const;
  Way way_of_all() const;
  Code move();
  bool fetch(uint32_t peer, std::byte* into, size_t at, size_t bytes);
  Code reduce_my_share();
  Code reduce_my_block();
  Code pull();
  Code store_at_root();
  std::byte* input_of(uint32_t peer, size_t at, size_t bytes);
  std::byte* output_of(uint32_t peer, size_t at, size_t bytes);
  std::byte* checked(uint32_t peer, uint64_t offset, size_t at, size_t bytes);
  bool collect_inputs(size_t at, size_t bytes);
  Pause begin_meeting();

  IslandState& island_;
  StagedRoutine<CellRing> cells_;
  const std::unique_ptr<Routine> otherwise_;
  const Ways ways_;
  const bool non_temporal_;
  std::vector<Offer> offers_;
  Offer mine_;
  PhaseCall call_;
  CallShape shape_;
  ReduceFunction reduce_ = nullptr;
  Stage stage_ = Stage::offering;
  Way way_ = Way::none;
  static constexpr uint32_t kUnasked = 15;
  uint32_t unasked_ = 0;  // calls still to come that nobody asks about
  int32_t blamed_ = -1;
  std::vector<std::byte*> outputs_;  // of the readers, for the share under way
};

}  // namespace hawser
