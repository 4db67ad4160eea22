// The contract of transports/transport.h, sentence by sentence, on every row; once with send and recv, once with send_now and recv_now.
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "src/base/random.h"
#include "tests/transports/world.h"

namespace hawser::testing {
namespace {

class Contract : public ::testing::TestWithParam<std::tuple<Row, bool>> {
 protected:
  static bool at_once() { return std::get<bool>(GetParam()); }
  void connect(int ranks, int lanes = 1) {
    world_ = std::get<Row>(GetParam()).connect(ranks, lanes);
    drive_ = std::make_unique<Driver>(*world_, at_once());
  }
  void kill(int rank) {
    drive_->bury(rank);
    world_->kill(rank);
  }
  void expect_ok(Token token, uint64_t bytes) {
    ASSERT_TRUE(drive_->done(token));
    EXPECT_EQ(drive_->of(token).code, Code::ok);
    EXPECT_EQ(drive_->of(token).bytes, bytes);
  }
  std::vector<size_t> telling_sizes() const {
    const size_t eager = world_->at(0).abilities().eager_bytes;
    return {0, 1, 8, 23, 24, 25, 63, 64, 65, 4096, 32768, eager - 1, eager, eager + 1, 2 * eager, 262144, 262145, 786432, 1000003};
  }
  // One message of these bytes, received before or after it is sent.
  void exchange(size_t bytes, bool receive_first, uint32_t operation) {
    const auto sent = pattern(bytes, bytes + operation);
    std::vector<std::byte> got(bytes, std::byte{0x55});
    const Key key{.operation = operation};
    Token receive = 0;
    if (receive_first) receive = drive_->recv(1, 0, key, got);
    drive_->run(receive_first ? 2 : 0);
    const Token send = drive_->send(0, 1, key, sent);
    drive_->run(receive_first ? 0 : 3);
    if (!receive_first) receive = drive_->recv(1, 0, key, got);
    ASSERT_TRUE(drive_->finish({send, receive})) << bytes << " bytes";
    expect_ok(receive, bytes);
    EXPECT_EQ(drive_->of(send).code, Code::ok);
    EXPECT_EQ(drive_->of(receive).signature, key.signature);
    EXPECT_TRUE(got == sent) << bytes << " bytes";
  }
  std::unique_ptr<World> world_;
  std::unique_ptr<Driver> drive_;
};

TEST_P(Contract, a_message_fills_its_receive_whichever_comes_first) {
  connect(2);
  uint32_t operation = 0;
  for (const size_t bytes : telling_sizes()) {
    exchange(bytes, true, operation++);
    exchange(bytes, false, operation++);
  }
}

TEST_P(Contract, eight_mebibytes_arrive) {
  connect(2);
  exchange(8u << 20, true, 1);
  exchange(8u << 20, false, 2);
}

TEST_P(Contract, several_lanes_carry_one_edge) {
  connect(2, 3);
  exchange(8, true, 1);
  exchange(8u << 20, true, 2);
  exchange((3u << 20) + 17, false, 3);
}

TEST_P(Contract, a_rank_sends_to_all_others_at_once) {
  connect(4);
  const size_t bytes = 300000;
  std::vector<std::vector<std::byte>> sent, got(16, std::vector<std::byte>(bytes));
  std::vector<Token> tokens;
  for (int i = 0; i < 16; ++i) sent.push_back(pattern(bytes, i));
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) {
      if (from == to) continue;
      tokens.push_back(drive_->send(from, to, {}, sent[from * 4 + to]));
      tokens.push_back(drive_->recv(to, from, {}, got[from * 4 + to]));
    }
  }
  ASSERT_TRUE(drive_->finish(tokens));
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(i % 5 == 0 || sent[i] == got[i]);
}

TEST_P(Contract, many_outstanding_meet_in_any_order) {
  connect(2);
  constexpr int count = 300;
  std::vector<std::vector<std::byte>> sent, got;
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) {
    sent.push_back(pattern(i % 7 == 0 ? 100000 : i * 3, i));
    got.emplace_back(sent.back().size());
  }
  for (int i = 0; i < count; i += 2) tokens.push_back(drive_->recv(1, 0, {.operation = static_cast<uint32_t>(i)}, got[i]));
  for (int i = count - 1; i >= 0; --i) tokens.push_back(drive_->send(0, 1, {.operation = static_cast<uint32_t>(i)}, sent[i]));
  drive_->run(20);
  for (int i = 1; i < count; i += 2) tokens.push_back(drive_->recv(1, 0, {.operation = static_cast<uint32_t>(i)}, got[i]));
  ASSERT_TRUE(drive_->finish(tokens));
  EXPECT_TRUE(sent == got);
}

