// The JSON twin of the tables.
#include <nlohmann/json.hpp>

#include "tools/hawser_info/tables.h"

namespace hawser::info {
namespace {

using Json = nlohmann::ordered_json;

Json settings_json(const Config& config) {
  Json rows = Json::array();
  for (const SettingInfo& setting : settings()) {
    rows.push_back({{"name", setting.name},
                    {"kind", setting.kind},
                    {"value", value_text(config, setting.name)},
                    {"default", setting.default_value},
                    {"agreed", setting.agreed},
                    {"sentence", setting.sentence}});
  }
  return rows;
}

Json machine_json(const Machine& machine) {
  Json interfaces = Json::array();
  for (const NetworkInterface& one : machine.interfaces) {
    interfaces.push_back({{"name", one.name},
                          {"fabric", name(one.fabric)},
                          {"bits_per_s", one.bits_per_s},
                          {"numa_node", one.numa_node},
                          {"up", one.up},
                          {"loopback", one.loopback}});
  }
  return {{"host", machine.host_name}, {"cpus", machine.cpus_x256 / 256.0}, {"cores", machine.cores},  {"l2_kib", machine.l2.kib},
          {"l3_kib", machine.l3.kib},  {"numa_nodes", machine.numa_nodes},  {"interfaces", interfaces}};
}

Json topology_json(const Topology& topology) {
  return {{"ranks", topology.ranks()}, {"hosts", topology.hosts()}, {"islands", topology.islands()}, {"text", topology.text()}};
}

}  // namespace

std::string json(const std::string& version, const Config* config, const Machine* machine, const Topology* topology) {
  Json object;
  object["version"] = version;
  if (config != nullptr) object["settings"] = settings_json(*config);
  if (machine != nullptr) object["machine"] = machine_json(*machine);
  if (topology != nullptr) object["topology"] = topology_json(*topology);
  return object.dump(2) + "\n";
}

}  // namespace hawser::info
