// A communicator: light, borrows a context. Turns checked calls into submissions, or runs them on the spot when nothing else is under way.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/base/config.h"
#include "src/communicator/call.h"
#include "src/communicator/plan_table.h"
#include "src/communicator/roster.h"
#include "src/communicator/under_way.h"
#include "src/engine/context.h"
#include "src/lowering/island.h"

namespace hawser {

// A send or receive of a group. Bytes, since messages between ranks have no type of their own.
struct MessageCall {
  Rank peer = 0;
  bool send = false;
  void* data = nullptr;
  uint64_t bytes = 0;
};

class Communicator {
 public:
  struct Parts {  // what creation made; see create.h
    Context* context = nullptr;
    Config config;
    Roster roster;
    Rank rank = 0;
    CommunicatorKey key = 0;
    std::string name;
    uint64_t timeout_ns = 0;
    std::vector<PeerIndex> peers;
    std::vector<IslandMember> island;  // empty: alone
  };
  explicit Communicator(Parts);
  ~Communicator();  // operations under way end with Code::aborted; returns when no memory of theirs is touched

  Rank rank() const { return membership_->me(); }
  int ranks() const { return membership_->ranks(); }
  Context& context() const { return context_; }
  const Config& config() const { return config_; }
  const Roster& roster() const { return roster_; }
  Membership& membership() const { return *membership_; }
  const std::string& name() const { return membership_->name(); }
  uint64_t timeout_ns() const { return timeout_ns_; }
  uint32_t next_split() { return ++splits_; }
  UnderWay& under_way() { return under_way_; }  // of submissions on streams
  Request request(const Call& call) const { return plans_.request(key_of(call)); }

  // The short way: a plan that is known, is one routine, and whose buffers are as it needs them; then enter(), unless others are at work
  // here; then run_whole(), which leaves again.
  const PlanEntry* find(const PlanKey& key) const { return plans_.find(key); }
  bool enter() { return context_.try_enter(); }
  Code run_whole(const PlanEntry&, const void* input, void* output, uint64_t timeout_ns);  // 0: as the communicator's
  Status refused() const;                                                                  // the communicator has ended: why
  // Blocks. The fast path when the plan is one routine and the seat is free with nothing under way.
  Status run(const Call&);
  // Blocks: by the executor, whatever the plan is. timeout_ns likewise.
  Status run_planned(const PlanEntry&, const void* input, void* output, uint64_t timeout_ns);
  // For streams and groups; the caller submits it and keeps it until done.
  Result<std::unique_ptr<Submission>> prepare(const Call&);
  // Sends and receives of one group, matched to self among themselves.
  Result<std::unique_ptr<Submission>> prepare(const std::vector<MessageCall>&, uint64_t timeout_ns);
  struct CountsCall {
    const void* input = nullptr;
    void* output = nullptr;
    DataType type = DataType::u8;
    std::vector<uint64_t> send_counts, send_offsets, receive_counts, receive_offsets;  // elements, by rank
    uint64_t* live = nullptr;  // may be null: elements that came, by rank, when it is done
    uint64_t timeout_ns = 0;
  };
  Result<std::unique_ptr<Submission>> prepare(const CountsCall&);

  Status outcome(const Submission&) const;  // of a finished one, with its story
  void abort();                             // any thread

 private:
  PlanKey key_of(const Call&) const;
  struct Waiting;
  Code wait_for(const Pause&, const PlanEntry&, Waiting&, Rank& blamed);
  [[gnu::noinline, gnu::cold]] Code see_through(const PlanEntry&, uint64_t timeout_ns);
  bool in_segment(const PlanEntry&, const void* input, const void* output) const;  // both buffers are the library's
  void fill(Submission&, const PlanEntry&, const void* input, void* output, uint64_t timeout_ns) const;

  Context& context_;
  const Config config_;
  const Roster roster_;
  const uint64_t timeout_ns_;
  std::shared_ptr<Membership> membership_;
  std::vector<Rank> island_ranks_;
  std::unique_ptr<Island> island_;
  PlanTable plans_;
  UnderWay under_way_;
  uint32_t splits_ = 0;
};

// The whole operation is one routine, the seat is held, nothing else is under way: no queue, no allocation, no lock but the seat.
inline Code Communicator::run_whole(const PlanEntry& entry, const void* input, void* output, uint64_t timeout_ns) {
  Membership& membership = *membership_;
  Code code = membership.state();
  if (code == Code::ok) [[likely]] {
    membership.doing.begin(membership.next_number++, entry.packed, entry.key.count);
    const bool library_buffers = entry.asks_for_buffers && in_segment(entry, input, output);
    const bool done =
        entry.whole->run(entry.call, static_cast<std::byte*>(const_cast<void*>(input)), static_cast<std::byte*>(output), library_buffers);
    if (!done) [[unlikely]]
      code = see_through(entry, timeout_ns);
    membership.doing.end();
  }
  context_.leave();
  return code;
}

}  // namespace hawser
