// Lives of communicators: splits, streams, groups over several, abort, lateness, library memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <latch>
#include <thread>
#include <vector>

#include "tests/support/ranks.h"

namespace hawser::test {
namespace {

using ::testing::HasSubstr;

float sum_of(hawser_comm* comm, float mine) {
  float total = -1;
  EXPECT_EQ(hawser_all_reduce(comm, &mine, &total, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
  return total;
}

class Life : public ::testing::TestWithParam<const char*> {};

TEST_P(Life, SplitsByColorAndKey) {
  with_ranks(5, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_comm* part = nullptr;
    ASSERT_EQ(hawser_comm_split(comm, rank == 4 ? -1 : rank % 2, -rank, nullptr, &part), HAWSER_OK) << hawser_error_text();
    if (rank == 4) {
      EXPECT_EQ(part, nullptr);
      return;
    }
    EXPECT_EQ(hawser_comm_ranks(part), 2);
    EXPECT_EQ(hawser_comm_rank(part), rank < 2 ? 1 : 0);  // by key, descending rank
    EXPECT_EQ(sum_of(part, static_cast<float>(rank)), rank % 2 ? 4 : 2);
    EXPECT_EQ(hawser_comm_destroy(part), HAWSER_OK);
  });
}

// A rank without room for its part of the island says so to the others, instead of letting them wait; the parent lives on.
TEST_P(Life, ASplitThatOneRankCannotMakeFailsForAllOfItsColor) {
  if (std::string(GetParam()) == "transport=tcp") return;  // no memory is shared
  with_ranks(4, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_context* const context = hawser_comm_context(comm);
    std::vector<void*> taken;
    for (size_t bytes = size_t{32} << 20; rank == 1 && bytes >= 4096; bytes /= 2)
      for (void* memory = nullptr; hawser_alloc(context, bytes, &memory) == HAWSER_OK;) taken.push_back(memory);
    hawser_comm* part = nullptr;
    const hawser_status status = hawser_comm_split(comm, rank / 2, 0, nullptr, &part);
    if (rank < 2) {
      EXPECT_EQ(status, HAWSER_MEMORY);
      EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
      EXPECT_EQ(part, nullptr);
    } else {
      ASSERT_EQ(status, HAWSER_OK) << hawser_error_text();
      EXPECT_EQ(sum_of(part, 1), 2);
      EXPECT_EQ(hawser_comm_destroy(part), HAWSER_OK);
    }
    for (void* memory : taken) EXPECT_EQ(hawser_free(context, memory), HAWSER_OK);
    EXPECT_EQ(sum_of(comm, 1), 4);
    ASSERT_EQ(hawser_comm_split(comm, 0, 0, nullptr, &part), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(sum_of(part, 1), 4);
    EXPECT_EQ(hawser_comm_destroy(part), HAWSER_OK);
  });
}

// An injected topology may cut the machine into islands as it likes: only what the ranks' shared memory covers whole runs in it.
TEST(Injected, ATopologyMayHaveOtherIslandsThanTheMachine) {
  const std::string path = ::testing::TempDir() + "hawser_other_islands_" + std::to_string(::getpid());
  const std::pair<std::string, std::string> cuts[] = {
      {"planner=two_level_ring", "switch eth ethernet\nhost a[0-1] ranks 2 inner 1600 lat 1 on eth 100 lat 20\n"},
      {"", "switch eth ethernet\nhost a[0-3] ranks 1 on eth 100 lat 20\n"}};
  for (const auto& [settings, text] : cuts) {
    std::ofstream(path) << "topology 1\n" << text;
    with_ranks(4, "segment=64MiB topology=" + path + " " + settings, [](hawser_comm* comm, int rank) {
      for (const size_t count : {1, 3000, 200000})
        for (int round = 0; round < 3; ++round) {
          const int32_t base = 100 * round;
          std::vector<int32_t> mine(count, base + rank), sums(count), all(4 * count), shared(count, rank == 3 ? round : -1);
          ASSERT_EQ(hawser_all_reduce(comm, mine.data(), sums.data(), count, HAWSER_I32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK)
              << hawser_error_text();
          ASSERT_EQ(sums, std::vector<int32_t>(count, 4 * base + 6));
          ASSERT_EQ(hawser_all_gather(comm, mine.data(), all.data(), count, HAWSER_I32, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
          for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], base + static_cast<int32_t>(i / count)) << i << " of " << count;
          ASSERT_EQ(hawser_broadcast(comm, shared.data(), shared.data(), count, HAWSER_I32, 3, kBlock, nullptr), HAWSER_OK);
          ASSERT_EQ(shared, std::vector<int32_t>(count, round));
        }
    });
  }
  ::unlink(path.c_str());
}

TEST_P(Life, AnySynchronizeTimeoutHoweverLongIsAWait) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_stream stream;
    ASSERT_EQ(hawser_stream_create(hawser_comm_context(comm), &stream), HAWSER_OK);
    for (const uint64_t timeout_ns : {UINT64_MAX, uint64_t{INT64_MAX}, uint64_t{1} << 62}) {
      float x = 1;
      if (rank == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
      ASSERT_EQ(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, stream, nullptr), HAWSER_OK);
      EXPECT_EQ(hawser_stream_synchronize(stream, timeout_ns), HAWSER_OK) << hawser_error_text();
      EXPECT_EQ(hawser_stream_synchronize(stream, 0), HAWSER_OK);
      EXPECT_EQ(x, 2);
    }
    EXPECT_EQ(hawser_stream_destroy(stream), HAWSER_OK);
  });
}

TEST_P(Life, StreamsKeepOrderAndOverlapCalls) {
  with_ranks(3, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_stream stream;
    ASSERT_EQ(hawser_stream_create(hawser_comm_context(comm), &stream), HAWSER_OK) << hawser_error_text();
    constexpr int kSteps = 50;
    std::vector<float> data(kSteps + 1, 0);
    data[0] = static_cast<float>(rank == 0);
    for (int i = 0; i < kSteps; ++i)
      ASSERT_EQ(hawser_all_reduce(comm, &data[static_cast<size_t>(i)], &data[static_cast<size_t>(i) + 1], 1, HAWSER_F32, HAWSER_MAX, stream,
                                  nullptr),
                HAWSER_OK);
    ASSERT_EQ(hawser_stream_synchronize(stream, 0), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(data[kSteps], 1);
    EXPECT_EQ(hawser_stream_query(stream), HAWSER_OK);
    EXPECT_EQ(hawser_stream_destroy(stream), HAWSER_OK);
  });
}

TEST_P(Life, BlockingCallsGoBesideStreams) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_stream stream;
    ASSERT_EQ(hawser_stream_create(hawser_comm_context(comm), &stream), HAWSER_OK);
    std::vector<float> in(100000, static_cast<float>(rank + 1)), out(100000);
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(hawser_all_reduce(comm, in.data(), out.data(), in.size(), HAWSER_F32, HAWSER_SUM, stream, nullptr), HAWSER_OK);
      EXPECT_EQ(sum_of(comm, 1), 2);
    }
    ASSERT_EQ(hawser_stream_synchronize(stream, 0), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(out.front(), 3);
    EXPECT_EQ(out.back(), 3);
    EXPECT_EQ(hawser_stream_destroy(stream), HAWSER_OK);
  });
}