TEST_P(Contract, every_part_of_the_key_decides_and_nothing_else) {
  connect(2);
  std::vector<std::byte> got(8), others(8 * 5);
  const Key right{.communicator = 5, .operation = 6, .slice = 7, .ordinal = 8, .kind = MessageKind::user};
  Key wrong[5] = {right, right, right, right, right};
  wrong[0].communicator = 6;
  wrong[1].operation = 7;
  wrong[2].slice = 8;
  wrong[3].ordinal = 9;
  wrong[4].kind = MessageKind::collective;
  std::vector<Token> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(drive_->recv(1, 0, wrong[i], std::span(others).subspan(i * 8, 8)));
  const Token receive = drive_->recv(1, 0, right, got);
  Key sent_key = right;
  sent_key.signature = 99;  // does not decide
  const auto sent = pattern(8, 1);
  drive_->send(0, 1, sent_key, sent);
  ASSERT_TRUE(drive_->finish({receive}));
  drive_->run(5);
  for (const Token token : waiting) EXPECT_FALSE(drive_->done(token));
  EXPECT_EQ(drive_->of(receive).signature, 99u);
  EXPECT_TRUE(got == sent);
}

TEST_P(Contract, what_is_over_at_once_is_told_at_once_and_never_again) {
  connect(2);
  const auto sent = pattern(8, 1), longer = pattern(9, 2);
  std::vector<std::byte> got(8);
  const Token small = drive_->send(0, 1, {.operation = 1}, sent), lent = drive_->send(0, 1, {.operation = 2}, sent);
  const Token cut = drive_->send(0, 1, {.operation = 3}, longer);
  EXPECT_EQ(drive_->done(small), at_once());
  ASSERT_TRUE(drive_->finish({small, lent, cut}));
  drive_->run(50);
  const Token receive = drive_->recv(1, 0, {.operation = 1}, got), borrow = drive_->recv_lent(1, 0, {.operation = 2}, 8);
  const Token truncated = drive_->recv(1, 0, {.operation = 3}, got);
  for (const Token token : {receive, borrow, truncated}) EXPECT_EQ(drive_->done(token), at_once());
  drive_->run(50);  // a second completion would be noticed
  expect_ok(receive, 8);
  EXPECT_TRUE(got == sent);
  expect_ok(borrow, 8);
  ASSERT_NE(drive_->of(borrow).lent, nullptr);
  EXPECT_EQ(std::memcmp(drive_->of(borrow).lent, sent.data(), 8), 0);
  world_->at(1).release(borrow);
  EXPECT_EQ(drive_->of(truncated).code, Code::truncated);
}

TEST_P(Contract, a_message_may_be_shorter_than_its_receive) {
  connect(2);
  uint32_t operation = 0;
  for (const size_t bytes : {size_t{0}, size_t{5}, size_t{5000}, size_t{600000}}) {
    for (const bool receive_first : {true, false}) {
      std::vector<std::byte> got(bytes + 1000, std::byte{0x33});
      const auto sent = pattern(bytes, 3);
      const Key key{.operation = operation++};
      Token receive = 0;
      if (receive_first) receive = drive_->recv(1, 0, key, got);
      const Token send = drive_->send(0, 1, key, sent);
      drive_->run(3);
      if (!receive_first) receive = drive_->recv(1, 0, key, got);
      ASSERT_TRUE(drive_->finish({receive, send}));
      expect_ok(receive, bytes);
      EXPECT_TRUE(std::equal(sent.begin(), sent.end(), got.begin()));
      for (size_t i = bytes; i < got.size(); ++i) ASSERT_EQ(got[i], std::byte{0x33});
    }
  }
}

TEST_P(Contract, a_longer_message_is_truncated_and_its_send_ends_well) {
  connect(2);
  uint32_t operation = 0;
  for (const size_t bytes : {size_t{9}, size_t{5000}, size_t{600000}}) {
    for (const bool receive_first : {true, false}) {
      std::vector<std::byte> got(8, std::byte{0x33});
      const auto sent = pattern(bytes, 3);
      const Key key{.operation = operation++};
      Token receive = 0;
      if (receive_first) receive = drive_->recv(1, 0, key, got);
      const Token send = drive_->send(0, 1, key, sent);
      drive_->run(3);
      if (!receive_first) receive = drive_->recv(1, 0, key, got);
      ASSERT_TRUE(drive_->finish({receive, send}));
      EXPECT_EQ(drive_->of(receive).code, Code::truncated);
      EXPECT_EQ(drive_->of(send).code, Code::ok);
      for (const std::byte byte : got) EXPECT_EQ(byte, std::byte{0x33});
    }
  }
  exchange(100, true, operation);
}

