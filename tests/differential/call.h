// One random call, done by both libraries on equal inputs, and the comparison of what came out.
#pragma once
#include <mpi.h>

#include <random>
#include <string>
#include <vector>

#include "hawser/hawser.h"
#include "tests/differential/elements.h"

namespace hawser::differential {

// The same members in the same order in both libraries; null on ranks that are not members.
struct Pair {
  hawser_comm* ours = nullptr;
  MPI_Comm theirs = MPI_COMM_NULL;
  std::string name;
};

enum class Kind { all_reduce, reduce, broadcast, all_gather, reduce_scatter, all_to_all, all_to_all_v, barrier, shift };
inline constexpr int kinds = 9;

struct Shape {  // what all ranks know of a call
  Kind kind = Kind::barrier;
  DataType type = DataType::i32;
  ReduceOp op = ReduceOp::sum;
  size_t count = 0;
  int root = 0, shift = 0;  // shift: everybody sends to the rank so many further
  bool in_place = false;
  std::vector<uint64_t> matrix;  // all_to_all_v: elements from row to column
  std::string text() const;
};
Shape draw_shape(int members, std::mt19937_64& shared);

class Call {
 public:
  Call(const Pair&, const Shape&, std::mt19937_64& own);
  hawser_status start_ours(hawser_stream);
  bool needs_group() const { return shape_.kind == Kind::shift; }  // two messages, each of which may wait for the other
  void run_theirs();
  std::string difference() const;  // empty: none

 private:
  bool has_result() const;
  size_t input_elements() const;
  size_t output_elements() const;
  uint64_t between(int from, int to) const { return shape_.matrix[static_cast<size_t>(from * ranks_ + to)]; }
  void lay_out();
  hawser_status start_all_to_all_v(hawser_stream);
  void reduce_theirs();
  void move_theirs();
  void all_to_all_v_theirs();

  const Pair& pair_;
  const Shape shape_;
  int rank_ = 0, ranks_ = 1;
  Bytes input_;               // as drawn
  Bytes ours_in_, ours_out_;  // in place: only ours_out_, which then holds the input too
  Bytes theirs_out_;
  const std::byte* in_ = nullptr;
  std::byte* out_ = nullptr;
  std::vector<uint64_t> out_counts_, in_counts_, live_;
};

}  // namespace hawser::differential
