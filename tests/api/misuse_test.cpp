// Every misuse that can be checked is an error with a text that says what; the communicator lives on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

#include "tests/support/ranks.h"

namespace hawser::test {
namespace {

using ::testing::HasSubstr;

#define EXPECT_REFUSED(call, code, text)               \
  do {                                                 \
    EXPECT_EQ((call), (code));                         \
    EXPECT_THAT(hawser_error_text(), HasSubstr(text)); \
  } while (false)

void alone(const std::function<void(hawser_comm*)>& body) {
  with_ranks(1, "segment=64MiB", [&](hawser_comm* comm, int) { body(comm); });
}

TEST(Misuse, NullsAreNamed) {
  float x = 0;
  EXPECT_REFUSED(hawser_all_reduce(nullptr, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "communicator is NULL");
  EXPECT_REFUSED(hawser_id_create(nullptr), HAWSER_INVALID, "id is NULL");
  EXPECT_REFUSED(hawser_comm_create(nullptr, 1, 0, nullptr, nullptr), HAWSER_INVALID, "NULL");
  EXPECT_EQ(hawser_comm_rank(nullptr), -1);
  EXPECT_EQ(hawser_comm_destroy(nullptr), HAWSER_OK);
  alone([&](hawser_comm* comm) {
    EXPECT_REFUSED(hawser_all_reduce(comm, nullptr, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "in is NULL");
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, nullptr, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "out is NULL");
    EXPECT_EQ(hawser_all_reduce(comm, nullptr, nullptr, 0, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK);
  });
}

TEST(Misuse, NumbersAreNamed) {
  alone([](hawser_comm* comm) {
    float x[2] = {};
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x, 1, 77, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "type 77");
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x, 1, -1, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "type -1");
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x, 1, HAWSER_F32, 9, kBlock, nullptr), HAWSER_INVALID, "op 9");
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x, 1, HAWSER_F32, -1, kBlock, nullptr), HAWSER_INVALID, "op -1");
    EXPECT_REFUSED(hawser_broadcast(comm, x, x, 1, HAWSER_F32, 1, kBlock, nullptr), HAWSER_INVALID, "root 1");
    EXPECT_REFUSED(hawser_reduce(comm, x, x, 1, HAWSER_F32, HAWSER_SUM, -2, kBlock, nullptr), HAWSER_INVALID, "root -2");
    EXPECT_REFUSED(hawser_send(comm, x, 1, HAWSER_F32, 4, kBlock, nullptr), HAWSER_INVALID, "peer 4");
    EXPECT_REFUSED(hawser_all_gather(comm, x, x, SIZE_MAX / 2, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID, "more than memory");
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x, 1, HAWSER_F8E4M3, HAWSER_SUM, kBlock, nullptr), HAWSER_UNSUPPORTED, "f8e4m3");
  });
}