TEST_P(Contract, bytes_are_lent_where_they_lie_until_released) {
  connect(2);
  ASSERT_TRUE(world_->at(1).abilities().lends);
  constexpr int count = 200;
  std::vector<std::vector<std::byte>> sent;
  std::vector<Token> receives, tokens;
  for (int i = 0; i < count; ++i) sent.push_back(pattern(i % 20 == 0 ? 400000 : (i * 97) % 9000, i));
  for (int i = 0; i < count; ++i) {
    const Key key{.operation = static_cast<uint32_t>(i)};
    if (i % 2) drive_->run(1);
    if (i % 3) receives.push_back(drive_->recv_lent(1, 0, key, sent[i].size() + 10));
    tokens.push_back(drive_->send(0, 1, key, sent[i]));
    if (i % 3 == 0) drive_->run(2);
    if (i % 3 == 0) receives.push_back(drive_->recv_lent(1, 0, key, sent[i].size() + 10));
  }
  ASSERT_TRUE(drive_->finish(tokens));
  ASSERT_TRUE(drive_->finish(receives));
  for (int i = 0; i < count; ++i) {
    const Completion& completion = drive_->of(receives[i]);
    expect_ok(receives[i], sent[i].size());
    ASSERT_NE(completion.lent, nullptr);
    EXPECT_EQ(std::memcmp(completion.lent, sent[i].data(), sent[i].size()), 0) << i;
  }
  for (int i = 0; i < count; ++i) world_->at(1).release(receives[(i * 7) % count]);
  exchange(1000, true, 5000);
  exchange(300000, true, 5001);
}

TEST_P(Contract, lent_receives_are_truncated_too) {
  connect(2);
  const auto sent = pattern(100, 1), large = pattern(500000, 2);
  const Token small = drive_->recv_lent(1, 0, {.operation = 1}, 99);
  const Token big = drive_->recv_lent(1, 0, {.operation = 2}, 99);
  const Token first = drive_->send(0, 1, {.operation = 1}, sent), second = drive_->send(0, 1, {.operation = 2}, large);
  ASSERT_TRUE(drive_->finish({small, big, first, second}));
  for (const Token token : {small, big}) {
    EXPECT_EQ(drive_->of(token).code, Code::truncated);
    EXPECT_EQ(drive_->of(token).lent, nullptr);
    world_->at(1).release(token);
  }
}

TEST_P(Contract, a_sender_without_receiver_is_bounded_and_goes_on_later) {
  connect(2);
  const size_t bytes = 4096;
  constexpr int count = 6000;
  const auto sent = pattern(bytes, 1);
  std::vector<Token> sends, receives;
  for (int i = 0; i < count; ++i) {
    sends.push_back(drive_->send(0, 1, {.operation = static_cast<uint32_t>(i)}, sent));
    if (i % 50 == 0) drive_->poll();
  }
  drive_->run(2000);
  EXPECT_LE(drive_->done_count() * bytes, size_t{6} << 20) << "the store has no bound";
  EXPECT_GE(drive_->done_count() * bytes, size_t{64} << 10) << "nothing went before its receive";
  std::vector<std::byte> got(bytes * count);
  for (int i = count - 1; i >= 0; --i) {
    receives.push_back(drive_->recv(1, 0, {.operation = static_cast<uint32_t>(i)}, std::span(got).subspan(i * bytes, bytes)));
  }
  ASSERT_TRUE(drive_->finish(sends));
  ASSERT_TRUE(drive_->finish(receives));
  for (int i = 0; i < count; ++i) ASSERT_EQ(std::memcmp(got.data() + i * bytes, sent.data(), bytes), 0) << i;
  exchange(200, false, 9999);  // credit came back
}

TEST_P(Contract, nothing_stands_in_the_way_of_a_later_message) {
  connect(2);
  const auto sent = pattern(30000, 1);
  for (uint32_t i = 0; i < 1000; ++i) drive_->send(0, 1, {.communicator = 2, .operation = i}, sent);
  drive_->run(200);
  exchange(30000, true, 1);
  exchange(500000, false, 2);
}

