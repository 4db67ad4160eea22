// The table and its JSON twin.
#pragma once
#include <optional>
#include <string>

#include "perf/hawser_perf/options.h"
#include "perf/hawser_perf/statistics.h"

namespace hawser::perf {

struct Row {
  Workload workload = Workload::all_reduce;
  Extent extent;
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int root = 0, ranks = 1;
  bool library_memory = false;
  Timing out_of_place, in_place;
  std::optional<double> bound_us;
};

std::string heading(const Options&, Workload, int ranks);
std::string table_line(const Row&);
std::string json_line(const Row&);
std::string closing(double mean_bus_gbytes_per_s, bool checked, uint64_t wrong);

}  // namespace hawser::perf
