// Every collective through the C API, ranks as threads, on every way between ranks: results in full.
#include <gtest/gtest.h>

#include <numeric>
#include <span>
#include <vector>

#include "tests/support/ranks.h"
#include "tests/support/same.h"

namespace hawser::test {
namespace {

struct Case {
  int ranks;
  const char* settings;
  const char* hosts = "";  // a letter a rank: those with equal letters share a host
};
std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.ranks << " ranks, \"" << one.settings << "\", hosts " << one.hosts;
}

class Collectives : public ::testing::TestWithParam<Case> {
 protected:
  void run(const std::function<void(hawser_comm*, int rank, int ranks)>& body) {
    const Case& way = GetParam();
    const auto settings = [&](int rank) {
      return way.settings + (*way.hosts != '\0' ? std::string(" host=") + way.hosts[rank] : std::string());
    };
    with_ranks(way.ranks, settings, [&](hawser_comm* comm, int rank) { body(comm, rank, GetParam().ranks); });
  }
};

constexpr size_t kCounts[] = {1, 2, 7, 13, 64, 1000, 1024, 5000, 100000, 300001};

// Small integers, so that f32 sums are exact whatever their order.
float value(int rank, size_t i) { return static_cast<float>((static_cast<size_t>(rank) * 7 + i * 3) % 32); }

std::vector<float> vector_of(int rank, size_t count, size_t begin = 0) {
  std::vector<float> data(count);
  for (size_t i = 0; i < count; ++i) data[i] = value(rank, begin + i);
  return data;
}

// Elements begin .. begin + count of the sum over all ranks.
std::vector<float> sums(int ranks, size_t count, size_t begin = 0) {
  std::vector<float> total(count, 0);
  for (int rank = 0; rank < ranks; ++rank)
    for (size_t i = 0; i < count; ++i) total[i] += value(rank, begin + i);
  return total;
}

TEST_P(Collectives, AllReduceSums) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (const size_t count : kCounts) {
      const std::vector<float> in = vector_of(rank, count);
      std::vector<float> out(count, -1);
      ASSERT_EQ(hawser_all_reduce(comm, in.data(), out.data(), count, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
          << hawser_error_text();
      ASSERT_TRUE(same(out, sums(ranks, count)));
    }
  });
}

TEST_P(Collectives, AllReduceInPlace) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (const size_t count : kCounts) {
      std::vector<float> data = vector_of(rank, count);
      ASSERT_EQ(hawser_all_reduce(comm, data.data(), data.data(), count, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
          << hawser_error_text();
      ASSERT_TRUE(same(data, sums(ranks, count)));
    }
  });
}

TEST_P(Collectives, AllReduceKnowsEveryOperation) {
  run([](hawser_comm* comm, int rank, int ranks) {
    const auto reduce = [&](hawser_op op) {
      const std::vector<int32_t> in = {rank + 1, -rank, 6};
      std::vector<int32_t> out(3);
      EXPECT_EQ(hawser_all_reduce(comm, in.data(), out.data(), 3, HAWSER_I32, op, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
      return out;
    };
    int product = 1, total = 0;
    for (int r = 0; r < ranks; ++r) product *= r + 1, total += r;
    EXPECT_EQ(reduce(HAWSER_PROD)[0], product);
    EXPECT_EQ(reduce(HAWSER_MIN)[1], -(ranks - 1));
    EXPECT_EQ(reduce(HAWSER_MAX)[0], ranks);
    EXPECT_EQ(reduce(HAWSER_AVG)[2], 6);
    EXPECT_EQ(reduce(HAWSER_AVG)[1], -total / ranks);
  });
}

TEST_P(Collectives, ReduceReachesEveryRoot) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (int root = 0; root < ranks; ++root)
      for (const size_t count : {size_t{5}, size_t{70000}}) {
        const std::vector<float> in = vector_of(rank, count);
        std::vector<float> out(count, -1);
        ASSERT_EQ(hawser_reduce(comm, in.data(), rank == root ? out.data() : nullptr, count, HAWSER_F32, HAWSER_SUM, root, kBlock, nullptr),
                  HAWSER_OK)
            << hawser_error_text();
        if (rank == root) { ASSERT_TRUE(same(out, sums(ranks, count))); }
      }
  });
}

TEST_P(Collectives, BroadcastReachesAll) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (int round = 0; round < 20; ++round)
      for (const size_t count : {size_t{3}, size_t{2000}, size_t{200000}}) {
        const int root = round % ranks;
        const std::vector<float> in = vector_of(root + round, count);
        std::vector<float> out(count, -1);
        ASSERT_EQ(hawser_broadcast(comm, rank == root ? in.data() : nullptr, out.data(), count, HAWSER_F32, root, kBlock, nullptr),
                  HAWSER_OK)
            << hawser_error_text();
        ASSERT_TRUE(same(out, in)) << "root " << root << ", rank " << rank;
      }
  });
}

TEST_P(Collectives, AllGatherInOrder) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (const size_t count : kCounts) {
      const std::vector<float> in = vector_of(rank, count);
      std::vector<float> out(count * static_cast<size_t>(ranks), -1);
      ASSERT_EQ(hawser_all_gather(comm, in.data(), out.data(), count, HAWSER_F32, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
      for (int r = 0; r < ranks; ++r)
        ASSERT_TRUE(same(std::span(out).subspan(static_cast<size_t>(r) * count, count), vector_of(r, count))) << "of rank " << r;
    }
  });
}

