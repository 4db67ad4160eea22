// Ranks of one process, driven by one thread.
#include "tests/executor/world.h"

#include "src/base/hash.h"

namespace hawser::testing {

void Shuffled::send(const Transfer& transfer) {
  ++sends;
  inner_->send(transfer);
  if (on_send) on_send();
}

void Shuffled::recv(const Transfer& transfer) {
  received.push_back(transfer.envelope);
  inner_->recv(transfer);
}

bool Shuffled::at_once() {
  if (!shuffle_) return true;
  seed_ = mix(seed_ + 0x9e3779b97f4a7c15u);
  return seed_ % 2 == 0;
}

bool Shuffled::send_now(const Transfer& transfer) {
  if (!at_once()) {
    send(transfer);
    return false;
  }
  ++sends;
  const bool over = inner_->send_now(transfer);
  if (on_send) on_send();
  return over;
}

bool Shuffled::recv_now(const Transfer& transfer, Completion& completion) {
  if (!at_once()) {
    recv(transfer);
    return false;
  }
  take_in();
  received.push_back(transfer.envelope);
  if (!inner_->recv_now(transfer, completion)) return false;
  lent += completion.lent != nullptr;
  return true;
}

void Shuffled::take_in() {
  Completion fresh[16];
  for (size_t count = inner_->poll(fresh); count > 0; count = inner_->poll(fresh)) kept_.insert(kept_.end(), fresh, fresh + count);
}

size_t Shuffled::poll(std::span<Completion> out) {
  take_in();
  size_t written = 0;
  while (written < out.size() && !kept_.empty()) {
    if (shuffle_) seed_ = mix(seed_ + 0x9e3779b97f4a7c15u);
    if (shuffle_ && seed_ % 3 == 0) break;  // the rest another time
    const size_t pick = shuffle_ ? (seed_ >> 8) % kept_.size() : 0;
    lent += kept_[pick].lent != nullptr;
    out[written++] = kept_[pick];
    kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(pick));
  }
  return written;
}

World::World(int ranks, uint64_t seed, bool shuffle)
    : hub_(std::make_shared<MemoryHub>(static_cast<uint32_t>(ranks))), frozen_(static_cast<size_t>(ranks), false), state_(seed) {
  for (int rank = 0; rank < ranks; ++rank) {
    const auto node = static_cast<uint32_t>(rank);
    transports_.push_back(std::make_unique<Shuffled>(make_memory_transport(hub_, node), seed * 1000 + node, shuffle));
    for (int peer = 0; peer < ranks; ++peer) EXPECT_TRUE(transports_.back()->adopt(static_cast<PeerIndex>(peer), {}).ok());
    edges_.push_back(std::make_unique<OpenEdges>());
    edges_.back()->transport = transports_.back().get();
    executors_.push_back(std::make_unique<Executor>(*edges_.back()));
    peers_.push_back(node);
  }
}

void World::kill(int rank) {
  const auto i = static_cast<size_t>(rank);
  hub_->kill(static_cast<uint32_t>(rank));
  executors_[i].reset();
  transports_[i].reset();
  frozen_[i] = true;
}

void World::step() {
  state_ = mix(state_ + 0x9e3779b97f4a7c15u);
  const size_t rank = state_ % executors_.size();
  if (!frozen_[rank]) executors_[rank]->progress();
  if (notice) notice();
}

bool World::run_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 20000; ++i) {
    if (condition()) return true;
    step();
  }
  return condition();
}

}  // namespace hawser::testing
