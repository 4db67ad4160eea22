// The engine thread: the listeners, the control connection of every peer, dialling edges, hearing ends, sending and forwarding notices,
// answering "who is late". It never touches executor or transports but when nobody else holds the seat (Context::duty).
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/base/clock.h"
#include "src/base/config.h"
#include "src/engine/control.h"
#include "src/engine/membership.h"
#include "src/engine/peer.h"
#include "src/net/door.h"
#include "src/net/handshake.h"
#include "src/net/poller.h"

namespace hawser {

class Context;
struct ParkedCaller;

// What the engine thread tells the holder of the seat.
struct News {
  enum class Kind : uint8_t { peer_gone, lane, failed, dismissed } kind = Kind::peer_gone;
  PeerIndex peer = no_peer;
  Lane lane;                         // to adopt
  bool shared = false;               // by the shared-memory transport
  bool silent = false;               // peer_gone: its lanes would be silent, too, instead of ending
  CommunicatorKey communicator = 0;  // failed
  Code code = Code::ok;
  Rank blamed = -1;
  ParkedCaller* caller = nullptr;  // dismissed: who waits
};

class Switchboard {
 public:
  Switchboard(Context&, const Clock&);
  ~Switchboard();
  void stop();                 // hangs up; joins the thread
  Status open(const Config&);  // listens: the unix door unless transport=tcp, tcp on every interface unless transport=shm
  const std::string& door() const { return door_name_; }
  const std::vector<Address>& addresses() const { return addresses_; }
  const std::vector<Interface>& interfaces() const { return interfaces_; }
  KeyRing& keys() { return keys_; }

  // --- Any thread. ---
  std::vector<PeerIndex> introduce(const std::vector<PeerCard>&);  // known identities keep their index
  Peer& peer(PeerIndex index) const;
  // Blocks until control connections and segments of these local peers stand; answers which do. *cancel true, or the deadline: the rest do
  // not.
  std::vector<bool> reach(const std::vector<PeerIndex>&, uint64_t deadline_ns, const std::atomic<bool>* cancel);
  void want_edge(PeerIndex);
  void announce(const std::shared_ptr<Membership>&, const Failure&);  // to all its ranks with an open control connection
  void hear_early_notices(CommunicatorKey);                           // of a communicator that is now enlisted
  std::vector<std::string> ask(const Membership&, const std::vector<Rank>&, uint64_t wait_ns);
  // Reads what a peer has already said, before its end is blamed on it: it may have told why. Blocks a moment at most.
  void hear_out(PeerIndex);
  void on_duty();  // the holder left work under way: the engine thread carries it on
  bool in_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
  Poller& poller() { return *poller_; }  // its thread only

 private:
  void loop();
  void say_everything();             // before the end: what is queued goes out, as far as peers take it
  void post(std::function<void()>);  // runs it in the engine thread
  void run_posted();
  void start_dial(Peer&);
  void dialled(Peer&, Result<Arrival>);
  void lane_dialled(Peer&, Result<Arrival>);
  void adopt_lane(Peer&, Fd);
  void arrived(Arrival);
  void take_control(Peer&, Fd, bool accepted);
  void control_ready(Peer&);
  Status handle(Peer&, Frame&);  // an error: the peer said nonsense, hang up
  Status greeted(Peer&, Frame&);
  void hear_notice(const Notice&);
  void tell_what_ended(Peer&);
  void hang_up(Peer&);
  void offer_lane(Peer&);
  Status lane_offered(Peer&, uint64_t offset);
  void dial_lanes(Peer&);
  void flush(Peer&);
  void lost(Peer&);  // the peer is gone: tell the holder and whoever waits in reach()
  void send(Peer&, Frame);
  Peer* find(const Identity&) const;

  Context& context_;
  const Clock& clock_;
  KeyRing keys_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<Door> door_;
  std::string door_name_;
  std::vector<Address> addresses_;
  std::vector<Interface> interfaces_;

  mutable std::mutex mutex_;  // of the peers' table, the posted work and the answers
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Peer>> peers_;
  std::vector<std::function<void()>> posted_;
  std::map<uint64_t, std::function<void(const std::string&)>> questions_;
  uint64_t next_question_ = 1;
  std::atomic<bool> duty_{false}, stop_{false};

  // Of the engine thread: arrivals of identities not yet introduced, notices of communicators not yet enlisted.
  std::vector<Arrival> early_;
  std::deque<Notice> early_notices_;
  std::thread thread_;
};

}  // namespace hawser
