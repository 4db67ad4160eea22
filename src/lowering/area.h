// How a member's area in shared memory is laid out. Only its owner writes it, so a reader never takes a line from a writer that needs it.
// docs/protocol/island.md lists every word with its writer, memory order and reuse.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "transports/cells.h"

namespace hawser {

inline constexpr uint32_t kRememberedCalls = 8;  // signatures of calls that a peer can still look up; a power of two
inline constexpr uint32_t kTags = 8;             // of the ring of slots; a power of two
inline constexpr uint32_t kCellSlots = 64;       // a power of two
inline constexpr uint32_t kLeastCellLines = 16;  // of a slot; more when there are more members
inline constexpr size_t kCellBytes = 48;         // of data in a line: a multiple of every element's size
inline constexpr size_t kMostSlotBytes = size_t{128} << 10;
inline constexpr size_t kRingBytes = 4 * kMostSlotBytes;  // a power of two; fits into a second cache beside the data

// What the owner is doing, for a peer that has waited long. The signature of call s stands in place s mod 8 until call s + 8 begins.
struct alignas(line_bytes) CurrentLine {
  std::atomic<uint64_t> calls;  // begun so far
  std::atomic<uint32_t> signatures[kRememberedCalls];
};

// Chunks of a ring written so far, and their tags: signature plus number, so that a stale one never fits. The tag of chunk c stands in
// place c mod kTags until that of chunk c + kTags; where the signatures differ, until every peer has consumed chunk c.
struct alignas(line_bytes) ProducedLine {
  std::atomic<uint64_t> chunks;
  std::atomic<uint32_t> tags[kTags];
};

struct alignas(line_bytes) ConsumedLine {
  std::atomic<uint64_t> position;  // in the peers' rings: what lies before it the owner needs no more
};

struct alignas(line_bytes) ProbeLine {  // measure_island only
  std::atomic<uint64_t> count;
  std::atomic<uint64_t> address;  // of memory that the owner lets its peers read through the kernel
  std::atomic<uint64_t> refused;  // not 0: the owner could not read that of some peer
};

struct alignas(line_bytes) CpuLine {
  std::atomic<uint32_t> cpu;  // on which the owner waited last, plus one; 0: not known. A hint, for CpuSpread only
};

struct alignas(line_bytes) Cell {  // data and the word that announces them in one line
  std::atomic<uint64_t> number;    // chunk + 1, stored last
  uint32_t tag;
  uint32_t unused;
  std::byte data[kCellBytes];
};
static_assert(sizeof(Cell) == line_bytes);

struct AreaHead {
  CurrentLine current;
  ProducedLine slots_produced;
  ConsumedLine cells_consumed, slots_consumed;
  ProbeLine arrived, probed;
  CpuLine waits_on;
};
static_assert(sizeof(AreaHead) <= 4096);

constexpr uint32_t cell_lines(uint32_t members) { return std::max(kLeastCellLines, members); }
constexpr size_t whole_pages(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }
constexpr size_t kCellsOffset = 4096;
constexpr size_t ring_offset(uint32_t members) { return kCellsOffset + whole_pages(size_t{kCellSlots} * cell_lines(members) * line_bytes); }
constexpr size_t area_bytes(uint32_t members) { return ring_offset(members) + kRingBytes; }

}  // namespace hawser
