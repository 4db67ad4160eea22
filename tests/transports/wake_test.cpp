// Threads that sleep whenever nothing is ready: arm() and whatever wakes them never lose a wake-up, whoever waits for whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "src/base/random.h"
#include "tests/transports/world.h"

namespace hawser::testing {
namespace {

class Wake : public ::testing::TestWithParam<Row> {};

// One rank on its own thread: polls, and now and then sleeps at once when a poll brought nothing.
class Sleeper {
 public:
  Sleeper(World& world, int rank) : world_(world), rank_(rank), random_(rank + 17) {}
  bool wait_for(Token token) {
    while (!done_[token]) {
      Completion some[8];
      const size_t count = world_.at(rank_).poll(some);
      for (size_t i = 0; i < count; ++i) done_[some[i].token] = some[i].code == Code::ok;
      if (count == 0 && random_.next() % 4 != 0 && !world_.doze(rank_)) return false;
    }
    done_.erase(token);
    return true;
  }
  Token send(int to, uint32_t operation, std::span<std::byte> bytes) {
    world_.at(rank_).send({static_cast<PeerIndex>(to), envelope_of({.operation = operation}, bytes.size()), bytes, next_});
    return next_++;
  }
  Token recv(int from, uint32_t operation, std::span<std::byte> bytes) {
    world_.at(rank_).recv({static_cast<PeerIndex>(from), envelope_of({.operation = operation}, bytes.size()), bytes, next_});
    return next_++;
  }

 private:
  World& world_;
  const int rank_;
  SeededRandom random_;
  std::map<Token, bool> done_;
  Token next_ = 1;
};

TEST_P(Wake, two_that_sleep_between_messages_answer_each_other) {
  const auto world = GetParam().connect(2, 1);
  const auto play = [&](int me) {
    Sleeper sleeper(*world, me);
    std::vector<std::byte> bytes(64);
    for (uint32_t i = 0; i < 1500; ++i) {
      const bool mine = (i & 1) == static_cast<uint32_t>(me);
      const Token token = mine ? sleeper.send(1 - me, i, bytes) : sleeper.recv(1 - me, i, bytes);
      ASSERT_TRUE(sleeper.wait_for(token)) << "rank " << me << " slept through message " << i;
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
}

TEST_P(Wake, a_sender_that_waits_for_room_is_woken) {
  const auto world = GetParam().connect(2, 2);
  const size_t bytes = 700000;
  const auto content = pattern(bytes, 5);
  std::thread receiver([&] {
    Sleeper sleeper(*world, 1);
    std::vector<std::byte> got(bytes);
    for (uint32_t i = 0; i < 40; ++i) {
      ASSERT_TRUE(sleeper.wait_for(sleeper.recv(0, i, got))) << "the receiver slept through message " << i;
      ASSERT_TRUE(got == content);
    }
  });
  Sleeper sleeper(*world, 0);
  auto sent = content;
  std::vector<Token> tokens;
  for (uint32_t i = 0; i < 40; ++i) tokens.push_back(sleeper.send(1, i, sent));
  const bool all = std::all_of(tokens.begin(), tokens.end(), [&](Token token) { return sleeper.wait_for(token); });
  EXPECT_TRUE(all) << "the sender slept through a wake-up";
  receiver.join();
}

TEST_P(Wake, a_burst_of_more_messages_than_the_wire_holds_goes_on) {
  const auto world = GetParam().connect(2, 1);
  constexpr uint32_t count = 1500;
  const auto play = [&](int me) {
    Sleeper sleeper(*world, me);
    std::vector<std::byte> bytes(40);
    std::vector<Token> tokens;
    for (uint32_t i = 0; i < count; ++i) tokens.push_back(me ? sleeper.recv(0, i, bytes) : sleeper.send(1, i, bytes));
    const bool all = std::all_of(tokens.begin(), tokens.end(), [&](Token token) { return sleeper.wait_for(token); });
    EXPECT_TRUE(all) << "rank " << me << " slept through a wake-up";
  };
  std::thread receiver([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the sender is asleep by now, its wire full
    play(1);
  });
  play(0);
  receiver.join();
}

TEST_P(Wake, all_ranks_at_once_move_everything) {
  constexpr int ranks = 3;
  const auto world = GetParam().connect(ranks, 3);
  const auto play = [&](int me) {
    Sleeper sleeper(*world, me);
    SeededRandom sizes(99);  // the same on every rank
    for (uint32_t round = 0; round < 60; ++round) {
      const size_t bytes = sizes.next() % 5 == 0 ? sizes.next() % 400000 : sizes.next() % 3000;
      std::vector<std::vector<std::byte>> sent, got(ranks, std::vector<std::byte>(bytes));
      for (int to = 0; to < ranks; ++to) sent.push_back(pattern(bytes, me * 100 + to + round));
      std::vector<Token> tokens;
      for (int peer = 0; peer < ranks; ++peer) {
        if (peer == me) continue;
        tokens.push_back(sleeper.send(peer, round, sent[peer]));
        tokens.push_back(sleeper.recv(peer, round, got[peer]));
      }
      for (const Token token : tokens) ASSERT_TRUE(sleeper.wait_for(token)) << "rank " << me << " round " << round;
      for (int from = 0; from < ranks; ++from) ASSERT_TRUE(from == me || got[from] == pattern(bytes, from * 100 + me + round));
    }
  };
  std::thread first(play, 1), second(play, 2);
  play(0);
  first.join();
  second.join();
}

std::vector<Row> rows_of_threads() {  // sim is stepped by one thread, and nothing sleeps there
  std::vector<Row> some = rows();
  std::erase_if(some, [](const Row& row) { return !row.threads; });
  return some;
}

std::string row_name(const ::testing::TestParamInfo<Row>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Transports, Wake, ::testing::ValuesIn(rows_of_threads()), row_name);

}  // namespace
}  // namespace hawser::testing
