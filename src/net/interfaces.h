// Which network interfaces to use, as a decision on what the machine says it has.
#pragma once
#include <string_view>
#include <vector>

#include "src/net/address.h"

namespace hawser {

struct Candidate {
  Interface interface;
  bool up = false;  // IFF_UP and IFF_RUNNING
};

// filter: prefixes with commas between, a leading ^ turns the list into what is left out. interfaces() is this on the machine's own.
Result<std::vector<Interface>> select_interfaces(const std::vector<Candidate>&, std::string_view filter);

}  // namespace hawser
