// Steps and messages: what is ready is issued in program order, what came is checked and releases what waited for it. The hot path.
#include <algorithm>
#include <cstring>

#include "src/executor/state.h"

namespace hawser {
namespace {

std::byte nothing;  // where receives of no bytes point: a null target would ask to be lent

}  // namespace

uint64_t Executor::State::message_bytes(const Slot& slot, const Instruction& i) const {
  return length(slot.views[static_cast<size_t>(i.length_of)], slot.limit, i.length_first, i.count);
}

void Executor::State::advance(Slot& slot) {
  while (slot.active && !slot.run->stopped) {
    if (slot.walk.in_order()) go_straight(slot);
    slot.walk.run([&](uint32_t index) { issue(slot, index); });
    if (!slot.walk.done() || !next_slice(slot)) return;
  }
}

inline void Executor::State::issue(Slot& slot, uint32_t index) {
  const Instruction& i = slot.instructions[index];
  switch (i.op) {
    case Opcode::send:
    case Opcode::recv_lend:
      return post(slot, index, source_view(slot, i), i.source);
    case Opcode::recv:
      return post(slot, index, target_view(slot, i), i.target);
    case Opcode::reduce_arrived:
      return run_held(slot, index);
    case Opcode::copy:
    case Opcode::reduce:
      move(slot, i);
      break;
    case Opcode::join:
    case Opcode::end:
      break;
    case Opcode::routine:
      return slot.walk.begin(index);  // its turn comes in drive_routines()
  }
  slot.walk.complete(index);
}

inline void Executor::State::post(Slot& slot, uint32_t index, const View& view, uint32_t chunk) {
  const Instruction& i = slot.instructions[index];
  Transfer& transfer = slot.transfer;
  uint64_t bytes;
  std::byte* data;
  if (slot.plain) [[likely]] {
    bytes = uniform_length(slot.views[static_cast<size_t>(i.length_of)], slot.limit, i.length_first, i.count);
    data = uniform_address(view, chunk);
  } else {
    bytes = message_bytes(slot, i);
    data = address(view, chunk);
  }
  // Both ends know of an empty part of a collective: there is no such message. A user's is one.
  if (bytes == 0 && transfer.envelope.kind == MessageKind::collective) return slot.walk.complete(index);
  slot.walk.begin(index);
  transfer.peer = slot.peers[i.peer];
  Peer& peer = peers_[transfer.peer];
  if (peer.transport == nullptr && !open(slot, index, peer)) [[unlikely]]
    return;
  transfer.envelope.bytes = bytes;
  transfer.envelope.ordinal = i.ordinal;
  transfer.envelope.channel = i.channel;
  transfer.token = token_of(slot, index);
  transfer.bytes = {data, bytes};
  if (!slot.plain) mark_user(slot, index, transfer);
  ++slot.run->outstanding;
  if (i.op == Opcode::send) {
    if (peer.transport->send_now(transfer)) over(slot, index);
    return;
  }
  slot.expected[index] = bytes;
  if (i.op == Opcode::recv_lend && bytes <= peer.lend_bytes) transfer.bytes = {};
  Completion completion;
  if (peer.transport->recv_now(transfer, completion)) received(slot, index, completion);
}

// Both out of line: post() is made for what takes its time.
[[gnu::noinline]] void Executor::State::over(Slot& slot, uint32_t index) {
  --slot.run->outstanding;
  slot.walk.complete(index);
}

[[gnu::noinline]] void Executor::State::received(Slot& slot, uint32_t index, const Completion& completion) {
  if (!as_agreed(slot, index, completion)) return aside_.push_back(completion);
  if (slot.instructions[index].op != Opcode::recv_lend) return over(slot, index);
  --slot.run->outstanding;
  arrived(slot, index, completion);
}

void Executor::State::mark_user(const Slot& slot, uint32_t index, Transfer& transfer) const {
  if (transfer.envelope.kind != MessageKind::user) return;
  const Program::Body& body = *slot.run->body;
  transfer.envelope.operation = slot.run->operation->user_numbers[body.messages[body.steps[index]]];
  if (transfer.bytes.data() == nullptr) transfer.bytes = {&nothing, transfer.bytes.size()};
}

// False: there is no edge yet, and the transfer is kept back for it.
bool Executor::State::open(Slot& slot, uint32_t index, Peer& peer) {
  peer.transport = edges_.edge(slot.peers[slot.instructions[index].peer]);
  if (peer.transport == nullptr) {
    peer.kept_back.push_back(token_of(slot, index));
    ++kept_back_;
    return false;
  }
  peer.lender = peer.transport;
  ++edges_changed_;
  const Abilities abilities = peer.transport->abilities();
  peer.lend_bytes = abilities.lends ? abilities.eager_bytes : 0;
  return true;
}

void Executor::State::post_again(Token token) {  // kept back until now
  Slot& slot = *slots_[token >> 32];
  slot.walk.reissue(static_cast<uint32_t>(token));
  issue(slot, static_cast<uint32_t>(token));
}

void Executor::State::edge_open(PeerIndex number) {
  if (number >= peers_.size()) return;
  Peer& peer = peers_[number];
  peer.transport = nullptr;  // ask again: it may be another one
  ++edges_changed_;
  std::vector<Token> kept_back;
  kept_back.swap(peer.kept_back);
  kept_back_ -= kept_back.size();
  for (const Token token : kept_back) post_again(token);
  for (const Token token : kept_back) advance(*slots_[token >> 32]);  // some may be over already
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

void Executor::State::reduce_scattered(Slot& slot, const Instruction& i, const std::byte* data) {
  const View& target = target_view(slot, i);
  const Run& run = *slot.run;
  for (uint32_t piece = 0; piece < i.count; ++piece) {
    const uint32_t into = i.target + piece * i.target_stride();
    std::byte* result = address(target, into);
    const void* const inputs[] = {result, data + piece * run.slice_bytes};
    run.reduce(result, inputs, 2, length(target, slot.limit, into, 1) >> run.element_shift, 1, false);
  }
}

inline void Executor::State::arrived(Slot& slot, uint32_t index, const Completion& completion) {
  const Instruction& recv = slot.instructions[index];
  const std::byte* data = completion.lent != nullptr ? completion.lent : address(source_view(slot, recv), recv.source);
  const uint32_t reduce = recv.target;
  if (recv.only_reduce && slot.walk.complete_into(index, reduce)) [[likely]] {
    reduce_arrived(slot, slot.instructions[reduce], data, completion.bytes);
    if (completion.lent != nullptr) peer_of(slot, recv.peer).lender->release(completion.token);
    slot.walk.complete(reduce);
    return;
  }
  if (!recv.only_reduce) slot.walk.complete(index);
  slot.walk.hold(index);
  slot.lent[index] = completion.lent != nullptr;
  slot.arrived[reduce] = data;
}

// The turn of a reduce whose message came earlier, or was none.
void Executor::State::run_held(Slot& slot, uint32_t index) {
  const Instruction& i = slot.instructions[index];
  const uint32_t recv = i.source;
  if (slot.walk.held(recv)) {
    reduce_arrived(slot, i, slot.arrived[index], slot.expected[recv]);
    slot.walk.drop(recv);
    if (slot.lent[recv]) peer_of(slot, slot.instructions[recv].peer).lender->release(token_of(slot, recv));
  }
  slot.walk.complete(index);
}

bool Executor::State::outstanding() const {
  for (size_t i = 0; i < active_; ++i)
    for (const Run* run : communicators_[i]->runs)
      if (run->outstanding > 0) return true;
  return false;
}

bool Executor::State::poll() {
  if (!outstanding()) return false;
  bool moved = !aside_.empty();
  if (moved) {
    taking_.swap(aside_);
    take_completions(taking_);
    taking_.clear();
  }
  for (Transport* transport : edges_.open_transports()) {
    size_t count;
    do {
      count = transport->poll(batch_);
      if (count > 0) take_completions({batch_.data(), count});
      moved = moved || count > 0;
    } while (count == batch_.size());
  }
  return moved;
}

void Executor::State::take_completions(std::span<const Completion> completions) {
  Slot* slot = nullptr;
  for (const Completion& completion : completions) {
    Slot* const next = completion.token >> 32 < slots_.size() ? slots_[completion.token >> 32].get() : nullptr;
    if (slot != nullptr && slot != next) advance(*slot);
    slot = next != nullptr && take(completion) ? next : nullptr;
  }
  if (slot != nullptr) advance(*slot);
}

inline bool Executor::State::take(const Completion& completion) {
  Slot& slot = *slots_[completion.token >> 32];
  const uint32_t index = static_cast<uint32_t>(completion.token);
  if (!slot.walk.begun(index)) return false;
  Run& run = *slot.run;
  --run.outstanding;
  const Instruction& i = slot.instructions[index];
  if (completion.code != Code::ok || run.stopped) [[unlikely]]
    return take_unlike(slot, index, completion);
  if (i.op == Opcode::send) {
    slot.walk.complete(index);
    return true;
  }
  if (!as_agreed(slot, index, completion) && take_unlike(slot, index, completion)) [[unlikely]]
    return false;
  if (i.op == Opcode::recv_lend) arrived(slot, index, completion);
  else slot.walk.complete(index);
  return true;
}

// A completion that is not the usual one. Of a message as agreed after all: false. Else: whether its slot may have more to do.
bool Executor::State::take_unlike(Slot& slot, uint32_t index, const Completion& completion) {
  Run& run = *slot.run;
  const Instruction& i = slot.instructions[index];
  if (run.stopped) {
    slot.walk.drop(index);
    if (completion.lent != nullptr) peer_of(slot, i.peer).lender->release(completion.token);
    if (run.outstanding == 0) finish(run);
    return true;
  }
  if (i.op == Opcode::send) {
    slot.walk.drop(index);
    fail_run(run, peer_code(slot, i), static_cast<Rank>(i.peer));
    return true;
  }
  const bool collective = slot.transfer.envelope.kind == MessageKind::collective;
  const bool exact = completion.signature == slot.signature && completion.bytes == slot.expected[index];
  if (completion.code != Code::ok || !exact || !collective) {
    if (receive_differs(slot, i, completion)) {
      slot.walk.drop(index);
      return true;
    }
  }
  if (!run.operation->received.empty()) run.operation->received[run.body->receives[run.body->steps[index]]] += completion.bytes;
  if (completion.code == Code::ok) return false;
  slot.walk.complete(index);  // truncated
  return true;
}

// A receive that is not as agreed. True: its run failed.
bool Executor::State::receive_differs(Slot& slot, const Instruction& i, const Completion& completion) {
  Run& run = *slot.run;
  const Rank from = static_cast<Rank>(i.peer);
  const uint32_t mine = slot.signature;
  if (completion.lent != nullptr && (completion.code != Code::ok || !run.body->user_messages))
    peer_of(slot, i.peer).lender->release(completion.token);
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
