// Whatever fails, everyone who waits learns it, nothing hangs, and no memory of an operation is touched after it.
#include "tests/executor/call.h"
#include "tests/executor/plans.h"

namespace hawser::testing {
namespace {

constexpr int kRanks = 4;
constexpr Rank kVictim = 2;

CallShape ring_shape(uint64_t slice_bytes, uint32_t window) {
  CallShape shape;
  shape.count = 600;
  shape.slice_bytes = slice_bytes;
  shape.window = window;
  shape.plan = [](Rank me) { return ring_all_reduce(me, kRanks, 1, Aliasing::none); };
  return shape;
}

// The engine's notices: who hears of a failure tells every rank that waits.
void spread_failures(World& world, std::vector<Call*> calls, uint64_t communicator) {
  world.notice = [&world, calls, communicator] {
    for (Call* call : calls)
      for (Rank rank = 0; rank < world.size(); ++rank) {
        if (!world.alive(rank) || !done(call->operation(rank)) || call->operation(rank).code.load() == Code::ok) continue;
        for (Rank other = 0; other < world.size(); ++other)
          if (world.alive(other)) world.at(other).fail_communicator(communicator, Code::peer, call->operation(rank).blamed);
      }
  };
}

void expect_named_or_done(World& world, Call& call) {
  for (Rank rank = 0; rank < world.size(); ++rank) {
    if (!world.alive(rank)) continue;
    const Operation& operation = call.operation(rank);
    if (operation.code.load() == Code::ok) continue;
    EXPECT_EQ(operation.code.load(), Code::peer) << "rank " << rank;
    EXPECT_EQ(operation.blamed, kVictim) << "rank " << rank;
  }
}

// Dies after its k-th message, for every k. True: it died before it was through.
bool die_after(uint64_t messages, uint64_t slice_bytes, size_t count, const std::function<Plan(Rank)>& plan) {
  SCOPED_TRACE("after message " + std::to_string(messages));
  World world(kRanks, messages + 1, true);
  CallShape shape = ring_shape(slice_bytes, 2);
  shape.count = count;
  shape.plan = plan;
  Call first(world, shape);
  shape.number = 1;
  Call second(world, shape);
  bool dies = false;
  world.transport(kVictim).on_send = [&] { dies = dies || world.transport(kVictim).sends == messages; };
  first.start();
  second.start();
  const auto both_done = [&] { return first.all_done() && second.all_done(); };
  EXPECT_TRUE(world.run_until([&] { return dies || both_done(); }));
  if (!dies) return false;
  spread_failures(world, {&first, &second}, 7);
  world.kill(kVictim);
  EXPECT_TRUE(world.run_until(both_done)) << "someone hangs";
  expect_named_or_done(world, first);
  expect_named_or_done(world, second);
  for (Rank rank = 0; rank < kRanks; ++rank) EXPECT_TRUE(!world.alive(rank) || world.at(rank).idle());
  return true;
}

TEST(Failure, APeerThatDiesAfterAnyMessageIsNamedByAll) {
  uint64_t messages = 1;
  while (die_after(messages, 256, 600, [](Rank me) { return ring_all_reduce(me, kRanks, 1, Aliasing::none); })) ++messages;
  EXPECT_GT(messages, 24u);  // three slices of six messages, twice; the last few may find everyone served
  messages = 1;
  while (die_after(messages, 0, 600, [](Rank me) { return direct_all_reduce(me, kRanks, 1, Aliasing::none); })) ++messages;
  EXPECT_GT(messages, 3u);
}

TEST(Failure, LargeMessagesUnderWayDoNotOutliveTheirOperation) {
  for (uint64_t messages = 1; messages <= 6; ++messages)
    die_after(messages, 0, 400'000, [](Rank me) { return halving_all_reduce(me, kRanks, Aliasing::none); });
}

TEST(Failure, AFailedPeerEndsWhatNeedsItAndOnlyThat) {
  World world(3);
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 3, 1, Aliasing::none); };
  Call call(world, shape);
  world.freeze(kVictim);
  call.start(0);
  call.start(1);
  for (int i = 0; i < 50; ++i) world.step();
  EXPECT_FALSE(done(call.operation(0)));
  world.at(0).fail_peer(kVictim, Code::timeout);
  ASSERT_TRUE(world.run_until([&] { return done(call.operation(0)); }));
  EXPECT_EQ(call.operation(0).code.load(), Code::timeout);
  EXPECT_EQ(call.operation(0).blamed, kVictim);
  EXPECT_TRUE(world.at(0).idle());
}

TEST(Failure, WhatAPeerThatLeftHadLentIsReducedAndReleased) {
  World world(2);
  CallShape shape;
  shape.plan = [](Rank me) { return direct_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  call.start();
  world.at(1).progress();
  world.at(0).fail_peer(1, Code::peer);  // takes in what had arrived
  ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
  call.expect_results();
  EXPECT_EQ(world.transport(0).lent, 0);
}

TEST(Failure, APeerThatLeftAfterItsPartIsNotMissed) {
  World world(2);
  CallShape shape;
  shape.collective = Collective::broadcast;
  shape.plan = [](Rank me) { return tree_broadcast(me, 2, 0, 2, Aliasing::none); };
  Call call(world, shape);
  call.start(0);
  ASSERT_TRUE(world.run_until([&] { return done(call.operation(0)); }));
  world.at(1).fail_peer(0, Code::peer);  // its control connection ended; what it had sent is there
  call.start(1);
  ASSERT_TRUE(world.run_until([&] { return done(call.operation(1)); }));
  call.expect_results();
}

TEST(Failure, AnEdgeThatNeverOpensFails) {
  World world(2);
  world.edges(0).closed = true;
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  call.start(0);
  world.at(0).progress();
  world.at(0).fail_peer(1, Code::unreachable);
  world.at(0).progress();
  EXPECT_EQ(call.operation(0).code.load(), Code::unreachable);
  EXPECT_EQ(call.operation(0).blamed, 1);
  world.at(0).edge_open(1);  // too late, and nothing comes of it
  EXPECT_EQ(world.at(0).progress().code, Code::ok);
}

TEST(Failure, AnotherSignatureOfACallMadeBeforeIsAMismatchToo) {
  World world(2);
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  for (int turn = 0; turn < 4; ++turn) {
    ASSERT_TRUE(call.run());
    call.expect_results();
    call.refill();
  }
  call.operation(0).signature = 0x99;  // its message lies there when rank 1 starts
  ASSERT_TRUE(call.run());
  for (Rank rank = 0; rank < 2; ++rank) {
    EXPECT_EQ(call.operation(rank).code.load(), Code::mismatch);
    EXPECT_EQ(call.operation(rank).blamed, 1 - rank);
  }
  EXPECT_EQ(call.operation(1).blamed_signature, 0x99u);
}

TEST(Failure, AnotherSignatureIsAMismatchThatNamesTheRank) {
  World world(2);
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  call.operation(1).signature = 0x99;
  call.start();
  ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
  for (Rank rank = 0; rank < 2; ++rank) {
    EXPECT_EQ(call.operation(rank).code.load(), Code::mismatch);
    EXPECT_EQ(call.operation(rank).blamed, 1 - rank);
    EXPECT_EQ(call.operation(rank).blamed_signature, rank == 0 ? 0x99u : 0x51u);
  }
}

TEST(Failure, AnotherLengthIsAMismatchEvenUnderTheSameSignature) {
  for (const size_t other : {60, 140}) {
    World world(2);
    CallShape shape;
    shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
    Call call(world, shape);
    shape.count = other;
    Call different(world, shape);
    call.start(0);
    different.start(1);
    ASSERT_TRUE(world.run_until([&] { return done(call.operation(0)) && done(different.operation(1)); }));
    EXPECT_EQ(call.operation(0).code.load(), Code::mismatch);
    EXPECT_EQ(different.operation(1).code.load(), Code::mismatch);
  }
}

TEST(Failure, AnEndedCommunicatorStaysEndedAndOthersGoOn) {
  World world(3);
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 3, 1, Aliasing::none); };
  Call call(world, shape);
  shape.communicator = 8;
  Call other(world, shape);
  call.start(0);
  call.start(1);
  other.start();
  for (Rank rank = 0; rank < 3; ++rank) world.at(rank).fail_communicator(7, Code::aborted, -1);
  ASSERT_TRUE(world.run_until([&] { return done(call.operation(0)) && done(call.operation(1)) && other.all_done(); }));
  EXPECT_EQ(call.operation(0).code.load(), Code::aborted);
  EXPECT_FALSE(world.at(0).busy(7));
  other.expect_results();
  call.start(2);
  world.at(2).progress();
  EXPECT_EQ(call.operation(2).code.load(), Code::aborted);
}

TEST(Failure, LayoutsThatContradictTheProgramAreRefused) {
  World world(2);
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  call.operation(0).binding.buffers[1].count /= 2;
  call.start(0);
  world.at(0).progress();
  EXPECT_EQ(call.operation(0).code.load(), Code::invalid);
  call.operation(1).binding.type = DataType::f8e4m3;
  call.start(1);
  world.at(1).progress();
  EXPECT_EQ(call.operation(1).code.load(), Code::unsupported);
}

}  // namespace
}  // namespace hawser::testing