// Whoever drives it at that moment, nothing of a destroyed communicator is touched any more (the address sanitizer would tell).
TEST_P(Life, DestroyEndsWhatStreamsHaveUnderWay) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    for (int round = 0; round < 20; ++round) {
      hawser_stream stream;
      ASSERT_EQ(hawser_stream_create(hawser_comm_context(comm), &stream), HAWSER_OK);
      hawser_comm* part = nullptr;
      ASSERT_EQ(hawser_comm_split(comm, 0, 0, nullptr, &part), HAWSER_OK) << hawser_error_text();
      std::vector<float> data(round % 2 ? 300000 : 2, 1);
      if (rank == 0) {
        for (int i = 0; i < 3; ++i)
          ASSERT_EQ(hawser_all_reduce(part, data.data(), data.data(), data.size(), HAWSER_F32, HAWSER_SUM, stream, nullptr), HAWSER_OK);
        if (round % 4 > 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the engine thread has taken it up
        if (round % 3 == 0) EXPECT_EQ(hawser_comm_abort(part), HAWSER_OK);
        EXPECT_EQ(hawser_comm_destroy(part), HAWSER_OK);
        EXPECT_LT(hawser_stream_synchronize(stream, 0), 0);
      }
      EXPECT_EQ(sum_of(comm, 1), 2);
      if (rank == 1) EXPECT_EQ(hawser_comm_destroy(part), HAWSER_OK);
      EXPECT_EQ(hawser_stream_destroy(stream), HAWSER_OK);
    }
  });
}

