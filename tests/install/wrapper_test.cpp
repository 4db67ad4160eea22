// hawser.hpp over the shared library, as a user has it: one rank alone, ranks as threads, and errors as exceptions.
#include <gtest/gtest.h>

#include <functional>
#include <hawser/hawser.hpp>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using hawser::Communicator;

// Runs body on every rank, each a thread; an exception of one is a failure that names it.
void on_ranks(int ranks, const std::function<void(const Communicator&)>& body) {
  const hawser::Id id = hawser::Id::create();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        body(Communicator::create(id, ranks, rank));
      } catch (const hawser::Error& error) { ADD_FAILURE() << "rank " << rank << ": " << error.what(); }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Wrapper, OneRankAloneReducesToItself) {
  on_ranks(1, [](const Communicator& alone) {
    const std::vector<double> in = {1, 2, 3};
    std::vector<double> out(3);
    alone.all_reduce(in.data(), out.data(), in.size());
    EXPECT_EQ(out, in);
    EXPECT_EQ(alone.rank(), 0);
    EXPECT_EQ(alone.ranks(), 1);
    EXPECT_EQ(alone.state(), HAWSER_OK);
    EXPECT_TRUE(alone);
  });
}

TEST(Wrapper, EveryCollectiveGivesWhatItsSentenceSays) {
  on_ranks(3, [](const Communicator& comm) {
    const int me = comm.rank(), ranks = comm.ranks();
    int mine = me + 1, sum = 0;
    comm.all_reduce(&mine, &sum, 1);
    EXPECT_EQ(sum, 6);
    int largest = 0;
    comm.reduce(&mine, &largest, 1, 1, HAWSER_MAX);
    EXPECT_EQ(largest, me == 1 ? 3 : 0);
    int word = me == 2 ? 77 : 0;
    comm.broadcast(&word, 1, 2);
    EXPECT_EQ(word, 77);
    std::vector<int> all(3), many = {10 * me, 10 * me + 1, 10 * me + 2};
    comm.all_gather(&mine, all.data(), 1);
    EXPECT_EQ(all, (std::vector<int>{1, 2, 3}));
    int part = 0;
    comm.reduce_scatter(many.data(), &part, 1);
    EXPECT_EQ(part, 30 + ranks * me);
    comm.all_to_all(many.data(), all.data(), 1);
    EXPECT_EQ(all, (std::vector<int>{me, 10 + me, 20 + me}));
    comm.barrier();
  });
}

TEST(Wrapper, ATokenGoesRoundInAGroup) {
  on_ranks(2, [](const Communicator& comm) {
    const int64_t out = 100 + comm.rank();
    int64_t in = 0;
    hawser::Group group;
    comm.send(&out, 1, 1 - comm.rank());
    comm.recv(&in, 1, 1 - comm.rank());
    group.end();
    EXPECT_EQ(in, 101 - comm.rank());
  });
}

TEST(Wrapper, AStreamKeepsTheOrderOfCalls) {
  on_ranks(2, [](const Communicator& comm) {
    const hawser::Stream stream;
    std::vector<float> data(1000, 1.0f);
    for (int i = 0; i < 3; ++i) comm.all_reduce(data.data(), data.data(), data.size(), HAWSER_SUM, stream);
    stream.synchronize();
    EXPECT_TRUE(stream.idle());
    EXPECT_EQ(data, std::vector<float>(1000, 8.0f));
  });
}

TEST(Wrapper, LibraryMemoryIsZeroAndUsable) {
  on_ranks(2, [](const Communicator& comm) {
    hawser::Memory<float> memory(5000, hawser_comm_context(comm.get()));
    EXPECT_EQ(std::accumulate(memory.begin(), memory.end(), 0.0f), 0.0f);
    memory[0] = 1;
    comm.all_reduce(memory.data(), memory.data(), memory.size());
    EXPECT_EQ(memory[0], 2.0f);
    EXPECT_EQ(memory[4999], 0.0f);
    comm.barrier();
  });
}

TEST(Wrapper, OneThreadCreatesSeveralRanksInAGroup) {
  const hawser::Id id = hawser::Id::create();
  hawser::Context first, second;
  hawser::Options options_first, options_second;
  options_first.context = first.get();
  options_second.context = second.get();
  Communicator zero, one;
  hawser::Group group;
  zero = Communicator::create(id, 2, 0, options_first);
  one = Communicator::create(id, 2, 1, options_second);
  EXPECT_FALSE(zero);
  group.end();
  ASSERT_TRUE(zero && one);
  EXPECT_EQ(one.rank(), 1);
  int in[2] = {3, 4}, out[2] = {0, 0};
  hawser::Group operations;
  zero.all_reduce(&in[0], &out[0], 1);
  one.all_reduce(&in[1], &out[1], 1);
  operations.end();
  EXPECT_EQ(out[0], 7);
  EXPECT_EQ(out[1], 7);
}

TEST(Wrapper, AnExceptionWithinAGroupLeavesTheThreadUsable) {
  on_ranks(1, [](const Communicator& alone) {
    float in = 3, out = 0;
    try {
      const hawser::Group group;
      throw std::runtime_error("the user's own");
    } catch (const std::runtime_error&) {}
    alone.all_reduce(&in, &out, 1);
    EXPECT_EQ(out, 3.0f);
  });
}

TEST(Wrapper, ASplitHasItsOwnRanks) {
  on_ranks(3, [](const Communicator& comm) {
    const Communicator part = comm.split(comm.rank() == 2 ? -1 : 0, -comm.rank());
    if (comm.rank() == 2) {
      EXPECT_FALSE(part);
    } else {
      EXPECT_EQ(part.ranks(), 2);
      EXPECT_EQ(part.rank(), 1 - comm.rank());
    }
  });
}

TEST(Wrapper, AnErrorIsAnExceptionWithItsStory) {
  on_ranks(1, [](const Communicator& alone) {
    float out = 0;
    try {
      alone.all_reduce(static_cast<const float*>(nullptr), &out, 1);
      FAIL() << "a missing buffer was accepted";
    } catch (const hawser::Error& error) {
      EXPECT_EQ(error.status(), HAWSER_INVALID);
      EXPECT_STRNE(error.what(), "");
    }
  });
  EXPECT_THROW(hawser::Context("no_such_setting=1"), hawser::Error);
}

TEST(Wrapper, TextsComeWhole) {
  on_ranks(1, [](const Communicator& alone) {
    EXPECT_NE(alone.explain("all_reduce 64MiB f32").find("all_reduce"), std::string::npos);
    EXPECT_NE(alone.topology().find("host"), std::string::npos);
    EXPECT_EQ(alone.error(), "");
  });
}

TEST(Wrapper, AnIdSurvivesItsText) {
  const hawser::Id id = hawser::Id::create();
  EXPECT_EQ(hawser::Id::parse(id.text()).text(), id.text());
  EXPECT_EQ(id.text().size(), 256u);
  EXPECT_THROW(hawser::Id::parse("12"), hawser::Error);
  EXPECT_THROW(hawser::Id::parse(std::string(256, 'g')), hawser::Error);
  const Communicator alone = Communicator::create(id, 1, 0);
  EXPECT_EQ(alone.ranks(), 1);
}

}  // namespace
