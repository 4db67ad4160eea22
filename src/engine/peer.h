// Another context, as this one knows it: what it published, its control connection's state, its shared segment, the edge to it.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "src/base/fd.h"
#include "src/base/types.h"
#include "src/memory/segment.h"
#include "src/net/address.h"
#include "src/net/door.h"
#include "src/net/frames.h"
#include "src/net/handshake.h"
#include "transports/transport.h"

namespace hawser {

// What a record tells of a peer; enough to dial it.
struct PeerCard {
  Identity identity;
  std::string label;               // "rank 3 (host b, process 71)"
  std::string door;                // abstract unix name; empty: none
  std::vector<Address> addresses;  // best first
  SecretKey key{};
  bool local = false;  // meet over the unix door and share segments
};

struct Peer {
  const PeerIndex index;
  const PeerCard card;

  // Any thread.
  std::atomic<bool> connected{false};  // the control connection stands (and, local, the segment is mapped)
  std::atomic<bool> gone{false};       // the control connection ended, or never came to be

  // Written by the engine thread before `connected`, constant after.
  std::unique_ptr<MappedSegment> segment;
  Fd event_fd;
  PeerBell bell;
  int32_t process = 0;  // of a local peer; 0: not visible from here

  // Of the engine thread.
  std::unique_ptr<FrameSocket> control;
  std::unique_ptr<Dial> dial;  // of the control connection; null: none under way
  std::vector<std::unique_ptr<Dial>> lane_dials;
  bool accepted = false, greeted = false;
  bool silent = false;  // gone without a word, as it looks from here: nothing of it will arrive any more
  uint32_t watched = 0;
  uint64_t give_up_ns = 0;
  std::byte* my_lane = nullptr;
  bool lane_adopted = false;

  // Of the holder of the seat.
  Transport* edge = nullptr;
  bool edge_asked = false;
};

}  // namespace hawser
