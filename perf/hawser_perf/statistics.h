// What many timings come to.
#pragma once
#include <cstdint>
#include <vector>

namespace hawser::perf {

// The value that `share` of the sorted samples do not exceed (nearest rank); 0 without samples. Reorders them.
uint64_t percentile(std::vector<uint64_t>& samples, double share);

// What is shown of one size, one way (in place or not), on all ranks.
struct Timing {
  double mean_us = 0, p50_us = 0, p99_us = 0;  // of the slowest rank
  uint64_t operations = 0;
  uint64_t wrong = 0;  // elements, over all ranks
  double algorithm_gbytes_per_s(uint64_t bytes) const { return mean_us > 0 ? static_cast<double>(bytes) / mean_us / 1e3 : 0; }
};

}  // namespace hawser::perf
