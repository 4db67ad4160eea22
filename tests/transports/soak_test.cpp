// Seeded random traffic on every row, against a model that knows what each transfer must come to.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "src/base/random.h"
#include "tests/transports/world.h"

namespace hawser::testing {
namespace {

class Soak : public ::testing::TestWithParam<Row> {};

struct Message {
  int from = 0, to = 0;
  Key key;
  std::vector<std::byte> sent, got;
  size_t capacity = 0;
  bool lent = false, received = false, is_sent = false, released = false;
  Token send = 0, receive = 0;
};

class Traffic {
 public:
  Traffic(World& world, uint64_t seed) : world_(world), drive_(world), random_(seed) {}

  void make(int count) {
    const size_t eager = world_.at(0).abilities().eager_bytes;
    const size_t sizes[] = {0, 8, 25, 300, 5000, eager, eager + 1, 3 * eager};
    for (int i = 0; i < count; ++i) {
      Message message;
      message.from = below(3);
      message.to = (message.from + 1 + below(2)) % 3;
      message.key = {.communicator = 1 + below(3),
                     .operation = static_cast<uint32_t>(i),
                     .slice = below(4),
                     .ordinal = static_cast<uint16_t>(below(9)),
                     .kind = below(2) ? MessageKind::user : MessageKind::collective,
                     .signature = below(1000)};
      message.sent = pattern(std::min(sizes[below(8)], size_t{400000}), i);
      message.capacity = below(10) == 0 ? message.sent.size() / 2 : message.sent.size() + below(100);
      message.lent = message.capacity > 0 && below(3) == 0;
      if (!message.lent) message.got.assign(message.capacity, std::byte{0x77});
      messages_.push_back(std::move(message));
    }
  }

  // Sends and receives in a random order, polling at random, forgetting one communicator in the middle.
  void run() {
    std::vector<int> steps;
    for (int i = 0; i < static_cast<int>(messages_.size()); ++i) steps.insert(steps.end(), {2 * i, 2 * i + 1});
    for (size_t i = 0; i < steps.size(); ++i) {  // each within a short way of its place: both run far ahead of each other at times
      std::swap(steps[i], steps[std::min(steps.size() - 1, i + below(60))]);
    }
    for (size_t i = 0; i < steps.size(); ++i) {
      if (i == steps.size() / 2) forget(3);
      begin(messages_[steps[i] / 2], steps[i] % 2 == 0);
      if (below(4) == 0) drive_.poll();
      if (below(30) == 0) release_some();
    }
  }

  void check() {
    std::vector<Token> tokens;
    for (const Message& message : messages_) {
      if (message.key.communicator == 3) continue;
      tokens.insert(tokens.end(), {message.send, message.receive});
    }
    ASSERT_TRUE(drive_.finish(tokens));
    for (Message& message : messages_) check(message);
  }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_.next() % bound); }
  void begin(Message& message, bool send) {
    if (send) message.send = drive_.send(message.from, message.to, message.key, message.sent);
    else if (message.lent) message.receive = drive_.recv_lent(message.to, message.from, message.key, message.capacity);
    else message.receive = drive_.recv(message.to, message.from, message.key, message.got);
  }
  void forget(uint64_t communicator) {
    for (int rank = 0; rank < world_.size(); ++rank) {
      world_.at(rank).forget(communicator);
      if (below(2)) drive_.poll();
    }
  }
  void release_some() {
    for (Message& message : messages_) {
      if (message.lent && !message.released && message.receive && drive_.done(message.receive) && below(2)) check(message);
    }
  }
  void check(Message& message) {
    if (message.key.communicator == 3 || message.released || !drive_.done(message.receive)) return;
    const Completion& completion = drive_.of(message.receive);
    EXPECT_EQ(completion.signature, message.key.signature);
    const bool fits = message.sent.size() <= message.capacity;
    EXPECT_EQ(completion.code, fits ? Code::ok : Code::truncated);
    EXPECT_EQ(completion.bytes, fits ? message.sent.size() : 0);
    const std::byte* bytes = message.lent ? completion.lent : message.got.data();
    EXPECT_TRUE(!fits || std::equal(message.sent.begin(), message.sent.end(), bytes));
    message.released = true;
    if (message.lent) world_.at(message.to).release(message.receive);
  }
  World& world_;
  Driver drive_;
  SeededRandom random_;
  std::vector<Message> messages_;
};

TEST_P(Soak, random_traffic_comes_to_what_the_model_says) {
  for (const uint64_t seed : {11u, 12u, 13u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto world = GetParam().connect(3, 3);
    Traffic traffic(*world, seed);
    traffic.make(400);
    traffic.run();
    traffic.check();
  }
}

std::string row_name(const ::testing::TestParamInfo<Row>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Transports, Soak, ::testing::ValuesIn(rows()), row_name);

}  // namespace
}  // namespace hawser::testing
