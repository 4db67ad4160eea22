// The ring for everything else: copy into a slot, then one counter. A call that fits into one small slot uses the ring of small slots (more
// of them, so that a root runs ahead further), others the ring of large ones, whose chunks stay in the caches.
#pragma once
#include <cstring>

#include "src/lowering/island_state.h"

namespace hawser {

class SlotRing {
 public:
  static constexpr bool short_items = false;
  SlotRing(IslandState& island, uint32_t chunk_bytes)
      : island_(island), small_part_(part_of(kSmallSlotBytes)), large_part_(part_of(kLargeSlotBytes)) {
    const size_t wished = chunk_bytes ? whole_lines(chunk_bytes) : kLargeSlotBytes;
    large_whole_piece_ = std::min(wished, kLargeSlotBytes);
    large_part_piece_ = std::min(wished, large_part_);
    use_small(true);
  }

  // Chooses the ring for a call whose longest item has so many bytes; what one item can hold there.
  size_t piece_bytes(size_t item_bytes, bool parts) {
    const size_t small_piece = parts ? small_part_ : kSmallSlotBytes;
    use_small(item_bytes <= small_piece);
    part_stride_ = small_ ? small_part_ : large_part_;
    if (small_) return small_piece;
    return parts ? large_part_piece_ : large_whole_piece_;
  }
  RingCounters& counters() const { return *counters_; }
  using Place = uint64_t;  // the chunk's number
  Place place(uint64_t chunk) const { return chunk; }
  void write(Place chunk, uint32_t part, const std::byte* data, size_t bytes, uint32_t) const {
    if (bytes) std::memcpy(slot(island_.me, chunk, part), data, bytes);
  }
  void announce(uint64_t chunk, uint32_t tag) const {
    ProducedLine& line = produced(island_.me);
    line.tags[chunk % kMostSlots].store(tag, std::memory_order_relaxed);
    line.chunks.store(chunk + 1, std::memory_order_release);  // after the data and the tag
  }
  struct Item {
    const ProducedLine& line;
    const std::byte* at;
    bool arrived(uint64_t chunk, size_t, Wait& wait) const {
      if (line.chunks.load(std::memory_order_acquire) >= chunk + 1) return true;
      wait = {&line.chunks, chunk + 1};
      return false;
    }
    bool fits(uint64_t chunk, uint32_t tag) const { return line.tags[chunk % kMostSlots].load(std::memory_order_relaxed) == tag; }
  };
  Item item(uint32_t peer, Place chunk, uint32_t part) const { return {produced(peer), slot(peer, chunk, part)}; }
  const std::byte* data(const Item& item, uint32_t, size_t) const { return item.at; }
  std::atomic<uint64_t>& consumed(uint32_t member) const {
    AreaHead& head = *island_.members[member].head;
    return (small_ ? head.small_consumed : head.large_consumed).chunks;
  }
  void consume(uint64_t chunks) const { consumed(island_.me).store(chunks, std::memory_order_release); }  // after the reads of the slot
  uint64_t slots = kSmallSlots;

 private:
  static constexpr size_t whole_lines(size_t bytes) { return (bytes + line_bytes - 1) / line_bytes * line_bytes; }
  size_t part_of(size_t slot_bytes) const { return slot_bytes / island_.size / line_bytes * line_bytes; }  // small: 0 beyond 256 members
  void use_small(bool small) {
    small_ = small;
    counters_ = small ? &island_.small : &island_.large;
    slots = small ? kSmallSlots : kLargeSlots;
  }
  ProducedLine& produced(uint32_t member) const {
    AreaHead& head = *island_.members[member].head;
    return small_ ? head.small_produced : head.large_produced;
  }
  std::byte* slot(uint32_t member, uint64_t chunk, uint32_t part) const {
    const MemberView& view = island_.members[member];
    return (small_ ? view.small + (chunk % kSmallSlots) * kSmallSlotBytes : view.large + (chunk % kLargeSlots) * kLargeSlotBytes) +
           part * part_stride_;
  }
  IslandState& island_;
  const size_t small_part_, large_part_;  // a reader's part of a slot
  size_t large_whole_piece_ = 0, large_part_piece_ = 0, part_stride_ = 0;
  bool small_ = true;
  RingCounters* counters_ = nullptr;
};

}  // namespace hawser
