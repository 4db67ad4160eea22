// What a rank publishes about itself when a communicator is made, and the checks that all records must pass together.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/config.h"
#include "src/base/status.h"
#include "src/base/types.h"
#include "src/net/address.h"
#include "src/topology/topology.h"

namespace hawser {

inline constexpr uint32_t protocol_version = 2;

struct NicRecord {
  std::string name;
  Fabric fabric = Fabric::ethernet;
  uint64_t bits_per_s = 0;
  std::string subnet;
  std::vector<std::string> addresses;
};  // addresses: of the listener, host:port

struct Record {
  uint32_t protocol = protocol_version;
  uint64_t catalog = 0;                   // catalog_hash(): the planners this rank knows
  std::string library_version, settings;  // Config::agreed_text()
  Identity identity;
  std::string boot_id, host_name, door;  // door: abstract unix name of the context's listener
  uint64_t user = 0, process = 0;
  std::vector<uint64_t> cpu_mask;    // CPUs this process may use, as in Machine; not empty
  uint32_t quota_x256 = UINT32_MAX;  // CPUs its cgroups let it use, times 256
  std::vector<NicRecord> nics;
  std::string encode() const;
  static Result<Record> decode(std::string_view);  // untrusted bytes
};

Result<Record> record_of_this_process(const Config&, const Identity&);  // all but catalog, door and nics' addresses

// Version, catalog, settings equal; identities unique. The status names the first two ranks that differ and both values.
Status check_records(const std::vector<Record>&);

// Ranks on a rank's machine for each CPU that they may use together, times 256: each may be bound to one of its own. Quotas of several
// cgroups are taken for one.
uint32_t ranks_per_cpu_x256(const std::vector<Record>&, size_t rank);

// Which ranks could be an island: same boot id and user, transport not tcp, door not empty. hosts[r] = number of the host, in rank order.
std::vector<int> hosts_of(const std::vector<Record>&);

// Islands by what ranks report after mapping each other: reached[r] lists the ranks r has mapped. A failure makes the island smaller for
// all: members must have mapped each other mutually. Answers the island number by rank, islands in rank order.
std::vector<int> islands_of(const std::vector<int>& hosts, const std::vector<std::vector<int>>& reached);

// The Topology text of one switch per subnet, host runs, island facts (by island). order lines where ranks are not consecutive on hosts.
Result<Topology> compose_topology(const std::vector<Record>&, const std::vector<int>& islands, const std::vector<IslandFacts>&);

}  // namespace hawser
