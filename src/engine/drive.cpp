// How a context's work is driven: taking turns on the seat, hearing news, starting what may start, parking, and handing over.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "src/engine/context.h"

namespace hawser {
namespace {

constexpr uint32_t kDone = 1, kPleaseDrive = 2, kAsleep = 4;  // the last by the caller itself: a wake-up costs a system call
constexpr uint32_t kDutySpins = 40, kDutyYields = 20;
constexpr long kParkNs = 100'000'000;  // a parked caller looks again; every wake-up it needs is also told

void futex_wait(std::atomic<uint32_t>& word, uint32_t seen) {
  const timespec limit{0, kParkNs};
  (void)::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, &limit, nullptr, 0);
}

void tell_parked(ParkedCaller& caller, uint32_t bit) {
  if (caller.word.fetch_or(bit, std::memory_order_seq_cst) & kAsleep)
    (void)::syscall(SYS_futex, &caller.word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// The last of its submissions is over. The caller may be gone as soon as the bit is set.
void one_done(ParkedCaller& caller) {
  if (caller.left.fetch_sub(1, std::memory_order_acq_rel) == 1) tell_parked(caller, kDone);
}

// all_to_all_v tells how much came from whom: receives stand in step order.
void tell_live(Submission& submission) {
  if (submission.live == nullptr || submission.operation.code.load(std::memory_order_relaxed) != Code::ok) return;
  const size_t element = size_of(submission.description.type);
  size_t receive = 0;
  for (const auto& message : submission.messages)
    if (!message.send) submission.live[message.peer] = submission.received[receive++] / element;
}

}  // namespace

void Context::queue(std::span<Submission* const> submissions) {
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.insert(queue_.end(), submissions.begin(), submissions.end());
  }
  seat_.attend();
}

namespace {

// Those that nobody is told about but their caller; how many.
int wait_here(std::span<Submission* const> submissions, ParkedCaller& me) {
  int count = 0;
  for (Submission* submission : submissions) {
    if (submission->finished != nullptr) continue;
    submission->caller = &me;
    ++count;
  }
  return count;
}

}  // namespace

// With the seat in hand nothing needs to be queued; what others queued before comes first.
void Context::run(std::span<Submission* const> submissions) {
  ParkedCaller me;
  me.left = wait_here(submissions, me);
  if (me.left == 0) return submit(submissions);
  if (seat_.try_take()) {
    if (seat_.wanted()) attend();
    for (Submission* submission : submissions) admit(*submission);
    start_ready();
    return drive_for(me);
  }
  queue(submissions);
  serve(me);
}

void Context::submit(std::span<Submission* const> submissions) {
  if (submissions.empty()) return;
  queue(submissions);
  if (seat_.taken()) wake_holder();
  switchboard_->on_duty();
}

void Context::serve(ParkedCaller& me) {
  while (!(me.word.load(std::memory_order_acquire) & kDone)) {
    if (!seat_.try_take()) {
      wake_holder();
      park(me);
      continue;
    }
    attend();
    drive_for(me);
  }
}

void Context::drive_for(ParkedCaller& me) {
  Patience patience;
  while (!(me.word.load(std::memory_order_acquire) & kDone)) drive_round(patience);
  leave();
}

void Context::park(ParkedCaller& me) {
  {
    const std::lock_guard lock(queue_mutex_);
    parked_.push_back(&me);
  }
  uint32_t seen = me.word.fetch_or(kAsleep, std::memory_order_seq_cst) & ~kAsleep;
  while (seen == 0 && seat_.taken()) {
    futex_wait(me.word, kAsleep);
    seen = me.word.load(std::memory_order_acquire) & ~kAsleep;
  }
  {
    const std::lock_guard lock(queue_mutex_);
    std::erase(parked_, &me);
  }
  // Asked to drive, but has nothing to drive for: somebody else must. What was seen above may be older than the asking.
  const uint32_t last = me.word.fetch_and(~(kPleaseDrive | kAsleep), std::memory_order_acq_rel);
  if ((last & kPleaseDrive) && (last & kDone)) hand_over();
}

void Context::run_together(std::span<const std::pair<Context*, std::vector<Submission*>>> work) {
  constexpr int kRounds = 2000;
  ParkedCaller me;
  int left = 0;
  for (const auto& [context, submissions] : work) left += wait_here(submissions, me);
  me.left = left;
  for (const auto& [context, submissions] : work) left == 0 ? context->submit(submissions) : context->queue(submissions);
  if (left == 0) return;
  const auto done = [&] { return (me.word.load(std::memory_order_acquire) & kDone) != 0; };
  for (int round = 0; round < kRounds && !done(); ++round)
    for (const auto& [context, submissions] : work) {
      if (!context->seat_.try_take()) continue;
      context->attend();
      context->turn();
      context->leave();
    }
  for (const auto& [context, submissions] : work) context->switchboard_->on_duty();
  me.word.fetch_or(kAsleep);
  for (uint32_t seen = me.word.load(); !(seen & kDone); seen = me.word.load()) futex_wait(me.word, seen);
}

void Context::attend() {
  seat_.attended();
  {
    const std::lock_guard lock(queue_mutex_);
    heard_queue_.swap(queue_);
    heard_news_.swap(news_);
  }
  for (Submission* submission : heard_queue_) admit(*submission);  // before the news, which may say that its communicator is over
  heard_queue_.clear();
  for (News& item : heard_news_) hear(item);
  heard_news_.clear();
  start_ready();
}

// Operations take their numbers in the order in which the holder hears of them, which is the order of the calls of each thread.
void Context::admit(Submission& submission) {
  Operation& operation = submission.operation;
  Membership& membership = *submission.membership;
  operation.communicator = membership.key();
  operation.peers = membership.peers();
  // Messages are numbered by their pair and match whatever they hold; collectives are numbered by their communicator and must be equal.
  const Collective collective = submission.description.collective;
  const bool by_pair = collective == Collective::point_to_point || collective == Collective::all_to_all_v;
  operation.done = &Context::operation_done;
  operation.user = &submission;
  operation.code.store(Code::in_progress, std::memory_order_relaxed);
  submission.context = this;
  submission.user_numbers.clear();
  for (const auto& message : submission.messages)
    submission.user_numbers.push_back(message.send ? membership.next_sent(message.peer) : membership.next_received(message.peer));
  operation.user_numbers = submission.user_numbers;
  operation.received = submission.received;
  if (!by_pair) operation.number = membership.next_number++;
  pending_.push_back(&submission);
}

void Context::start_ready() {
  if (pending_.empty()) return;
  std::vector<const Membership*> held;
  if (alone_ != nullptr) held.push_back(alone_);
  size_t kept = 0;
  for (size_t i = 0; i < pending_.size(); ++i) {
    Submission* const submission = pending_[i];
    const bool waits = submission->lineup != nullptr && submission->lineup->running != nullptr;
    const bool after = std::find(held.begin(), held.end(), submission->membership) != held.end();
    if (!waits && !after) {
      start(*submission);
      continue;
    }
    pending_[kept++] = submission;
    if (!after) held.push_back(submission->membership);
  }
  pending_.resize(kept);
  unfinished_ = !pending_.empty() || !running_.empty() || !completed_.empty();
}

void Context::start(Submission& submission) {
  submission.started = true;
  if (submission.lineup != nullptr) submission.lineup->running = &submission;
  running_.push_back(&submission);
  unfinished_ = true;
  const Code state = submission.membership->state();
  if (state != Code::ok) {
    submission.operation.code.store(state, std::memory_order_release);
    completed_.push_back(&submission);
    return;
  }
  submission.membership->doing.begin(submission.operation.number, submission.description);
  executor_->start(submission.operation);
}

void Context::operation_done(Operation& operation) {
  auto& submission = *static_cast<Submission*>(operation.user);
  submission.context->completed_.push_back(&submission);
}

// Finishing is kept apart from the executor's callback: it may start the next operation, and free this one.
void Context::settle() {
  std::vector<Submission*> completed = std::exchange(settling_, {});
  while (!completed_.empty()) {
    completed.swap(completed_);
    for (Submission* submission : completed) finish(*submission);
    completed.clear();
    start_ready();
  }
  settling_ = std::move(completed);
  unfinished_ = !pending_.empty() || !running_.empty();
}

void Context::finish(Submission& submission) {
  explain_failure(submission);
  tell_live(submission);
  submission.membership->doing.end();
  if (submission.lineup != nullptr && submission.lineup->running == &submission) submission.lineup->running = nullptr;
  std::erase(running_, &submission);
  ParkedCaller* const caller = submission.caller;
  if (submission.finished != nullptr) submission.finished(submission);
  if (caller != nullptr) one_done(*caller);
}

// One step of everything under way, without waiting.
void Context::turn() {
  last_pause_ = executor_->progress();
  for (const PeerIndex peer : std::exchange(deaths_, {})) executor_->fail_peer(peer, Code::peer);
  if (!completed_.empty()) settle();
}

void Context::turn_for_others() {
  turn();
  if (!waiter_.slept()) return;
  (void)executor_->look_for_mismatch();
  look_for_lateness();
}

// Words of other operations may have been written since the last turn, by peers that did not ring because the bell still said awake.
bool Context::moves_something(void* context) {
  auto& self = *static_cast<Context*>(context);
  if (!self.unfinished_) return false;
  const uint64_t before = self.executor_->moves();
  self.last_pause_ = self.executor_->progress();
  return self.executor_->moves() != before;
}

bool Context::drive_round(Patience& patience) {
  if (seat_.wanted_soon()) attend();
  const size_t before = running_.size() + pending_.size();
  const uint64_t moved_before = executor_->moves();
  turn();
  if (executor_->moves() != moved_before || running_.size() + pending_.size() != before) patience.reset();
  if (!unfinished_) return false;
  waiter_.wait(last_pause_.code == Code::in_progress ? last_pause_.wait : Wait{}, open_, patience);
  if (waiter_.slept()) {
    (void)executor_->look_for_mismatch();
    look_for_lateness();
    patience.reset();
  }
  return true;
}

void Context::look_for_lateness() {
  for (Submission* submission : std::vector<Submission*>(running_)) {
    if (!submission->started || submission->operation.code.load(std::memory_order_relaxed) != Code::in_progress) continue;
    (void)late(*submission->membership, submission->description, submission->lateness, submission->timeout_ns,
               executor_->waiting_for(submission->operation));
  }
}

void Context::hear(News& news) {
  switch (news.kind) {
    case News::Kind::peer_gone:
      if (switchboard_->peer(news.peer).edge == wire_ && wire_ != nullptr && !news.silent)
        break;  // its lanes end too, after what is still on its way on them
      for (Transport* transport : open_)
        transport->peer_gone(news.peer, Status(Code::peer, switchboard_->peer(news.peer).card.label + " is gone"));
      executor_->fail_peer(news.peer, Code::peer);
      break;
    case News::Kind::lane:
      adopt(news);
      break;
    case News::Kind::failed:
      executor_->fail_communicator(news.communicator, news.code, news.blamed);
      drop_pending(news.communicator);
      settle();
      break;
    case News::Kind::dismissed:
      executor_->fail_communicator(news.communicator, Code::aborted, -1);
      drop_pending(news.communicator);
      while (executor_->busy(news.communicator)) (void)executor_->progress();  // what was under way lets go of it
      settle();
      one_done(*news.caller);  // and may free it
      break;
  }
}

// What has not started is over with the communicator, whatever it was waiting for.
void Context::drop_pending(CommunicatorKey key) {
  for (Submission* submission : std::exchange(pending_, {})) {
    if (submission->membership->key() != key) {
      pending_.push_back(submission);
      continue;
    }
    submission->operation.code.store(submission->membership->state(), std::memory_order_release);
    running_.push_back(submission);
    completed_.push_back(submission);
  }
}

void Context::adopt(News& news) {
  Peer& peer = switchboard_->peer(news.peer);
  Transport* const transport = news.shared ? shared_ : wire_;
  const Status adopted = transport->adopt(news.peer, std::move(news.lane));
  if (!adopted.ok()) {
    deaths_.push_back(news.peer);
    return;
  }
  if (std::find(open_.begin(), open_.end(), transport) == open_.end()) open_.push_back(transport);
  if (peer.edge != nullptr) return;
  peer.edge = transport;
  executor_->edge_open(news.peer);
}

Transport* Context::edge(PeerIndex index) {
  Peer& peer = switchboard_->peer(index);
  if (peer.edge != nullptr) return peer.edge;
  if (peer.gone.load(std::memory_order_acquire)) {
    deaths_.push_back(index);
  } else if (!peer.edge_asked) {
    peer.edge_asked = true;
    switchboard_->want_edge(index);
  }
  return nullptr;
}

void Context::leave_unfinished() {
  seat_.leave();
  hand_over();
  if (seat_.wanted()) look_again();
}

// Somebody announced something between our last look and our leaving.
void Context::look_again() {
  while (seat_.wanted() && seat_.try_take()) {
    attend();
    turn();
    const bool unfinished = unfinished_;  // the next holder's as soon as the seat is free
    seat_.leave();
    if (unfinished) hand_over();
  }
}

void Context::hand_over() {
  {
    const std::lock_guard lock(queue_mutex_);
    if (!parked_.empty()) return tell_parked(*parked_.front(), kPleaseDrive);
  }
  switchboard_->on_duty();
}

// Of the engine thread. Spins as patiently as anybody, then sleeps on the work without the seat: true if sleep_fd() will tell.
bool Context::duty() {
  if (!seat_.try_take()) return false;  // whoever has it hands over when it leaves
  waiter_.awake();
  attend();
  uint32_t idle_rounds = 0;
  while (true) {
    const uint64_t moved_before = executor_->moves();
    if (seat_.wanted_soon()) attend();
    turn();
    if (!unfinished_) {
      leave();
      return false;
    }
    idle_rounds = executor_->moves() == moved_before ? idle_rounds + 1 : 0;
    if (idle_rounds > kDutySpins) ::sched_yield();
    if (idle_rounds < kDutySpins + kDutyYields) continue;
    (void)executor_->look_for_mismatch();
    look_for_lateness();
    if (waiter_.prepare_sleep(open_)) {
      seat_.leave();
      return true;
    }
    idle_rounds = 0;
  }
}

}  // namespace hawser