TEST_P(Collectives, ReduceScatterGivesEachItsPart) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (const size_t count : kCounts) {
      const std::vector<float> in = vector_of(rank, count * static_cast<size_t>(ranks));
      std::vector<float> out(count, -1);
      ASSERT_EQ(hawser_reduce_scatter(comm, in.data(), out.data(), count, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
          << hawser_error_text();
      ASSERT_TRUE(same(out, sums(ranks, count, static_cast<size_t>(rank) * count)));
    }
  });
}

TEST_P(Collectives, AllToAllTransposes) {
  run([](hawser_comm* comm, int rank, int ranks) {
    for (const size_t count : kCounts) {
      const auto n = static_cast<size_t>(ranks);
      const std::vector<float> in = vector_of(rank, count * n);
      std::vector<float> out(count * n, -1);
      ASSERT_EQ(hawser_all_to_all(comm, in.data(), out.data(), count, HAWSER_F32, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
      for (size_t r = 0; r < n; ++r) {
        const std::vector<float> wanted = vector_of(static_cast<int>(r), count, static_cast<size_t>(rank) * count);
        ASSERT_TRUE(same(std::span(out).subspan(r * count, count), wanted)) << "of rank " << r;
      }
    }
  });
}

TEST_P(Collectives, AllToAllVMovesWhatItIsTold) {
  run([](hawser_comm* comm, int rank, int ranks) {
    const auto n = static_cast<size_t>(ranks);
    std::vector<uint64_t> give(n), take(n, 400), offsets(n), live(n, 99);
    for (size_t r = 0; r < n; ++r) give[r] = (static_cast<size_t>(rank) * 5 + r * 3) % 7 * 50, offsets[r] = r * 400;
    const uint64_t total = std::accumulate(give.begin(), give.end(), uint64_t{0});
    const std::vector<float> in = vector_of(rank, total);
    std::vector<float> out(n * 400, -1);
    const hawser_counts from{sizeof(hawser_counts), give.data(), nullptr, total, nullptr};
    const hawser_counts into{sizeof(hawser_counts), take.data(), offsets.data(), out.size(), live.data()};
    ASSERT_EQ(hawser_all_to_all_v(comm, in.data(), &from, out.data(), &into, HAWSER_F32, kBlock, nullptr), HAWSER_OK)
        << hawser_error_text();
    for (size_t r = 0; r < n; ++r) {
      const uint64_t count = (r * 5 + static_cast<size_t>(rank) * 3) % 7 * 50;
      EXPECT_EQ(live[r], count);
      uint64_t begin = 0;
      for (size_t before = 0; before < static_cast<size_t>(rank); ++before) begin += (r * 5 + before * 3) % 7 * 50;
      ASSERT_TRUE(same(std::span(out).subspan(r * 400, count), vector_of(static_cast<int>(r), count, begin))) << "of rank " << r;
    }
  });
}

TEST_P(Collectives, SendsMeetReceivesInOrder) {
  run([](hawser_comm* comm, int rank, int ranks) {
    const int next = (rank + 1) % ranks, previous = (rank + ranks - 1) % ranks;
    for (const size_t count : {size_t{0}, size_t{1}, size_t{3000}, size_t{300000}}) {
      const std::vector<float> one = vector_of(rank, count), two = vector_of(rank + 1, count);
      std::vector<float> first(count, -1), second(count, -1);
      ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
      EXPECT_EQ(hawser_send(comm, one.data(), count, HAWSER_F32, next, kBlock, nullptr), HAWSER_OK);
      EXPECT_EQ(hawser_recv(comm, first.data(), count, HAWSER_F32, previous, kBlock, nullptr), HAWSER_OK);
      EXPECT_EQ(hawser_send(comm, two.data(), count, HAWSER_F32, next, kBlock, nullptr), HAWSER_OK);
      EXPECT_EQ(hawser_recv(comm, second.data(), count, HAWSER_F32, previous, kBlock, nullptr), HAWSER_OK);
      ASSERT_EQ(hawser_group_end(), HAWSER_OK) << hawser_error_text();
      ASSERT_TRUE(same(first, vector_of(previous, count)));
      ASSERT_TRUE(same(second, vector_of(previous + 1, count)));
    }
  });
}

TEST_P(Collectives, BarrierHoldsEverybody) {
  std::atomic<int> entered{0};
  run([&](hawser_comm* comm, int, int ranks) {
    for (int round = 1; round <= 50; ++round) {
      ++entered;
      ASSERT_EQ(hawser_barrier(comm, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
      ASSERT_GE(entered.load(), round * ranks);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, Collectives,
                         ::testing::Values(Case{1, "segment=64MiB"}, Case{2, "segment=64MiB"}, Case{3, "segment=64MiB"},
                                           Case{4, "segment=64MiB"}, Case{7, "segment=64MiB"}, Case{2, "transport=tcp"},
                                           Case{3, "transport=tcp"}, Case{4, "transport=tcp"}, Case{4, "transport=shm segment=64MiB"},
                                           Case{2, "transport=tcp tcp_lanes=3"}, Case{3, "transport=tcp deterministic=1"},
                                           Case{3, "deterministic=1 segment=64MiB"}, Case{4, "segment=64MiB", "aabb"},
                                           Case{4, "segment=64MiB", "abab"}, Case{4, "segment=64MiB", "aaab"},
                                           Case{6, "segment=64MiB", "aabbcc"}, Case{4, "segment=64MiB planner=two_level", "aabb"},
                                           Case{5, "segment=64MiB", "abbab"}, Case{4, "segment=64MiB slice=16KiB window=3", "aabb"},
                                           Case{4, "segment=64MiB slice=4KiB window=2", "abba"},
                                           Case{4, "segment=64MiB deterministic=1", "aabb"}));

}  // namespace
}  // namespace hawser::test
