// Every shape of plan gives the right result: types, operations, sizes, slices, windows, in place, in any order of completions.
#include "tests/executor/call.h"
#include "tests/executor/plans.h"

namespace hawser::testing {
namespace {

struct Named {
  std::string name;
  Collective collective;
  std::function<Plan(Rank me, int ranks, Aliasing)> plan;
  bool power_of_two = false, single_chunk_owner = false;
};

std::vector<Named> plans() {
  return {
      {"ring", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return ring_all_reduce(me, n, 1, a); }},
      {"ring of three chunks", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return ring_all_reduce(me, n, 3, a); }},
      {"direct", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return direct_all_reduce(me, n, 2, a); }},
      {"doubling", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return doubling_all_reduce(me, n, 3, a); }, true},
      {"halving", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return halving_all_reduce(me, n, a); }, true},
      {"two level", Collective::all_reduce, [](Rank me, int n, Aliasing a) { return two_level_all_reduce(me, n / 2, 2, a); }, true},
      {"reduce", Collective::reduce, [](Rank me, int n, Aliasing a) { return direct_reduce(me, n, 1, a); }},
      {"broadcast", Collective::broadcast, [](Rank me, int n, Aliasing a) { return tree_broadcast(me, n, 1, 3, a); }},
      {"all gather", Collective::all_gather, direct_all_gather},
      {"reduce scatter", Collective::reduce_scatter, direct_reduce_scatter},
      {"all to all", Collective::all_to_all, direct_all_to_all},
  };
}

void check(const Named& named, int ranks, size_t count, uint64_t slice, uint32_t window, bool in_place, uint64_t seed, bool shuffle) {
  SCOPED_TRACE(named.name + " ranks " + std::to_string(ranks) + " count " + std::to_string(count) + " slice " + std::to_string(slice) +
               (in_place ? " in place" : "") + " seed " + std::to_string(seed));
  World world(ranks, seed, shuffle);
  CallShape shape;
  shape.collective = named.collective;
  shape.root = 1;
  shape.count = count;
  shape.in_place = in_place;
  shape.slice_bytes = slice;
  shape.window = window;
  shape.plan = [&](Rank me) { return named.plan(me, ranks, in_place ? Aliasing::in_place : Aliasing::none); };
  Call call(world, shape);
  ASSERT_TRUE(call.run()) << "stuck";
  call.expect_results();
  for (int rank = 0; rank < ranks; ++rank) {
    EXPECT_TRUE(world.at(rank).idle());
    EXPECT_EQ(world.transport(rank).lent, 0);
  }
}

TEST(Collectives, EveryPlanAtOddSizes) {
  for (const Named& named : plans())
    for (const int ranks : {2, 3, 4, 8})
      for (const size_t count : {1, 2, 5, 100, 4099}) {
        if (named.power_of_two && (ranks & (ranks - 1)) != 0) continue;
        for (const bool in_place : {false, true}) check(named, ranks, count, 0, 1, in_place, 3, false);
      }
}

TEST(Collectives, SlicesAndWindowsAndAnyOrderOfCompletions) {
  for (const Named& named : plans())
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      const size_t counts[] = {10, 1000, 3001, 5000};
      // slices of 1 KiB: from none to more than the window; the last chunks are shorter and absent in later slices
      check(named, 4, counts[seed % 4], 1024, 1 + seed % 3, seed % 2 == 0, seed, true);
    }
}

TEST(Collectives, MessagesLargerThanTheEagerLimitAndHeldLentBytes) {
  for (const Named& named : plans()) check(named, 4, 300'000, 0, 1, true, 5, true);
}

TEST(Collectives, ARelayThroughScratchKnowsTheLengthOfShortChunks) {
  for (const size_t count : {1, 4, 7, 9, 1001}) {
    for (const uint64_t slice : {0, 64}) {
      World world(4);
      CallShape shape;
      shape.collective = Collective::broadcast;
      shape.count = count;
      shape.slice_bytes = slice;
      shape.window = 2;
      shape.plan = [](Rank me) { return relay(me, 4, 5); };
      Call call(world, shape);
      ASSERT_TRUE(call.run());
      call.expect_results();
    }
  }
}

TEST(Collectives, TypesAndOperations) {
  for (const DataType type : {DataType::i32, DataType::i64, DataType::u8, DataType::bf16, DataType::f32, DataType::f64})
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max, ReduceOp::avg})
      for (const uint64_t slice : {0, 64}) {
        if (op == ReduceOp::prod && type == DataType::u8) continue;  // 11^3 leaves eight bits
        World world(3);
        CallShape shape;
        shape.type = type;
        shape.op = op;
        shape.slice_bytes = slice;
        shape.window = 2;
        shape.plan = [](Rank me) { return ring_all_reduce(me, 3, 1, Aliasing::none); };
        Call call(world, shape);
        ASSERT_TRUE(call.run());
        SCOPED_TRACE(std::string(name(type)) + " " + std::string(name(op)));
        call.expect_results();
      }
}

