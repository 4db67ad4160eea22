// The inside of the root: one thread, its poller and door, and what each connection has said.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "src/bootstrap/messages.h"
#include "src/bootstrap/rendezvous.h"
#include "src/net/door.h"
#include "src/net/frames.h"
#include "src/net/poller.h"

namespace hawser {

// Everything but stopping, finished and the file belongs to the root's thread once it runs.
struct Root::State {
 public:
  State(const Config&, const std::array<std::byte, 16>& secret, const Clock&);
  ~State();
  Status open(const Config&, const std::vector<Address>& listen_on);
  void start();
  void stop();
  void finish() {
    if (thread_.joinable()) thread_.join();
  }
  void remove_when_met(std::string path, std::string content);
  const UniqueId& id() const { return id_; }
  bool finished() const { return finished_.load(std::memory_order_acquire); }

 private:
  struct Guest {  // a connection; a rank once it has joined
    Guest(Fd fd, size_t frame_bytes_max, uint32_t said) : socket(std::move(fd), frame_bytes_max), rank_in_hello(said) {}
    FrameSocket socket;
    uint32_t rank_in_hello;
    int rank = -1;                            // -1: has not joined
    std::string who;                          // "rank 2 (host h, process 7)"
    uint64_t verdict_ns = 0, allowed_ms = 0;  // when the root judges for it, a little before its deadline; how long that was
    std::optional<std::string> blob;          // of the round under way
    std::shared_ptr<const std::string> answer;
    size_t answered = 0;
    uint64_t answer_round = 0;
    bool closing = false;  // nothing more is expected of it: gone once all is out
  };
  using GuestNumber = uint64_t;

  Result<std::vector<Address>> addresses_to_listen_on(const Config&, const std::vector<Address>& asked);
  void run();
  bool over() const;
  void arrived(Arrival);
  void ready(GuestNumber, uint32_t events);
  bool read_from(GuestNumber);
  void write_to(GuestNumber);
  void heard(GuestNumber, const Frame&);
  void joined(GuestNumber, std::string_view bytes);
  bool admissible(GuestNumber, const rendezvous::Join&, const std::string& who);
  void told(GuestNumber, std::string_view bytes);
  void left(GuestNumber);
  void lost(GuestNumber, const Status& why);
  void forget(GuestNumber);
  void say(GuestNumber, rendezvous::Say, std::string bytes, bool and_close);
  void check_round();
  void answer_round();
  void fail(Status why);
  void all_arrived();
  void expect_verdict(uint64_t at_ns);
  void forget_verdict();
  void verdict();
  std::string missing_text() const;
  void remove_file();

  const Clock& clock_;
  SystemRandom random_;
  UniqueId id_;
  Identity self_;
  KeyRing ring_;
  const uint64_t create_timeout_ns_, deadline_ns_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<Door> door_;

  std::map<GuestNumber, Guest> guests_;
  GuestNumber next_guest_ = 1;
  uint32_t ranks_ = 0;                 // 0: nobody has joined
  std::map<int, GuestNumber> member_;  // ranks that joined and are still connected
  std::set<int> arrived_ranks_, left_ranks_, told_ranks_;
  std::string first_who_;
  uint64_t round_ = 1;
  size_t blobs_ = 0, round_bytes_ = 0;  // told in this round
  Status failure_;
  Poller::TimerId verdict_timer_ = 0;
  uint64_t verdict_at_ns_ = 0;
  bool lingered_ = false, expired_ = false;

  std::mutex file_mutex_;
  std::string file_path_, file_content_;
  std::atomic<bool> stopping_{false}, finished_{false};
  std::thread thread_;
};

}  // namespace hawser
