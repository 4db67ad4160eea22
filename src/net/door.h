// Authenticated connections on one poller: a door lets those in who prove to know a key, a dial gets in elsewhere. Neither ever blocks.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/random.h"
#include "src/base/status.h"
#include "src/net/address.h"
#include "src/net/handshake.h"
#include "src/net/poller.h"

namespace hawser {

struct Arrival {
  Fd fd;        // authenticated, tuned for its purpose
  Hello hello;  // what the other side said, proven; for who dialled: from is who answered
  uint64_t key_id = 0;
  bool via_unix = false;
};

// Strangers have 2 s for their handshake. At most 64 are under way: further ones wait in the sockets' backlog until one of them is over, or
// until the oldest is 100 ms old, which is then dropped (its owner, if one of ours, dials again).
// All of a door happens on the poller's thread. `arrived` may do what it likes but destroy the door.
class Door {
 public:
  using Arrived = std::function<void(Arrival)>;
  // Listens on every address (port 0 draws one); all or an error. Everything borrowed must outlive the door.
  static Result<std::unique_ptr<Door>> open(Poller&, const Clock&, Random&, const Identity& self, const KeyRing&,
                                            const std::vector<Address>&, Arrived);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  const std::vector<Address>& addresses() const { return addresses_; }  // with the ports drawn
  size_t handshakes() const { return guests_.size(); }                  // under way

 private:
  struct Guest {
    std::unique_ptr<Handshake> handshake;
    uint64_t came_ns = 0;
    Poller::TimerId deadline = 0;
    bool via_unix = false;
  };
  Door(Poller&, const Clock&, Random&, const Identity&, const KeyRing&, Arrived);
  Status listen(const Address&);
  void accept_from_listener(size_t listener);
  bool make_room();
  void admit(Fd, bool via_unix);
  void advance(uint64_t guest);
  void drop(uint64_t guest, const Status& why);
  void forget(uint64_t guest);
  void pause(uint64_t until_ns);
  void resume();

  Poller& poller_;
  const Clock& clock_;
  Random& random_;
  const Identity self_;
  const KeyRing& keys_;
  Arrived arrived_;
  std::vector<Address> addresses_;
  std::vector<Fd> listeners_;
  std::map<uint64_t, Guest> guests_;  // oldest first
  uint64_t next_guest_ = 1;
  Poller::TimerId paused_until_ = 0;  // 0: accepting
};

// Tries the addresses in turn, again and again, until one lets us in, all have refused us, or the deadline has passed. A refused connection
// only means that the other side is not up yet.
class Dial {
 public:
  struct Target {
    std::vector<Address> addresses;
    Hello hello;
    SecretKey key{};
    uint64_t deadline_ns = 0;
    bool others_may_answer = false;  // some addresses may be somebody else's: their refusal is not the end
  };
  using Done = std::function<void(Result<Arrival>)>;  // once, from run_once(); may destroy the dial
  static std::unique_ptr<Dial> start(Poller&, const Clock&, Random&, Target, Done);
  ~Dial();  // gives up, silently
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

 private:
  Dial(Poller&, const Clock&, Random&, Target, Done);
  void attempt();
  void connected();
  void advance();
  void failed(Status);
  void expired();
  void finish(Result<Arrival>);
  void clear_attempt();
  void limit_attempt(uint64_t ns);

  Poller& poller_;
  const Clock& clock_;
  Random& random_;
  Target target_;
  Done done_;
  size_t next_ = 0;  // which address
  uint64_t pause_ns_;
  Fd connecting_;
  std::unique_ptr<Handshake> handshake_;
  Poller::TimerId timer_ = 0, deadline_ = 0;
  Status last_, refusal_;
};

}  // namespace hawser
