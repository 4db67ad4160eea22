// hawser-info: what this build is, its settings, this machine, and the topology of a job.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "hawser/hawser.h"
#include "tools/hawser_info/tables.h"

namespace hawser::info {
namespace {

struct Asked {
  bool settings = false, machine = false, topology = false, json = false;
};

std::string version_text() {
  const int version = hawser_version();
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

// The agreed topology of the ranks the launcher started; of this process alone without a launcher.
Result<Topology> job_topology(int* rank) {
  hawser_comm* comm = nullptr;
  const hawser_status status = hawser_comm_create_from_environment(nullptr, &comm);
  if (status != HAWSER_OK) return Status(static_cast<Code>(status), hawser_error_text());
  const std::unique_ptr<hawser_comm, hawser_status (*)(hawser_comm*)> owned(comm, hawser_comm_destroy);
  *rank = hawser_comm_rank(comm);
  std::string text(hawser_comm_topology(comm, nullptr, 0) + 1, '\0');
  text.resize(std::min(hawser_comm_topology(comm, text.data(), text.size()), text.size() - 1));
  return Topology::parse(text);
}

Status show(const Asked& asked) {
  const Config config = HAWSER_TRY(Config::read(""));
  const Machine machine = asked.machine ? discover() : Machine{};
  Topology topology;
  int rank = 0;
  if (asked.topology) topology = HAWSER_TRY(job_topology(&rank).during("the topology of this job"));
  if (rank != 0) return {};
  if (asked.json) {
    std::fputs(
        json(version_text(), asked.settings ? &config : nullptr, asked.machine ? &machine : nullptr, asked.topology ? &topology : nullptr)
            .c_str(),
        stdout);
    return {};
  }
  std::printf("hawser %s\n", version_text().c_str());
  if (asked.machine) std::printf("\n%s", machine_table(machine).c_str());
  if (asked.topology) std::printf("\n%s", topology_table(topology).c_str());
  if (asked.settings) std::printf("\n%s", settings_table(config).c_str());
  return {};
}

constexpr const char* kFooter = R"(
Without an option: the version, this machine, and its topology.
Examples:
  hawser-info --settings                   every setting with its sentence
  hawser-info --json                       the same for programs
  mpirun -np 8 hawser-info --topology      what the ranks of that job agree on)";

}  // namespace
}  // namespace hawser::info

int main(int argc, char** argv) {
  using namespace hawser::info;
  CLI::App app("Tells what this Hawser is, its settings, this machine, and the topology of a job.", "hawser-info");
  app.footer(kFooter);
  Asked asked;
  bool version = false;
  app.add_flag("--settings", asked.settings, "Every setting: kind, default, value, and what it does");
  app.add_flag("--machine", asked.machine, "CPUs, caches and network interfaces of this machine");
  app.add_flag("--topology", asked.topology, "What the ranks of this job agree on; alone without a launcher");
  app.add_flag("--version", version, "The version only");
  app.add_flag("--json", asked.json, "As one JSON object");
  CLI11_PARSE(app, argc, argv);
  if (!asked.settings && !asked.machine && !asked.topology && !version) asked.machine = asked.topology = true;
  if (const hawser::Status status = show(asked); !status.ok()) {
    std::fprintf(stderr, "hawser-info: %s\n", status.text().c_str());
    return 1;
  }
}
