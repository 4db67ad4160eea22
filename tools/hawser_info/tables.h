// What hawser-info shows, as text for people and as JSON.
#pragma once
#include <string>

#include "src/base/config.h"
#include "src/topology/discovery.h"
#include "src/topology/topology.h"

namespace hawser::info {

std::string settings_table(const Config&);
std::string machine_table(const Machine&);
std::string topology_table(const Topology&);
std::string rate_text(uint64_t bits_per_s);  // "100 Gbit/s"; "?" for 0

// One object with "version" and, where given, "settings", "machine" and "topology".
std::string json(const std::string& version, const Config*, const Machine*, const Topology*);

}  // namespace hawser::info
