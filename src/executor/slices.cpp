// An operation's life: prepared, cut into slices that pass through its slots, and reported.
#include <algorithm>
#include <bit>
#include <cassert>

#include "src/executor/state.h"

namespace hawser {
namespace {

uint64_t chunk_elements(const Layout& layout) { return layout.chunks == 0 ? 0 : (layout.count + layout.chunks - 1) / layout.chunks; }

bool listed(const Layout& layout) { return !layout.pointers.empty(); }

// The length of a whole chunk, equal in all buffers; false: the layouts contradict each other or the program.
bool common_chunk(const Operation& operation, const Program::Body& body, uint64_t& bytes) {
  const Binding& binding = operation.binding;
  bytes = 0;
  for (const Buffer buffer : {Buffer::input, Buffer::output}) {
    const Layout& layout = binding.buffers[static_cast<size_t>(buffer)];
    const uint32_t chunks = buffer == Buffer::input ? body.input_chunks : body.output_chunks;
    if (listed(layout)) {
      if (layout.lengths.size() != layout.pointers.size() || layout.pointers.size() < chunks || body.long_transfers) return false;
      continue;
    }
    const uint64_t chunk = chunk_elements(layout) * size_of(binding.type);
    if (chunk == 0) continue;
    if (layout.chunks < chunks || (bytes != 0 && bytes != chunk)) return false;
    bytes = chunk;
  }
  if (bytes != 0) return true;
  for (const Layout& layout : binding.buffers)
    for (const uint64_t length : layout.lengths) bytes = std::max(bytes, length);
  // Without buffers (a barrier) its messages still carry something.
  if (body.input_chunks == 0 && body.output_chunks == 0 && body.scratch_chunks > 0) bytes = size_of(binding.type);
  return true;
}

// chunk: as common_chunk() found it.
View view_of(const Layout& layout, DataType type, uint64_t chunk) {
  View view;
  if (listed(layout)) {
    view.pointers = layout.pointers.data();
    view.lengths = layout.lengths.data();
    view.listed = layout.pointers.size();
    return view;
  }
  view.base = layout.base;
  view.chunk = layout.chunks == 0 || layout.count == 0 ? 0 : chunk;
  view.total = layout.count * size_of(type);
  return view;
}

// The longer of input and output, by which scratch is measured. Where this rank has no such buffer (a gather away from the root) it is as
// many whole chunks of the other; a call without either (a barrier) has scratch alone.
View vector_of(const Program::Body& body, const View* views) {
  if (body.input_chunks == 0 && body.output_chunks == 0) return views[2];
  const uint32_t chunks[] = {body.input_chunks, body.output_chunks};
  const size_t longer = chunks[0] > chunks[1] ? 0 : 1, other = 1 - longer;
  if (views[longer].chunk != 0 || views[longer].pointers != nullptr) return views[longer];
  View vector = views[other];
  if (chunks[longer] > chunks[other]) vector.total = vector.chunk * chunks[longer];
  return vector;
}

bool any_listed(const Binding& binding) { return listed(binding.buffers[0]) || listed(binding.buffers[1]); }

}  // namespace

Run& Executor::State::take_run() {
  if (free_runs_.empty()) {
    runs_.push_back(std::make_unique<Run>());
    free_runs_.push_back(runs_.back().get());
  }
  Run& run = *free_runs_.back();
  free_runs_.pop_back();
  std::vector<Slot*> slots = std::move(run.slots);
  run = Run();
  run.slots = std::move(slots);
  return run;
}

Slot& Executor::State::take_slot() {
  if (free_slots_.empty()) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->id = static_cast<uint32_t>(slots_.size() - 1);
    free_slots_.push_back(slots_.back().get());
  }
  Slot& slot = *free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

CommunicatorState* Executor::State::find_communicator(uint64_t key) const {
  for (size_t i = 0; i < active_; ++i)
    if (communicators_[i]->key == key) return communicators_[i].get();
  return nullptr;
}

CommunicatorState& Executor::State::communicator(uint64_t key) {
  if (CommunicatorState* found = find_communicator(key)) return *found;
  if (active_ == communicators_.size()) communicators_.push_back(std::make_unique<CommunicatorState>());
  CommunicatorState& state = *communicators_[active_++];
  state.key = key;
  return state;
}

ReduceFunction Executor::State::reduce_of(DataType type, ReduceOp op) {
  if (reduce_ == nullptr || type != reduce_type_ || op != reduce_op_) {
    reduce_ = reduce_function(type, op);
    reduce_type_ = type;
    reduce_op_ = op;
  }
  return reduce_;
}

void Executor::State::start(Operation& operation) {
  assert(operation.program != nullptr);
  Run& run = take_run();
  run.operation = &operation;
  run.body = &operation.program->body();
  operation.run = &run;
  operation.blamed = -1;
  operation.blamed_signature = 0;
  operation.code.store(Code::in_progress, std::memory_order_relaxed);
  run.communicator = &communicator(operation.communicator);
  run.communicator->runs.push_back(&run);
  if (!dead_.empty()) [[unlikely]] {
    const auto dead = dead_.find(operation.communicator);
    if (dead != dead_.end()) return stop(run, dead->second.code, dead->second.blamed);
  }
  if (!prepare(run)) return;
  for (size_t i = 0; i < run.slots.size(); ++i) begin_slice(*run.slots[i], i);
  for (size_t i = 0; i < run.slots.size() && !run.finished; ++i) advance(*run.slots[i]);
}

bool Executor::State::prepare(Run& run) {
  Operation& operation = *run.operation;
  const Program::Body& body = *run.body;
  const Binding& binding = operation.binding;
  const bool numbered = !body.user_messages || operation.user_numbers.size() >= body.message_count;
  const bool known = body.highest_peer < static_cast<Rank>(operation.peers.size());
  const bool counted = operation.received.empty() || operation.received.size() >= body.receive_count;
  const bool plain = body.phases.empty() || !any_listed(binding);  // routines know blocks, not lists
  if (!numbered || !known || !counted || !plain || !common_chunk(operation, body, run.chunk_bytes)) {
    fail_run(run, Code::invalid, -1);
    return false;
  }
  run.element_shift = static_cast<uint32_t>(std::countr_zero(size_of(binding.type)));
  if (body.reduces && (run.reduce = reduce_of(binding.type, binding.op)) == nullptr) {
    fail_run(run, Code::unsupported, -1);
    return false;
  }
  run.divides = binding.divisor > 1 && operation.program->only_routine() == nullptr;
  for (uint64_t& bytes : operation.received) bytes = 0;
  for (const Rank rank : body.peers)
    if (operation.peers[static_cast<size_t>(rank)] >= peers_.size()) peers_.resize(operation.peers[static_cast<size_t>(rank)] + 1);
  if (failed_peers_ > 0) run.has_failed_peer = uses_failed_peer(run);

  run.slice_bytes = any_listed(binding) ? 0 : (body.slice_bytes + 63) / 64 * 64;
  if (run.slice_bytes == 0 || run.slice_bytes > run.chunk_bytes) run.slice_bytes = run.chunk_bytes;
  run.slices = run.slice_bytes == run.chunk_bytes ? 1 : (run.chunk_bytes + run.slice_bytes - 1) / run.slice_bytes;
  run.slices_left = run.slices;
  const size_t slots = static_cast<size_t>(std::min<uint64_t>(body.window, run.slices));
  run.order = RoutineOrder(run.slices, static_cast<uint32_t>(body.phases.size()), body.window);
  if (!run.order.done()) ++routines_left_;
  const size_t scratch = body.scratch_chunks * run.slice_bytes;  // of a slot: it holds one slice of every scratch chunk
  run.scratch_bytes = scratch * slots;
  if (run.scratch_bytes > 0 && (run.scratch = scratch_.take(run.scratch_bytes)) == nullptr) {
    fail_run(run, Code::memory, -1);
    return false;
  }
  run.slots.clear();
  for (size_t i = 0; i < slots; ++i) {
    Slot& slot = take_slot();
    run.slots.push_back(&slot);
    slot.run = &run;
    slot.instructions = body.instructions.data();
    slot.views[0] = view_of(binding.buffers[0], binding.type, run.chunk_bytes);
    slot.views[1] = view_of(binding.buffers[1], binding.type, run.chunk_bytes);
    slot.views[2] = View();
    slot.views[2].base = run.scratch + i * scratch;  // one slice of every scratch chunk, densely
    slot.views[2].chunk = run.slice_bytes;
    slot.views[2].total = UINT64_MAX;
    slot.views[3] = vector_of(body, slot.views);
    slot.peers = operation.peers.data();
    slot.signature = operation.signature;
    slot.plain = !any_listed(binding) && !body.user_messages && operation.received.empty();
    if (slot.expected.size() < body.size()) slot.expected.resize(body.size());
    if (body.lends) {
      if (slot.lent.size() < body.size()) slot.lent.resize(body.size());
      if (slot.arrived.size() < body.size()) slot.arrived.resize(body.size());
    }
    slot.transfer.envelope = Envelope();
    slot.transfer.envelope.communicator = operation.communicator;
    slot.transfer.envelope.operation = operation.number;
    slot.transfer.envelope.signature = operation.signature;
    slot.transfer.envelope.kind = body.user_messages ? MessageKind::user : MessageKind::collective;
  }
  return true;
}

void Executor::State::begin_slice(Slot& slot, uint64_t number) {
  const Run& run = *slot.run;
  slot.slice_number = number;
  const uint64_t offset = number * run.slice_bytes;
  slot.limit = std::min(run.slice_bytes, run.chunk_bytes - offset);
  slot.views[0].offset = slot.views[1].offset = offset;
  if (run.body->input_chunks + run.body->output_chunks > 0) slot.views[3].offset = offset;
  slot.transfer.envelope.slice = static_cast<uint32_t>(number);
  slot.walk.start(*run.body);
  slot.active = true;
}

bool Executor::State::next_slice(Slot& slot) {
  Run& run = *slot.run;
  if (run.divides) divide_slice(slot);
  slot.active = false;
  if (--run.slices_left == 0) {
    finish(run);
    return false;
  }
  const uint64_t number = slot.slice_number + run.slots.size();  // always by so many, so that routines know a slice's slot
  if (number >= run.slices) return false;
  begin_slice(slot, number);
  return true;
}

void Executor::State::divide_slice(const Slot& slot) {
  const Run& run = *slot.run;
  const Binding& binding = run.operation->binding;
  const View& output = slot.views[static_cast<size_t>(Buffer::output)];
  for (const ChunkRange& range : run.body->written) {
    const bool whole = run.slices == 1 && output.pointers == nullptr;
    const uint32_t step = whole ? range.count : 1;
    for (uint32_t chunk = range.first; chunk < range.first + range.count; chunk += step) {
      const uint64_t bytes = length(output, slot.limit, chunk, step);
      if (bytes > 0) divide(address(output, chunk), binding.type, bytes >> run.element_shift, binding.divisor);
    }
  }
}

void Executor::State::finish(Run& run) {
  if (run.finished) return;
  run.finished = true;
  finished_.push_back(&run);
}

void Executor::State::leave(Run& run) {
  CommunicatorState& state = *run.communicator;
  if (state.in_routine == &run) state.in_routine = nullptr;
  state.runs.erase(std::find(state.runs.begin(), state.runs.end(), &run));
  if (!run.order.done()) --routines_left_;
  run.order = RoutineOrder();
  scratch_.give_back(run.scratch, run.scratch_bytes);
  run.scratch = nullptr;
  for (Slot* slot : run.slots) {
    slot->active = false;
    slot->run = nullptr;
    slot->walk.end();
    free_slots_.push_back(slot);
  }
  run.slots.clear();
  free_runs_.push_back(&run);
  if (!state.runs.empty()) return;
  for (size_t i = 0; i < active_; ++i)
    if (communicators_[i].get() == &state) std::swap(communicators_[i], communicators_[--active_]);
}

bool Executor::State::report_finished() {
  if (finished_.empty()) return false;
  reporting_.swap(finished_);
  for (size_t i = 0; i < reporting_.size(); ++i) {
    Run& run = *reporting_[i];
    Operation& operation = *run.operation;
    void (*const done)(Operation&) = operation.done;
    const Code code = run.code;
    operation.blamed = run.blamed;
    operation.blamed_signature = run.blamed_signature;
    operation.run = nullptr;
    leave(run);
    operation.code.store(code, std::memory_order_release);  // without done it may be gone now
    if (done != nullptr) done(operation);
  }
  reporting_.clear();
  return true;
}

}  // namespace hawser
