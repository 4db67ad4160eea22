// All ranks tell all ranks a few bytes, before (and after) there are collectives: a round is an all-gather of blobs.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace hawser {

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual int rank() const = 0;
  virtual int ranks() const = 0;
  // Blocks until every rank called it as many times. The answer is by rank. At most 1 MiB a blob. A rank that is missing at the deadline,
  // died, or gave up with an error of its own ends it for all, and the status names that rank and its reason.
  virtual Result<std::vector<std::string>> all_gather(std::string_view mine) = 0;
  virtual void give_up(const Status&) = 0;  // tells the others why this rank goes no further
};

}  // namespace hawser
