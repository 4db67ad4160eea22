// The simulated network: the same run for the same seed, and a death or garbage at every event leaves nobody waiting.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/transports/world.h"
#include "transports/sim/transport.h"

namespace hawser::testing {
namespace {

constexpr int ranks = 3;

struct Outcome {
  std::vector<Completion> completions[ranks];
  uint64_t events = 0, end_ns = 0;
  bool all_ended = true;
};

// Every rank sends every other a small and a large message; then the network runs dry.
class Exchange {
 public:
  Exchange(uint64_t seed, const SimOptions& options) : network_(std::make_shared<SimNetwork>(ranks, seed, options)) {
    for (int i = 0; i < ranks; ++i) {
      transports_.push_back(make_sim_transport(network_, i));
      for (int peer = 0; peer < ranks; ++peer) EXPECT_TRUE(transports_[i]->adopt(peer, {}).ok());
    }
    for (int me = 0; me < ranks; ++me) {
      for (int peer = 0; peer < ranks; ++peer) {
        if (peer != me) start(me, peer);
      }
    }
  }
  Outcome run() {
    do poll();
    while (network_->step());
    for (int i = 0; i < ranks; ++i) {  // as the engine would, had it heard by another way
      for (int peer = 0; peer < ranks; ++peer) {
        if (network_->alive(i) && !network_->alive(peer)) transports_[i]->peer_gone(peer, Status(Code::peer, "it is dead"));
      }
    }
    poll();
    while (network_->step()) poll();
    outcome_.events = network_->events();
    outcome_.end_ns = network_->clock().now_ns();
    for (int i = 0; i < ranks; ++i) {
      if (network_->alive(i)) outcome_.all_ended = outcome_.all_ended && outcome_.completions[i].size() == 4 * (ranks - 1);
    }
    return std::move(outcome_);
  }
  bool alive(int rank) const { return network_->alive(rank); }

 private:
  void start(int me, int peer) {
    Token token = 1;
    for (const size_t bytes : {size_t{100}, size_t{50000}}) {
      const Envelope envelope = envelope_of({.operation = static_cast<uint32_t>(bytes)}, bytes);
      memory_.push_back(std::make_unique<std::vector<std::byte>>(bytes));
      transports_[me]->recv({static_cast<PeerIndex>(peer), envelope, *memory_.back(), token++});
      memory_.push_back(std::make_unique<std::vector<std::byte>>(pattern(bytes, me)));
      transports_[me]->send({static_cast<PeerIndex>(peer), envelope, *memory_.back(), token++});
    }
  }
  void poll() {
    Completion some[8];
    for (int i = 0; i < ranks; ++i) {
      if (!network_->alive(i)) continue;
      for (size_t count; (count = transports_[i]->poll(some)) != 0;) {
        outcome_.completions[i].insert(outcome_.completions[i].end(), some, some + count);
      }
    }
  }
  std::vector<std::unique_ptr<std::vector<std::byte>>> memory_;
  std::shared_ptr<SimNetwork> network_;
  std::vector<std::unique_ptr<Transport>> transports_;
  Outcome outcome_;
};

constexpr SimOptions jittery{.delay_ns_min = 100, .delay_ns_max = 20000, .overtaking = true, .silences_per_mille = 50};

TEST(sim, the_same_seed_is_the_same_run_and_another_is_not) {
  const Outcome first = Exchange(5, jittery).run(), again = Exchange(5, jittery).run(), other = Exchange(6, jittery).run();
  EXPECT_TRUE(first.all_ended);
  EXPECT_EQ(first.events, again.events);
  EXPECT_EQ(first.end_ns, again.end_ns);
  EXPECT_NE(first.end_ns, other.end_ns);
}

TEST(sim, an_orderly_run_takes_the_time_its_rate_says) {
  const Outcome slow = Exchange(1, {.bytes_a_us = 100}).run();
  EXPECT_TRUE(slow.all_ended);
  EXPECT_GT(slow.end_ns, 500'000u);  // 50 kB at 100 bytes a microsecond
  EXPECT_LT(slow.end_ns, 600'000u);
}

TEST(sim, a_death_at_any_event_ends_every_transfer_of_the_others) {
  const uint64_t events = Exchange(7, jittery).run().events;
  ASSERT_GT(events, 30u);
  for (const bool told : {true, false}) {
    for (uint64_t event = 0; event <= events; ++event) {
      SimOptions options = jittery;
      options.dying_rank = 1;
      options.dies_at_event = event;
      options.deaths_end_connections = told;
      Exchange exchange(7, options);
      const Outcome outcome = exchange.run();
      EXPECT_TRUE(outcome.all_ended) << "death at event " << event;
      for (const int survivor : {0, 2}) {
        int failed = 0;
        for (const Completion& completion : outcome.completions[survivor]) {
          EXPECT_TRUE(completion.code == Code::ok || completion.code == Code::peer);
          failed += completion.code != Code::ok;
        }
        EXPECT_LE(failed, 4) << "what went between the survivors must not fail";
      }
    }
  }
}

TEST(sim, garbage_at_any_event_ends_one_edge_with_an_error) {
  const uint64_t events = Exchange(7, jittery).run().events;
  for (uint64_t event = 0; event < events; ++event) {
    SimOptions options = jittery;
    options.garbage_at_event = event;
    const Outcome outcome = Exchange(7, options).run();
    EXPECT_TRUE(outcome.all_ended) << "garbage at event " << event;
  }
}

}  // namespace
}  // namespace hawser::testing