TEST_P(Contract, forgetting_ends_what_is_under_way_and_leaves_other_communicators_alone) {
  connect(2);
  const auto large = pattern(8u << 20, 1), small = pattern(3000, 2);
  std::vector<std::byte> lost(8u << 20), kept(8u << 20), early(3000);
  const Key dead{.communicator = 66}, living{.communicator = 77};
  const Token gone_receive = drive_->recv(1, 0, dead, lost), kept_receive = drive_->recv(1, 0, living, kept);
  const Token gone_send = drive_->send(0, 1, dead, large), kept_send = drive_->send(0, 1, living, large);
  drive_->send(0, 1, {.communicator = 66, .operation = 5}, small);  // nobody will receive it
  drive_->run(3);                                                   // frames are half sent
  ASSERT_FALSE(drive_->done(gone_receive));
  world_->at(1).forget(66);
  const auto before = lost;
  drive_->run(1);
  world_->at(0).forget(66);
  const Token late_send = drive_->send(0, 1, {.communicator = 66, .operation = 6}, small);
  const Token late_receive = drive_->recv(1, 0, {.communicator = 66, .operation = 5}, early);
  ASSERT_TRUE(drive_->finish({gone_receive, gone_send, kept_receive, kept_send, late_send, late_receive}));
  EXPECT_EQ(drive_->of(gone_receive).code, Code::aborted);
  EXPECT_EQ(drive_->of(gone_send).code, Code::aborted);
  EXPECT_EQ(drive_->of(late_send).code, Code::aborted);
  EXPECT_EQ(drive_->of(late_receive).code, Code::aborted);
  expect_ok(kept_receive, kept.size());
  EXPECT_TRUE(kept == large);
  EXPECT_TRUE(lost == before) << "memory was touched after forget";
  exchange(100, true, 1);
  exchange(1u << 20, false, 2);
}

TEST_P(Contract, bytes_of_a_forgotten_send_are_not_read_any_more) {
  connect(2);
  const Key dead{.communicator = 66};
  auto doomed = std::make_unique<std::vector<std::byte>>(pattern(4u << 20, 1));
  std::vector<std::byte> got(4u << 20);
  drive_->recv(1, 0, dead, got);
  drive_->send(0, 1, dead, *doomed);
  world_->at(0).poll({});
  world_->at(1).poll({});
  world_->step();
  drive_->run(2);
  world_->at(0).forget(66);
  doomed.reset();  // the sanitizer sees a later read
  drive_->run(50);
  world_->at(1).forget(66);
  exchange(1u << 20, true, 1);
}

TEST_P(Contract, messages_of_a_forgotten_communicator_are_dropped_when_they_still_come) {
  connect(2);
  world_->at(1).forget(66);
  const auto small = pattern(3000, 2), large = pattern(600000, 3);
  std::vector<Token> sends;
  for (uint32_t i = 0; i < 400; ++i) sends.push_back(drive_->send(0, 1, {.communicator = 66, .operation = i}, small));
  sends.push_back(drive_->send(0, 1, {.communicator = 66, .operation = 1000}, large));
  ASSERT_TRUE(drive_->finish(sends)) << "dropped messages must not hold their sender up";
  exchange(100, false, 1);
}

TEST_P(Contract, forgotten_messages_give_their_credit_back) {
  connect(2);
  const auto bytes = pattern(4096, 2), small = pattern(100, 3);
  for (uint64_t communicator = 100; communicator < 160; ++communicator) {
    for (uint32_t i = 0; i < 60; ++i) drive_->send(0, 1, {.communicator = communicator, .operation = i}, bytes);
    if (communicator % 3 == 0) drive_->poll();
    for (const int rank : {0, 1}) world_->at(rank).forget(communicator);
    drive_->run(communicator % 2 ? 5 : 0);
  }
  const Token send = drive_->send(0, 1, {}, small);
  ASSERT_TRUE(drive_->finish({send})) << "a message within the credit must go before its receive";
}

TEST_P(Contract, closing_ends_everything_with_that_peer_and_nothing_else) {
  connect(3);
  const auto large = pattern(4u << 20, 1);
  std::vector<std::byte> got(4u << 20), other(4u << 20);
  const Token receive = drive_->recv(1, 0, {}, got), send = drive_->send(1, 0, {.operation = 9}, large);
  drive_->send(0, 1, {}, large);
  const Token other_receive = drive_->recv(1, 2, {}, other), other_send = drive_->send(2, 1, {}, large);
  drive_->run(3);
  world_->at(1).close(0);
  const auto before = got;
  ASSERT_TRUE(drive_->finish({receive, send, other_receive, other_send}));
  EXPECT_EQ(drive_->of(receive).code, Code::aborted);
  EXPECT_EQ(drive_->of(send).code, Code::aborted);
  expect_ok(other_receive, other.size());
  EXPECT_TRUE(other == large);
  EXPECT_TRUE(got == before) << "memory was touched after close";
  const Token late = drive_->send(1, 0, {}, large), late_receive = drive_->recv(1, 0, {}, got);
  ASSERT_TRUE(drive_->finish({late, late_receive}));
  EXPECT_EQ(drive_->of(late).code, Code::aborted);
  EXPECT_FALSE(world_->at(1).error(0).ok());
  EXPECT_TRUE(world_->at(1).error(2).ok());
}

