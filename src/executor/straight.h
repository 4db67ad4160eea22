// A program with the addresses, lengths and transports of one call filled in: what is walked in program order as long as every step is
// complete when it was issued. Made when a call comes the second time, and kept with its slot; on other buffers it is only moved.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/executor/body.h"
#include "src/executor/executor.h"
#include "src/executor/view.h"

namespace hawser {

// What a straight program was made from, but for the number of the operation and where its buffers lie.
struct StraightKey {
  const void* identity = nullptr;  // of the program; kept alive by the straight program, so that no other gets its address
  uint64_t edges_changed = 0;
  uint64_t communicator = 0;
  const PeerIndex* peers = nullptr;
  uint64_t chunk_bytes = 0, input_bytes = 0, output_bytes = 0;
  uint32_t signature = 0;
  DataType type = DataType::f32;
  friend bool operator==(const StraightKey&, const StraightKey&) = default;
};

struct StraightStep {
  enum class Kind : uint8_t {
    send,
    recv,
    recv_reduce,
    move,  // copy or reduce
    walk,  // what only the walk can do
    end
  };
  Kind kind = Kind::end;
  Buffer bytes_of = Buffer::input, result_of = Buffer::output;
  uint32_t instruction = 0;
  Transport* transport = nullptr;
  std::byte* result = nullptr;  // recv_reduce: what the message is reduced into
  Transfer transfer;            // but for the number of the operation
};

using Bases = std::array<std::byte*, buffer_kinds>;

struct StraightProgram {
  StraightKey key, seen;  // seen: of the last call, which had none yet; made when it comes again
  Bases bases{};
  std::shared_ptr<const void> identity;
  std::vector<StraightStep> steps;
};

}  // namespace hawser
