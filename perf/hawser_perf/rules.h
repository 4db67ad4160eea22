// The rules of nccl-tests: how bytes are counted for each collective, and which factor makes bandwidths comparable with the links.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/base/types.h"

namespace hawser::perf {

enum class Workload : uint8_t { all_reduce, reduce, broadcast, all_gather, reduce_scatter, all_to_all, sendrecv };
inline constexpr int workloads = 7;
std::string_view name(Workload);
std::optional<Workload> parse_workload(std::string_view);
bool reduces(Workload);
bool has_root(Workload);

// What one size means for a collective among `ranks`: elements as the C API counts them, and the bytes that the table shows.
struct Extent {
  uint64_t count = 0;              // as the C API counts elements
  uint64_t input = 0, output = 0;  // elements of one rank's buffers
  uint64_t bytes = 0;              // of the larger of the two: what the table shows
};
Extent extent_of(Workload, uint64_t bytes, DataType, int ranks);

// Times the algorithm's bandwidth (bytes / time): the traffic of one link, whatever the number of ranks.
double bus_factor(Workload, int ranks);

// From begin to end, each `factor` times the one before. Never empty.
Result<std::vector<uint64_t>> sizes_between(uint64_t begin, uint64_t end, double factor);

// The bound that an explanation states: the first time after the word "bound", in microseconds.
std::optional<double> bound_us(std::string_view explanation);

}  // namespace hawser::perf
