// What every topology must satisfy before it becomes a value, and its canonical form.
#pragma once
#include <vector>

#include "src/base/status.h"
#include "src/topology/topology.h"

namespace hawser {

Status check_switches(const std::vector<Switch>&);
Status check_links(const std::vector<Switch>&, const std::vector<SharedLink>&);
Status check_runs(const std::vector<Switch>&, const std::vector<HostRun>&);
Status check_connected(const std::vector<Switch>&, const std::vector<SharedLink>&, const std::vector<HostRun>&);

// Ports that name all ranks of a host say so in one way; neighbouring runs that are alike and count on become one.
std::vector<HostRun> merged(std::vector<HostRun>);

}  // namespace hawser
