// The inside of a Program: what the executor walks. Small instructions in program order and a few compact tables beside them.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "src/executor/program.h"

namespace hawser {

enum class Opcode : uint8_t {
  send,
  recv,            // into the target
  recv_lend,       // for the reduce_arrived at index `target`; lies where the transport lends it, else in the source chunks (scratch)
  reduce_arrived,  // target = target op what the recv_lend at index `source` brought
  copy,
  reduce,
  join,     // nothing; stands for "all pieces of a step", so that dependencies of split steps stay few
  routine,  // a whole phase; `source` is its index in phases
  end       // behind the last; only its edge_begin means something
};

// Whose chunks say how long a range is. A scratch chunk is as long as some chunk of the vector (Plan::scratch_like), so that both ends of a
// message compute the same length; whole: scratch chunks that are no neighbours in the vector, each counts in full.
enum class LengthOf : uint8_t { input, output, whole, vector };
inline constexpr int length_kinds = 4;

// 32 bytes. The range is as long as `count` chunks of length_of from length_first.
struct Instruction {
  Opcode op = Opcode::join;
  Buffer source_buffer = Buffer::input, target_buffer = Buffer::output;
  LengthOf length_of = LengthOf::output;
  uint16_t ordinal = 0;
  uint8_t channel = 0;
  uint8_t only_reduce : 1 = 0;      // recv_lend: releases nothing but its reduce
  uint8_t reduces_at_once : 1 = 0;  // recv_lend: its reduce waits for nothing that stands behind the receive
  uint32_t source = 0, target = 0, count = 0, length_first = 0;
  uint32_t peer = 0;        // the rank; copy, reduce and reduce_arrived: source stride | target stride << 16
  uint32_t edge_begin = 0;  // into edges; up to that of the next instruction
  uint32_t source_stride() const { return peer & 0xffff; }
  uint32_t target_stride() const { return peer >> 16; }
};
static_assert(sizeof(Instruction) == 32);

struct ReplacedPhase {
  Phase phase;
  std::shared_ptr<Routine> routine;
  std::vector<Rank> members;
  uint32_t mine = 0;  // this rank's index in members
  uint32_t instruction = 0;
};

struct ChunkRange {
  uint32_t first = 0, count = 0;
};

struct Program::Body {
  std::shared_ptr<const void> identity = std::make_shared<char>();  // an address that no other living holder has
  std::vector<Instruction> instructions;                            // and `end` behind them
  std::vector<uint16_t> waits;                                      // how many releases each needs
  std::vector<uint32_t> edges;                                      // whom each releases
  std::vector<uint32_t> steps;                                      // of the plan, by instruction
  std::vector<ReplacedPhase> phases;                                // in program order
  std::vector<Rank> peers;                                          // ranks that messages go to or come from
  std::vector<uint32_t> messages;      // by step: how many sends and receives stand before it (user messages, `received`)
  std::vector<uint32_t> receives;      // by step: how many receives stand before it
  std::vector<uint32_t> scratch_like;  // as in the plan
  std::vector<ChunkRange> written;     // of the output: what avg's epilogue divides
  uint32_t message_count = 0, receive_count = 0;
  uint32_t input_chunks = 0, output_chunks = 0, scratch_chunks = 0;
  Rank highest_peer = -1;
  uint64_t slice_bytes = 0;
  uint32_t window = 1;
  bool user_messages = false, reduces = false, lends = false;
  uint32_t size() const { return static_cast<uint32_t>(waits.size()); }
  bool one_phase = false;       // of the plan, counting those this rank has no part in: then it is the same on every rank
  bool long_transfers = false;  // some transfer has more than one chunk: whole layouts only
};

}  // namespace hawser
