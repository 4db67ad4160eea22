// The ring for the smallest messages: every line carries data and the word that announces them, so one line crosses and nothing else.
#pragma once
#include <cstring>

#include "src/lowering/island_state.h"

namespace hawser {

class CellRing {
 public:
  static constexpr bool short_items = true;  // so that a peer that sleeps may as well be woken after the fold, if that comes at once
  CellRing(IslandState& island, uint32_t)
      : island_(island), lines_(cell_lines(island.size)), part_lines_(lines_ / island.size), consumed_(consumed(island.me)) {
    for (const MemberView& member : island.members) cells_.push_back(member.cells);
  }

  RingCounters& counters() const { return island_.cells; }
  size_t piece_bytes(size_t, bool parts) { return (parts ? part_lines_ : lines_) * kCellBytes; }  // what one item can hold
  struct Place {
    uint64_t chunk;
    size_t line;  // its slot's first, in every member's cells
  };
  Place next_place(uint64_t chunk, bool) const { return place(chunk); }
  Place place(uint64_t chunk) const { return {chunk, (chunk % kCellSlots) * lines_}; }
  void settle(const Place&, uint32_t) const {}
  // Positions are chunks.
  uint64_t needed(const Place& place, uint32_t) const { return place.chunk + 1 > kCellSlots ? place.chunk + 1 - kCellSlots : 0; }
  uint64_t end_of(uint64_t chunk) const { return chunk + 1; }
  void write(const Place& place, uint32_t part, const std::byte* data, size_t bytes, uint32_t tag) const {
    Cell* const cell = slot(island_.me, place, part);
    if (bytes > kCellBytes) [[unlikely]]
      return write_lines(cell, place.chunk, data, bytes, tag);
    write_line(*cell, place.chunk, data, bytes, tag);
  }
  void announce(const Place&, uint32_t) const {}  // every line did
  void prepare_next(const Place&, uint32_t, bool) const {}
  struct Item {
    const Cell* cell;
    bool arrived(uint64_t chunk, size_t bytes, Wait& wait) const {
      if (!there(cell, chunk, wait)) return false;
      if (bytes > kCellBytes)
        for (const Cell *next = cell + 1, *end = cell + (bytes + kCellBytes - 1) / kCellBytes; next != end; ++next)
          if (!there(next, chunk, wait)) return false;
      return true;
    }
    static bool there(const Cell* one, uint64_t chunk, Wait& wait) {
      if (one->number.load(std::memory_order_acquire) >= chunk + 1) return true;
      wait = {&one->number, chunk + 1};
      return false;
    }
    bool fits(uint64_t, uint32_t tag) const { return cell->tag == tag; }
  };
  Item item(uint32_t peer, const Place& place, uint32_t part) const { return {slot(peer, place, part)}; }
  // In one stretch: in the line itself, else copied together.
  const std::byte* data(const Item& item, uint32_t peer, size_t bytes) const {
    if (bytes <= kCellBytes) return item.cell->data;
    std::byte* whole = island_.staging.get() + peer * lines_ * kCellBytes;
    const Cell* cell = item.cell;
    for (size_t begin = 0; begin < bytes; begin += kCellBytes, ++cell) std::memcpy(whole + begin, cell->data, kCellBytes);
    return whole;
  }
  std::atomic<uint64_t>& consumed(uint32_t member) const { return island_.members[member].head->cells_consumed.position; }

  void consume(uint64_t chunks) const { consumed_.store(chunks, std::memory_order_release); }  // after the reads of the slot

 private:
  static void write_line(Cell& cell, uint64_t chunk, const std::byte* data, size_t bytes, uint32_t tag) {
    cell.tag = tag;
    if (bytes == 8) std::memcpy(cell.data, data, 8);
    else if (bytes) std::memcpy(cell.data, data, bytes);
    cell.number.store(chunk + 1, std::memory_order_release);  // after the data of its own line
  }
  [[gnu::noinline]] static void write_lines(Cell* cell, uint64_t chunk, const std::byte* data, size_t bytes, uint32_t tag) {
    for (; bytes > kCellBytes; bytes -= kCellBytes, data += kCellBytes) write_line(*cell++, chunk, data, kCellBytes, tag);
    write_line(*cell, chunk, data, bytes, tag);
  }
  Cell* slot(uint32_t member, const Place& place, uint32_t part) const { return cells_[member] + place.line + part * part_lines_; }
  IslandState& island_;
  std::vector<Cell*> cells_;         // by member
  const size_t lines_, part_lines_;  // of a slot, of one reader's part of it
  std::atomic<uint64_t>& consumed_;  // this member's
};

}  // namespace hawser