TEST(Collectives, AverageDividesOnceWhateverBroughtTheParts) {
  for (const Named& named : plans()) {
    if (!reduces(named.collective)) continue;
    for (const bool in_place : {false, true})
      for (const uint64_t slice : {0, 256}) {
        SCOPED_TRACE(named.name);
        World world(4, 9, true);
        CallShape shape;
        shape.collective = named.collective;
        shape.root = 1;
        shape.op = ReduceOp::avg;
        shape.count = 501;
        shape.in_place = in_place;
        shape.slice_bytes = slice;
        shape.window = 2;
        shape.plan = [&](Rank me) { return named.plan(me, 4, in_place ? Aliasing::in_place : Aliasing::none); };
        Call call(world, shape);
        ASSERT_TRUE(call.run());
        call.expect_results();
      }
  }
}

TEST(Collectives, TwoOperationsAndTwoCommunicatorsAtOnce) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    World world(4, seed, true);
    CallShape shape;
    shape.count = 777;
    shape.slice_bytes = 256;
    shape.window = 2;
    shape.plan = [](Rank me) { return ring_all_reduce(me, 4, 1, Aliasing::none); };
    Call first(world, shape);
    shape.number = 1;
    shape.plan = [](Rank me) { return halving_all_reduce(me, 4, Aliasing::none); };
    Call second(world, shape);
    shape.communicator = 8;
    shape.plan = [](Rank me) { return direct_all_reduce(me, 4, 1, Aliasing::none); };
    Call other(world, shape);
    for (Rank rank = 0; rank < 4; ++rank) {
      first.start(rank);
      if (rank % 2 == 0) other.start(rank);
      second.start(rank);
      if (rank % 2 == 1) other.start(rank);
      EXPECT_TRUE(world.at(rank).busy(7));
    }
    ASSERT_TRUE(world.run_until([&] { return first.all_done() && second.all_done() && other.all_done(); }));
    first.expect_results();
    second.expect_results();
    other.expect_results();
  }
}

TEST(Collectives, AnOperationIsStartedAgain) {
  World world(3);
  CallShape shape;
  shape.count = 64;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 3, 1, Aliasing::none); };
  Call call(world, shape);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(call.run());
    call.expect_results();
    call.refill();
  }
}

TEST(Collectives, TransfersWaitForTheirEdge) {
  World world(2);
  world.edges(0).closed = true;
  CallShape shape;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  call.start();
  for (int i = 0; i < 100; ++i) world.step();
  EXPECT_FALSE(call.all_done());
  EXPECT_EQ(world.at(0).waiting_for(call.operation(0)), std::vector<Rank>{1});
  EXPECT_EQ(world.edges(0).asked.front(), 1u);
  world.edges(0).closed = false;
  world.at(0).edge_open(1);
  ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
  call.expect_results();
}

TEST(Collectives, WhatIsOverWhenItsEdgeOpensEndsTheOperation) {
  World world(2);
  CallShape shape;
  shape.collective = Collective::broadcast;
  shape.plan = [](Rank me) { return tree_broadcast(me, 2, 0, 2, Aliasing::none); };
  Call call(world, shape);
  for (int turn = 0; turn < 3; ++turn) {
    call.refill();
    world.edges(0).closed = true;
    world.at(0).edge_open(1);  // the edge of the turn before is no more
    call.start(0);
    world.at(0).progress();
    EXPECT_FALSE(done(call.operation(0)));
    world.edges(0).closed = false;
    world.at(0).edge_open(1);
    world.at(0).progress();
    EXPECT_TRUE(done(call.operation(0))) << "its message is on its way, and nothing else will come";
    for (int again = 0; again < 4; ++again) {
      if (again > 0) call.refill(), call.start(0);
      call.start(1);
      ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
      call.expect_results();
    }
  }
}

