// Sends and receives of users: whole messages in listed layouts, numbered by pair, shorter or longer than their receive.
#include <cstring>

#include "src/plan/builder.h"
#include "tests/executor/world.h"

namespace hawser::testing {
namespace {

// One rank's group of sends and receives.
class Group {
 public:
  Group(World& world, Rank me) : world_(world), me_(me) {}
  Group& send(Rank to, std::string text, uint32_t number) {
    texts_.push_back(std::move(text));
    return add({true, to, number, texts_.size() - 1});
  }
  Group& recv(Rank from, size_t capacity, uint32_t number) {
    targets_.push_back(std::string(capacity, '.'));
    return add({false, from, number, targets_.size() - 1});
  }
  void start(uint32_t signature = 1) {
    PlanBuilder builder(Collective::point_to_point, me_, world_.size(), static_cast<uint32_t>(texts_.size()),
                        static_cast<uint32_t>(targets_.size()));
    for (const Message& m : messages_) {
      numbers_.push_back(m.number);
      if (m.sends) builder.send(m.peer, {Buffer::input, static_cast<uint32_t>(m.index), 1, 1});
      else builder.recv(m.peer, {Buffer::output, static_cast<uint32_t>(m.index), 1, 1});
    }
    list(texts_, in_, in_lengths_);
    list(targets_, out_, out_lengths_);
    ProgramOptions options;
    options.user_messages = true;
    program_ = Program::lower(std::move(builder).build("group"), me_, options);
    received.assign(targets_.size(), 77);
    operation.program = program_.get();
    operation.binding.type = DataType::u8;
    operation.binding.buffers[0].pointers = in_;
    operation.binding.buffers[0].lengths = in_lengths_;
    operation.binding.buffers[1].pointers = out_;
    operation.binding.buffers[1].lengths = out_lengths_;
    operation.communicator = 7;
    operation.signature = signature;
    operation.peers = world_.peers();
    operation.user_numbers = numbers_;
    operation.received = received;
    world_.at(me_).start(operation);
  }
  bool done() const { return hawser::testing::done(operation); }
  Code code() const { return operation.code.load(); }
  const std::string& target(size_t i) const { return targets_[i]; }
  Operation operation;
  std::vector<uint64_t> received;

