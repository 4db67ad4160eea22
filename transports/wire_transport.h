// The part of a transport that is the same for every wire: edges by peer, and the contract's calls handed to their dialogues.
//
// A Wire carries one edge. It is a WireBase and has
//   void send(const Transfer&)    hand to the dialogue, then write what can be written
//   void push()                   write what can be written
//   void pull()                   take in what has arrived; on trouble cut()
//   void drain()                  pull() until nothing is left, for a peer that is gone
//   void detach(uint64_t)         before a communicator is forgotten: copy what lanes still have to write of it
//   void recheck()                after it was forgotten: lanes stop landing in its receives
//   void drop_lanes()             touch nothing of the caller's any more
//   bool ready()                  pull() or push() would do something; asked before sleep
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "transports/dialogue.h"

namespace hawser {

struct WireBase {
  WireBase(Ledger& ledger, PeerIndex peer, const Limits& limits) : dialogue(ledger, limits), ledger(ledger), peer(peer) {}
  std::string peer_name() const { return "peer " + std::to_string(peer); }
  Dialogue dialogue;
  Ledger& ledger;
  const PeerIndex peer;
  Status status;  // why it failed
  bool alive() const { return status.ok(); }
};

template <class Wire>
class WireTransport : public Transport {
 public:
  void close(PeerIndex peer) override {
    Wire* wire = find(peer);
    if (!wire) return;
    if (wire->alive()) cut(*wire, Status(Code::aborted, "the connection to " + wire->peer_name() + " was closed here"));
    wire->dialogue.drop_arrived();
    sweep();
  }
  void send(const Transfer& transfer) override {
    if (Wire* wire = find(transfer.peer)) wire->send(transfer);
    else ledger_.completions.push({.token = transfer.token, .code = Code::unreachable});
  }
  void recv(const Transfer& transfer) override {
    if (Wire* wire = find(transfer.peer)) {
      wire->dialogue.recv(transfer);
      if (wire->alive()) wire->push();  // a grant
    } else {
      ledger_.completions.push({.token = transfer.token, .code = Code::unreachable});
    }
  }
  bool send_now(const Transfer& transfer) override {
    WireTransport::send(transfer);
    const Completion* completion = ledger_.completions.last_of(transfer.token);
    if (completion == nullptr || completion->code != Code::ok) return false;
    ledger_.completions.drop_last();
    return true;
  }
  bool recv_now(const Transfer& transfer, Completion& out) override {
    WireTransport::recv(transfer);
    const Completion* completion = ledger_.completions.last_of(transfer.token);
    if (completion == nullptr) return false;
    out = *completion;
    ledger_.completions.drop_last();
    return true;
  }
  size_t poll(std::span<Completion> out) override {
    progress();
    return ledger_.completions.take(out);
  }
  void release(Token token) override { ledger_.release(token); }
  void forget(uint64_t communicator) override {
    ledger_.tombstones.add(communicator);
    for (const auto& wire : wires_) {
      if (!wire) continue;
      if (wire->alive()) wire->detach(communicator);
      wire->dialogue.forget(communicator);
      if (!wire->alive()) continue;
      wire->recheck();
      wire->push();
    }
  }
  void peer_gone(PeerIndex peer, Status status) override {
    Wire* wire = find(peer);
    if (!wire || !wire->alive()) return;
    wire->drain();
    if (wire->alive()) cut(*wire, std::move(status));
    sweep();
  }
  Status error(PeerIndex peer) const override {
    const Wire* wire = find(peer);
    return wire ? wire->status.copy() : Status(Code::unreachable, "there is no connection to peer " + std::to_string(peer));
  }
  bool arm() override {
    if (!ledger_.completions.empty()) return false;
    return std::none_of(open_.begin(), open_.end(), [](Wire* wire) { return wire->ready(); });
  }

 protected:
  Wire* find(PeerIndex peer) const { return peer < wires_.size() ? wires_[peer].get() : nullptr; }
  // The living edge to a peer, made with `make` when there is none; what a dead one still held is dropped.
  template <class Make>
  Wire& open(PeerIndex peer, Make&& make) {
    if (peer >= wires_.size()) wires_.resize(peer + 1);
    if (!wires_[peer] || !wires_[peer]->alive()) {
      if (wires_[peer]) wires_[peer]->dialogue.drop_arrived();
      wires_[peer] = make();
      open_.push_back(wires_[peer].get());
    }
    return *wires_[peer];
  }
  void progress() {
    bool all_alive = true;
    for (Wire* wire : open_) {
      if (wire->alive()) wire->pull();
      if (wire->alive()) wire->push();
      all_alive = all_alive && wire->alive();
    }
    if (!all_alive) sweep();
  }
  void sweep() {
    std::erase_if(open_, [](const Wire* wire) { return !wire->alive(); });
  }
  static void cut(Wire& wire, Status status) {
    wire.drop_lanes();
    wire.dialogue.fail(status.code());
    wire.status = std::move(status);
  }
  Ledger ledger_;
  std::vector<std::unique_ptr<Wire>> wires_;  // by peer
  std::vector<Wire*> open_;                   // those that live
};

}  // namespace hawser
