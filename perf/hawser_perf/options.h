// What the command line asks for.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "perf/hawser_perf/rules.h"
#include "src/base/types.h"

namespace hawser::perf {

struct Options {
  std::vector<Workload> collectives{Workload::all_reduce};
  std::vector<uint64_t> sizes;
  uint64_t operations = 0;  // 0: as many as last about 20 ms
  uint64_t warm_up = 5;
  bool check = true;
  ReduceOp op = ReduceOp::sum;
  DataType type = DataType::f32;
  int root = 0;
  int ranks = 0;        // start so many; 0: join the launcher's
  bool joined = false;  // one of those that --ranks started
  bool library_memory = false;
  bool json = false;
  bool explain = false;
  std::string settings;
};

// Help, version and mistakes end here: then false, and *exit_status is what to end with.
bool parse_options(int argc, char** argv, Options* options, int* exit_status);

}  // namespace hawser::perf
