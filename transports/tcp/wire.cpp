// Lanes are read and written in turn. A peer that leaves or dies ends all of them, each behind what it carried: the edge ends with the
// last, so that nothing sent is lost. A lane that breaks for another reason ends the edge at once.
#include "transports/tcp/wire.h"

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

constexpr int reads_a_pull = 8;         // of one lane, before the others have their turn
constexpr int reads_at_the_end = 4096;  // what a socket may still hold, with a bound

}  // namespace

TcpWire::TcpWire(Ledger& ledger, TcpShared& shared, PeerIndex peer) : WireBase(ledger, peer, tcp_limits), shared_(shared) {}

Status TcpWire::add(Fd fd) {
  lanes_.push_back(HAWSER_TRY(TcpLane::adopt(std::move(fd), shared_, ledger, dialogue, this)));
  return {};
}

void TcpWire::push() {
  for (bool any = true; any;) {
    any = false;
    for (const auto& lane : lanes_) { any = lane->write_some() || any; }
  }
}

void TcpWire::pull() {
  for (const auto& lane : lanes_) {
    for (int i = 0; i < reads_a_pull; ++i) {
      const TcpLane::Read read = lane->read_some();
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
      const TcpLane::Read read = lane->read_some();
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
    if (!lane->watch_writable(this)) ending_ = true;
  }
  return ending_;
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
