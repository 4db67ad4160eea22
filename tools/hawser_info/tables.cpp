// Columns wide enough for what stands in them; sentences wrap below their setting.
#include "tools/hawser_info/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hawser::info {
namespace {

constexpr size_t kWidth = 110;

using Line = std::vector<std::string>;

std::string aligned(const std::vector<Line>& lines) {
  std::vector<size_t> widths;
  for (const Line& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const Line& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) row += fmt::format("{}{:<{}}", i == 0 ? "" : "  ", line[i], widths[i]);
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string wrapped(std::string_view sentence, size_t indent) {
  std::string text, line(indent, ' ');
  while (!sentence.empty()) {
    const size_t blank = std::min(sentence.find(' '), sentence.size());
    if (line.size() > indent && line.size() + blank > kWidth) {
      text += line + "\n";
      line.assign(indent, ' ');
    }
    if (line.size() > indent) line += ' ';
    line += sentence.substr(0, blank);
    sentence.remove_prefix(std::min(blank + 1, sentence.size()));
  }
  return text + line + "\n";
}

std::string cache_text(const Cache& cache) {
  if (cache.kib == 0) return "not known";
  return fmt::format("{} KiB for {} {}", cache.kib, cache.shared_by, cache.shared_by == 1 ? "core" : "cores");
}

std::string state_of(const NetworkInterface& interface) { return interface.loopback ? "loopback" : interface.up ? "up" : "down"; }

std::string rates(const Rate& rate) {
  if (rate.out_bits_per_s == rate.in_bits_per_s) return rate_text(rate.out_bits_per_s);
  return rate_text(rate.out_bits_per_s) + " out, " + rate_text(rate.in_bits_per_s) + " in";
}

std::string microseconds(int64_t ns) { return fmt::format("{:g} us", static_cast<double>(ns) / 1e3); }

std::string host_names(const HostRun& run) {
  return run.hosts == 1 ? run.first_name : fmt::format("{} and {} more", run.first_name, run.hosts - 1);
}

std::string ports_text(const Topology& topology, const HostRun& run) {
  std::string text;
  for (const Port& port : run.ports) {
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : "; ", topology.switches()[port.at_switch].name, rates(port.rate),
                        microseconds(port.latency_ns));
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string rate_text(uint64_t bits_per_s) {
  if (bits_per_s == 0) return "?";
  if (bits_per_s < 1'000'000'000) return fmt::format("{:g} Mbit/s", static_cast<double>(bits_per_s) / 1e6);
  return fmt::format("{:.4g} Gbit/s", static_cast<double>(bits_per_s) / 1e9);
}

std::string settings_table(const Config& config) {
  std::string text = "Settings: HAWSER_<NAME> in the environment, or \"name=value\" in hawser_comm_options.settings, which wins.\n";
  for (const SettingInfo& setting : settings()) {
    const std::string value = value_text(config, setting.name);
    const std::string given = value == setting.default_value ? "" : fmt::format(", now {}", value);
    text +=
        fmt::format("\n{}  ({}, default {}{}{})\n", setting.name, setting.kind,
                    setting.default_value.empty() ? "empty" : setting.default_value, given, setting.agreed ? ", equal on all ranks" : "");
    text += wrapped(setting.sentence, 4);
  }
  return text;
}

std::string machine_table(const Machine& machine) {
  std::vector<Line> lines{{"host", machine.host_name},
                          {"CPUs", fmt::format("{:g} usable, {} cores", machine.cpus_x256 / 256.0, machine.cores)},
                          {"L2", cache_text(machine.l2)},
                          {"L3", cache_text(machine.l3)},
                          {"NUMA nodes", std::to_string(machine.numa_nodes)}};
  std::string text = "This machine\n" + aligned(lines) + "\n";
  std::vector<Line> rows{{"interface", "fabric", "rate", "NUMA", "state"}};
  for (const NetworkInterface& one : machine.interfaces) {
    rows.push_back({one.name, std::string(name(one.fabric)), rate_text(one.bits_per_s),
                    one.numa_node < 0 ? "-" : std::to_string(one.numa_node), state_of(one)});
  }
  return text + (rows.size() == 1 ? "no network interface\n" : aligned(rows));
}

std::string topology_table(const Topology& topology) {
  std::string text = fmt::format("Topology: {} ranks on {} hosts, {} islands\n", topology.ranks(), topology.hosts(), topology.islands());
  std::vector<Line> hosts{{"hosts", "ranks each", "islands each", "hop", "copy", "ports"}};
  for (const HostRun& run : topology.runs()) {
    hosts.push_back({host_names(run), std::to_string(run.ranks_per_host), std::to_string(run.islands_per_host),
                     fmt::format("{} ns", run.island.hop_ns),
                     fmt::format("{:.1f} GB/s", static_cast<double>(run.island.copy_bytes_per_s) / 1e9), ports_text(topology, run)});
  }
  text += aligned(hosts);
  std::vector<Line> switches{{"switch", "fabric", "core"}};
  for (const Switch& one : topology.switches()) {
    switches.push_back(
        {one.name, std::string(name(one.fabric)), one.core_bits_per_s == 0 ? "non-blocking" : rate_text(one.core_bits_per_s)});
  }
  if (switches.size() > 1) text += "\n" + aligned(switches);
  std::vector<Line> links{{"link", "", "rate", "latency"}};
  for (const SharedLink& link : topology.links()) {
    links.push_back(
        {topology.switches()[link.from].name, topology.switches()[link.to].name, rates(link.rate), microseconds(link.latency_ns)});
  }
  if (links.size() > 1) text += "\n" + aligned(links);
  return text;
}

}  // namespace hawser::info
