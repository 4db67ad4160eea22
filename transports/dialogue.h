// What is said on one edge: which frames go out, where those that come in land, and which transfers that completes. The same on every wire.
//
// A wire pulls frames with next() whenever a lane can take one, and hands in what arrives with begin() and end(). It alone touches sockets,
// shared memory or queues; this alone knows of matching, grants and credit. One thread at a time.
//
// Sending: a message up to eager_bytes goes at once while the edge's credit lasts; otherwise it is announced and moves after a grant, in
// data frames that any lane may carry. Nothing ever waits for credit, so no message stands in the way of another.
#pragma once
#include <cstdint>
#include <vector>

#include "transports/completions.h"
#include "transports/frame.h"
#include "transports/matching.h"
#include "transports/ring.h"

namespace hawser {

// What the edges of one transport share.
struct Ledger {
  struct Lent {
    Token token = 0;
    Buffer buffer;
  };
  Completions completions;
  BufferPool buffers;
  Tombstones tombstones;
  std::vector<Lent> lent;
  void release(Token);  // a token that lent nothing changes nothing
};

struct Outgoing {  // a frame that a lane has taken on itself; written() ends it
  FrameHeader header;
  const std::byte* payload = nullptr;  // header.length bytes of the caller's memory, or of a copy after forget()
  uint32_t send = no_slot;
};

struct Incoming {  // a frame whose header came; end() or abandon() ends it
  FrameHeader header;
  std::byte* target = nullptr;  // where its payload goes; null: nowhere
  Buffer buffer;                // owns target when no receive was there
  uint32_t receive = no_slot;
  uint32_t generation = 0;
};

class Dialogue {
 public:
  Dialogue(Ledger& ledger, const Limits& limits) : ledger_(ledger), limits_(limits) {}
  uint32_t add_lane();  // its number

  void send(const Transfer&);
  void recv(const Transfer&);
  // An eager message without a slot, for the first lane: true when its credit sufficed; the wire must write it whole, now (or copy it),
  // and then tell its completion, by wrote_at_once() if not otherwise.
  bool send_at_once(const Transfer&, FrameHeader&);
  void wrote_at_once(const Transfer& transfer) { complete(transfer.token, Code::ok); }
  void forget(uint64_t communicator);  // the tombstone is the transport's affair; frames on lanes: see recheck()
  void fail(Code);                     // every transfer completes with it, later ones too; whole messages that came stay to be taken
  void drop_arrived();                 // those as well: the edge was closed
  Code failure() const { return failure_; }

  bool next(uint32_t lane, Outgoing&);  // the frame that this lane is to write; false: none now
  void written(const Outgoing&);        // its payload is not needed any more
  bool has_output(uint32_t lane) const {
    return !control_.empty() || !queued_.empty() || (!granted_.empty() && window_open(lanes_[lane])) || credit_is_due(lanes_[lane]);
  }
  uint64_t communicator_of(const Outgoing& out) const { return out.send == no_slot ? 0 : sends_[out.send].transfer.envelope.communicator; }

  // A frame's header came. False: it is malformed, complaint() says how, and the edge must fail.
  bool begin(uint32_t lane, const FrameHeader&, Incoming&);
  void end(uint32_t lane, Incoming&);  // its payload is at the target
  void abandon(Incoming&);             // the rest of it will never come
  void recheck(Incoming&);             // after forget(): a receive that ended is not written into any more
  bool expects(const Envelope& envelope) const { return matching_.posted(envelope); }
  const char* complaint() const { return complaint_; }
  // Eager messages that came since anything else but credit was said, either way: a peer that sends so many does not wait for an answer.
  uint32_t only_heard() const { return only_heard_; }

  // For wires whose credit is told by shared words instead of frames.
  bool wants_credit() const { return eager_sent_ - eager_acknowledged_ + eager_charge(limits_.eager_bytes) > limits_.credit_bytes; }
  bool acknowledge(uint64_t returned);  // false: more than was ever sent
  uint64_t returned() const { return returned_; }

 private:
  struct Send {
    enum class State : uint8_t { free, queued, announced, granted, ended };  // ended: completed, but a lane still holds a frame of it
    Transfer transfer;
    uint64_t receiver = 0;  // granted: the peer's number of its receive
    uint64_t offset = 0;    // granted: of the next data frame
    uint32_t on_lanes = 0;  // frames that lanes hold
    uint32_t next = no_slot, generation = 1;
    State state = State::free;
    void clear() {
      state = State::free;
      offset = 0;
      on_lanes = 0;
    }
  };
  struct LaneCounts {
    uint64_t sent = 0, acknowledged = 0;  // data bytes of ours
    uint64_t received = 0, told = 0;      // data bytes of the peer's
  };

  bool refuse(const char* complaint) {
    complaint_ = complaint;
    return false;
  }
  FrameHeader& say(FrameType, uint64_t message);  // one more in control_
  void complete(Token, Code, uint32_t signature = 0, uint64_t bytes = 0, const std::byte* lent = nullptr);
  bool ended(const Transfer&);  // completed at once: the edge failed, or its communicator ended
  bool may_go_eagerly(uint64_t bytes) const;

  // Incoming, by type.
  bool begin_eager(const FrameHeader&, Incoming&);
  bool begin_announce(const FrameHeader&);
  bool begin_grant(const FrameHeader&);
  bool begin_data(const FrameHeader&, Incoming&);
  bool check_counters(uint32_t lane, const FrameHeader&);
  void end_eager(Incoming&);
  void keep_eager(Incoming&);
  void end_data(Incoming&);

  void land(uint32_t receive, const Envelope&);  // gives it a buffer when it lends
  void finish_receive(uint32_t receive, Code);
  void take_eager(uint32_t receive, Arrived&);  // a stored message goes to its receive
  void grant(uint32_t receive, const Envelope&, uint64_t announcement);
  void refuse_message(uint64_t announcement);  // nothing of it is wanted
  void drop(uint32_t arrived);
  void give_back(uint64_t charge) { returned_ += charge; }
  bool credit_is_due(const LaneCounts& lane) const {
    if (!limits_.frames_carry_credit) return false;
    return returned_ - told_ >= limits_.credit_bytes / 4 || (limits_.window_bytes && lane.received - lane.told >= limits_.window_bytes / 2);
  }
  bool window_open(const LaneCounts& lane) const {
    return limits_.window_bytes == 0 || lane.sent == lane.acknowledged ||
           lane.sent - lane.acknowledged + limits_.frame_bytes <= limits_.window_bytes;
  }
  void next_data(LaneCounts&, Outgoing&);
  void end_send(uint32_t send, Code);

  Ledger& ledger_;
  const Limits limits_;
  Matching matching_;
  Slots<Send> sends_;
  SlotList<Send> queued_, granted_;
  Ring<FrameHeader> control_;  // announcements and grants that wait for a lane
  std::vector<LaneCounts> lanes_;
  uint64_t eager_sent_ = 0, eager_acknowledged_ = 0;      // charges, ours
  uint64_t eager_arrived_ = 0, returned_ = 0, told_ = 0;  // charges, the peer's
  uint64_t stored_bytes_ = 0;                             // of messages without a receive
  uint32_t only_heard_ = 0;
  Code failure_ = Code::ok;
  const char* complaint_ = "";
};

}  // namespace hawser