// Ordinary buffers of some size, so that the barrier inside is over before the stream's last operation is.
TEST_P(Life, FinalizeReturnsWhenStreamsAreIdle) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    hawser_stream stream;
    ASSERT_EQ(hawser_stream_create(hawser_comm_context(comm), &stream), HAWSER_OK);
    for (int round = 0; round < 30; ++round) {
      hawser_comm* part = nullptr;
      ASSERT_EQ(hawser_comm_split(comm, 0, 0, nullptr, &part), HAWSER_OK) << hawser_error_text();
      std::vector<float> data(300000, static_cast<float>(rank + 1));
      ASSERT_EQ(hawser_all_reduce(part, data.data(), data.data(), data.size(), HAWSER_F32, HAWSER_SUM, stream, nullptr), HAWSER_OK);
      ASSERT_EQ(hawser_comm_finalize(part), HAWSER_OK) << hawser_error_text();
      EXPECT_EQ(hawser_stream_query(stream), HAWSER_OK);
      EXPECT_EQ(data.front(), 3);
      EXPECT_EQ(data.back(), 3);
      EXPECT_EQ(hawser_comm_state(part), HAWSER_OK);
      EXPECT_EQ(hawser_barrier(part, kBlock, nullptr), HAWSER_USAGE);
      ASSERT_EQ(hawser_comm_destroy(part), HAWSER_OK);
    }
    EXPECT_EQ(hawser_stream_destroy(stream), HAWSER_OK);
  });
}

TEST_P(Life, NestedGroupsActAtTheOutermostEnd) {
  with_ranks(3, GetParam(), [](hawser_comm* comm, int rank) {
    float in = static_cast<float>(rank), total = -1, most = -1, got = -1;
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_all_reduce(comm, &in, &total, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK);
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_recv(comm, &got, 1, HAWSER_F32, (rank + 2) % 3, kBlock, nullptr), HAWSER_OK);
    EXPECT_EQ(hawser_send(comm, &in, 1, HAWSER_F32, (rank + 1) % 3, kBlock, nullptr), HAWSER_OK);
    ASSERT_EQ(hawser_group_end(), HAWSER_OK);
    EXPECT_EQ(total, -1);
    EXPECT_EQ(hawser_all_reduce(comm, &in, &most, 1, HAWSER_F32, HAWSER_MAX, kBlock, nullptr), HAWSER_OK);
    ASSERT_EQ(hawser_group_end(), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(total, 3);
    EXPECT_EQ(most, 2);
    EXPECT_EQ(got, static_cast<float>((rank + 2) % 3));
  });
}

TEST_P(Life, AbortReachesEveryRankThatWaits) {
  with_ranks(3, GetParam(), [](hawser_comm* comm, int rank) {
    sum_of(comm, 1);
    if (rank == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      EXPECT_EQ(hawser_comm_abort(comm), HAWSER_OK);
    } else {
      float x = 0;
      EXPECT_EQ(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_ABORTED);
      EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
    }
    EXPECT_EQ(hawser_comm_state(comm), HAWSER_ABORTED);
    EXPECT_EQ(hawser_barrier(comm, kBlock, nullptr), HAWSER_ABORTED);
  });
}

// Over tcp the two have no connection yet when it happens.
TEST_P(Life, AbortIsHeardByWhoConnectsLater) {
  std::latch told(2);
  with_ranks(2, GetParam(), [&told](hawser_comm* comm, int rank) {
    if (rank == 1) {
      EXPECT_EQ(hawser_comm_abort(comm), HAWSER_OK);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      hawser_call call{};
      call.size = sizeof call;
      call.timeout_ns = 10'000'000'000;
      EXPECT_EQ(hawser_barrier(comm, kBlock, &call), HAWSER_ABORTED);
      EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1 aborted"));
    }
    told.arrive_and_wait();
  });
}

TEST_P(Life, AbortFromAnotherThreadFreesTheCaller) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    if (rank == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::thread other([comm] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      EXPECT_EQ(hawser_comm_abort(comm), HAWSER_OK);
    });
    EXPECT_EQ(hawser_barrier(comm, kBlock, nullptr), HAWSER_ABORTED);
    other.join();
  });
}

TEST_P(Life, LatenessFailsAtTheDeadlineAndNamesWho) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    sum_of(comm, 1);
    if (rank == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    hawser_call call{};
    call.size = sizeof call;
    call.timeout_ns = 200'000'000;
    EXPECT_EQ(hawser_barrier(comm, kBlock, &call), HAWSER_TIMEOUT);
    EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
  });
}

