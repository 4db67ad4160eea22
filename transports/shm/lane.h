// One side of a shared-memory lane, as it lies in the segment of the side that writes it. Zero at first; docs/protocol/transports.md.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "transports/cells.h"

namespace hawser {

// A frame. The stamp is the frame's number, counted from 1, and is stored last, with release: a cell is looked at only where a stamp may
// stand, so what an earlier lap left there is an older number. Payloads up to inline_bytes lie in the cell, longer ones in the ring.
struct alignas(line_bytes) ShmCell {
  static constexpr size_t inline_bytes = 24;
  struct Words {
    uint32_t length = 0;
    uint8_t type = 0, kind = 0;
    uint16_t ordinal = 0;
    uint64_t communicator = 0;
    uint32_t operation = 0, slice = 0, signature = 0;
    uint8_t channel = 0, reserved[3] = {0, 0, 0};
    std::byte small[inline_bytes];  // eager: the payload; other frames: message, offset, envelope.bytes
  };
  std::atomic<uint64_t> stamp;
  Words words;
};
static_assert(sizeof(ShmCell) == line_bytes);

struct ShmSide {
  static constexpr size_t cell_count = 256, ring_bytes = size_t{192} << 10;
  // What this side took of the other's cells and ring, and eager credit it gave back. Stored with release, seldom.
  alignas(line_bytes) std::atomic<uint64_t> cells_taken;
  std::atomic<uint64_t> ring_taken;
  std::atomic<uint64_t> returned;
  alignas(line_bytes) std::atomic<uint64_t> ended;  // 1: this side says nothing more
  alignas(line_bytes) ShmCell cells[cell_count];
  alignas(line_bytes) std::byte ring[ring_bytes];  // payloads, each in one piece, at whole lines
};

inline constexpr size_t shm_lane_bytes = (sizeof(ShmSide) + 4095) / 4096 * 4096;

// Where a payload lies that follows position `at`: it does not wrap, the rest of the lap is left out. Both sides count alike.
constexpr uint64_t shm_place(uint64_t at, uint64_t length) {
  const uint64_t in_lap = at % ShmSide::ring_bytes;
  return in_lap + length > ShmSide::ring_bytes ? at - in_lap + ShmSide::ring_bytes : at;
}
constexpr uint64_t shm_whole_lines(uint64_t length) { return (length + line_bytes - 1) / line_bytes * line_bytes; }

}  // namespace hawser