// The executor keeps what it made of a call; whatever differs the next time must be seen.
void expect_what_differs_is_seen(const std::function<Plan(Rank)>& plan) {
  World world(2);
  CallShape shape;
  shape.count = 64;
  shape.plan = plan;
  Call call(world, shape);
  std::deque<std::vector<std::byte>> moved;
  for (uint32_t turn = 0; turn < 48; ++turn) {
    for (Rank rank = 0; turn % 3 == 1 && rank < 2; ++rank) {
      Layout& layout = call.operation(rank).binding.buffers[turn % 2];
      moved.emplace_back(layout.base, layout.base + layout.count * 4);
      std::fill_n(layout.base, layout.count * 4, std::byte{0x77});
      layout.base = moved.back().data();
    }
    if (turn % 8 == 6) call.operation(0).signature = call.operation(1).signature += 1;
    if (turn % 12 == 10) world.at(0).edge_open(1);
    call.refill();
    call.start(static_cast<Rank>(turn % 2));
    call.start(static_cast<Rank>(1 - turn % 2));
    ASSERT_TRUE(world.run_until([&] { return call.all_done(); })) << turn;
    for (Rank rank = 0; rank < 2; ++rank) {
      const auto* out = reinterpret_cast<const int32_t*>(call.operation(rank).binding.buffers[1].base);
      const auto* mine = reinterpret_cast<const int32_t*>(call.operation(rank).binding.buffers[0].base);
      const auto* other = reinterpret_cast<const int32_t*>(call.operation(1 - rank).binding.buffers[0].base);
      for (size_t i = 0; i < shape.count; ++i) ASSERT_EQ(out[i], mine[i] + other[i]) << "turn " << turn << " element " << i;
    }
  }
}

TEST(Collectives, TheSameCallAgainWithOtherBuffersSignaturesAndEdges) {
  expect_what_differs_is_seen([](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); });
  expect_what_differs_is_seen([](Rank me) { return direct_all_reduce(me, 2, 1, Aliasing::none); });
}

TEST(Collectives, AReduceWaitsForWhatStandsBetweenItAndItsReceive) {
  World world(2);
  CallShape shape;
  shape.plan = [](Rank me) {
    PlanBuilder builder(Collective::all_reduce, me, 2, 1, 1);
    const uint32_t scratch = builder.scratch(1);
    builder.send(1 - me, {Buffer::input, 0, 1});
    builder.recv(1 - me, {Buffer::scratch, scratch, 1});
    builder.copy({Buffer::input, 0, 1}, {Buffer::output, 0, 1});
    builder.reduce({Buffer::scratch, scratch, 1}, {Buffer::output, 0, 1});
    return std::move(builder).build("copy between");
  };
  Call call(world, shape);
  for (int turn = 0; turn < 5; ++turn) {
    call.refill();
    ASSERT_TRUE(call.run());
    call.expect_results();
  }
}

TEST(Collectives, TheSameCallAgainWithAnotherCount) {
  World world(2);
  CallShape shape;
  shape.count = 64;
  shape.plan = [](Rank me) { return ring_all_reduce(me, 2, 1, Aliasing::none); };
  Call call(world, shape);
  for (const size_t count : {64, 64, 64, 62, 62, 62, 64, 63, 64, 64, 64, 3, 3, 3, 64}) {
    call.refill();
    for (Rank rank = 0; rank < 2; ++rank) {
      for (size_t buffer : {0, 1}) call.operation(rank).binding.buffers[buffer].count = count;
      std::fill_n(call.operation(rank).binding.buffers[1].base, shape.count * 4, std::byte{0x77});
    }
    ASSERT_TRUE(call.run());
    for (Rank rank = 0; rank < 2; ++rank) {
      const auto* out = reinterpret_cast<const int32_t*>(call.operation(rank).binding.buffers[1].base);
      for (size_t i = 0; i < shape.count; ++i) {
        int32_t wanted = 0x77777777;
        if (i < count) wanted = 0;
        for (Rank from = 0; i < count && from < 2; ++from)
          wanted += reinterpret_cast<const int32_t*>(call.operation(from).binding.buffers[0].base)[i];
        ASSERT_EQ(out[i], wanted) << "count " << count << " element " << i;
      }
    }
  }
}

TEST(Collectives, DoneIsCalledOnceAndMayStartTheNext) {
  World world(1);
  Plan plan = PlanBuilder(Collective::barrier, 0, 1, 0, 0).build("nothing");
  const auto program = Program::lower(plan, 0, {});
  struct Chain {
    Executor* executor;
    int calls = 0;
  } chain{&world.at(0)};
  Operation operation;
  operation.program = program.get();
  operation.peers = world.peers();
  operation.user = &chain;
  operation.done = [](Operation& operation) {
    Chain& chain = *static_cast<Chain*>(operation.user);
    EXPECT_EQ(operation.code.load(), Code::ok);
    if (++chain.calls < 1000) chain.executor->start(operation);
  };
  world.at(0).start(operation);
  EXPECT_EQ(chain.calls, 0);
  EXPECT_EQ(world.at(0).progress().code, Code::ok);
  EXPECT_EQ(chain.calls, 1000);
}

}  // namespace
}  // namespace hawser::testing