TEST(Misuse, OverlapIsRefusedAndInPlaceIsNot) {
  alone([](hawser_comm* comm) {
    float x[8] = {};
    EXPECT_REFUSED(hawser_all_reduce(comm, x, x + 1, 4, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "overlap");
    EXPECT_EQ(hawser_all_reduce(comm, x, x, 4, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK);
    EXPECT_EQ(hawser_all_reduce(comm, x, x + 4, 4, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK);
    EXPECT_REFUSED(hawser_reduce(comm, x, x + 3, 4, HAWSER_F32, HAWSER_SUM, 0, kBlock, nullptr), HAWSER_INVALID,
                   "reduce: in and out overlap");
    EXPECT_REFUSED(hawser_broadcast(comm, x + 1, x, 4, HAWSER_F32, 0, kBlock, nullptr), HAWSER_INVALID, "broadcast: in and out overlap");
    EXPECT_REFUSED(hawser_all_gather(comm, x + 1, x, 4, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID, "all_gather: in and out overlap");
    EXPECT_REFUSED(hawser_reduce_scatter(comm, x, x + 2, 4, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_INVALID, "overlap");
    EXPECT_REFUSED(hawser_all_to_all(comm, x, x + 1, 4, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID, "all_to_all: in and out overlap");
    const uint64_t four = 4, at_one = 1;
    hawser_counts from{}, to{};
    from.size = to.size = sizeof from;
    from.counts = to.counts = &four;
    EXPECT_REFUSED(hawser_all_to_all_v(comm, x, &from, x, &to, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID,
                   "all_to_all_v: in and out overlap");
    from.offsets = &at_one;
    EXPECT_REFUSED(hawser_all_to_all_v(comm, x, &from, x + 4, &to, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID, "overlap");
    EXPECT_EQ(hawser_all_to_all_v(comm, x + 3, &from, x, &to, HAWSER_F32, kBlock, nullptr), HAWSER_INVALID)
        << "from its begin, as documented";
    from.offsets = nullptr;
    EXPECT_EQ(hawser_all_to_all_v(comm, x + 4, &from, x, &to, HAWSER_F32, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
  });
}

TEST(Misuse, StreamsAndStructsAreChecked) {
  alone([](hawser_comm* comm) {
    float x = 0;
    hawser_stream odd{};
    odd.kind = HAWSER_CUDA_STREAM;
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, odd, nullptr), HAWSER_UNSUPPORTED, "CUDA");
    odd.kind = HAWSER_HOST_STREAM;
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, odd, nullptr), HAWSER_INVALID, "stream");
    hawser_call call{};
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, &call), HAWSER_INVALID, "size");
    call.size = sizeof call;
    call.flags = 1;
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, &call), HAWSER_UNSUPPORTED, "flags");
  });
}

TEST(Misuse, GroupsMustBalance) {
  EXPECT_REFUSED(hawser_group_end(), HAWSER_USAGE, "without hawser_group_begin");
  alone([](hawser_comm* comm) {
    float x = 1, y = 0;
    EXPECT_REFUSED(hawser_send(comm, &x, 1, HAWSER_F32, 0, kBlock, nullptr), HAWSER_USAGE, "itself");
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_send(comm, &x, 1, HAWSER_F32, 0, kBlock, nullptr), HAWSER_OK);
    EXPECT_REFUSED(hawser_group_end(), HAWSER_USAGE, "1 sends to this rank itself and 0 receives");
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_send(comm, &x, 1, HAWSER_F32, 0, kBlock, nullptr), HAWSER_OK);
    EXPECT_EQ(hawser_recv(comm, &y, 1, HAWSER_F32, 0, kBlock, nullptr), HAWSER_OK);
    EXPECT_EQ(hawser_group_end(), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(y, 1);
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_REFUSED(hawser_broadcast(comm, &x, &x, 1, HAWSER_F32, 5, kBlock, nullptr), HAWSER_INVALID, "root 5");
    EXPECT_REFUSED(hawser_group_end(), HAWSER_INVALID, "root 5");
  });
}

TEST(Misuse, ExplainRefusesWhatIsNoRequest) {
  alone([](hawser_comm* comm) {
    const auto explained = [&](const char* request) {
      char text[1000];
      hawser_explain(comm, request, text, sizeof text);
      return std::string(text);
    };
    EXPECT_THAT(explained("broadcast 1MiB root -7"), HasSubstr("root -7"));
    EXPECT_THAT(explained("broadcast 1MiB root 9"), HasSubstr("root 9"));
    EXPECT_THAT(explained("broadcast 1MiB root"), HasSubstr("root N"));
    EXPECT_THAT(explained("dance 1MiB"), HasSubstr("dance"));
    EXPECT_THAT(explained(""), HasSubstr("no collective"));
    EXPECT_THAT(explained("broadcast 1MiB"), HasSubstr("root 0"));
  });
}

// What a group noted and never made holds nothing: neither the context nor its seat in the communicator.
TEST(Misuse, CreationsOfAnAbandonedGroupLetGoOfTheirContext) {
  hawser_id id;
  ASSERT_EQ(hawser_id_create(&id), HAWSER_OK);
  hawser_comm_options options{};
  options.size = sizeof options;
  options.settings = "segment=64MiB";
  hawser_context* context = nullptr;
  ASSERT_EQ(hawser_context_create(&options, &context), HAWSER_OK) << hawser_error_text();
  options.context = context;
  hawser_comm* comm = nullptr;
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_comm_create(&id, 2, 0, &options, &comm), HAWSER_OK) << hawser_error_text();
    EXPECT_REFUSED(hawser_barrier(nullptr, kBlock, nullptr), HAWSER_INVALID, "NULL");
    EXPECT_REFUSED(hawser_group_end(), HAWSER_INVALID, "not submitted");
  }
  std::thread([&] {  // ends with its group open
    EXPECT_EQ(hawser_group_begin(), HAWSER_OK);
    EXPECT_EQ(hawser_comm_create(&id, 2, 0, &options, &comm), HAWSER_OK) << hawser_error_text();
  })
      .join();
  EXPECT_EQ(comm, nullptr);
  EXPECT_EQ(hawser_context_destroy(context), HAWSER_OK) << hawser_error_text();
}

