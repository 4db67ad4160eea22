// The command line of hawser-perf.
#include "perf/hawser_perf/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "hawser/hawser.h"
#include "src/base/config.h"

namespace hawser::perf {
namespace {

constexpr const char* kFooter = R"(
Examples:
  hawser-perf all_reduce --ranks 4                  four processes of this machine, 8 B to 64 MiB
  hawser-perf all_reduce,all_to_all --ranks 2 -b 4K -e 1M -f 4 -d bf16 -o max
  hawser-perf broadcast --ranks 4 --memory library  buffers from hawser_alloc
  hawser-perf all_reduce --ranks 4 -b 16M -e 16M --explain
  hawser-perf --ranks 2 --settings "transport=tcp tcp_lanes=2"
  mpirun -np 16 hawser-perf all_gather              under Open MPI
  torchrun --no-python --nproc-per-node 8 hawser-perf reduce_scatter

Collectives: all_reduce reduce broadcast all_gather reduce_scatter all_to_all sendrecv.
Columns: size as nccl-tests counts it; time is the mean of the slowest rank in a loop of back-to-back operations; p50 and p99 are of
operations timed one by one; algbw = size / time; busbw = algbw times a factor of the collective (2(n-1)/n for all_reduce), to be held
against the speed of the links; bound is the share of the time the links allow; wrong counts elements that are not as they should be.
The exit status is 1 when an element was wrong or a rank failed.)";

// Values as typed, before they are understood.
struct Typed {
  std::string collectives = "all_reduce", begin = "8", end = "64M", op = "sum", type = "f32", memory = "malloc";
  double factor = 2;
  int check = 1;
  bool version = false;
};

void describe(CLI::App& app, Typed& typed, Options& options) {
  app.footer(kFooter);
  app.add_option("collectives,--collective", typed.collectives, "What to measure, separated by commas")->capture_default_str();
  app.add_option("-b,--begin", typed.begin, "The smallest size: 8, 4K, 1M")->capture_default_str();
  app.add_option("-e,--end", typed.end, "The largest size")->capture_default_str();
  app.add_option("-f,--factor", typed.factor, "Every size is this many times the one before")->capture_default_str();
  app.add_option("-n,--operations", options.operations, "Operations timed for each size; 0: as many as last about 20 ms");
  app.add_option("-w,--warm-up", options.warm_up, "Operations before those")->capture_default_str();
  app.add_option("-c,--check", typed.check, "1: check every element of a result of every size")->capture_default_str();
  app.add_option("-o,--op", typed.op, "sum, prod, min, max, avg")->capture_default_str();
  app.add_option("-d,--type", typed.type, "i8 u8 i32 u32 i64 u64 f16 bf16 f32 f64, or nccl-tests' names")->capture_default_str();
  app.add_option("-r,--root", options.root, "Root of broadcast and reduce")->capture_default_str();
  app.add_option("--ranks", options.ranks, "Start so many ranks on this machine; without it, join mpirun's or torchrun's");
  app.add_option("--memory", typed.memory, "malloc, or library: buffers from hawser_alloc")->capture_default_str();
  app.add_option("--settings", options.settings, "\"name=value name=value\"; hawser-info --settings lists them");
  app.add_flag("--json", options.json, "One object a line for each size");
  app.add_flag("--explain", options.explain, "Show the plan chosen for every size instead of running it");
  app.add_flag("--version", typed.version, "Show the version");
  app.add_flag("--joined", options.joined)->group("");
}

Status understand_collectives(const std::string& text, std::vector<Workload>* collectives) {
  collectives->clear();
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, comma - at);
    const auto workload = parse_workload(word);
    if (!workload) return Status(Code::invalid, "there is no collective \"" + word + "\"; --help lists them");
    collectives->push_back(*workload);
    at = comma + 1;
  }
  return {};
}

Status understand(const Typed& typed, Options* options) {
  HAWSER_TRY(understand_collectives(typed.collectives, &options->collectives));
  const uint64_t begin = HAWSER_TRY(parse_bytes(typed.begin).during("-b"));
  const uint64_t end = HAWSER_TRY(parse_bytes(typed.end).during("-e"));
  options->sizes = HAWSER_TRY(sizes_between(begin, std::max(begin, end), typed.factor));
  const auto op = parse_reduce_op(typed.op);
  if (!op) return Status(Code::invalid, "-o: there is no operation \"" + typed.op + "\"; it is one of sum prod min max avg");
  const auto type = parse_data_type(typed.type);
  if (!type) return Status(Code::invalid, "-d: there is no type \"" + typed.type + "\"");
  if (typed.memory != "malloc" && typed.memory != "library") return Status(Code::invalid, "--memory is malloc or library");
  if (options->ranks < 0 || options->ranks > 4096) return Status(Code::invalid, "--ranks is between 1 and 4096");
  options->op = *op;
  options->type = *type;
  options->library_memory = typed.memory == "library";
  options->check = typed.check != 0;
  return {};
}

}  // namespace

bool parse_options(int argc, char** argv, Options* options, int* exit_status) {
  CLI::App app("Measures collectives among the ranks of a job, checks every result, and says how far they are from what the links allow.",
               "hawser-perf");
  Typed typed;
  describe(app, typed, *options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_status = app.exit(error) == 0 ? 0 : 2;
    return false;
  }
  if (typed.version) {
    std::printf("hawser-perf %d.%d.%d\n", HAWSER_VERSION_MAJOR, HAWSER_VERSION_MINOR, HAWSER_VERSION_PATCH);
    *exit_status = 0;
    return false;
  }
  if (Status status = understand(typed, options); !status.ok()) {
    std::fprintf(stderr, "hawser-perf: %s\n", status.text().c_str());
    *exit_status = 2;
    return false;
  }
  return true;
}

}  // namespace hawser::perf
