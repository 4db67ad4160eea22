// A rank's record as a hostile peer would send it: refused with a sentence, or a record that the checks and the topology can live with.
#include "src/agreement/record.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {
namespace {

Record record(uint64_t number) {
  Record one;
  one.library_version = "0.1.0";
  one.settings = Config().agreed_text();
  one.identity = {1, number};
  one.boot_id = "0c9d1f9e-3c1f-4d1c-8b1a-000000000001";
  one.host_name = "host";
  one.door = "hawser-door";
  one.user = 1000;
  one.process = number;
  one.cpu_mask = {0xf};
  one.nics = {{"eth0", Fabric::ethernet, 25'000'000'000, "10.0.0.0/24", {"10.0.0.1:4000"}}, {"ib0", Fabric::infiniband, 0, "", {}}};
  return one;
}

}  // namespace

std::vector<std::string> seeds() {
  require(Record::decode(record(1).encode()).ok(), "an honest record is read");
  return {record(1).encode(), record(2).encode(), Record().encode()};
}

// Beside an honest one, in either order.
void put_beside_an_honest_one(const Record& stranger) {
  const std::vector<Record> both = {record(1), stranger};
  (void)check_records(both).ok();
  const std::vector<int> hosts = hosts_of(both);
  require(hosts.size() == both.size(), "every record has a host");
  require(ranks_per_cpu_x256(both, 0) > 0, "ranks share CPUs in some measure");
  const std::vector<int> islands = islands_of(hosts, {{0, 1}, {0, 1}});
  require(islands.size() == both.size(), "every record has an island");
  const Result<Topology> topology = compose_topology(both, islands, std::vector<IslandFacts>(both.size()));
  require(topology.ok() || !topology.error().text().empty(), "a refusal has a sentence");
  if (topology.ok()) require(topology.value().ranks() == 2, "every record is a rank");
}

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  const Result<Record> record = Record::decode(fuzz::text_of(data, size));
  if (!record.ok()) {
    fuzz::require(!record.error().text().empty(), "a refusal has a sentence");
    return 0;
  }
  const std::string encoded = record.value().encode();
  const Result<Record> again = Record::decode(encoded);
  fuzz::require(again.ok() && again.value().encode() == encoded, "a record survives its bytes");
  fuzz::put_beside_an_honest_one(record.value());
  return 0;
}