TEST(Misuse, AnyRefusedCreationSpoilsItsGroup) {
  alone([](hawser_comm* comm) {
    hawser_comm* made = nullptr;
    const std::function<hawser_status()> refused[] = {
        [&] { return hawser_comm_create_from_file(nullptr, 2, 0, nullptr, &made); },
        [&] { return hawser_comm_create_from_file("here", 2, 2, nullptr, &made); },
        [&] { return hawser_comm_create_from_environment(nullptr, nullptr); },
        [&] { return hawser_comm_split(nullptr, 0, 0, nullptr, &made); },
        [&] { return hawser_comm_finalize(comm); },
    };
    for (const auto& call : refused) {
      int x = 5, y = 0;
      ASSERT_EQ(hawser_group_begin(), HAWSER_OK);
      EXPECT_EQ(hawser_all_reduce(comm, &x, &y, 1, HAWSER_I32, HAWSER_SUM, kBlock, nullptr), HAWSER_OK);
      const hawser_status status = call();
      EXPECT_NE(status, HAWSER_OK);
      EXPECT_REFUSED(hawser_group_end(), status, "not submitted");
      EXPECT_EQ(y, 0);
    }
  });
}

// An older program's struct ends early: what lies behind it is not the library's to read.
TEST(Misuse, CountsAreReadNoFurtherThanTheirSize) {
  alone([](hawser_comm* comm) {
    int in = 7, out = 0;
    const uint64_t one = 1;
    hawser_counts counts{};
    counts.size = offsetof(hawser_counts, offsets);
    counts.counts = &one;
    counts.offsets = reinterpret_cast<const uint64_t*>(uintptr_t{8});
    counts.capacity = 1;
    counts.live = reinterpret_cast<uint64_t*>(uintptr_t{8});
    EXPECT_EQ(hawser_all_to_all_v(comm, &in, &counts, &out, &counts, HAWSER_I32, kBlock, nullptr), HAWSER_OK) << hawser_error_text();
    EXPECT_EQ(out, 7);
    counts.size = 4;
    EXPECT_REFUSED(hawser_all_to_all_v(comm, &in, &counts, &out, &counts, HAWSER_I32, kBlock, nullptr), HAWSER_INVALID, "size is 4");
  });
}

TEST(Misuse, SettingsAreChecked) {
  hawser_id id;
  ASSERT_EQ(hawser_id_create(&id), HAWSER_OK);
  hawser_comm_options options{};
  options.size = sizeof options;
  options.settings = "colour=red";
  auto* comm = reinterpret_cast<hawser_comm*>(1);
  EXPECT_REFUSED(hawser_comm_create(&id, 1, 0, &options, &comm), HAWSER_INVALID, "colour");
  EXPECT_EQ(comm, nullptr);
  id.bytes[40] ^= 1;
  EXPECT_EQ(hawser_comm_create(&id, 1, 0, nullptr, &comm), HAWSER_INVALID);
  EXPECT_REFUSED(hawser_comm_create(&id, 2, 2, nullptr, &comm), HAWSER_INVALID, "rank 2");
  EXPECT_REFUSED(hawser_comm_create(&id, 65537, 0, nullptr, &comm), HAWSER_INVALID, "ranks must be 1 to 65536, is 65537");
}

