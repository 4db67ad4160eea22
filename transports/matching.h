// Which receive a message fills: receives posted in expected order, messages that came before their receive, communicators that ended.
// Flat arrays with free lists: nothing is allocated for a message once they are warm. One thread.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "transports/buffers.h"
#include "transports/transport.h"

namespace hawser {

inline constexpr uint32_t no_slot = ~0u;

// Communicator, operation, slice, ordinal and kind; bytes, signature and channel do not decide.
inline bool same_key(const Envelope& a, const Envelope& b) {
  return a.communicator == b.communicator && a.operation == b.operation && a.slice == b.slice && a.ordinal == b.ordinal && a.kind == b.kind;
}

// A slot's number as the peer says it: its generation above its index. A number of a generation that passed finds nothing.
constexpr uint64_t slot_number(uint32_t index, uint32_t generation) { return uint64_t{generation} << 32 | index; }
constexpr uint32_t slot_index(uint64_t number) { return static_cast<uint32_t>(number); }
constexpr uint32_t slot_generation(uint64_t number) { return static_cast<uint32_t>(number >> 32); }

// Slots that are used again, in one array; `Slot` has `next` (for lists through it), `generation`, and clear() for what must not outlive a
// use.
template <class Slot>
class Slots {
 public:
  uint32_t take() {
    if (free_ == no_slot) {
      slots_.emplace_back();
      return static_cast<uint32_t>(slots_.size() - 1);
    }
    const uint32_t index = free_;
    free_ = slots_[index].next;
    return index;
  }
  void give(uint32_t index) {
    Slot& slot = slots_[index];
    slot.clear();
    ++slot.generation;
    slot.next = free_;
    free_ = index;
  }
  Slot& operator[](uint32_t index) { return slots_[index]; }
  const Slot& operator[](uint32_t index) const { return slots_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }

 private:
  std::vector<Slot> slots_;
  uint32_t free_ = no_slot;
};

// First in, first out, through the slots' own `next`.
template <class Slot>
class SlotList {
 public:
  bool empty() const { return first_ == no_slot; }
  uint32_t first() const { return first_; }
  void push(Slots<Slot>& slots, uint32_t index) {
    slots[index].next = no_slot;
    if (empty()) first_ = index;
    else slots[last_].next = index;
    last_ = index;
  }
  uint32_t pop(Slots<Slot>& slots) {
    const uint32_t index = first_;
    first_ = slots[index].next;
    return index;
  }
  // The first that satisfies, taken out of the list; no_slot: none does.
  template <class Predicate>
  uint32_t take_if(Slots<Slot>& slots, Predicate&& satisfies) {
    uint32_t before = no_slot;
    for (uint32_t index = first_; index != no_slot; before = index, index = slots[index].next) {
      if (!satisfies(slots[index])) continue;
      if (before == no_slot) first_ = slots[index].next;
      else slots[before].next = slots[index].next;
      if (last_ == index) last_ = before;
      return index;
    }
    return no_slot;
  }
  template <class Predicate>
  bool any(const Slots<Slot>& slots, Predicate&& satisfies) const {
    for (uint32_t index = first_; index != no_slot; index = slots[index].next)
      if (satisfies(slots[index])) return true;
    return false;
  }
  void clear() { first_ = no_slot; }

 private:
  uint32_t first_ = no_slot, last_ = no_slot;  // last_ means something only while first_ does
};

struct Receive {
  enum class State : uint8_t { free, posted, landing, granted };  // landing: an eager payload is on its way into it
  Envelope envelope;
  std::byte* bytes = nullptr;  // the caller's, or those of `buffer` when it lends
  uint64_t capacity = 0;
  Token token = 0;
  uint64_t expected = 0;                  // landing and granted: the message's length
  uint64_t unclaimed = 0, remaining = 0;  // granted: bytes in no frame yet; bytes that have not landed yet
  Buffer buffer;
  uint32_t signature = 0;  // the sender's
  uint32_t next = no_slot, generation = 1;
  State state = State::free;
  bool lends = false;
  void clear() {
    state = State::free;
    signature = 0;
  }
};

struct Arrived {  // a message without a receive
  Envelope envelope;
  Buffer buffer;              // an eager one's bytes
  uint64_t announcement = 0;  // the sender's number of one that waits for a grant; 0: eager
  uint64_t credit_due = 0;    // returned when it is taken
  uint32_t next = no_slot, generation = 1;
  void clear() {}  // store() assigns all of it
};

class Matching {  // of one peer
 public:
  uint32_t post(const Transfer&);                   // a receive behind those already posted
  uint32_t take_posted(const Envelope&);            // the receive that this message fills, no longer posted; no_slot: none yet
  bool posted(const Envelope&) const;               // whether there is one
  uint32_t take_arrived(const Envelope&);           // the message that this receive takes; no_slot: none came yet
  void store(Arrived);                              // a message nobody asked for yet
  uint32_t take_arrived_of(uint64_t communicator);  // any message of it
  uint32_t take_announced();                        // any message that waits for a grant
  uint32_t take_posted_of(uint64_t communicator);   // any posted receive of it
  uint32_t take_any_posted();                       // the oldest
  uint32_t take_any_arrived();                      // the oldest
  size_t arrived_count() const { return arrived_count_; }
  Slots<Receive> receives;
  Slots<Arrived> messages;

 private:
  uint32_t took(uint32_t arrived);
  SlotList<Receive> posted_;
  SlotList<Arrived> arrived_;
  size_t arrived_count_ = 0;
};

// Communicators that were forgotten: the last 1024 of them. Looked at only for messages that no receive expects.
class Tombstones {
 public:
  void add(uint64_t communicator);
  bool contains(uint64_t communicator) const {
    if (count_ == 0 || !(filter_[word(communicator)] & bit(communicator))) return false;
    return search(communicator);
  }

 private:
  static constexpr size_t capacity = 1024;
  static size_t word(uint64_t communicator);
  static uint64_t bit(uint64_t communicator);
  bool search(uint64_t communicator) const;
  std::array<uint64_t, 256> filter_{};  // a bit for each member: most strangers are told apart without a search
  std::vector<uint64_t> keys_;          // a ring: the oldest goes first
  size_t count_ = 0;                    // ever added
};

}  // namespace hawser
