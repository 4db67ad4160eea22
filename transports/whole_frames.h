// The part of a wire whose frames come and go whole, over one lane.
#pragma once
#include <cstring>
#include <span>

#include "transports/wire_transport.h"

namespace hawser {

// A Wire derives from WholeFrames<Wire> and adds push(), pull(), drop_lanes() and ready().
template <class Wire>
class WholeFrames : public WireBase {
 public:
  WholeFrames(Ledger& own, PeerIndex other, const Limits& limits) : WireBase(own, other, limits) { dialogue.add_lane(); }
  void send(const Transfer& transfer) {
    dialogue.send(transfer);
    if (alive()) self().push();
  }
  void drain() { self().pull(); }
  void detach(uint64_t) {}  // nothing of a frame is left to write
  void recheck() {}

 protected:
  bool take_in(const FrameHeader& header, std::span<const std::byte> payload) {  // false: it was malformed, and the edge is cut
    Incoming incoming;
    if (!dialogue.begin(0, header, incoming)) {
      cut(Status(Code::peer, "the connection of " + peer_name() + " sent a malformed frame: " + dialogue.complaint()));
      return false;
    }
    if (incoming.target && !payload.empty()) std::memcpy(incoming.target, payload.data(), payload.size());
    dialogue.end(0, incoming);
    return true;
  }
  void cut(Status why) {
    self().drop_lanes();
    dialogue.fail(why.code());
    status = std::move(why);
  }

 private:
  Wire& self() { return static_cast<Wire&>(*this); }
};

}  // namespace hawser
