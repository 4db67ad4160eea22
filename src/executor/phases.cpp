// Routines: of one communicator one at a time, in the order of operations and, within one, of RoutineOrder.
#include "src/executor/phase_blocks.h"
#include "src/executor/state.h"

namespace hawser {

bool Executor::State::drive_routines() {
  if (routines_left_ == 0) return false;
  bool moved = false;
  for (size_t i = 0; i < active_; ++i) moved = drive_routines(*communicators_[i]) || moved;
  return moved;
}

bool Executor::State::drive_routines(CommunicatorState& communicator) {
  bool moved = false;
  while (communicator.in_routine != nullptr || start_routine(communicator)) {
    Run& run = *communicator.in_routine;
    const ReplacedPhase& replaced = run.body->phases[run.order.phase()];
    communicator.pause = replaced.routine->progress();
    if (communicator.pause.code == Code::in_progress) return moved;
    moved = true;
    if (communicator.pause.code != Code::ok) {
      routine_failed(communicator, communicator.pause);
      return true;
    }
    communicator.in_routine = nullptr;
    if (++run.piece < phase_pieces(replaced, run.slices > 1)) continue;
    run.piece = 0;
    Slot& slot = *run.slots[run.order.slice() % run.slots.size()];
    run.order.advance();
    if (run.order.done()) --routines_left_;
    slot.walk.complete(replaced.instruction);
    advance(slot);
  }
  return moved;
}

// The next in order, if the steps before it are done.
bool Executor::State::start_routine(CommunicatorState& communicator) {
  for (Run* run : communicator.runs) {
    if (run->order.done()) continue;
    if (run->stopped) return false;
    const ReplacedPhase& replaced = run->body->phases[run->order.phase()];
    Slot& slot = *run->slots[run->order.slice() % run->slots.size()];
    if (!slot.active || slot.slice_number != run->order.slice() || !slot.walk.begun(replaced.instruction)) return false;
    replaced.routine->start(phase_call(*run, slot, replaced, run->piece));
    communicator.in_routine = run;
    communicator.pause = Pause();
    return true;
  }
  return false;
}

PhaseCall Executor::State::phase_call(const Run& run, const Slot& slot, const ReplacedPhase& replaced, uint32_t piece) const {
  const Binding& binding = run.operation->binding;
  PhaseCall call;
  call.collective = replaced.phase.collective;
  call.root = replaced.phase.root;
  call.type = binding.type;
  call.op = binding.op == ReduceOp::avg ? ReduceOp::sum : binding.op;
  call.divisor = run.operation->program->only_routine() != nullptr ? binding.divisor : 1;
  call.signature = run.operation->signature;
  call.library_buffers =
      binding.library_buffers && replaced.phase.input.buffer != Buffer::scratch && replaced.phase.output.buffer != Buffer::scratch;
  fill_blocks(call, replaced, {slot.views, slot.limit, run.slices > 1, run.element_shift, run.body->scratch_like.data()}, piece);
  return call;
}

void Executor::State::routine_failed(CommunicatorState& communicator, const Pause& pause) {
  Run& run = *communicator.in_routine;
  const std::vector<Rank>& members = run.body->phases[run.order.phase()].members;
  const bool named = pause.peer >= 0 && static_cast<size_t>(pause.peer) < members.size();
  fail_run(run, pause.code, named ? members[static_cast<size_t>(pause.peer)] : -1);
}

bool Executor::State::look_for_mismatch() {
  bool failed = false;
  for (size_t i = 0; i < active_; ++i) {
    CommunicatorState& communicator = *communicators_[i];
    if (communicator.in_routine == nullptr) continue;
    const Run& run = *communicator.in_routine;
    const Pause found = run.body->phases[run.order.phase()].routine->look_for_mismatch();
    if (found.code == Code::in_progress || found.code == Code::ok) continue;
    routine_failed(communicator, found);
    failed = true;
  }
  return failed;
}

}  // namespace hawser
