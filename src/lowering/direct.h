// Push: buffers of the library are read and written where they lie. Every member reduces its part from all inputs and stores it into every
// output, so that each byte is read once and written once.
#pragma once
#include <vector>

#include "src/device/reduce.h"
#include "src/lowering/cell_ring.h"
#include "src/lowering/slot_ring.h"
#include "src/lowering/staged_routine.h"

namespace hawser {

// A call is: an all-gather over cells of where each member's buffers lie; if all can, the work itself, without a wait; then a barrier over
// cells, since peers read and write this member's buffers until then. If one cannot (its buffers are ordinary), all of them know, and run
// the call over the bounce ring instead.
class DirectRoutine final : public Routine {
 public:
  DirectRoutine(IslandState&, const Scheme&);
  void start(const PhaseCall&) override;
  Pause progress() override;
  bool run(const PhaseCall& call, std::byte* input, std::byte* output, bool library_buffers) override {
    return start_at(call, input, output, library_buffers);
  }
  Pause look_for_mismatch() override;

 private:
  enum class Stage : uint8_t { offering, meeting, bouncing };
  struct Offer {
    uint64_t input = 0, output = 0;  // offsets of block 0 in the member's segment
    uint64_t able = 0;
  };

  Offer my_offer(const PhaseCall&) const;
  bool all_able() const;
  Code move();
  Code reduce_my_share();
  Code reduce_my_block();
  Code pull();
  Code store_at_root();
  std::byte* input_of(uint32_t peer, size_t at, size_t bytes);
  std::byte* output_of(uint32_t peer, size_t at, size_t bytes);
  std::byte* checked(uint32_t peer, uint64_t offset, size_t at, size_t bytes);
  bool collect_inputs(size_t at, size_t bytes);
  void fold_to_many(size_t bytes);
  Pause begin_meeting();

  IslandState& island_;
  StagedRoutine<CellRing> cells_;
  StagedRoutine<SlotRing> bounce_;
  const bool non_temporal_;
  std::vector<Offer> offers_;
  Offer mine_;
  PhaseCall call_;
  CallShape shape_;
  ReduceFunction reduce_ = nullptr;
  Stage stage_ = Stage::offering;
  int32_t blamed_ = -1;
  std::vector<std::byte*> outputs_;  // of the readers, for the share under way
};

}  // namespace hawser
