// Executors of several ranks over the memory transport, driven by one thread in an order that a seed decides.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "src/executor/executor.h"
#include "src/executor/program.h"
#include "transports/memory/transport.h"

namespace hawser::testing {

// Hands completions on late and in another order, or at once; counts what is sent.
class Shuffled final : public Transport {
 public:
  Shuffled(std::unique_ptr<Transport> inner, uint64_t seed, bool shuffle) : inner_(std::move(inner)), seed_(seed), shuffle_(shuffle) {}
  Abilities abilities() const override { return inner_->abilities(); }
  Status adopt(PeerIndex peer, Lane lane) override { return inner_->adopt(peer, std::move(lane)); }
  void close(PeerIndex peer) override { inner_->close(peer); }
  void send(const Transfer& transfer) override;
  void recv(const Transfer& transfer) override;
  bool send_now(const Transfer& transfer) override;
  bool recv_now(const Transfer& transfer, Completion&) override;
  size_t poll(std::span<Completion>) override;
  void release(Token token) override {
    --lent;
    inner_->release(token);
  }
  void forget(uint64_t communicator) override { inner_->forget(communicator); }
  void peer_gone(PeerIndex peer, Status status) override { inner_->peer_gone(peer, std::move(status)); }
  Status error(PeerIndex peer) const override { return inner_->error(peer); }
  bool arm() override { return kept_.empty() && inner_->arm(); }
  uint64_t sends = 0;
  int64_t lent = 0;                // bytes handed out and not released, in messages
  std::function<void()> on_send;   // after each
  std::vector<Envelope> received;  // as posted

 private:
  bool at_once();  // half of the transfers, when they are shuffled; else all
  void take_in();  // what has arrived, so that a receive may find it
  std::unique_ptr<Transport> inner_;
  uint64_t seed_;
  bool shuffle_;
  std::vector<Completion> kept_;
};

class OpenEdges final : public Edges {
 public:
  Transport* edge(PeerIndex peer) override {
    asked.push_back(peer);
    return closed ? nullptr : transport;
  }
  std::span<Transport* const> open_transports() override { return {&transport, 1}; }
  Transport* transport = nullptr;
  bool closed = false;
  std::vector<PeerIndex> asked;
};

class World {
 public:
  explicit World(int ranks, uint64_t seed = 1, bool shuffle = false);
  int size() const { return static_cast<int>(executors_.size()); }
  Executor& at(int rank) { return *executors_[static_cast<size_t>(rank)]; }
  Shuffled& transport(int rank) { return *transports_[static_cast<size_t>(rank)]; }
  OpenEdges& edges(int rank) { return *edges_[static_cast<size_t>(rank)]; }
  MemoryHub& hub() { return *hub_; }
  std::span<const PeerIndex> peers() const { return peers_; }
  bool alive(int rank) const { return executors_[static_cast<size_t>(rank)] != nullptr; }
  void freeze(int rank) { frozen_[static_cast<size_t>(rank)] = true; }  // it is driven no more
  void kill(int rank);                                                  // its process is gone
  void step();                                                          // some rank makes progress
  // Until the condition holds; false: nothing led there. notice: called after every step.
  bool run_until(const std::function<bool()>& condition);
  std::function<void()> notice;

 private:
  std::shared_ptr<MemoryHub> hub_;
  std::vector<std::unique_ptr<Shuffled>> transports_;
  std::vector<std::unique_ptr<OpenEdges>> edges_;
  std::vector<std::unique_ptr<Executor>> executors_;
  std::vector<bool> frozen_;
  std::vector<PeerIndex> peers_;
  uint64_t state_;
};

inline bool done(const Operation& operation) { return operation.code.load() != Code::in_progress; }

}  // namespace hawser::testing
