// One socket of an edge: frames written behind one another, frames read from wherever the bytes were cut.
#pragma once
#include <vector>

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "transports/dialogue.h"

namespace hawser {

struct TcpShared {  // by all lanes of a transport
  static constexpr size_t stage_bytes = size_t{64} << 10;
  const Clock& clock;
  Fd epoll;      // watches lanes while somebody may sleep, or while there are many
  Buffer stage;  // bytes just read without a place of their own yet, or a frame being written; empty between calls
  size_t lanes = 0;
};

class TcpLane {
 public:
  enum class Read { more, dry, ended, malformed };
  static constexpr size_t copied_bytes_max = size_t{8} << 10;  // payloads up to here are copied behind their header: one buffer, one call

  static Result<std::unique_ptr<TcpLane>> adopt(Fd, TcpShared&, Ledger&, Dialogue&);
  ~TcpLane();  // whatever was read of the caller's memory or written into it is let go
  TcpLane(const TcpLane&) = delete;
  TcpLane& operator=(const TcpLane&) = delete;

  // One system call; none when what was held back still is, because something else is to be told first (if may_hold).
  Read read_some(bool may_hold);
  bool write_some();                                                    // one system call; true: the socket took it all, there may be more
  bool holds() const { return partial_bytes_ >= sizeof(FrameHeader); }  // a frame came that was not looked at yet
  // A frame that was not taken from the dialogue, with a payload of at most copied_bytes_max; only while nothing is unsent. What the
  // socket does not take at once is copied.
  void write_at_once(const FrameHeader&, std::span<const std::byte> payload);
  bool unsent() const { return head_bytes_ != 0; }
  bool broken() const { return error_ != 0; }  // nothing can be written any more; what came before is still read
  bool ended() const { return ended_; }        // everything was read
  bool left() const;                           // ended as it does when the peer leaves or dies, not by a fault of the way
  int error() const { return error_; }
  bool watch(void* as);                // from now on epoll tells when bytes come and when unsent ones can go on; false: it cannot
  void unwatch();                      // a watched socket costs its sender's kernel a tenth of a small message
  void detach(uint64_t communicator);  // the rest of a payload of it is copied
  bool delivered();  // before a close: the peer's kernel has everything that was written here; what still comes is dropped
  void recheck() { dialogue_.recheck(incoming_); }

 private:
  TcpLane(Fd fd, TcpShared& shared, Ledger& ledger, Dialogue& dialogue)
      : fd_(std::move(fd)), shared_(shared), ledger_(ledger), dialogue_(dialogue), number_(dialogue.add_lane()) {}
  void note_error();  // of a write
  bool fill();
  void sent(size_t bytes);
  bool consume(const std::byte* bytes, size_t count, bool may_hold);
  bool holds_back(const std::byte* bytes, size_t count) const;
  bool begin_frame(const std::byte* bytes);
  void land(const std::byte* bytes, size_t count);  // null: they are at the target already
  Read trouble();
  Read end();
  void discard_unread();

  Fd fd_;
  TcpShared& shared_;
  Ledger& ledger_;
  Dialogue& dialogue_;
  const uint32_t number_;
  int error_ = 0;
  uint32_t watched_ = 0;  // for these events; 0: it is not in the set
  bool ended_ = false;

  // Writing: head_ holds frames whole, but for the payload of the last when that is long; then payload_ follows it.
  std::vector<Outgoing> outgoing_;  // what these bytes are; written() when the last of them went
  Buffer head_, copy_;
  size_t head_sent_ = 0, head_bytes_ = 0;
  const std::byte* payload_ = nullptr;
  size_t payload_bytes_ = 0;

  // Reading.
  bool in_frame_ = false;
  Incoming incoming_;         // its target moves along
  size_t left_ = 0;           // of its payload
  bool long_frames_ = false;  // the last one was
  static constexpr size_t short_stage_bytes = 4096;
  std::byte partial_[short_stage_bytes + sizeof(FrameHeader)];
  size_t partial_bytes_ = 0;  // of the next header; more when it is held back
};

}  // namespace hawser
