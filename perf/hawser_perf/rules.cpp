// Counting as nccl-tests counts.
#include "perf/hawser_perf/rules.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace hawser::perf {
namespace {

constexpr std::string_view kNames[workloads] = {"all_reduce",     "reduce",     "broadcast", "all_gather",
                                                "reduce_scatter", "all_to_all", "sendrecv"};

bool by_parts(Workload workload) {
  return workload == Workload::all_gather || workload == Workload::reduce_scatter || workload == Workload::all_to_all;
}

}  // namespace

std::string_view name(Workload workload) { return kNames[static_cast<int>(workload)]; }

std::optional<Workload> parse_workload(std::string_view text) {
  for (int i = 0; i < workloads; ++i) {
    if (text == kNames[i]) return static_cast<Workload>(i);
  }
  return std::nullopt;
}

bool reduces(Workload workload) {
  return workload == Workload::all_reduce || workload == Workload::reduce || workload == Workload::reduce_scatter;
}

bool has_root(Workload workload) { return workload == Workload::reduce || workload == Workload::broadcast; }

Extent extent_of(Workload workload, uint64_t bytes, DataType type, int ranks) {
  const auto parts = static_cast<uint64_t>(ranks);
  Extent extent;
  extent.count = std::max<uint64_t>(1, bytes / size_of(type) / (by_parts(workload) ? parts : 1));
  const bool whole_input = workload == Workload::reduce_scatter || workload == Workload::all_to_all;
  const bool whole_output = workload == Workload::all_gather || workload == Workload::all_to_all;
  extent.input = extent.count * (whole_input ? parts : 1);
  extent.output = extent.count * (whole_output ? parts : 1);
  extent.bytes = std::max(extent.input, extent.output) * size_of(type);
  return extent;
}

double bus_factor(Workload workload, int ranks) {
  const double n = ranks;
  switch (workload) {
    case Workload::all_reduce:
      return 2 * (n - 1) / n;
    case Workload::all_gather:
    case Workload::reduce_scatter:
    case Workload::all_to_all:
      return (n - 1) / n;
    case Workload::reduce:
    case Workload::broadcast:
    case Workload::sendrecv:
      return 1;
  }
  return 1;
}

Result<std::vector<uint64_t>> sizes_between(uint64_t begin, uint64_t end, double factor) {
  if (begin == 0 || begin > end) return Status(Code::invalid, "-b must be at least 1 and at most -e");
  if (!(factor > 1)) return Status(Code::invalid, "-f must be greater than 1: every size is -f times the one before");
  std::vector<uint64_t> sizes;
  for (double size = static_cast<double>(begin); size <= static_cast<double>(end); size *= factor) {
    const auto whole = static_cast<uint64_t>(std::llround(size));
    if (sizes.empty() || whole > sizes.back()) sizes.push_back(whole);
    if (sizes.size() > 10'000) return Status(Code::invalid, "-f gives more than 10000 sizes");
  }
  return sizes;
}

std::optional<double> bound_us(std::string_view explanation) {
  for (size_t at = explanation.find("bound"); at != std::string_view::npos; at = explanation.find("bound", at + 1)) {
    std::string_view rest = explanation.substr(at + 5);
    rest = rest.substr(0, rest.find('\n'));
    const size_t digit = rest.find_first_of("0123456789");
    if (digit == std::string_view::npos) continue;
    const std::string number(rest.substr(digit));
    char* after = nullptr;
    const double value = std::strtod(number.c_str(), &after);
    const std::string_view unit = std::string_view(after).substr(std::string_view(after).find_first_not_of(' ') == 1 ? 1 : 0);
    if (unit.starts_with("ns")) return value / 1e3;
    if (unit.starts_with("us")) return value;
    if (unit.starts_with("ms")) return value * 1e3;
    if (unit.starts_with("s")) return value * 1e6;
  }
  return std::nullopt;
}

}  // namespace hawser::perf