 private:
  struct Message {
    bool sends;
    Rank peer;
    uint32_t number;
    size_t index;
  };
  Group& add(Message message) {
    messages_.push_back(message);
    return *this;
  }
  static void list(std::vector<std::string>& from, std::vector<std::byte*>& pointers, std::vector<uint64_t>& lengths) {
    for (std::string& text : from) {
      pointers.push_back(text.empty() ? nullptr : reinterpret_cast<std::byte*>(text.data()));
      lengths.push_back(text.size());
    }
  }
  World& world_;
  Rank me_;
  std::vector<Message> messages_;
  std::vector<std::string> texts_, targets_;
  std::vector<std::byte*> in_, out_;
  std::vector<uint64_t> in_lengths_, out_lengths_;
  std::vector<uint32_t> numbers_;
  std::unique_ptr<const Program> program_;
};

TEST(PointToPoint, MessagesMeetByNumberWhateverTheGroups) {
  World world(2, 5, true);
  Group a(world, 0), b(world, 1), c(world, 1);
  a.send(1, "first", 0).send(1, "second", 1).recv(1, 3, 0);
  c.recv(0, 6, 1).send(0, "own", 0);  // started before b, which takes the earlier message
  b.recv(0, 5, 0);
  a.start();
  c.start();
  b.start();
  ASSERT_TRUE(world.run_until([&] { return a.done() && b.done() && c.done(); }));
  EXPECT_EQ(b.target(0), "first");
  EXPECT_EQ(c.target(0), "second");
  EXPECT_EQ(a.target(0), "own");
  EXPECT_EQ(a.code(), Code::ok);
  for (const Envelope& envelope : world.transport(1).received) EXPECT_EQ(envelope.kind, MessageKind::user);
}

TEST(PointToPoint, AShorterMessageIsFineAndItsLengthIsTold) {
  World world(2);
  Group a(world, 0), b(world, 1);
  a.send(1, "abc", 0).send(1, "", 1).send(1, "defgh", 2);
  b.recv(0, 8, 0).recv(0, 4, 1).recv(0, 5, 2);
  a.start();
  b.start();
  ASSERT_TRUE(world.run_until([&] { return a.done() && b.done(); }));
  EXPECT_EQ(b.code(), Code::ok);
  EXPECT_EQ(b.received, (std::vector<uint64_t>{3, 0, 5}));
  EXPECT_EQ(b.target(0), "abc.....");
  EXPECT_EQ(b.target(1), "....");
}

TEST(PointToPoint, AMessageOfNoBytesIsAMessage) {
  World world(2);
  Group a(world, 0), b(world, 1);
  a.send(1, "", 0);
  b.recv(0, 0, 0);
  b.start();
  for (int i = 0; i < 20; ++i) world.step();
  EXPECT_FALSE(b.done());
  a.start();
  ASSERT_TRUE(world.run_until([&] { return a.done() && b.done(); }));
  EXPECT_EQ(b.code(), Code::ok);
  EXPECT_EQ(world.transport(0).sends, 1u);
}

TEST(PointToPoint, ALongerMessageIsTruncatedAndTheCommunicatorLives) {
  World world(2);
  Group a(world, 0), b(world, 1);
  a.send(1, "much too long", 0).send(1, "fits", 1);
  b.recv(0, 4, 0).recv(0, 4, 1);
  a.start();
  b.start();
  ASSERT_TRUE(world.run_until([&] { return a.done() && b.done(); }));
  EXPECT_EQ(a.code(), Code::ok);
  EXPECT_EQ(b.code(), Code::truncated);
  EXPECT_EQ(b.operation.blamed, 0);
  EXPECT_EQ(b.target(1), "fits");
  Group next(world, 0), answer(world, 1);
  next.send(1, "again", 2);
  answer.recv(0, 5, 2);
  next.start();
  answer.start();
  ASSERT_TRUE(world.run_until([&] { return next.done() && answer.done(); }));
  EXPECT_EQ(answer.code(), Code::ok);
  EXPECT_EQ(answer.target(0), "again");
}

TEST(PointToPoint, ElementsOfAnotherSizeAreAMismatch) {
  World world(2);
  Group a(world, 0), b(world, 1), c(world, 1);
  a.send(1, "abcd", 0).send(1, "efgh", 1);
  b.recv(0, 4, 0);
  c.recv(0, 4, 1);
  a.start(4);
  b.start(0);  // knows nothing of sizes
  ASSERT_TRUE(world.run_until([&] { return b.done(); }));
  EXPECT_EQ(b.code(), Code::ok);
  c.start(8);
  ASSERT_TRUE(world.run_until([&] { return c.done(); }));
  EXPECT_EQ(c.code(), Code::mismatch);
  EXPECT_EQ(c.operation.blamed_signature, 4u);
}

TEST(PointToPoint, ManyMessagesAreBoundedAndAllArrive) {
  World world(2);
  Group a(world, 0), b(world, 1);
  for (uint32_t i = 0; i < 1000; ++i) {
    a.send(1, std::to_string(i), i).recv(1, 4, i);
    b.send(0, std::to_string(2 * i), i).recv(0, 4, i);
  }
  a.start();
  EXPECT_EQ(world.transport(0).sends, MemoryHub::Pipe::frames_max + 64u);  // what went at once is not under way
  b.start();
  ASSERT_TRUE(world.run_until([&] { return a.done() && b.done(); }));
  EXPECT_EQ(a.code(), Code::ok);
  EXPECT_EQ(b.target(999), "999.");
  EXPECT_EQ(a.target(999), "1998");
}

}  // namespace
}  // namespace hawser::testing
