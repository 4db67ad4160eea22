// The ring for everything else: copy into a slot, then one counter. A slot is as long as its chunk, and slots follow one another through
// the whole ring: a writer that came back to the same few lines would find them still shared with the reader of the last time, which was
// measured to halve the rate (docs/decisions/0010-one-ring-of-slots.md).
#pragma once
#include <algorithm>
#include <cstring>

#include "src/lowering/island_state.h"

namespace hawser {

class SlotRing {
 public:
  static constexpr bool short_items = false;
  SlotRing(IslandState& island, uint32_t chunk_bytes)
      : island_(island),
        whole_piece_(std::min(chunk_bytes ? whole_lines(chunk_bytes) : kMostSlotBytes, kMostSlotBytes)),
        part_piece_(std::min(whole_piece_, kMostSlotBytes / island.size / line_bytes * line_bytes)) {}

  RingCounters& counters() const { return island_.slots; }
  // For a call whose longest item has so many bytes: what one item can hold, equal on every member.
  size_t piece_bytes(size_t item_bytes, bool parts) {
    const size_t most = parts ? part_piece_ : whole_piece_;
    stride_ = whole_lines(std::clamp<size_t>(item_bytes, 1, most));  // not nothing: a position tells chunks apart
    return most;
  }
  struct Place {
    uint64_t begin, end;  // positions
    uint64_t chunk;
  };
  // Of the chunk that comes next; a slot is never cut by the end of the ring.
  Place next_place(uint64_t chunk, bool parts) const {
    const size_t extent = parts ? stride_ * island_.size : stride_;
    uint64_t begin = island_.positions.next;
    const size_t left = kRingBytes - begin % kRingBytes;
    if (extent > left) begin += left;
    return {begin, begin + extent, chunk};
  }
  Place place(uint64_t chunk) const {
    const SlotPositions& positions = island_.positions;
    return {positions.begin[chunk % kTags], positions.end[chunk % kTags], chunk};
  }
  void settle(const Place& place, uint32_t tag) const {  // that chunk is published
    SlotPositions& positions = island_.positions;
    positions.begin[place.chunk % kTags] = place.begin;
    positions.end[place.chunk % kTags] = positions.next = place.end;
    positions.tags[place.chunk % kTags] = tag;
  }
  // What every peer must have consumed before the chunk may be written: what lay in its bytes, and the chunk whose tag it replaces, unless
  // that is of a like call: then the new tag tells the old one. So a root runs ahead of its readers as far as the ring is long.
  uint64_t needed(const Place& place, uint32_t tag) const {
    const SlotPositions& positions = island_.positions;
    const uint64_t before = place.end > kRingBytes ? place.end - kRingBytes : 0;
    if (positions.tags[place.chunk % kTags] + kTags == tag) return before;
    return std::max(before, positions.end[place.chunk % kTags]);
  }
  uint64_t end_of(uint64_t chunk) const { return island_.positions.end[chunk % kTags]; }
  void write(const Place& place, uint32_t part, const std::byte* data, size_t bytes, uint32_t) const {
    if (bytes) std::memcpy(slot(island_.me, place, part), data, bytes);
  }
  void announce(const Place& place, uint32_t tag) const {
    ProducedLine& line = produced(island_.me);
    line.tags[place.chunk % kTags].store(tag, std::memory_order_release);  // after the count of the chunk before it
    line.chunks.store(place.chunk + 1, std::memory_order_release);         // after the data and the tag
  }
  // Takes the lines of the next such chunk from whoever read them last while there is nothing else to do: short copies then find them here.
  void prepare_next(const Place& last, uint32_t tag, bool parts) const {
    const size_t extent = last.end - last.begin;
    if (extent > kPreparedBytes) return;
    const Place next = next_place(last.chunk + 1, parts);
    if (needed(next, tag + 1) > island_.slots.credit) return;  // a reader may still need them
    const std::byte* const begin = slot(island_.me, next, 0);
    for (const std::byte* line = begin; line != begin + extent; line += line_bytes) asm volatile("prefetchw %0" : : "m"(*line));
  }
  // A writer ahead of its reader is not disturbed for every chunk: what its line said once holds for the chunks of like calls behind.
  struct Item {
    const ProducedLine& line;
    const std::byte* at;
    KnownChunks& known;
    bool arrived(uint64_t chunk, size_t, Wait& wait) {
      if (chunk < known.until) return true;
      if (line.chunks.load(std::memory_order_acquire) >= chunk + 1) return true;
      wait = {&line.chunks, chunk + 1};
      return false;
    }
    bool fits(uint64_t chunk, uint32_t tag) {
      const uint32_t signature = tag - static_cast<uint32_t>(chunk);
      if (chunk < known.until && signature == known.signature) return true;
      const uint64_t published = line.chunks.load(std::memory_order_acquire);
      if (!fits(chunk, tag, line.tags[chunk % kTags].load(std::memory_order_acquire))) return false;
      uint64_t until = chunk + 1;
      while (until < std::min(published, chunk + kTags) &&
             fits(until, signature + static_cast<uint32_t>(until), line.tags[until % kTags].load(std::memory_order_acquire)))
        ++until;
      known = {until == chunk + kTags ? published : until, signature};
      return true;
    }

   private:
    // It is this chunk's tag, or that of a like one further on, at most of the one being written now.
    bool fits(uint64_t chunk, uint32_t tag, uint32_t found) const {
      const uint32_t ahead = found - tag;
      return ahead == 0 || (ahead % kTags == 0 && ahead < line.chunks.load(std::memory_order_relaxed) - chunk + kTags);
    }
  };
  Item item(uint32_t peer, const Place& place, uint32_t part) const {
    return {produced(peer), slot(peer, place, part), island_.known_slots[peer]};
  }
  const std::byte* data(const Item& item, uint32_t, size_t) const { return item.at; }
  std::atomic<uint64_t>& consumed(uint32_t member) const { return island_.members[member].head->slots_consumed.position; }
  void consume(uint64_t position) const { consumed(island_.me).store(position, std::memory_order_release); }  // after the reads of the slot

 private:
  static constexpr size_t kPreparedBytes = size_t{16} << 10;  // so that the first cache keeps them and the data
  static constexpr size_t whole_lines(size_t bytes) { return (bytes + line_bytes - 1) / line_bytes * line_bytes; }
  ProducedLine& produced(uint32_t member) const { return island_.members[member].head->slots_produced; }
  std::byte* slot(uint32_t member, const Place& place, uint32_t part) const {
    return island_.members[member].ring + place.begin % kRingBytes + part * stride_;
  }
  IslandState& island_;
  const size_t whole_piece_, part_piece_;  // what an item can hold: the only one of a chunk, or one reader's of many
  size_t stride_ = 0;                      // from one item of a chunk to the next
};

}  // namespace hawser
