// Lanes are read and written in turn. A peer that leaves or dies ends all of them, each behind what it carried: the edge ends with the
// last, so that nothing sent is lost. A lane that breaks for another reason ends the edge at once.
#include "transports/tcp/wire.h"

#include <algorithm>
#include <cstring>
#include <system_error>

namespace hawser {
namespace {

// The window is the edge's bytes under way on one lane: more leaves the cache and is slower. It holds two frames at least.
constexpr Limits tcp_limits{.eager_bytes = TcpWire::eager_bytes,
                            .credit_bytes = (size_t{512} << 10) + 2 * eager_overhead_bytes,
                            .frame_bytes = size_t{256} << 10,
                            .window_bytes = size_t{512} << 10,
                            .store_bytes = size_t{4} << 20};

static_assert(tcp_limits.window_bytes >= 2 * tcp_limits.frame_bytes);  // else a window that waits for a report may hold no frame

// A peer that only sends is read now and then: every read takes the socket from the kernel that fills it, on the sender's time, and
// acknowledges. One host, 80 B a message: 2.5 us each when read at once, 1.8 us at this distance.
constexpr uint32_t one_way_messages = 16;
constexpr uint64_t one_way_rest_ns = 4000;

constexpr int reads_a_pull = 8;         // of one lane, before the others have their turn
constexpr int reads_at_the_end = 4096;  // what a socket may still hold, with a bound

}  // namespace

TcpWire::TcpWire(Ledger& ledger, TcpShared& shared, PeerIndex peer) : WireBase(ledger, peer, tcp_limits), shared_(shared) {}

Status TcpWire::add(Fd fd) {
  lanes_.push_back(HAWSER_TRY(TcpLane::adopt(std::move(fd), shared_, ledger, dialogue)));
  return {};
}

bool TcpWire::send_at_once(const Transfer& transfer) {
  if (!alive() || lanes_.empty() || lanes_[0]->unsent() || lanes_[0]->broken() || transfer.bytes.size() > TcpLane::copied_bytes_max)
    return false;
  FrameHeader header;
  if (!dialogue.send_at_once(transfer, header)) return false;
  lanes_[0]->write_at_once(header, transfer.bytes);
  return true;
}

void TcpWire::push() {
  for (bool any = true; any;) {
    any = false;
    for (const auto& lane : lanes_) { any = lane->write_some() || any; }
  }
}

bool TcpWire::holds() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->holds(); });
}

bool TcpWire::rests() {
  if (ending_ || dialogue.only_heard() < one_way_messages || holds()) return false;
  const uint64_t now_ns = shared_.clock.now_ns();
  if (now_ns - pulled_ns_ < one_way_rest_ns) return true;
  pulled_ns_ = now_ns;
  return false;
}

void TcpWire::pull() {
  if (rests()) return;
  for (const auto& lane : lanes_) {
    for (int i = 0; i < reads_a_pull; ++i) {
      const TcpLane::Read read = lane->read_some(true);
      if (read == TcpLane::Read::malformed) return cut_malformed();
      if (read != TcpLane::Read::more) break;
    }
  }
  look_for_end();
  if (ending_) drain();
}

void TcpWire::look_for_end() {
  bool all = !lanes_.empty();
  for (const auto& lane : lanes_) {
    all = all && lane->ended();
    if (lane->ended() && !lane->left()) ending_ = true;
  }
  ending_ = ending_ || all;
}

void TcpWire::read_all() {
  for (const auto& lane : lanes_) {
    for (int i = 0; i < reads_at_the_end; ++i) {
      const TcpLane::Read read = lane->read_some(false);
      if (read == TcpLane::Read::malformed) return cut_malformed();
      if (read != TcpLane::Read::more) break;
    }
    if (error_ == 0) error_ = lane->error();
  }
}

void TcpWire::drain() {
  read_all();
  if (!ending_ || !alive()) return;
  std::string why = peer_name() + " ended its connection";
  if (error_) why = "the connection to " + peer_name() + " broke: " + std::generic_category().message(error_);
  cut(Status(Code::peer, std::move(why)));
}

void TcpWire::detach(uint64_t communicator) {
  for (const auto& lane : lanes_) lane->detach(communicator);
}

void TcpWire::recheck() {
  for (const auto& lane : lanes_) lane->recheck();
}

bool TcpWire::delivered() {
  bool all = true;
  for (const auto& lane : lanes_) all = lane->delivered() && all;
  return all;
}

bool TcpWire::ready() {
  for (const auto& lane : lanes_) {
    if (!lane->watch(this)) ending_ = true;
  }
  return ending_ || holds();
}

void TcpWire::unwatch() {
  for (const auto& lane : lanes_) lane->unwatch();
}

void TcpWire::cut(Status why) {
  drop_lanes();
  dialogue.fail(why.code());
  status = std::move(why);
}

void TcpWire::cut_malformed() {
  cut(Status(Code::peer, "the connection of " + peer_name() + " sent a malformed frame: " + dialogue.complaint()));
}

}  // namespace hawser
