// Ranks as threads that meet at one root.
#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "src/bootstrap/rendezvous.h"

namespace hawser::testing_support {

inline constexpr uint64_t kMillisecond = 1'000'000, kSecond = 1'000 * kMillisecond;

inline Config config_of(const std::string& settings) {
  auto config = Config::read(settings, {});
  return std::move(config).value();
}

inline std::unique_ptr<Root> start_root(const Config& config, const Clock& clock, const std::vector<Address>& listen_on = {}) {
  std::array<std::byte, 16> secret;
  SystemRandom().fill(secret);
  auto root = Root::start(config, secret, listen_on, clock);
  return root.ok() ? std::move(root).value() : nullptr;
}

inline JoinOptions options_of(int ranks, int rank, const Clock& clock, uint64_t within_ns = 20 * kSecond) {
  JoinOptions options;
  options.ranks = ranks;
  options.rank = rank;
  options.self = {static_cast<uint64_t>(rank) + 1, 77};
  options.deadline_ns = clock.now_ns() + within_ns;
  return options;
}

// Runs act(i) in `count` threads and waits for them all.
inline void in_threads(int count, const std::function<void(int)>& act) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&act, i] { act(i); });
  for (std::thread& each : threads) each.join();
}

}  // namespace hawser::testing_support
