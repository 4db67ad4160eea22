// hawser-perf: measures collectives. This process is either the one that starts ranks, or one of the ranks.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "perf/hawser_perf/crew.h"
#include "perf/hawser_perf/measure.h"
#include "perf/hawser_perf/options.h"
#include "perf/hawser_perf/table.h"

namespace hawser::perf {
namespace {

class Run {
 public:
  Run(const Options& options, Bench& bench) : options_(options), bench_(bench), speaks_(bench.rank() == 0) {}

  Status all() {
    for (const Workload workload : options_.collectives) {
      if (speaks_ && !options_.json && !options_.explain) say(heading(options_, workload, bench_.ranks()));
      for (const uint64_t bytes : options_.sizes) { HAWSER_TRY(one(workload, extent_of(workload, bytes, options_.type, bench_.ranks()))); }
    }
    if (speaks_ && !options_.json && !options_.explain && rows_ > 0) say(closing(bus_sum_ / rows_, options_.check, wrong_));
    return {};
  }
  uint64_t wrong() const { return wrong_; }

 private:
  void say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  void progress(const std::string& text) {
    if (speaks_ && isatty(STDERR_FILENO)) std::fprintf(stderr, "\r\033[K%s", text.c_str());
  }

  Status one(Workload workload, const Extent& extent) {
    if (options_.explain) {
      if (speaks_) say(bench_.explain(workload, extent) + "\n");
      return {};
    }
    progress(std::string(name(workload)) + ", " + std::to_string(extent.bytes) + " bytes ...");
    Row row{workload, extent, options_.type, options_.op, options_.root, bench_.ranks(), options_.library_memory, {}, {}, {}};
    row.out_of_place = HAWSER_TRY(bench_.time(workload, extent, false).during(std::to_string(extent.bytes) + " bytes"));
    row.in_place = HAWSER_TRY(bench_.time(workload, extent, true).during(std::to_string(extent.bytes) + " bytes in place"));
    if (speaks_) row.bound_us = bound_us(bench_.explain(workload, extent));
    progress("");
    wrong_ += row.out_of_place.wrong + row.in_place.wrong;
    bus_sum_ += row.out_of_place.algorithm_gbytes_per_s(extent.bytes) * bus_factor(workload, bench_.ranks());
    rows_ += 1;
    if (speaks_) say(options_.json ? json_line(row) : table_line(row));
    return {};
  }

  const Options& options_;
  Bench& bench_;
  const bool speaks_;
  uint64_t wrong_ = 0;
  double bus_sum_ = 0, rows_ = 0;
};

int complain(const Bench* bench, const Status& status) {
  const std::string who = bench != nullptr ? "rank " + std::to_string(bench->rank()) + ": " : "";
  std::fprintf(stderr, "hawser-perf: %s%s\n", who.c_str(), status.text().c_str());
  return 1;
}

int run_rank(const Options& options) {
  Result<Bench> bench = Bench::make(options);
  if (!bench.ok()) return complain(nullptr, bench.error());
  Run run(options, bench.value());
  if (const Status status = run.all(); !status.ok()) return complain(&bench.value(), status);
  if (const Status status = bench->finish(); !status.ok()) return complain(&bench.value(), status);
  return run.wrong() == 0 ? 0 : 1;
}

std::string own_path() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  return std::string(path, length > 0 ? static_cast<size_t>(length) : 0);
}

}  // namespace
}  // namespace hawser::perf

int main(int argc, char** argv) {
  using namespace hawser::perf;
  Options options;
  int exit_status = 0;
  if (!parse_options(argc, argv, &options, &exit_status)) return exit_status;
  if (options.ranks == 0 || options.joined) return run_rank(options);
  std::vector<std::string> arguments(argv, argv + argc);
  arguments.push_back("--joined");
  return run_crew(own_path(), arguments, options.ranks);
}
