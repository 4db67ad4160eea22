// One collective on every rank of a world: buffers, programs, operations, and what must come out.
#pragma once
#include <deque>
#include <functional>

#include "tests/executor/world.h"

namespace hawser::testing {

using PlanOf = std::function<Plan(Rank me)>;

struct CallShape {
  Collective collective = Collective::all_reduce;
  PlanOf plan;
  size_t count = 100;  // elements, as in Request
  DataType type = DataType::i32;
  ReduceOp op = ReduceOp::sum;
  Rank root = 0;
  bool in_place = false;
  uint64_t slice_bytes = 0;
  uint32_t window = 1;
  uint64_t communicator = 7;
  uint32_t number = 0, signature = 0x51;
  std::function<std::vector<std::shared_ptr<Routine>>(Rank)> routines;
};

class Call {
 public:
  Call(World&, CallShape);
  void start();  // on every living rank
  void start(Rank rank) { world_.at(rank).start(at(rank).operation); }
  bool all_done() const;
  bool run() {
    return start(), world_.run_until([&] { return all_done(); });
  }
  void expect_results() const;  // every element of every output, and that inputs and what lies around are untouched
  Operation& operation(Rank rank) { return at(rank).operation; }
  void refill();  // for another start, with the next number

 private:
  struct Member {
    std::unique_ptr<const Program> program;
    std::vector<std::byte> input, output;  // with a margin of guard bytes on both sides
    Operation operation;
  };
  Member& at(Rank rank) { return members_[static_cast<size_t>(rank)]; }
  size_t input_count(Rank) const;
  size_t output_count(Rank) const;
  void bind(Rank);
  void fill(Rank);
  double expected(Rank rank, size_t i) const;

  World& world_;
  CallShape shape_;
  std::deque<Member> members_;
};

}  // namespace hawser::testing
