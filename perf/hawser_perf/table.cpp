// nccl-tests' columns, and ours beside them.
#include "perf/hawser_perf/table.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace hawser::perf {
namespace {

std::string op_text(const Row& row) { return std::string(reduces(row.workload) ? name(row.op) : "none"); }
int root_of(const Row& row) { return has_root(row.workload) ? row.root : -1; }

// Five digits that matter, whatever the size.
std::string time_text(double us) {
  if (us < 100) return fmt::format("{:.2f}", us);
  return us < 1000 ? fmt::format("{:.1f}", us) : fmt::format("{:.0f}", us);
}

double bus(const Row& row, const Timing& timing) {
  return timing.algorithm_gbytes_per_s(row.extent.bytes) * bus_factor(row.workload, row.ranks);
}

std::string half_line(const Row& row, const Timing& timing) {
  const std::string share = row.bound_us ? fmt::format("{:.0f}", 100 * *row.bound_us / timing.mean_us) : "-";
  return fmt::format(" {:>9} {:>9} {:>9} {:>7.2f} {:>7.2f} {:>5} {:>6}", time_text(timing.mean_us), time_text(timing.p50_us),
                     time_text(timing.p99_us), timing.algorithm_gbytes_per_s(row.extent.bytes), bus(row, timing), share, timing.wrong);
}

nlohmann::ordered_json half_object(const Row& row, const Timing& timing) {
  nlohmann::ordered_json object;
  object["mean_us"] = timing.mean_us;
  object["p50_us"] = timing.p50_us;
  object["p99_us"] = timing.p99_us;
  object["algbw_gbytes_per_s"] = timing.algorithm_gbytes_per_s(row.extent.bytes);
  object["busbw_gbytes_per_s"] = bus(row, timing);
  object["of_bound"] = row.bound_us ? nlohmann::ordered_json(*row.bound_us / timing.mean_us) : nlohmann::ordered_json(nullptr);
  object["operations"] = timing.operations;
  object["wrong"] = timing.wrong;
  return object;
}

}  // namespace

std::string heading(const Options& options, Workload workload, int ranks) {
  const std::string half =
      fmt::format(" {:>9} {:>9} {:>9} {:>7} {:>7} {:>5} {:>6}", "time", "p50", "p99", "algbw", "busbw", "bound", "wrong");
  const std::string units = fmt::format(" {:>9} {:>9} {:>9} {:>7} {:>7} {:>5} {:>6}", "us", "us", "us", "GB/s", "GB/s", "%", "");
  std::string text =
      fmt::format("# {}: {} ranks, buffers from {}\n", name(workload), ranks, options.library_memory ? "hawser_alloc" : "malloc");
  text += fmt::format("#{:>12} {:>12} {:>7} {:>6} {:>5}  {:<58}   {}\n", "", "", "", "", "", "out of place", "in place");
  text += fmt::format("#{:>12} {:>12} {:>7} {:>6} {:>5} {}  {}\n", "size", "count", "type", "op", "root", half, half);
  text += fmt::format("#{:>12} {:>12} {:>7} {:>6} {:>5} {}  {}\n", "B", "elements", "", "", "", units, units);
  return text;
}

std::string table_line(const Row& row) {
  return fmt::format(" {:>12} {:>12} {:>7} {:>6} {:>5} {}  {}\n", row.extent.bytes, row.extent.count, name(row.type), op_text(row),
                     root_of(row), half_line(row, row.out_of_place), half_line(row, row.in_place));
}

// The numbers of the run out of place stand in the object itself, those in place in one of their own; "wrong" is of both.
std::string json_line(const Row& row) {
  nlohmann::ordered_json object;
  object["collective"] = name(row.workload);
  object["bytes"] = row.extent.bytes;
  object["count"] = row.extent.count;
  object["type"] = name(row.type);
  object["op"] = op_text(row);
  object["root"] = root_of(row);
  object["ranks"] = row.ranks;
  object["memory"] = row.library_memory ? "library" : "malloc";
  object["bound_us"] = row.bound_us ? nlohmann::ordered_json(*row.bound_us) : nlohmann::ordered_json(nullptr);
  object.update(half_object(row, row.out_of_place));
  object["in_place"] = half_object(row, row.in_place);
  object["wrong"] = row.out_of_place.wrong + row.in_place.wrong;
  return object.dump() + "\n";
}

std::string closing(double mean_bus_gbytes_per_s, bool checked, uint64_t wrong) {
  const std::string verdict = !checked     ? "results were not checked (-c 0)"
                              : wrong == 0 ? "every result is right"
                                           : fmt::format("{} WRONG elements", wrong);
  return fmt::format("# mean bus bandwidth {:.3f} GB/s; {}\n", mean_bus_gbytes_per_s, verdict);
}

}  // namespace hawser::perf