TEST_P(Life, LeavingIsNoticedOnlyByWhoNeedsTheLeaver) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    EXPECT_EQ(sum_of(comm, 1), 2);
    if (rank == 1) return;  // destroys at once
    float x = 0;
    EXPECT_EQ(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_PEER);
    EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
  });
}

TEST_P(Life, SeveralThreadsUseOneContext) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int) {
    hawser_comm* other = nullptr;
    ASSERT_EQ(hawser_comm_split(comm, 0, 0, nullptr, &other), HAWSER_OK) << hawser_error_text();
    const auto work = [](hawser_comm* mine) {
      for (int i = 0; i < 300; ++i) ASSERT_EQ(sum_of(mine, 1), 2);
    };
    std::thread thread(work, other);
    work(comm);
    thread.join();
    EXPECT_EQ(hawser_comm_destroy(other), HAWSER_OK);
  });
}

// Equal operations, so that any order of the threads' calls matches: one may run in the fast path while the other is queued behind it.
TEST_P(Life, SeveralThreadsCallOneCommunicator) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int) {
    const auto work = [comm] {
      for (int i = 0; i < 300; ++i) ASSERT_EQ(sum_of(comm, 1), 2);
    };
    std::thread thread(work);
    work();
    thread.join();
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, Life, ::testing::Values("segment=64MiB", "transport=tcp"));

TEST(Grouped, OneThreadMakesSeveralRanksAndRunsThem) {
  for (const char* settings : {"segment=64MiB", "transport=tcp"}) {
    hawser_id id;
    ASSERT_EQ(hawser_id_create(&id), HAWSER_OK);
    hawser_comm_options options{};
    options.size = sizeof options;
    options.settings = settings;
    std::vector<hawser_comm*> comms(3);
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    for (int rank = 0; rank < 3; ++rank)
      ASSERT_EQ(hawser_comm_create(&id, 3, rank, &options, &comms[static_cast<size_t>(rank)]), HAWSER_OK) << hawser_error_text();
    ASSERT_EQ(hawser_group_end(), HAWSER_OK) << hawser_error_text();
    for (int round = 0; round < 20; ++round) {
      std::vector<std::vector<float>> data(3, std::vector<float>(5000, 1));
      ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
      for (size_t r = 0; r < 3; ++r)
        ASSERT_EQ(hawser_all_reduce(comms[r], data[r].data(), data[r].data(), data[r].size(), HAWSER_F32, HAWSER_SUM, kBlock, nullptr),
                  HAWSER_OK);
      ASSERT_EQ(hawser_group_end(), HAWSER_OK) << hawser_error_text();
      for (const auto& one : data) ASSERT_EQ(one, std::vector<float>(5000, 3));
    }
    for (hawser_comm* comm : comms) EXPECT_EQ(hawser_comm_destroy(comm), HAWSER_OK);
  }
}

TEST(Memory, LibraryBuffersReduce) {
  with_ranks(3, "segment=256MiB", [](hawser_comm* comm, int rank) {
    hawser_context* const context = hawser_comm_context(comm);
    constexpr size_t kCount = 1 << 20;
    void *in = nullptr, *out = nullptr;
    ASSERT_EQ(hawser_alloc(context, kCount * 4, &in), HAWSER_OK) << hawser_error_text();
    ASSERT_EQ(hawser_alloc(context, kCount * 4, &out), HAWSER_OK);
    auto* const source = static_cast<float*>(in);
    auto* const target = static_cast<float*>(out);
    for (int round = 0; round < 4; ++round) {
      for (size_t i = 0; i < kCount; ++i) source[i] = static_cast<float>((i + static_cast<size_t>(rank + round)) % 16);
      ASSERT_EQ(hawser_all_reduce(comm, source, target, kCount, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
      for (size_t i = 0; i < kCount; ++i) {
        float total = 0;
        for (size_t r = 0; r < 3; ++r) total += static_cast<float>((i + r + static_cast<size_t>(round)) % 16);
        ASSERT_EQ(target[i], total);
      }
    }
    EXPECT_EQ(hawser_barrier(comm, kBlock, nullptr), HAWSER_OK);
    EXPECT_EQ(hawser_free(context, in), HAWSER_OK);
    EXPECT_EQ(hawser_free(context, out), HAWSER_OK);
    EXPECT_EQ(hawser_free(context, out), HAWSER_INVALID);
  });
}

}  // namespace
}  // namespace hawser::test
