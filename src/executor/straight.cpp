// The straight way through a slice: as long as every step is complete when it was issued, program order is all there is to know, and no
// dependency is counted. The first step that is not leaves the slice to the walk.
#include "src/executor/straight.h"

#include <algorithm>
#include <utility>

#include "src/executor/state.h"

namespace hawser {
namespace {

constexpr uint32_t kStepsMost = 4096;  // longer programs take the walk: they would keep too much memory with every slot

StraightStep::Kind kind_of(const Instruction& i) {
  switch (i.op) {
    case Opcode::send:
      return StraightStep::Kind::send;
    case Opcode::recv:
      return StraightStep::Kind::recv;
    case Opcode::recv_lend:
      return i.reduces_at_once ? StraightStep::Kind::recv_reduce : StraightStep::Kind::walk;
    case Opcode::copy:
    case Opcode::reduce:
      return StraightStep::Kind::move;
    default:
      return StraightStep::Kind::walk;
  }
}

bool in_one_piece(const Instruction& reduce) { return reduce.count == 1 || reduce.target_stride() == 1; }

// Fills in what the views and the slot's transfer say.
StraightStep straight_transfer(const Slot& slot, uint32_t index, uint64_t bytes) {
  const Instruction& i = slot.instructions[index];
  StraightStep step;
  step.kind = kind_of(i);
  step.instruction = index;
  step.transfer = slot.transfer;
  step.transfer.peer = slot.peers[i.peer];
  step.transfer.envelope.bytes = bytes;
  step.transfer.envelope.ordinal = i.ordinal;
  step.transfer.envelope.channel = i.channel;
  step.transfer.token = token_of(slot, index);
  const bool from_source = i.op != Opcode::recv;
  step.bytes_of = from_source ? i.source_buffer : i.target_buffer;
  const View& view = slot.views[static_cast<size_t>(step.bytes_of)];
  step.transfer.bytes = {uniform_address(view, from_source ? i.source : i.target), bytes};
  return step;
}

// The same call on other buffers.
void move_straight(StraightProgram& straight, const Bases& bases) {
  std::array<uintptr_t, buffer_kinds> by;
  for (size_t i = 0; i < by.size(); ++i) by[i] = reinterpret_cast<uintptr_t>(bases[i]) - reinterpret_cast<uintptr_t>(straight.bases[i]);
  const auto moved = [&](std::byte* at, Buffer buffer) {  // null stays null: it asks to be lent, or reduces nothing
    const uintptr_t address = reinterpret_cast<uintptr_t>(at);
    return reinterpret_cast<std::byte*>(at == nullptr ? 0 : address + by[static_cast<size_t>(buffer)]);
  };
  for (StraightStep& step : straight.steps) {
    step.transfer.bytes = {moved(step.transfer.bytes.data(), step.bytes_of), step.transfer.bytes.size()};
    step.result = moved(step.result, step.result_of);
  }
  straight.bases = bases;
}

}  // namespace

StraightKey Executor::State::straight_key(const Slot& slot) const {
  const View* const views = slot.views;
  const Operation& operation = *slot.run->operation;
  return {.identity = slot.run->body->identity.get(),
          .edges_changed = edges_changed_,
          .communicator = operation.communicator,
          .peers = slot.peers,
          .chunk_bytes = slot.run->chunk_bytes,
          .input_bytes = views[0].total,
          .output_bytes = views[1].total,
          .signature = slot.signature,
          .type = operation.binding.type};
}

// False: this call has none.
bool Executor::State::make_straight(Slot& slot) {
  if (!slot.plain || slot.run->slices != 1 || slot.run->body->size() > kStepsMost) return false;
  const StraightKey key = straight_key(slot);
  const Bases bases = {slot.views[0].base, slot.views[1].base, slot.views[2].base};
  StraightProgram& straight = slot.straight;
  if (straight.key == key) [[likely]] {
    if (straight.bases != bases) move_straight(straight, bases);
    return true;
  }
  if (std::exchange(straight.seen, key) != key) return false;
  const auto open = [&](Rank rank) { return peers_[slot.peers[rank]].transport != nullptr; };
  if (!std::all_of(slot.run->body->peers.begin(), slot.run->body->peers.end(), open)) return false;
  straight.steps.clear();
  for (uint32_t index = 0; add_straight(slot, index); ++index) continue;
  straight.identity = slot.run->body->identity;
  straight.key = key;
  straight.bases = bases;
  return true;
}

// One more step; false: it was the last.
bool Executor::State::add_straight(Slot& slot, uint32_t index) {
  const Instruction& i = slot.instructions[index];
  std::vector<StraightStep>& steps = slot.straight.steps;
  StraightStep step{.kind = kind_of(i), .instruction = index};
  if (i.op == Opcode::reduce_arrived || i.op == Opcode::join) return true;  // the reduce goes with its receive
  if (i.op == Opcode::end) step.kind = StraightStep::Kind::end;
  const bool transfers = i.op == Opcode::send || i.op == Opcode::recv || i.op == Opcode::recv_lend;
  if (transfers) {
    const uint64_t bytes = message_bytes(slot, i);
    if (bytes == 0) return true;
    step = straight_transfer(slot, index, bytes);
    const Peer& peer = peers_[step.transfer.peer];
    step.transport = peer.transport;
    if (i.op == Opcode::recv_lend && bytes <= peer.lend_bytes) step.transfer.bytes = {};
  }
  if (step.kind == StraightStep::Kind::recv_reduce) {
    const Instruction& reduce = slot.instructions[i.target];
    if (!in_one_piece(reduce)) step.kind = StraightStep::Kind::walk;
    step.result_of = reduce.target_buffer;
    step.result = uniform_address(target_view(slot, reduce), reduce.target);
  }
  steps.push_back(step);
  return step.kind != StraightStep::Kind::walk && step.kind != StraightStep::Kind::end;
}

void Executor::State::go_straight(Slot& slot) {
  if (!make_straight(slot)) return slot.walk.leave_order(0);
  const uint32_t number = slot.transfer.envelope.operation;
  const ReduceFunction reduce = slot.run->reduce;
  const uint32_t shift = slot.run->element_shift;
  Completion completion;
  for (StraightStep* step = slot.straight.steps.data();; ++step) {
    step->transfer.envelope.operation = number;
    switch (step->kind) {
      case StraightStep::Kind::send:
        if (!step->transport->send_now(step->transfer)) return leave_straight(slot, *step);
        break;
      case StraightStep::Kind::recv:
        if (!recv_straight(slot, *step, completion)) return;
        break;
      case StraightStep::Kind::recv_reduce: {
        if (!recv_straight(slot, *step, completion)) return;
        const bool lent = completion.lent != nullptr;
        const void* const inputs[] = {step->result, lent ? completion.lent : step->transfer.bytes.data()};
        reduce(step->result, inputs, 2, step->transfer.envelope.bytes >> shift, 1, false);
        if (lent) step->transport->release(step->transfer.token);
        break;
      }
      case StraightStep::Kind::move:
        move(slot, slot.instructions[step->instruction]);
        break;
      case StraightStep::Kind::walk:
        return slot.walk.leave_order(step->instruction);
      case StraightStep::Kind::end:
        return slot.walk.end_in_order();
    }
  }
}

// False: it is under way, or ended otherwise than agreed, which the next poll looks into.
inline bool Executor::State::recv_straight(Slot& slot, const StraightStep& step, Completion& completion) {
  if (!step.transport->recv_now(step.transfer, completion)) [[unlikely]] {
    leave_straight(slot, step);
    return false;
  }
  const bool agreed = completion.bytes == step.transfer.envelope.bytes && completion.signature == step.transfer.envelope.signature;
  if (agreed && completion.code == Code::ok) [[likely]]
    return true;
  leave_straight(slot, step);
  aside_.push_back(completion);
  return false;
}

[[gnu::noinline, gnu::cold]] void Executor::State::leave_straight(Slot& slot, const StraightStep& step) {
  slot.expected[step.instruction] = step.transfer.envelope.bytes;
  slot.walk.leave_order_begun(step.instruction);
  ++slot.run->outstanding;
}

}  // namespace hawser
