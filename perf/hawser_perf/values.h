// Inputs whose results are known exactly in every type: small whole numbers, and what must come out.
#pragma once
#include <cstddef>
#include <cstdint>

#include "perf/hawser_perf/rules.h"
#include "src/base/types.h"

namespace hawser::perf {

struct Question {
  Workload workload = Workload::all_reduce;
  ReduceOp op = ReduceOp::sum;
  DataType type = DataType::f32;
  int ranks = 1, rank = 0, root = 0;
  uint64_t count = 0;  // as the C API counts
};

int input_value(const Question&, int rank, uint64_t i);  // element i of that rank's input
int expected_value(const Question&, uint64_t i);         // element i of this rank's output
bool has_output(const Question&);                        // reduce: at the root only

void fill_input(const Question&, void* into, uint64_t elements);
uint64_t wrong_elements(const Question&, const void* output, uint64_t elements);

}  // namespace hawser::perf
