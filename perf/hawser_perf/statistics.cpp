// Percentiles by nearest rank.
#include "perf/hawser_perf/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace hawser::perf {

uint64_t percentile(std::vector<uint64_t>& samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(samples.size())));
  const size_t index = std::min(samples.size() - 1, rank == 0 ? 0 : rank - 1);
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(index), samples.end());
  return samples[index];
}

}  // namespace hawser::perf
