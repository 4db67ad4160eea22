// What the executor knows while operations are under way. Its parts: executor.cpp (the face), slices.cpp (an operation's life),
// transfers.cpp (steps and messages), phases.cpp (routines), failure.cpp. All of it belongs to the holder of the seat.
#pragma once
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "src/executor/body.h"
#include "src/executor/executor.h"
#include "src/executor/routine_order.h"
#include "src/executor/scratch_pool.h"
#include "src/executor/straight.h"
#include "src/executor/view.h"
#include "src/executor/walk.h"

namespace hawser {

struct Run;

// One slice under way. A slot takes slices number, number + window, ... of its operation.
struct Slot {
  Run* run = nullptr;
  const Instruction* instructions = nullptr;
  const PeerIndex* peers = nullptr;  // by rank
  uint32_t id = 0;                   // index in slots_: the upper half of every token
  uint32_t signature = 0;
  bool active = false;
  bool plain = false;  // a collective on uniform layouts that does not tell what it received
  uint64_t slice_number = 0;
  uint64_t limit = 0;        // bytes of a whole chunk in this slice
  View views[length_kinds];  // input, output, scratch, and the vector that scratch is measured by
  Walk walk;
  std::vector<uint64_t> expected;         // by instruction: bytes of a receive under way
  std::vector<const std::byte*> arrived;  // by reduce_arrived: what the held receive brought
  std::vector<uint8_t> lent;              // by receive: that lies in the transport, and must be released
  Transfer transfer;                      // filled but for what a step decides
  StraightProgram straight;               // of the last call that had one
};

struct CommunicatorState;

struct Run {  // an operation under way
  Operation* operation = nullptr;
  const Program::Body* body = nullptr;
  CommunicatorState* communicator = nullptr;
  std::vector<Slot*> slots;  // as many as this run uses; returned to the pool after
  ReduceFunction reduce = nullptr;
  uint32_t element_shift = 0;
  uint64_t chunk_bytes = 0, slice_bytes = 0, slices = 1, slices_left = 0;
  uint32_t outstanding = 0;  // transfers posted and not completed
  std::byte* scratch = nullptr;
  size_t scratch_bytes = 0;
  RoutineOrder order;
  uint32_t piece = 0;  // of the routine whose turn it is
  bool divides = false;
  bool stopped = false;   // failed: only waits for its transfers to end
  bool finished = false;  // in finished_
  bool has_failed_peer = false;
  Code code = Code::ok;
  Rank blamed = -1;
  uint32_t blamed_signature = 0;
};

struct CommunicatorState {  // with operations under way
  uint64_t key = 0;
  std::vector<Run*> runs;  // in operation order
  Run* in_routine = nullptr;
  Pause pause;  // of that routine
};

struct Peer {
  Transport* transport = nullptr;  // null: not open, or not asked yet
  Transport* lender = nullptr;     // the one that was open last: what it lent is released there, even when it failed since
  uint64_t lend_bytes = 0;         // receives up to so many bytes may be lent
  bool failed = false;
  Code code = Code::peer;  // what an operation that needs it fails with
  std::vector<Token> kept_back;
};

struct DeadCommunicator {
  Code code = Code::aborted;
  Rank blamed = -1;
};

struct Executor::State {
  explicit State(Edges& edges) : edges_(edges) {}
  ~State() {
    for (const auto& run : runs_) scratch_.give_back(run->scratch, run->scratch_bytes);
  }

  // slices.cpp
  void start(Operation&);
  bool prepare(Run&);  // false: failed
  void begin_slice(Slot&, uint64_t number);
  bool next_slice(Slot&);  // after a slice; false: the slot rests
  void divide_slice(const Slot&);
  void finish(Run&);       // nothing of it is under way any more
  bool report_finished();  // stores codes and calls done; true: some
  Run& take_run();
  Slot& take_slot();
  CommunicatorState& communicator(uint64_t key);
  CommunicatorState* find_communicator(uint64_t key) const;
  ReduceFunction reduce_of(DataType, ReduceOp);
  void leave(Run&);

  // straight.cpp
  void go_straight(Slot&);
  bool make_straight(Slot&);
  StraightKey straight_key(const Slot&) const;
  bool add_straight(Slot&, uint32_t index);
  bool recv_straight(Slot&, const StraightStep&, Completion&);
  void leave_straight(Slot&, const StraightStep&);  // at a transfer that is under way

