// One library as a long-lived job that measures on command, so that several can take turns in one run: the same protocol, buffers, loop and
// check for every library.
//
// The first rank reads lines from standard input and answers each with one line:
//   point COLLECTIVE BYTES SPAN_US malloc|library   ->   time NANOSECONDS_PER_OPERATION OPERATIONS WRONG_ELEMENTS   or   none REASON
//   version                                         ->   version TEXT
//   quit                                            (or the end of the input)
// BYTES count as nccl-tests counts them: all-gather its whole output, reduce-scatter and all-to-all their whole input.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peers {

enum class Operation : int32_t { all_reduce, all_gather, reduce_scatter, broadcast, all_to_all };
std::optional<Operation> parse_operation(std::string_view name);

struct Point {
  Operation operation = Operation::all_reduce;
  uint64_t bytes = 0;
  uint64_t span_us = 0;
  bool library_memory = false;
};
enum class Command : int32_t { point, version, quit, unknown };
Command parse_command(const std::string& line, Point* point);

// Elements of one rank's share (all_gather, reduce_scatter, all_to_all) or of the whole; at least one.
uint64_t count_of(const Point&, int ranks);
uint64_t input_elements(const Point&, int ranks);
uint64_t output_elements(const Point&, int ranks);

// Input element i of a rank: small whole numbers, so that sums are exact in any order. Result element i, from them.
float input_value(int rank, uint64_t i);
float result_value(const Point&, int ranks, int rank, uint64_t i);

// What a library must do for us. Errors are exceptions; NotOffered when it has no such operation.
class Library {
 public:
  virtual ~Library() = default;
  virtual std::string version() = 0;
  virtual int rank() = 0;
  virtual int ranks() = 0;
  virtual void share(void* data, size_t bytes) = 0;  // the first rank's bytes to all
  virtual uint64_t largest(uint64_t value) = 0;      // over the ranks
  virtual float* memory(size_t bytes, bool library_memory) = 0;
  // f32, sum, root 0; in broadcast the root's output is its input. Called before the loop that counts, and before every checked one.
  virtual void prepare(const Point&, const float* in, float* out, uint64_t count) { (void)in, (void)out, (void)count; }
  virtual void loop(const Point&, const float* in, float* out, uint64_t count, uint64_t operations) = 0;
};
struct NotOffered {
  std::string reason;
};

// Serves until quit; the exit status. bind: this thread runs on the processor of its rank's number only; after creation, so that every
// library has seen the same machine.
int serve(Library&, bool bind);

}  // namespace peers
