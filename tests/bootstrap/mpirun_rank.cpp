// One rank of mpirun_test: meets the others through its launcher, twice, and prints a line for each meeting.
#include <cstdio>

#include "src/bootstrap/launch.h"

using namespace hawser;

// What libpmix itself leaves behind at its end is not ours to free; ours is still looked for. (We call no vasprintf.)
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() { return "leak:libpmix.so\nleak:vasprintf"; }

namespace {

Status meet_once(int round) {
  const SystemClock clock;
  SystemRandom random;
  const Config config = HAWSER_TRY(Config::read(""));
  const Launch launch = HAWSER_TRY(find_launch(config, &environment_variable));
  std::unique_ptr<Root> root;
  JoinOptions options;
  options.ranks = launch.ranks;
  options.rank = launch.rank;
  options.self = {random.next(), random.next()};
  options.deadline_ns = clock.now_ns() + 30'000'000'000;
  const UniqueId id = HAWSER_TRY(meet_by_environment(launch, config, &environment_variable, options.deadline_ns, clock, random, &root));
  const auto exchange = HAWSER_TRY(join(id, config, options, clock, random));
  const auto all = HAWSER_TRY(exchange->all_gather(std::to_string(launch.rank)));
  std::string line = "round " + std::to_string(round) + " " + launch.launcher + " rank " + std::to_string(launch.rank) + ":";
  for (const std::string& each : all) line += " " + each;
  std::puts(line.c_str());
  return {};
}

}  // namespace

int main() {
  for (int round = 0; round < 2; ++round) {
    const Status status = meet_once(round);
    if (status.ok()) continue;
    std::printf("failed: %s\n", status.text().c_str());
    return 1;
  }
  return 0;
}
