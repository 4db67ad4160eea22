// A communicator ends once, and the first reason stands.
#include "src/engine/membership.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hawser {
namespace {

TEST(Membership, TheFirstFailureStands) {
  Membership membership(5, "test", 0, {no_peer, 3, 9});
  EXPECT_EQ(membership.state(), Code::ok);
  EXPECT_TRUE(membership.fail({Code::peer, 2, "rank 2 died"}));
  EXPECT_FALSE(membership.fail({Code::aborted, 0, "aborted"}));
  EXPECT_EQ(membership.state(), Code::peer);
  EXPECT_EQ(membership.failure().story, "rank 2 died");
  EXPECT_EQ(membership.rank_of(9), 2);
  EXPECT_EQ(membership.rank_of(4), -1);
}

TEST(Membership, OneOfManyThreadsWins) {
  Membership membership(5, "test", 0, {no_peer, 1});
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&, t] { won += membership.fail({Code::aborted, t, "thread"}); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
}

TEST(Membership, MessagesAreNumberedByPairAndDirection) {
  Membership membership(5, "test", 0, {no_peer, 1, 2});
  EXPECT_EQ(membership.next_sent(1), 1u);
  EXPECT_EQ(membership.next_sent(1), 2u);
  EXPECT_EQ(membership.next_sent(2), 1u);
  EXPECT_EQ(membership.next_received(1), 1u);
}

}  // namespace
}  // namespace hawser