TEST_P(Contract, what_a_dead_peer_had_sent_is_delivered_and_the_rest_fails) {
  connect(3, 3);
  const auto early = pattern(500, 1), unasked = pattern(700, 2), large = pattern(4u << 20, 3);
  std::vector<std::byte> got_early(500), got_unasked(700), never(100), big(4u << 20);
  const Token early_receive = drive_->recv(1, 0, {.operation = 1}, got_early);
  const Token never_receive = drive_->recv(1, 0, {.operation = 2}, never), big_receive = drive_->recv(1, 0, {.operation = 3}, big);
  const Token first = drive_->send(0, 1, {.operation = 1}, early), second = drive_->send(0, 1, {.operation = 4}, unasked);
  const Token stuck = drive_->send(1, 0, {.operation = 5}, large);
  ASSERT_TRUE(drive_->finish({first, second}));
  drive_->send(0, 1, {.operation = 3}, large);
  for (int i = 0; i < 200; ++i) world_->step();
  kill(0);
  world_->at(1).peer_gone(0, Status(Code::peer, "the test killed it"));
  ASSERT_TRUE(drive_->finish({early_receive, never_receive, big_receive, stuck}));
  expect_ok(early_receive, 500);
  EXPECT_TRUE(got_early == early);
  for (const Token token : {never_receive, big_receive, stuck}) EXPECT_EQ(drive_->of(token).code, Code::peer);
  const Token unasked_receive = drive_->recv(1, 0, {.operation = 4}, got_unasked);
  const Token late_receive = drive_->recv(1, 0, {.operation = 6}, never), late_send = drive_->send(1, 0, {}, early);
  ASSERT_TRUE(drive_->finish({unasked_receive, late_receive, late_send}));
  expect_ok(unasked_receive, 700);
  EXPECT_TRUE(got_unasked == unasked);
  EXPECT_EQ(drive_->of(late_receive).code, Code::peer);
  EXPECT_EQ(drive_->of(late_send).code, Code::peer);
  EXPECT_EQ(world_->at(1).error(0).code(), Code::peer);
  EXPECT_FALSE(world_->at(1).error(0).text().empty());
  std::vector<std::byte> got(4u << 20);
  const Token going_on = drive_->recv(1, 2, {}, got);
  drive_->send(2, 1, {}, large);
  ASSERT_TRUE(drive_->finish({going_on}));
  EXPECT_TRUE(got == large);
}

TEST_P(Contract, a_peer_that_was_never_adopted_is_unreachable) {
  connect(2);
  std::vector<std::byte> bytes(10);
  const Token send = drive_->send(0, 41, {}, bytes), receive = drive_->recv(0, 41, {}, bytes);
  ASSERT_TRUE(drive_->finish({send, receive}));
  EXPECT_EQ(drive_->of(send).code, Code::unreachable);
  EXPECT_EQ(drive_->of(receive).code, Code::unreachable);
  EXPECT_EQ(world_->at(0).error(41).code(), Code::unreachable);
  world_->at(0).close(41);
  world_->at(0).peer_gone(41, Status(Code::peer, "nobody"));
}

TEST_P(Contract, nothing_to_do_may_sleep_and_something_may_not) {
  connect(2);
  std::vector<std::byte> got(8);
  const auto sent = pattern(8, 1);
  const Token receive = drive_->recv(1, 0, {}, got);
  drive_->run(3);
  EXPECT_TRUE(world_->at(1).arm());
  drive_->send(0, 1, {}, sent);
  EXPECT_TRUE(drive_->finish({receive}));
}

std::string row_name(const ::testing::TestParamInfo<std::tuple<Row, bool>>& info) {
  return std::get<Row>(info.param).name + (std::get<bool>(info.param) ? "_at_once" : "");
}
INSTANTIATE_TEST_SUITE_P(Transports, Contract, ::testing::Combine(::testing::ValuesIn(rows()), ::testing::Bool()), row_name);

}  // namespace
}  // namespace hawser::testing
