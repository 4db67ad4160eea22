// Sharing a few bytes through PMIx, which Open MPI's launcher serves.
#pragma once
#include <string>

#include "src/base/clock.h"
#include "src/base/status.h"

namespace hawser {

// Collective over the job: rank 0's value, on every rank. One thread of a process at a time.
Result<std::string> share_by_pmix(int rank, const std::string& value_of_rank_0, uint64_t deadline_ns, const Clock&);

}  // namespace hawser
