// The deterministic setting: an element's result has the same bits whatever the size of the call it is in, its slices, its place, and the
// run.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

#include "tests/support/ranks.h"
#include "tests/support/same.h"

namespace hawser::test {
namespace {

constexpr size_t kMost = 200'000;
constexpr int kRanks = 4;

// Numbers of very unlike magnitude, so that another order of additions shows in the last bits.
std::vector<float> numbers(int rank) {
  std::mt19937 random(static_cast<unsigned>(rank) * 77 + 5);
  std::vector<float> data(kMost);
  for (float& one : data) one = std::ldexp(static_cast<float>(random() % 100003), static_cast<int>(random() % 40) - 20);
  return data;
}

struct Way {
  const char* settings;
  const char* hosts = "";  // a letter a rank: those with equal letters share a host
};
std::ostream& operator<<(std::ostream& out, const Way& way) { return out << '"' << way.settings << "\", hosts " << way.hosts; }

// The reduction of the first `count` elements of everybody's numbers, or those of it that this rank gets: where they begin, and they.
using Reduction = std::pair<size_t, std::vector<float>>;
Reduction all_reduced(hawser_comm* comm, const std::vector<float>& in, size_t count) {
  std::vector<float> out(in.begin(), in.begin() + static_cast<ptrdiff_t>(count));
  const bool in_place = count % 2 == 0;
  EXPECT_EQ(hawser_all_reduce(comm, in_place ? out.data() : in.data(), out.data(), count, HAWSER_F32, HAWSER_SUM, kBlock, nullptr),
            HAWSER_OK)
      << hawser_error_text();
  return {0, out};
}
Reduction reduced(hawser_comm* comm, const std::vector<float>& in, size_t count, int rank) {
  const int root = static_cast<int>(count % kRanks);
  std::vector<float> out(rank == root ? count : 0);
  EXPECT_EQ(hawser_reduce(comm, in.data(), out.data(), count, HAWSER_F32, HAWSER_SUM, root, kBlock, nullptr), HAWSER_OK)
      << hawser_error_text();
  return {0, out};
}
Reduction reduce_scattered(hawser_comm* comm, const std::vector<float>& in, size_t count, int rank) {
  const size_t block = (count + kRanks - 1) / kRanks;
  std::vector<float> out(block);
  EXPECT_EQ(hawser_reduce_scatter(comm, in.data(), out.data(), block, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
      << hawser_error_text();
  return {block * static_cast<size_t>(rank), out};
}

constexpr const char* kNames[] = {"all_reduce", "reduce", "reduce_scatter"};

class Deterministic : public ::testing::TestWithParam<Way> {
 protected:
  void run(const std::string& slices, const std::function<void(hawser_comm*, int rank)>& body) {
    const Way& way = GetParam();
    const auto settings = [&](int rank) {
      return way.settings + std::string(" deterministic=1") + slices +
             (*way.hosts != '\0' ? std::string(" host=") + way.hosts[rank] : std::string());
    };
    with_ranks(kRanks, settings, body);
  }
};

TEST_P(Deterministic, BitsDependOnTheElementOnly) {
  std::vector<float> expected;
  std::mutex mutex;
  for (const char* slices : {"", " slice=4KiB window=2", " slice=64KiB window=3"}) {
    run(slices, [&](hawser_comm* comm, int rank) {
      const std::vector<float> in = numbers(rank);
      for (const size_t count : {kMost, size_t{1}, size_t{3}, size_t{100}, size_t{5000}, size_t{70'001}}) {
        const Reduction results[] = {all_reduced(comm, in, count), reduced(comm, in, count, rank), reduce_scattered(comm, in, count, rank)};
        const std::lock_guard lock(mutex);
        if (expected.empty()) expected = results[0].second;
        ASSERT_EQ(expected.size(), kMost);
        for (size_t collective = 0; collective < std::size(results); ++collective) {
          const auto& [begin, values] = results[collective];
          if (values.empty()) continue;  // not the root
          EXPECT_TRUE(same(values, std::span(expected).subspan(begin, values.size())))
              << kNames[collective] << " of " << count << " on rank " << rank << ", from element " << begin << slices;
        }
      }
    });
  }
}

// What the order of additions is on one host: rank by rank. So shared memory and tcp agree to the last bit as well.
class DeterministicOnOneHost : public Deterministic {};
TEST_P(DeterministicOnOneHost, TheOrderIsThatOfTheRanks) {
  run("", [](hawser_comm* comm, int rank) {
    constexpr size_t kCount = 10'000;
    std::vector<float> sum = numbers(0);
    for (int r = 1; r < kRanks; ++r) {
      const std::vector<float> more = numbers(r);
      for (size_t i = 0; i < kCount; ++i) sum[i] += more[i];
    }
    const std::vector<float> out = all_reduced(comm, numbers(rank), kCount).second;
    EXPECT_TRUE(same(out, std::span(sum).first(kCount)));
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, DeterministicOnOneHost, ::testing::Values(Way{"segment=64MiB"}, Way{"transport=tcp"}));
INSTANTIATE_TEST_SUITE_P(Ways, Deterministic,
                         ::testing::Values(Way{"segment=64MiB"}, Way{"transport=tcp"}, Way{"segment=64MiB", "aabb"},
                                           Way{"segment=64MiB", "abab"}, Way{"segment=64MiB", "aaab"}, Way{"segment=64MiB", "abba"}));

}  // namespace
}  // namespace hawser::test
