// One edge over two stretches of shared memory: cells with a stamp for every frame, and a ring for payloads that do not fit in them.
#pragma once
#include "transports/shm/lane.h"
#include "transports/wire_transport.h"

namespace hawser {

class ShmWire : public WireBase {
 public:
  static constexpr size_t eager_bytes = size_t{16} << 10;
  ShmWire(Ledger&, PeerIndex, const Lane&);
  void send(const Transfer&);
  void push();
  void pull();
  void drain();
  void detach(uint64_t) {}  // a frame is written whole
  void recheck() {}
  void drop_lanes();
  bool ready();

 private:
  bool room(uint64_t length);  // for one more frame; on nonsense from the peer false, and the edge is cut by pull()
  bool look_at_taken();
  void write(const FrameHeader&, const std::byte* payload);
  bool take_one();  // false: none there, or cut
  bool land(const FrameHeader&, const std::byte* payload);
  void tell_taken();
  void cut(Status);
  void cut_malformed(const char* complaint);

  ShmSide* mine_;
  const ShmSide* theirs_;
  PeerBell bell_;
  uint64_t written_ = 0, ring_written_ = 0;  // of my cells and ring
  uint64_t seen_taken_ = 0, seen_ring_taken_ = 0;
  uint64_t taken_ = 0, ring_taken_ = 0;  // of theirs
  uint64_t told_taken_ = 0, told_ring_taken_ = 0, told_returned_ = 0;
  bool nonsense_ = false;  // the peer's counters cannot be
};

}  // namespace hawser
