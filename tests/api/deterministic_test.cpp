// The deterministic setting: an element's result has the same bits whatever the size of the call it is in, its slices, its place, and the
// run.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <random>
#include <vector>

#include "tests/support/ranks.h"

namespace hawser::test {
namespace {

constexpr size_t kMost = 200'000;

// Numbers of very unlike magnitude, so that another order of additions shows in the last bits.
std::vector<float> numbers(int rank) {
  std::mt19937 random(static_cast<unsigned>(rank) * 77 + 5);
  std::vector<float> data(kMost);
  for (float& one : data) one = std::ldexp(static_cast<float>(random() % 100003), static_cast<int>(random() % 40) - 20);
  return data;
}

uint32_t bits(float value) {
  uint32_t result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

class Deterministic : public ::testing::TestWithParam<const char*> {};

TEST_P(Deterministic, BitsDependOnTheElementOnly) {
  std::vector<uint32_t> expected(kMost);
  std::mutex mutex;
  bool first = true;
  for (const char* slices : {"", " slice=4KiB window=2", " slice=64KiB window=3"}) {
    const std::string settings = std::string(GetParam()) + " deterministic=1" + slices;
    with_ranks(4, settings, [&](hawser_comm* comm, int rank) {
      const std::vector<float> in = numbers(rank);
      for (const size_t count : {kMost, size_t{1}, size_t{3}, size_t{100}, size_t{5000}, size_t{70'001}}) {
        std::vector<float> out(in.begin(), in.begin() + static_cast<ptrdiff_t>(count));
        const bool in_place = count % 2 == 0;
        ASSERT_EQ(hawser_all_reduce(comm, in_place ? out.data() : in.data(), out.data(), count, HAWSER_F32, HAWSER_SUM, kBlock, nullptr),
                  HAWSER_OK)
            << hawser_error_text();
        const std::lock_guard lock(mutex);
        if (first) {
          ASSERT_EQ(count, kMost);
          for (size_t i = 0; i < count; ++i) expected[i] = bits(out[i]);
          first = false;
        }
        for (size_t i = 0; i < count; ++i)
          ASSERT_EQ(bits(out[i]), expected[i]) << "element " << i << " of " << count << " on rank " << rank << settings;
      }
    });
  }
}

// What the order of additions is: rank by rank. So shared memory and tcp agree to the last bit as well.
TEST_P(Deterministic, TheOrderIsThatOfTheRanks) {
  with_ranks(4, std::string(GetParam()) + " deterministic=1", [](hawser_comm* comm, int rank) {
    constexpr size_t kCount = 10'000;
    std::vector<float> out(kCount), sum = numbers(0);
    const std::vector<float> in = numbers(rank);
    for (int r = 1; r < 4; ++r) {
      const std::vector<float> more = numbers(r);
      for (size_t i = 0; i < kCount; ++i) sum[i] += more[i];
    }
    ASSERT_EQ(hawser_all_reduce(comm, in.data(), out.data(), kCount, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
        << hawser_error_text();
    for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(bits(out[i]), bits(sum[i])) << "element " << i;
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, Deterministic, ::testing::Values("segment=64MiB", "transport=tcp"));

}  // namespace
}  // namespace hawser::test
