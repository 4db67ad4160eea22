// The executor's face: what the holder of the seat calls.
#include "src/executor/executor.h"

#include "src/executor/state.h"

namespace hawser {

Executor::Executor(Edges& edges) : state_(std::make_unique<State>(edges)) {}
Executor::~Executor() = default;

void Executor::start(Operation& operation) { state_->start(operation); }

Pause Executor::progress() {
  bool moved = true;
  while (moved) {
    moved = state_->poll();
    moved = state_->drive_routines() || moved;
    moved = state_->report_finished() || moved;
    if (!moved) moved = state_->fail_what_needs_the_dead();
    state_->moves_ += moved;
  }
  return state_->pause();
}

// The word of the only routine under way, when nothing else can move.
Pause Executor::State::pause() const {
  Pause pause;
  if (active_ == 0) {
    pause.code = Code::ok;
    return pause;
  }
  if (active_ == 1 && !outstanding() && kept_back_ == 0 && communicators_[0]->in_routine != nullptr)
    pause.wait = communicators_[0]->pause.wait;
  return pause;
}

void Executor::edge_open(PeerIndex peer) { state_->edge_open(peer); }
void Executor::fail_peer(PeerIndex peer, Code code) { state_->fail_peer(peer, code); }
void Executor::fail_communicator(uint64_t communicator, Code code, Rank blamed) { state_->fail_communicator(communicator, code, blamed); }
bool Executor::look_for_mismatch() { return state_->look_for_mismatch(); }
uint64_t Executor::moves() const { return state_->moves_; }
bool Executor::idle() const { return state_->active_ == 0; }
bool Executor::busy(uint64_t communicator) const { return state_->find_communicator(communicator) != nullptr; }
std::vector<Rank> Executor::waiting_for(const Operation& operation) const { return state_->waiting_for(operation); }

}  // namespace hawser