  // transfers.cpp
  void advance(Slot&);  // until nothing of it is ready
  void issue(Slot&, uint32_t index);
  void post(Slot&, uint32_t index, const View& view, uint32_t chunk);
  bool open(Slot&, uint32_t index, Peer&);
  void mark_user(const Slot&, uint32_t index, Transfer&) const;
  void post_again(Token);
  void move(Slot&, const Instruction&);
  void reduce_arrived(Slot&, const Instruction&, const std::byte* data, uint64_t bytes);
  void reduce_scattered(Slot&, const Instruction&, const std::byte* data);
  void take_completions(std::span<const Completion>);
  bool take(const Completion&);      // true: its slot may have more to do
  void over(Slot&, uint32_t index);  // a transfer, on the spot
  void received(Slot&, uint32_t index, const Completion&);
  static bool as_agreed(const Slot& slot, uint32_t index, const Completion& completion) {  // of a receive
    return slot.plain && completion.code == Code::ok && completion.signature == slot.signature && completion.bytes == slot.expected[index];
  }
  bool take_unlike(Slot&, uint32_t index, const Completion&);
  bool receive_differs(Slot&, const Instruction&, const Completion&);
  void arrived(Slot&, uint32_t index, const Completion&);
  void run_held(Slot&, uint32_t index);
  bool poll();
  bool outstanding() const;  // any transfer posted
  uint64_t message_bytes(const Slot&, const Instruction&) const;
  void edge_open(PeerIndex);
  Peer& peer_of(const Slot& slot, uint32_t rank) { return peers_[slot.peers[rank]]; }
  Code peer_code(const Slot& slot, const Instruction& i) { return peer_of(slot, i.peer).code; }  // the engine may know better than peer

  // phases.cpp
  bool drive_routines();
  bool drive_routines(CommunicatorState&);
  bool start_routine(CommunicatorState&);
  PhaseCall phase_call(const Run&, const Slot&, const ReplacedPhase&, uint32_t piece) const;
  void routine_failed(CommunicatorState&, const Pause&);
  bool look_for_mismatch();

  // failure.cpp
  void stop(Run&, Code, Rank blamed, uint32_t signature = 0);
  void fail_run(Run&, Code, Rank blamed, uint32_t signature = 0);  // and with it its communicator
  void fail_communicator(uint64_t key, Code, Rank blamed);
  void fail_peer(PeerIndex, Code);
  bool uses_failed_peer(const Run&) const;
  bool fail_what_needs_the_dead();  // after a pass without news; true: something failed
  Rank failed_rank_needed(const Run&) const;
  Rank failed_member(const Run&) const;
  void release_held(Slot&);
  std::vector<Rank> waiting_for(const Operation&) const;
  Pause pause() const;

  Edges& edges_;
  std::vector<Peer> peers_;  // by PeerIndex
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_slots_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<Run*> free_runs_;
  std::vector<std::unique_ptr<CommunicatorState>> communicators_;  // all; the first active_ of them have operations under way
  size_t active_ = 0;
  uint64_t moves_ = 0;
  std::vector<Run*> finished_, reporting_;
  std::unordered_map<uint64_t, DeadCommunicator> dead_;
  ScratchPool scratch_;
  uint64_t kept_back_ = 0;
  uint64_t edges_changed_ = 0;  // how often
  uint32_t failed_peers_ = 0;
  uint32_t routines_left_ = 0;       // runs with routines to come
  ReduceFunction reduce_ = nullptr;  // the last one asked for
  DataType reduce_type_ = DataType::f32;
  ReduceOp reduce_op_ = ReduceOp::avg;
  std::vector<Completion> batch_ = std::vector<Completion>(64);
  std::vector<Completion> aside_, taking_;  // of receives that ended on the spot, but not as agreed: for the next poll
};

inline const View& source_view(const Slot& slot, const Instruction& i) { return slot.views[static_cast<size_t>(i.source_buffer)]; }
inline const View& target_view(const Slot& slot, const Instruction& i) { return slot.views[static_cast<size_t>(i.target_buffer)]; }

// A message lies as its chunks do in scratch: one after the other.
inline void Executor::State::reduce_arrived(Slot& slot, const Instruction& i, const std::byte* data, uint64_t bytes) {
  if (i.count != 1 && (!slot.plain || i.target_stride() != 1)) [[unlikely]]
    return reduce_scattered(slot, i, data);
  std::byte* result = address(target_view(slot, i), i.target);
  const void* const inputs[] = {result, data};
  slot.run->reduce(result, inputs, 2, bytes >> slot.run->element_shift, 1, false);
}

inline Token token_of(const Slot& slot, uint32_t instruction) { return uint64_t{slot.id} << 32 | instruction; }

}  // namespace hawser
