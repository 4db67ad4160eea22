// What a frame says, whatever carries it: sockets write it as it stands, shared cells pack it tighter. docs/protocol/transports.md.
#pragma once
#include <cstddef>
#include <cstdint>

#include "transports/transport.h"

namespace hawser {

enum class FrameType : uint8_t {
  eager = 1,     // a whole message; its payload follows
  announce = 2,  // a message that waits for a grant; message: the sender's number of it
  grant = 3,     // message: the sender's number; offset: the receiver's; envelope.bytes: all of it, or 0: nothing (more) is wanted
  data = 4,      // a part of a granted message; message: the receiver's number; offset: where the payload goes
  credit = 5     // nothing but the two counters that every frame carries
};

inline constexpr uint32_t frame_magic = 0x31535748;  // "HWS1"

struct FrameHeader {  // little-endian, as everything on our wires
  uint32_t magic = frame_magic;
  FrameType type = FrameType::credit;
  uint8_t reserved[3] = {0, 0, 0};
  uint32_t length = 0;  // of the payload behind the header
  uint32_t reserved_too = 0;
  uint64_t message = 0;
  uint64_t offset = 0;
  Envelope envelope;
  uint64_t returned = 0;  // eager bytes of this edge whose place is free again, since the edge began
  uint64_t received = 0;  // data bytes that came on this lane, since the lane began
};
static_assert(sizeof(FrameHeader) == 80);

// What an eager message takes of the edge's credit: a record of its own, so that empty messages are bounded as well.
inline constexpr uint64_t eager_overhead_bytes = 64;
constexpr uint64_t eager_charge(uint64_t bytes) { return bytes + eager_overhead_bytes; }

// How much of what an edge of one transport may have under way.
struct Limits {
  uint64_t eager_bytes = 0;         // the longest message that goes without a grant
  uint64_t credit_bytes = 0;        // eager bytes sent whose place was not given back yet
  uint64_t frame_bytes = 0;         // the longest payload of a data frame
  uint64_t window_bytes = 0;        // data bytes on a lane that were not reported as received; 0: the wire bounds them by itself
  uint64_t store_bytes = 0;         // messages without a receive: below, their credit returns at once; above, when they are taken
  bool frames_carry_credit = true;  // false: the wire has another way to tell (shared words), and no credit frames are made
};

}  // namespace hawser
