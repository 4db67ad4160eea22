// One operation on its way through the engine: queued by its caller, numbered and started by the holder of the seat, told when done.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/engine/doing.h"
#include "src/engine/membership.h"
#include "src/executor/executor.h"
#include "src/executor/program.h"

namespace hawser {

class Context;
struct ParkedCaller;
struct Submission;

struct Lateness {
  uint64_t since_ns = 0;
  bool warned = false;
};  // since when somebody sleeps over an operation; 0: not yet

// Work in order: a submission of a stream starts when the one before it is done. Of the holder of the seat, but for its outcome.
struct Lineup {
  Submission* running = nullptr;
};

struct Submission {
  // Its program, binding and signature (0: messages that only their pair numbers) are set by who makes it, the rest by the holder.
  Operation operation;
  Membership* membership = nullptr;
  Description description;
  std::shared_ptr<const Program> program;  // keeps operation.program alive, where nobody else does
  Lineup* lineup = nullptr;                // null: starts as soon as its communicator lets it
  uint64_t timeout_ns = 0;
  std::string label;  // the call's name, for messages

  // Point to point and all_to_all_v: where the chunks lie, and which messages they are (rank, is it a send), in step order.
  struct Message {
    Rank peer;
    bool send;
  };
  std::vector<Message> messages;
  std::vector<std::byte*> pointers[buffer_kinds];
  std::vector<uint64_t> lengths[buffer_kinds];
  std::vector<uint32_t> user_numbers;
  std::vector<uint64_t> received;           // bytes, by receives in step order
  uint64_t* live = nullptr;                 // all_to_all_v: elements that came from each rank, filled in when done
  void (*finished)(Submission&) = nullptr;  // called by the holder after the outcome is set; may delete the submission
  void* owner = nullptr;                    // for finished
  void* origin = nullptr;                   // likewise

  // Of the holder.
  ParkedCaller* caller = nullptr;  // who waits for it; null: nobody
  bool started = false;
  Lateness lateness;
  Context* context = nullptr;
};

}  // namespace hawser
