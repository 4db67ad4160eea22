// Host names as runs: "g[000-254]" is a first name and a count; which host a name means, without a table of all names.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/topology/topology.h"

namespace hawser {

struct NumberedName {  // "g007": prefix "g", number 7, three digits; "gate": no digits
  std::string_view prefix;
  uint64_t number = 0;
  size_t digits = 0;
};
NumberedName split_name(std::string_view);
bool valid_name(std::string_view);  // of switches and hosts: letters, digits, '.', '_', '-'; at most 255

// Borrows the runs.
class HostNames {
 public:
  // Code::invalid when two hosts have one name (or names that differ in leading zeros only).
  static Result<HostNames> make(const std::vector<HostRun>&);
  struct Found {
    uint32_t run = 0;
    uint64_t index = 0;  // in the run
  };
  std::optional<Found> find(std::string_view name) const;

 private:
  struct Range {
    std::string_view prefix;
    uint64_t first, last;  // number + 1; 0: a name without a number
    uint32_t run;
  };
  const std::vector<HostRun>* runs_ = nullptr;
  std::vector<Range> ranges_;  // sorted
};

}  // namespace hawser