TEST(Misuse, FinalisedCommunicatorsTakeNothing) {
  with_ranks(2, "segment=64MiB", [](hawser_comm* comm, int) {
    float x = 0;
    ASSERT_EQ(hawser_comm_finalize(comm), HAWSER_OK) << hawser_error_text();
    EXPECT_REFUSED(hawser_all_reduce(comm, &x, &x, 1, HAWSER_F32, HAWSER_SUM, kBlock, nullptr), HAWSER_USAGE, "finalised");
  });
}

class Differing : public ::testing::TestWithParam<const char*> {};
TEST_P(Differing, CountsAreAMismatchThatNamesBoth) {
  std::latch told(3);  // whoever leaves before the others have heard has left, and says no more
  with_ranks(3, GetParam(), [&told](hawser_comm* comm, int rank) {
    std::vector<float> x(64);
    const hawser_status status = hawser_all_reduce(comm, x.data(), x.data(), rank == 2 ? 5 : 4, HAWSER_F32, HAWSER_SUM, kBlock, nullptr);
    EXPECT_LT(status, 0);
    EXPECT_THAT(hawser_error_text(), HasSubstr("rank 2"));
    EXPECT_LT(hawser_barrier(comm, kBlock, nullptr), 0);
    EXPECT_LT(hawser_comm_state(comm), 0);
    told.arrive_and_wait();
  });
}
TEST_P(Differing, CollectivesAreAMismatch) {
  with_ranks(2, GetParam(), [](hawser_comm* comm, int rank) {
    std::vector<float> x(1024);
    const hawser_status status = rank == 0 ? hawser_all_reduce(comm, x.data(), x.data(), 1024, HAWSER_F32, HAWSER_SUM, kBlock, nullptr)
                                           : hawser_broadcast(comm, x.data(), x.data(), 512, HAWSER_F32, 0, kBlock, nullptr);
    const hawser_status after = hawser_barrier(comm, kBlock, nullptr);
    EXPECT_LT(std::min(status, after), 0);
    EXPECT_THAT(hawser_error_text(),
                ::testing::AnyOf(HasSubstr("rank " + std::to_string(1 - rank)), HasSubstr("rank " + std::to_string(rank))));
    EXPECT_THAT(hawser_error_text(), ::testing::AnyOf(HasSubstr("all_reduce"), HasSubstr("broadcast")));
  });
}
INSTANTIATE_TEST_SUITE_P(Ways, Differing, ::testing::Values("segment=64MiB timeout=10s", "transport=tcp timeout=10s"));

TEST(Misuse, AMissingRankIsNamedAtTheDeadline) {
  hawser_id id;
  ASSERT_EQ(hawser_id_create(&id), HAWSER_OK);
  hawser_comm_options options{};
  options.size = sizeof options;
  options.settings = "create_timeout=300ms";
  hawser_comm* comm = nullptr;
  EXPECT_EQ(hawser_comm_create(&id, 2, 0, &options, &comm), HAWSER_TIMEOUT);
  EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
  EXPECT_EQ(comm, nullptr);
}

TEST(Misuse, TwoRanksOfOneNumberAreBothTold) {
  hawser_id id;
  ASSERT_EQ(hawser_id_create(&id), HAWSER_OK);
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      hawser_comm_options options{};
      options.size = sizeof options;
      options.settings = "create_timeout=5s";
      hawser_comm* comm = nullptr;
      if (hawser_comm_create(&id, 2, 1, &options, &comm) < 0) ++refused;
      EXPECT_THAT(hawser_error_text(), HasSubstr("rank 1"));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 2);
}

}  // namespace
}  // namespace hawser::test
