// Runs plans. Knows nothing of algorithms; never waits, has no thread. The only place where transports, kernels and routines meet.
//
// An operation repeats its program over slices, at most `window` at once. Within a slice the steps run as their dependencies allow
// (walk.h); transfers between two ranks keep program order, their ordinals are constants of the program. A phase that the program
// replaces by a routine is one step: the routines of one communicator run one at a time, in an order that depends on operation, slice and
// phase only (equal on every member).
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/device/reduce.h"
#include "src/executor/routine.h"
#include "src/plan/plan.h"
#include "transports/transport.h"

namespace hawser {

// Where the chunks of a plan lie in this call. Uniform: chunk i holds elements [i*chunk, (i+1)*chunk) of `count`, chunk = ceil(count /
// chunks). Listed (when pointers is not empty): one pointer and one length in bytes a chunk; never sliced.
struct Layout {
  std::byte* base = nullptr;
  size_t count = 0;  // elements
  uint32_t chunks = 0;
  std::span<std::byte* const> pointers;
  std::span<const uint64_t> lengths;
};

struct Binding {
  std::array<Layout, buffer_kinds> buffers;  // scratch: base and count are filled in by the executor
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;   // avg as sum with a divisor
  uint32_t divisor = 1;          // the output is divided by it, slice by slice, as each becomes final
  bool library_buffers = false;  // input and output lie in this rank's segment; told to routines
};

class Program;  // program.h: a plan lowered for one rank, immutable

// One call, prepared by its caller, who keeps it alive until done. May be started again after that.
struct Operation {
  const Program* program = nullptr;
  Binding binding;
  uint64_t communicator = 0;
  uint32_t number = 0;  // of the operation in its communicator
  uint32_t signature = 0;
  std::span<const PeerIndex> peers;        // by rank
  std::span<const uint32_t> user_numbers;  // point to point: the operation number of each send or receive, in step order; else empty
  std::span<uint64_t> received;            // may be empty; else by step order of receives: bytes that came
  void (*done)(Operation&) = nullptr;      // called once by the holder of the seat, after code is set; may be null
  void* user = nullptr;                    // for done
  // The outcome. code is stored last, with release.
  std::atomic<Code> code{Code::in_progress};
  Rank blamed = -1;               // who failed or differed; -1: nobody in particular
  uint32_t blamed_signature = 0;  // mismatch: what that rank believes
  void* run = nullptr;            // the executor's own
};

// Which transport reaches a peer. The engine opens edges; the executor keeps transfers back until edge_open().
class Edges {
 public:
  virtual ~Edges() = default;
  virtual Transport* edge(PeerIndex) = 0;                     // null: not open yet; asking opens it
  virtual std::span<Transport* const> open_transports() = 0;  // all that must be polled
};

class Executor {
 public:
  explicit Executor(Edges&);
  ~Executor();
  void start(Operation&);           // any number under way; of one communicator in operation order
  Pause progress();                 // runs until nothing is ready. done: in_progress with the word it needs next, or none: poll; ok: idle
  void edge_open(PeerIndex);        // transfers kept back for it go out
  void fail_peer(PeerIndex, Code);  // operations that still need it, once the transport delivered what had arrived
  void fail_communicator(uint64_t communicator, Code, Rank blamed);  // all of its operations, now; transports forget it
  bool look_for_mismatch();  // after a long wait: asks the routines under way; what differs fails. true: something failed
  bool idle() const;
  uint64_t moves() const;                                 // grows whenever progress() moved something: a waiter's patience begins anew
  bool busy(uint64_t communicator) const;                 // has operations under way
  std::vector<Rank> waiting_for(const Operation&) const;  // ranks whose messages or words it needs now; for "who is late"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser
