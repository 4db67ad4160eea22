// Matching: lists through slots, and the set of communicators that ended.
#include "transports/matching.h"

#include <algorithm>

#include "src/base/hash.h"

namespace hawser {

uint32_t Matching::post(const Transfer& transfer) {
  const uint32_t index = receives.take();
  Receive& receive = receives[index];
  receive.envelope = transfer.envelope;
  receive.lends = transfer.bytes.data() == nullptr && transfer.envelope.bytes > 0;
  receive.bytes = transfer.bytes.data();
  receive.capacity = receive.lends ? transfer.envelope.bytes : transfer.bytes.size();
  receive.token = transfer.token;
  receive.state = Receive::State::posted;
  posted_.push(receives, index);
  return index;
}

uint32_t Matching::take_posted(const Envelope& envelope) {
  return posted_.take_if(receives, [&](const Receive& receive) { return same_key(receive.envelope, envelope); });
}

bool Matching::posted(const Envelope& envelope) const {
  return posted_.any(receives, [&](const Receive& receive) { return same_key(receive.envelope, envelope); });
}

uint32_t Matching::take_arrived(const Envelope& envelope) {
  if (arrived_.empty()) return no_slot;
  return took(arrived_.take_if(messages, [&](const Arrived& arrived) { return same_key(arrived.envelope, envelope); }));
}

void Matching::store(Arrived message) {
  const uint32_t index = messages.take();
  message.generation = messages[index].generation;
  messages[index] = std::move(message);
  arrived_.push(messages, index);
  ++arrived_count_;
}

uint32_t Matching::take_arrived_of(uint64_t communicator) {
  return took(arrived_.take_if(messages, [=](const Arrived& arrived) { return arrived.envelope.communicator == communicator; }));
}

uint32_t Matching::take_announced() {
  return took(arrived_.take_if(messages, [](const Arrived& arrived) { return arrived.announcement != 0; }));
}

uint32_t Matching::take_posted_of(uint64_t communicator) {
  return posted_.take_if(receives, [=](const Receive& receive) { return receive.envelope.communicator == communicator; });
}

uint32_t Matching::take_any_posted() { return posted_.empty() ? no_slot : posted_.pop(receives); }

uint32_t Matching::take_any_arrived() { return took(arrived_.empty() ? no_slot : arrived_.pop(messages)); }

uint32_t Matching::took(uint32_t arrived) {
  if (arrived != no_slot) --arrived_count_;
  return arrived;
}

size_t Tombstones::word(uint64_t communicator) { return mix(communicator) >> 6 & 255; }
uint64_t Tombstones::bit(uint64_t communicator) { return uint64_t{1} << (mix(communicator) & 63); }

void Tombstones::add(uint64_t communicator) {
  if (contains(communicator)) return;
  if (keys_.size() < capacity) {
    keys_.push_back(communicator);
  } else {
    keys_[count_ % capacity] = communicator;
    filter_.fill(0);
    for (const uint64_t key : keys_) filter_[word(key)] |= bit(key);
  }
  filter_[word(communicator)] |= bit(communicator);
  ++count_;
}

bool Tombstones::search(uint64_t communicator) const { return std::find(keys_.begin(), keys_.end(), communicator) != keys_.end(); }

}  // namespace hawser
