// How long one choice of a plan takes at 4,096 ranks of 512 hosts: microseconds, the median over collectives and sizes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "collectives/planner.h"

namespace {

using namespace hawser;

// Half of the hosts on a fast network, half on a slow one, joined by a trunk.
constexpr const char* kCluster =
    "topology 1\n"
    "switch fast infiniband\n"
    "switch slow ethernet\n"
    "link fast slow 400 lat 5\n"
    "host f[0-255] ranks 8 on fast 400 lat 2\n"
    "host s[0-255] ranks 8 on slow 100 lat 10\n";

double microseconds(const Topology& topology, const Request& request, bool* chosen) {
  const auto start = std::chrono::steady_clock::now();
  const auto choice = choose(topology, request);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  *chosen = choice.ok();
  return took.count();
}

}  // namespace

int main() {
  auto topology = Topology::parse(kCluster);
  if (!topology.ok()) {
    std::fprintf(stderr, "choose_speed: %s\n", topology.error().text().c_str());
    return 1;
  }
  std::vector<double> medians;
  for (const Collective collective :
       {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter, Collective::broadcast, Collective::all_to_all}) {
    for (uint64_t count = 2; count <= uint64_t{16} << 20; count *= 8) {
      Request request;
      request.collective = collective;
      request.count = count;
      std::vector<double> tries;
      for (int i = 0; i < 15; ++i) {
        bool chosen = false;
        tries.push_back(microseconds(topology.value(), request, &chosen));
        if (!chosen) {
          std::fprintf(stderr, "choose_speed: nothing suits %s\n", std::string(name(collective)).c_str());
          return 1;
        }
      }
      std::sort(tries.begin(), tries.end());
      medians.push_back(tries[tries.size() / 2]);
    }
  }
  std::sort(medians.begin(), medians.end());
  std::printf("%.1f us a choice, least %.1f, most %.1f\n", medians[medians.size() / 2], medians.front(), medians.back());
}
