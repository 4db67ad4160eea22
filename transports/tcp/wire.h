// One edge over any number of sockets: each takes the next frame when it can, so unequal interfaces carry what they are able to.
#pragma once
#include "transports/tcp/lane.h"
#include "transports/wire_transport.h"

namespace hawser {

class TcpWire : public WireBase {
 public:
  static constexpr size_t eager_bytes = size_t{256} << 10;
  TcpWire(Ledger&, TcpShared&, PeerIndex);
  Status add(Fd);
  void send(const Transfer& transfer) {
    dialogue.send(transfer);
    if (alive()) push();
  }
  bool send_at_once(const Transfer&);  // false: it must go the long way
  void push();
  void pull();
  void drain();
  void detach(uint64_t communicator);
  void recheck();
  void drop_lanes() { lanes_.clear(); }
  bool ending() const { return ending_; }
  bool holds() const;  // a lane has a frame that was not looked at yet
  bool delivered();    // of all lanes
  bool ready();        // also asks epoll to tell when bytes come and when unsent ones can go on
  void unwatch();      // epoll is not asked any more

 private:
  void read_all();  // until every socket is dry or ended
  bool rests();     // it is too early to read again
  void look_for_end();
  void cut(Status);
  void cut_malformed();
  TcpShared& shared_;
  std::vector<std::unique_ptr<TcpLane>> lanes_;
  uint64_t pulled_ns_ = 0;
  bool ending_ = false;  // all lanes ended, or one broke
  int error_ = 0;        // of the first that broke
};

}  // namespace hawser
