// One rank's seat in a process: everything communicators share.
//
// The seat is an atomic word. Whoever holds it, a caller inside a blocking operation or the engine thread, is the only one that touches
// executor and transports. A caller that finds it taken leaves its operation in the queue and parks on its own word. The engine thread
// alone owns the listeners and the control connections (switchboard.h); what it learns reaches the holder as news.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "src/base/clock.h"
#include "src/base/config.h"
#include "src/base/random.h"
#include "src/engine/membership.h"
#include "src/engine/peer.h"
#include "src/engine/seat.h"
#include "src/engine/submission.h"
#include "src/engine/switchboard.h"
#include "src/engine/waiter.h"
#include "src/executor/executor.h"
#include "src/memory/segment.h"

namespace hawser {

// A thread that waits for submissions it made. `word` is its futex: bit 0 all done, bit 1 please drive.
struct ParkedCaller {
  std::atomic<uint32_t> word{0};
  std::atomic<int> left{0};  // submissions not yet done
};

class Context final : public Edges {
 public:
  static Result<std::unique_ptr<Context>> create(const Config&, const Clock&);
  ~Context() override;  // no communicator may be alive

  const Config& config() const { return config_; }
  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  const Identity& identity() const { return identity_; }
  int event_fd() const { return event_.get(); }
  Segment* segment() { return segment_.get(); }  // null: transport=tcp
  Switchboard& switchboard() { return *switchboard_; }
  Seat& seat() { return seat_; }
  Waiter& waiter() { return waiter_; }

  // --- Communicators. Any thread. ---
  void enlist(const std::shared_ptr<Membership>&);
  void dismiss(Membership&);  // its operations are over or end now; returns when no memory of theirs is touched
  // Ends a communicator: its operations here fail, and every rank reachable over an open control connection is told. Never blocks.
  void fail(Membership&, Failure);
  std::string label(const Membership&, Rank) const;  // "rank 2 (host a, process 7)"
  // The story of an operation that failed, as far as this rank can tell; asks the rank to blame what it does.
  Failure describe(Membership&, Code, Rank blamed, const Description&);

  // --- Operations. Any thread. ---
  void run(std::span<Submission* const>);     // blocks until all are done; outcome in operation.code
  void submit(std::span<Submission* const>);  // carried on by whoever holds the seat, else by the engine thread
  // As run() over several contexts at once, in one thread, which never drives one of them while another needs it.
  static void run_together(std::span<const std::pair<Context*, std::vector<Submission*>>>);

  // --- The fast path: between try_enter() and leave() the caller is the holder and nothing else is under way. ---
  bool try_enter() {
    if (!seat_.try_take()) return false;
    if (!seat_.wanted_soon() && !unfinished_) return true;
    leave();
    return false;
  }
  void leave() {
    if (unfinished_) return leave_unfinished();
    seat_.leave();
    if (seat_.wanted()) look_again();
  }
  // Of the holder who waits on its own account: hears news and queue, and moves on what others have under way (their ranks may need it to
  // let this one's come on time). Of `mine` nothing starts before alone_over(): its routines run one operation at a time. True: there is
  // such work.
  bool serve_others(const Membership& mine) {
    alone_ = &mine;
    if (seat_.wanted_soon()) [[unlikely]]
      attend();
    if (unfinished_) [[unlikely]]
      turn_for_others();
    return unfinished_;
  }
  void alone_over() {
    alone_ = nullptr;
    if (!pending_.empty()) [[unlikely]]
      start_ready();
  }
  // Of the holder, after a sleep: warns once, and ends the communicator when the time is over. Ok, or Code::timeout.
  Code late(Membership&, const Description&, Lateness&, uint64_t timeout_ns, const std::vector<Rank>& awaited);
  // A communicator failed whose ranks may still store into library memory of this context: it is not given to anybody else.
  bool stores_may_come() const { return stores_may_come_.load(std::memory_order_relaxed); }
  bool is_gone(PeerIndex peer) const { return peer != no_peer && switchboard_->peer(peer).gone.load(std::memory_order_acquire); }

  // Edges
  Transport* edge(PeerIndex) override;
  std::span<Transport* const> open_transports() override { return open_; }

  // What ranks are doing, asked on their control connections; blocks at most wait_ns. "" where no answer came.
  std::vector<std::string> ask(Membership&, const std::vector<Rank>&, uint64_t wait_ns);

 private:
  Context(const Config&, const Clock&);
  friend class Switchboard;
  void queue(std::span<Submission* const>);
  bool drive_round(Patience&);    // one turn of the holder; false: nothing is under way
  void attend();                  // hears news and queue
  void serve(ParkedCaller&);      // takes turns with other callers until it is done
  void drive_for(ParkedCaller&);  // holding the seat: until its submissions are done, then leaves
  void park(ParkedCaller&);
  bool duty();             // of the engine thread; true: there is work that waits, waiter().sleep_fd() tells when to come back
  void turn();             // one step of everything under way, without waiting
  void turn_for_others();  // and after a sleep a look at whether they are late
  void drop_pending(CommunicatorKey);
  static bool moves_something(void* context);  // for the waiter, before it sleeps
  void admit(Submission&);                     // numbers it
  void start_ready();
  void start(Submission&);
  void finish(Submission&);
  void explain_failure(Submission&);
  void settle();  // finishes what the executor completed
  static void operation_done(Operation&);
  void look_for_lateness();
  void look_again();
  void leave_unfinished();
  void hand_over();
  void hear(News&);
  void adopt(News&);
  void wake_holder() { self_.ring(); }
  void tell(News);  // any thread
  std::shared_ptr<Membership> find(CommunicatorKey);
  std::vector<std::shared_ptr<Membership>> known_to_have_ended(PeerIndex);  // communicators that this peer is a member of

  const Config config_;
  const Clock& clock_;
  SystemRandom random_;
  Identity identity_;
  std::unique_ptr<Segment> segment_;
  Bell private_bell_;  // where there is no segment
  Fd event_;
  PeerBell self_;
  Seat seat_;
  Waiter waiter_;
  std::unique_ptr<Switchboard> switchboard_;

  std::atomic<bool> stores_may_come_{false};
  std::mutex queue_mutex_;  // of the five below
  std::vector<Submission*> queue_;
  std::vector<News> news_;
  std::deque<ParkedCaller*> parked_;
  std::vector<std::shared_ptr<Membership>> memberships_;
  std::deque<std::shared_ptr<Membership>> ended_;  // destroyed after a failure that late peers must hear of

  // Of the holder.
  std::vector<std::unique_ptr<Transport>> owned_transports_;
  std::vector<Transport*> open_;
  Transport* shared_ = nullptr;
  Transport* wire_ = nullptr;
  std::unique_ptr<Executor> executor_;
  std::vector<Submission*> pending_, running_;  // in the order of admission
  std::vector<Submission*> completed_;
  // What was just taken out of queue_, news_ and completed_: kept for their memory, so that a call allocates none.
  std::vector<Submission*> heard_queue_, settling_;
  std::vector<News> heard_news_;
  std::vector<PeerIndex> deaths_;  // to be told to the executor after this round
  Pause last_pause_;
  const Membership* alone_ = nullptr;  // whose operation the holder waits for on its own account
  bool unfinished_ = false;            // executor busy or submissions pending
};

}  // namespace hawser
