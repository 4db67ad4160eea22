// What the engine knows of a communicator: its key, who its ranks are here, whether it still lives and, if not, why.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/types.h"
#include "src/engine/doing.h"

namespace hawser {

inline constexpr PeerIndex no_peer = UINT32_MAX;

struct Failure {
  Code code = Code::ok;
  Rank blamed = -1;
  std::string story;
};

class Membership {
 public:
  Membership(CommunicatorKey key, std::string name, Rank me, std::vector<PeerIndex> peers)
      : key_(key), name_(std::move(name)), me_(me), peers_(std::move(peers)), sent_(peers_.size()), received_(peers_.size()) {}

  CommunicatorKey key() const { return key_; }
  const std::string& name() const { return name_; }
  Rank me() const { return me_; }
  int ranks() const { return static_cast<int>(peers_.size()); }
  const std::vector<PeerIndex>& peers() const { return peers_; }  // by rank; no_peer at me()
  Rank rank_of(PeerIndex) const;                                  // -1: not a member

  Code state() const { return state_.load(std::memory_order_acquire); }  // ok, or what ended it
  bool fail(Failure);                                                    // the first failure stands; false: there was one. Any thread
  Failure failure() const;
  // That it ended is for the other ranks to know too, those included that connect later. A mere destruction is not. Any thread.
  void make_known() { known_.store(true, std::memory_order_release); }
  bool is_known() const { return known_.load(std::memory_order_acquire); }

  // Of the holder of the seat.
  uint32_t next_number = 1;
  uint32_t next_sent(Rank to) { return ++sent_[static_cast<size_t>(to)]; }
  uint32_t next_received(Rank from) { return ++received_[static_cast<size_t>(from)]; }
  Doing doing;

 private:
  const CommunicatorKey key_;
  const std::string name_;
  const Rank me_;
  const std::vector<PeerIndex> peers_;
  std::vector<uint32_t> sent_, received_;
  std::atomic<Code> state_{Code::ok};
  std::atomic<bool> known_{false};
  mutable std::mutex mutex_;
  Failure failure_;
};

}  // namespace hawser
