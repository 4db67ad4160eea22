// Steps and messages: what is ready is issued in program order, what came is checked and releases what waited for it. The hot path.
#include <algorithm>
#include <cstring>

#include "src/executor/state.h"

namespace hawser {
namespace {

std::byte nothing;  // where receives of no bytes point: a null target would ask to be lent

const View& source_view(const Slot& slot, const Instruction& i) { return slot.views[static_cast<size_t>(i.source_buffer)]; }
const View& target_view(const Slot& slot, const Instruction& i) { return slot.views[static_cast<size_t>(i.target_buffer)]; }

}  // namespace

uint64_t Executor::State::message_bytes(const Slot& slot, const Instruction& i) const {
  return length(slot.views[static_cast<size_t>(i.length_of)], slot.limit, i.length_first, i.count);
}

void Executor::State::advance(Slot& slot) {
  while (slot.active && !slot.run->stopped) {
    Frontier& frontier = slot.frontier;
    for (uint32_t index = frontier.ready(); index != Frontier::kNone; index = frontier.ready()) {
      frontier.take(index);
      issue(slot, index);
    }
    if (!frontier.done() || !next_slice(slot)) return;
  }
}

inline void Executor::State::issue(Slot& slot, uint32_t index) {
  const Instruction& i = slot.instructions[index];
  switch (i.op) {
    case Opcode::send:
      return post(slot, index, message_bytes(slot, i), address(source_view(slot, i), i.source));
    case Opcode::recv:
      return post(slot, index, message_bytes(slot, i), address(target_view(slot, i), i.target));
    case Opcode::recv_lend:
      return post(slot, index, message_bytes(slot, i), address(source_view(slot, i), i.source));
    case Opcode::reduce_arrived:
      return run_held(slot, index);
    case Opcode::copy:
    case Opcode::reduce:
      move(slot, i);
      break;
    case Opcode::join:
      break;
    case Opcode::routine:
      return set_bit(slot.under_way, index);  // its turn comes in drive_routines()
  }
  slot.frontier.complete(index);
}

inline void Executor::State::post(Slot& slot, uint32_t index, uint64_t bytes, std::byte* data) {
  const Instruction& i = slot.instructions[index];
  if (bytes == 0 && !slot.run->body->user_messages) {  // both ends know: there is no such message
    slot.frontier.complete(index);
    return;
  }
  set_bit(slot.under_way, index);
  Peer& peer = peer_of(slot, i.peer);
  if (peer.transport == nullptr) [[unlikely]] {
    const PeerIndex number = slot.run->operation->peers[i.peer];
    peer.transport = edges_.edge(number);
    if (peer.transport == nullptr) {
      peer.kept_back.push_back(token_of(slot, index));
      ++kept_back_;
      return;
    }
    const Abilities abilities = peer.transport->abilities();
    peer.lend_bytes = abilities.lends ? abilities.eager_bytes : 0;
  }
  post_to(peer, slot, index, bytes, data);
}

inline void Executor::State::post_to(Peer& peer, Slot& slot, uint32_t index, uint64_t bytes, std::byte* data) {
  const Instruction& i = slot.instructions[index];
  Run& run = *slot.run;
  Transfer& transfer = slot.transfer;
  transfer.peer = run.operation->peers[i.peer];
  transfer.envelope.bytes = bytes;
  transfer.envelope.ordinal = i.ordinal;
  transfer.envelope.channel = i.channel;
  transfer.token = token_of(slot, index);
  if (run.body->user_messages) [[unlikely]] {
    transfer.envelope.operation = run.operation->user_numbers[run.body->messages[i.step]];
    if (data == nullptr) data = &nothing;
  }
  transfer.bytes = {data, bytes};
  ++run.outstanding;
  ++outstanding_;
  if (i.op == Opcode::send) {
    peer.transport->send(transfer);
    return;
  }
  if (i.op == Opcode::recv_lend && bytes <= peer.lend_bytes) transfer.bytes = {};
  peer.transport->recv(transfer);
}

void Executor::State::post_again(Token token) {  // kept back until now
  Slot& slot = *slots_[token >> 32];
  const uint32_t index = static_cast<uint32_t>(token);
  clear_bit(slot.under_way, index);
  issue(slot, index);
}

void Executor::State::edge_open(PeerIndex number) {
  if (number >= peers_.size()) return;
  Peer& peer = peers_[number];
  peer.transport = nullptr;  // ask again: it may be another one
  std::vector<Token> kept_back;
  kept_back.swap(peer.kept_back);
  kept_back_ -= kept_back.size();
  for (const Token token : kept_back) post_again(token);
}

// copy and reduce. Neighbouring chunks go at once when the whole of them is this slice.
void Executor::State::move(Slot& slot, const Instruction& i) {
  const View &source = source_view(slot, i), &target = target_view(slot, i);
  const bool whole = i.source_stride() == 1 && i.target_stride() == 1 && slot.run->slices == 1 && !source.pointers && !target.pointers;
  const bool both_scratch = i.source_buffer == Buffer::scratch && i.target_buffer == Buffer::scratch;
  const uint32_t pieces = whole ? 1 : i.count;
  for (uint32_t piece = 0; piece < pieces; ++piece) {
    const uint32_t from = i.source + piece * i.source_stride(), into = i.target + piece * i.target_stride();
    const uint32_t count = whole ? i.count : 1;
    const uint64_t bytes = both_scratch && whole
                               ? message_bytes(slot, i)
                               : std::min(length(source, slot.limit, from, count), length(target, slot.limit, into, count));
    if (bytes == 0) continue;
    std::byte *data = address(source, from), *result = address(target, into);
    if (i.op == Opcode::copy) {
      if (data != result) std::memmove(result, data, bytes);
      continue;
    }
    const void* const inputs[] = {result, data};
    slot.run->reduce(result, inputs, 2, bytes >> slot.run->element_shift, 1, false);
  }
}

// A message lies as its chunks do in scratch: one after the other.
inline void Executor::State::reduce_arrived(Slot& slot, const Instruction& i, const std::byte* data) {
  const View& target = target_view(slot, i);
  const Run& run = *slot.run;
  if (i.count == 1 || (i.target_stride() == 1 && target.pointers == nullptr)) [[likely]] {
    std::byte* result = address(target, i.target);
    const void* const inputs[] = {result, data};
    run.reduce(result, inputs, 2, message_bytes(slot, i) >> run.element_shift, 1, false);
    return;
  }
  for (uint32_t piece = 0; piece < i.count; ++piece) {
    const uint32_t into = i.target + piece * i.target_stride();
    const uint64_t bytes = length(target, slot.limit, into, 1);
    std::byte* result = address(target, into);
    const void* const inputs[] = {result, data + piece * run.slice_bytes};
    run.reduce(result, inputs, 2, bytes >> run.element_shift, 1, false);
  }
}

inline void Executor::State::arrived(Slot& slot, uint32_t index, const Completion& completion) {
  const Instruction& recv = slot.instructions[index];
  const std::byte* data = completion.lent != nullptr ? completion.lent : address(source_view(slot, recv), recv.source);
  const uint32_t reduce = recv.target;
  slot.frontier.complete(index);
  if (slot.frontier.is_ready(reduce)) [[likely]] {
    slot.frontier.take(reduce);
    reduce_arrived(slot, slot.instructions[reduce], data);
    if (completion.lent != nullptr) peer_of(slot, recv.peer).transport->release(completion.token);
    slot.frontier.complete(reduce);
    return;
  }
  set_bit(slot.held, index);
  if (completion.lent != nullptr) set_bit(slot.arrived_lent, index);
  slot.arrived[reduce] = data;
}

// The turn of a reduce whose message came earlier, or was none.
void Executor::State::run_held(Slot& slot, uint32_t index) {
  const Instruction& i = slot.instructions[index];
  const uint32_t recv = i.source;
  if (test_bit(slot.held, recv)) {
    reduce_arrived(slot, i, slot.arrived[index]);
    clear_bit(slot.held, recv);
    if (test_bit(slot.arrived_lent, recv)) {
      clear_bit(slot.arrived_lent, recv);
      peer_of(slot, slot.instructions[recv].peer).transport->release(token_of(slot, recv));
    }
  }
  slot.frontier.complete(index);
}

bool Executor::State::poll() {
  if (outstanding_ == 0) return false;
  bool moved = false;
  for (Transport* transport : edges_.open_transports()) {
    size_t count;
    do {
      count = transport->poll(batch_);
      if (count > 0) take_completions(count);
      moved = moved || count > 0;
    } while (count == batch_.size());
  }
  return moved;
}

void Executor::State::take_completions(size_t count) {
  Slot* slot = nullptr;
  for (size_t k = 0; k < count; ++k) {
    const Completion& completion = batch_[k];
    Slot* const next = completion.token >> 32 < slots_.size() ? slots_[completion.token >> 32].get() : nullptr;
    if (slot != nullptr && slot != next) advance(*slot);
    slot = next != nullptr && take(completion) ? next : nullptr;
  }
  if (slot != nullptr) advance(*slot);
}

inline bool Executor::State::take(const Completion& completion) {
  Slot& slot = *slots_[completion.token >> 32];
  const uint32_t index = static_cast<uint32_t>(completion.token);
  if (slot.run == nullptr || index >= slot.run->body->instructions.size() || !test_bit(slot.under_way, index)) return false;
  Run& run = *slot.run;
  const Instruction& i = slot.instructions[index];
  clear_bit(slot.under_way, index);
  --run.outstanding;
  --outstanding_;
  if (run.stopped) [[unlikely]] {
    if (completion.lent != nullptr) peer_of(slot, i.peer).transport->release(completion.token);
    if (run.outstanding == 0) finish(run);
    return false;
  }
  if (i.op == Opcode::send) {
    if (completion.code == Code::ok) [[likely]]
      slot.frontier.complete(index);
    else fail_run(run, peer_code(slot, i), static_cast<Rank>(i.peer));
    return true;
  }
  const bool plain =
      completion.code == Code::ok && completion.signature == slot.transfer.envelope.signature && completion.bytes == message_bytes(slot, i);
  if (!plain && receive_differs(slot, i, completion)) [[unlikely]] { return false; }
  if (!run.operation->received.empty()) run.operation->received[run.body->receives[i.step]] += completion.bytes;
  if (i.op == Opcode::recv_lend) arrived(slot, index, completion);
  else slot.frontier.complete(index);
  return true;
}

// A receive that is not as agreed. True: its run failed.
bool Executor::State::receive_differs(Slot& slot, const Instruction& i, const Completion& completion) {
  Run& run = *slot.run;
  const Rank from = static_cast<Rank>(i.peer);
  const uint32_t mine = slot.transfer.envelope.signature;
  if (completion.lent != nullptr && (completion.code != Code::ok || !run.body->user_messages))
    peer_of(slot, i.peer).transport->release(completion.token);
  if (completion.code != Code::ok && completion.code != Code::truncated) {
    fail_run(run, peer_code(slot, i), from);
    return true;
  }
  if (!run.body->user_messages) {  // every rank computes the same lengths: another length is another call
    fail_run(run, Code::mismatch, from, completion.signature);
    return true;
  }
  if (mine != 0 && completion.signature != 0 && mine != completion.signature) {
    fail_run(run, Code::mismatch, from, completion.signature);
    return true;
  }
  if (completion.code == Code::truncated && run.code == Code::ok) {  // the message is lost, nothing else: the operation runs to its end
    run.code = Code::truncated;
    run.blamed = from;
  }
  return false;
}

}  // namespace hawser
