// How long a flag takes from one processor to another, one way, in nanoseconds: hop [CPU CPU]. Prints the median and the least of many
// short ping-pongs; the machine's state shows in it (see the figures).
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

constexpr int kRounds = 40;
constexpr uint64_t kPings = 500;

struct alignas(128) Flag {
  std::atomic<uint64_t> value{0};
};

bool bind(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

void await(const Flag& flag, uint64_t value) {
  while (flag.value.load(std::memory_order_acquire) < value) __builtin_ia32_pause();
}

std::vector<double> measure(Flag& ping, Flag& pong) {
  std::vector<double> hops;
  uint64_t turn = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (uint64_t i = 0; i < kPings; ++i) {
      ping.value.store(++turn, std::memory_order_release);
      await(pong, turn);
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    hops.push_back(took.count() / static_cast<double>(2 * kPings));
  }
  std::sort(hops.begin(), hops.end());
  return hops;
}

}  // namespace

int main(int argc, char** argv) {
  const int here = argc > 2 ? std::atoi(argv[1]) : 0;
  const int there = argc > 2 ? std::atoi(argv[2]) : 1;
  Flag ping, pong;
  bool bound = true;
  std::thread answering([&] {
    bound = bind(there);
    for (uint64_t turn = 1; turn <= kRounds * kPings; ++turn) {
      await(ping, turn);
      pong.value.store(turn, std::memory_order_release);
    }
  });
  const bool here_bound = bind(here);
  const auto hops = measure(ping, pong);
  answering.join();
  if (!bound || !here_bound) {
    std::fprintf(stderr, "hop: cannot bind to processors %d and %d\n", here, there);
    return 1;
  }
  std::printf("%.1f %.1f\n", hops[hops.size() / 2], hops.front());
}
