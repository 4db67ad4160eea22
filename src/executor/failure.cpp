// Failure. An operation that fails takes its communicator with it, and is over only when no transfer touches its memory any more.
#include <algorithm>

#include "src/executor/state.h"

namespace hawser {
namespace {

bool transfers(Opcode op) { return op == Opcode::send || op == Opcode::recv || op == Opcode::recv_lend; }

// Calls visit(slot, instruction index) for every transfer begun and not completed, also those kept back.
template <class Visit>
void each_transfer(const Run& run, Visit visit) {
  for (const Slot* slot : run.slots)
    for (uint32_t index = 0; index < slot->walk.size(); ++index)
      if (slot->walk.begun(index) && transfers(slot->instructions[index].op)) visit(*slot, index);
}

}  // namespace

void Executor::State::release_held(Slot& slot) {
  if (!slot.run->body->lends) return;
  for (uint32_t i = 0; i < slot.walk.size(); ++i) {
    if (slot.instructions[i].op != Opcode::recv_lend || !slot.walk.held(i)) continue;
    if (slot.lent[i]) peer_of(slot, slot.instructions[i].peer).lender->release(token_of(slot, i));
    slot.walk.drop(i);
  }
}

// Nothing of it is issued any more. What is posted must come back first; what was kept back never went out.
void Executor::State::stop(Run& run, Code code, Rank blamed, uint32_t signature) {
  if (run.stopped || run.finished) return;
  run.stopped = true;
  run.code = code;
  run.blamed = blamed;
  run.blamed_signature = signature;
  if (run.communicator->in_routine == &run) run.communicator->in_routine = nullptr;
  for (Slot* slot : run.slots) release_held(*slot);
  const auto ours = [&](Token token) { return slots_[token >> 32]->run == &run; };
  for (const Rank rank : run.slots.empty() ? std::vector<Rank>() : run.body->peers)
    kept_back_ -= std::erase_if(peers_[run.operation->peers[static_cast<size_t>(rank)]].kept_back, ours);
  if (run.outstanding == 0) finish(run);
}

void Executor::State::fail_run(Run& run, Code code, Rank blamed, uint32_t signature) {
  const uint64_t key = run.operation->communicator;
  stop(run, code, blamed, signature);
  fail_communicator(key, code, blamed);
}

void Executor::State::fail_communicator(uint64_t key, Code code, Rank blamed) {
  if (!dead_.emplace(key, DeadCommunicator{code, blamed}).second) return;
  if (CommunicatorState* communicator = find_communicator(key))
    for (Run* run : communicator->runs) stop(*run, code, blamed);
  for (Transport* transport : edges_.open_transports()) transport->forget(key);
}

void Executor::State::fail_peer(PeerIndex number, Code code) {
  if (number >= peers_.size()) peers_.resize(number + 1);
  Peer& peer = peers_[number];
  if (!peer.failed) ++failed_peers_;
  peer.failed = true;
  peer.code = code;
  peer.transport = nullptr;
  ++edges_changed_;
  for (Transport* transport : edges_.open_transports())  // what had arrived is taken in, then the rest completes with an error
    if (transport->error(number).ok()) transport->peer_gone(number, Status(code, "the peer is gone"));
  for (size_t i = 0; i < active_; ++i)
    for (Run* run : communicators_[i]->runs) run->has_failed_peer = run->has_failed_peer || uses_failed_peer(*run);
}

bool Executor::State::uses_failed_peer(const Run& run) const {
  const auto failed = [&](Rank rank) {
    const PeerIndex number = run.operation->peers[static_cast<size_t>(rank)];
    return number < peers_.size() && peers_[number].failed;
  };
  if (std::any_of(run.body->peers.begin(), run.body->peers.end(), failed)) return true;
  return std::any_of(run.body->phases.begin(), run.body->phases.end(),
                     [&](const ReplacedPhase& phase) { return std::any_of(phase.members.begin(), phase.members.end(), failed); });
}

// A rank that is gone and whose word is needed now, or to whom no edge ever opened; -1: none. Transfers on its edge end by themselves.
Rank Executor::State::failed_rank_needed(const Run& run) const {
  for (const Rank rank : run.body->peers) {
    const Peer& peer = peers_[run.operation->peers[static_cast<size_t>(rank)]];
    const auto ours = [&](Token token) { return slots_[token >> 32]->run == &run; };
    if (peer.failed && std::any_of(peer.kept_back.begin(), peer.kept_back.end(), ours)) return rank;
  }
  return run.communicator->in_routine == &run ? failed_member(run) : -1;
}

Rank Executor::State::failed_member(const Run& run) const {
  const std::vector<Rank>& members = run.body->phases[run.order.phase()].members;
  const int32_t awaited = run.communicator->pause.peer;
  for (size_t i = 0; i < members.size(); ++i) {
    const PeerIndex number = run.operation->peers[static_cast<size_t>(members[i])];
    if (number >= peers_.size() || !peers_[number].failed) continue;
    if (awaited < 0 || static_cast<size_t>(awaited) == i) return members[i];
  }
  return -1;
}

bool Executor::State::fail_what_needs_the_dead() {
  if (failed_peers_ == 0) return false;
  for (size_t i = 0; i < active_; ++i) {
    for (Run* run : communicators_[i]->runs) {
      if (!run->has_failed_peer || run->stopped || run->finished) continue;
      const Rank rank = failed_rank_needed(*run);
      if (rank < 0) continue;
      fail_run(*run, peers_[run->operation->peers[static_cast<size_t>(rank)]].code, rank);
      return true;
    }
  }
  return false;
}

std::vector<Rank> Executor::State::waiting_for(const Operation& operation) const {
  std::vector<Rank> ranks;
  const Run* run = static_cast<const Run*>(operation.run);
  if (run == nullptr) return ranks;
  each_transfer(*run, [&](const Slot& slot, uint32_t index) { ranks.push_back(static_cast<Rank>(slot.instructions[index].peer)); });
  const CommunicatorState& communicator = *run->communicator;
  if (communicator.in_routine == run) {
    const std::vector<Rank>& members = run->body->phases[run->order.phase()].members;
    const int32_t awaited = communicator.pause.peer;
    if (awaited >= 0 && static_cast<size_t>(awaited) < members.size()) ranks.push_back(members[static_cast<size_t>(awaited)]);
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  return ranks;
}

}  // namespace hawser
