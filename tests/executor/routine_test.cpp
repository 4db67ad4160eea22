// Routines: what they are given, in which order they run, and what their failures do.
#include <deque>

#include "src/executor/routine_order.h"
#include "tests/executor/call.h"
#include "tests/executor/plans.h"

namespace hawser::testing {
namespace {

TEST(RoutineOrder, VisitsEverySliceAndPhaseOnceAndNeverBeforeItsSlotIsFree) {
  for (const uint64_t slices : {1, 2, 5, 9})
    for (const uint32_t phases : {1, 2, 3, 7})
      for (const uint32_t window : {1, 2, 3, 8}) {
        std::vector<uint32_t> next_phase(slices, 0);
        uint64_t visited = 0;
        for (RoutineOrder order(slices, phases, window); !order.done(); order.advance(), ++visited) {
          ASSERT_LT(order.slice(), slices);
          ASSERT_EQ(order.phase(), next_phase[order.slice()]++);
          const bool takes_a_slot = order.phase() == 0 && order.slice() >= window;
          ASSERT_TRUE(!takes_a_slot || next_phase[order.slice() - window] == phases);
        }
        ASSERT_EQ(visited, slices * phases);
      }
}

TEST(RoutineOrder, SlicesOverlapWhenTheWindowAllows) {
  std::vector<std::pair<uint64_t, uint32_t>> visits;
  for (RoutineOrder order(3, 2, 2); !order.done(); order.advance()) visits.push_back({order.slice(), order.phase()});
  const std::vector<std::pair<uint64_t, uint32_t>> wanted = {{0, 0}, {1, 0}, {0, 1}, {2, 0}, {1, 1}, {2, 1}};
  EXPECT_EQ(visits, wanted);
}

TEST(RoutineOrder, NothingToVisitIsDone) { EXPECT_TRUE(RoutineOrder(5, 0, 2).done()); }

struct Island;

// A routine of the simplest kind: when all members have started the same number of calls, the last to look moves everybody's data.
class FakeRoutine final : public Routine {
 public:
  FakeRoutine(Island& island, uint32_t me, int phase) : island_(island), me_(me), phase_(phase) {}
  void start(const PhaseCall&) override;
  Pause progress() override;
  bool run(const PhaseCall& call, std::byte* input, std::byte* output, bool library_buffers) override {
    return start_at(call, input, output, library_buffers);
  }
  Pause look_for_mismatch() override;

 private:
  Island& island_;
  uint32_t me_;
  int phase_;
};

struct Island {
  struct Started {
    PhaseCall call;
    int phase;
  };
  std::array<std::vector<Started>, 2> calls;
  std::array<std::atomic<uint64_t>, 2> words{};
  size_t completed = 0;
  bool silent = false;  // never completes
  Code answer = Code::in_progress;

  void complete(size_t i) {
    const PhaseCall* call[2] = {&calls[0][i].call, &calls[1][i].call};
    ASSERT_EQ(calls[0][i].phase, calls[1][i].phase) << "members start their phases in the same order";
    ASSERT_EQ(call[0]->signature, call[1]->signature);
    for (size_t me = 0; me < 2; ++me) {
      if (call[me]->collective == Collective::reduce_scatter) reduce_scatter(call, me);
      else if (call[me]->collective == Collective::all_gather) all_gather(call, me);
      else FAIL();
    }
    ++completed;
  }
  static int32_t* at(const Blocks& blocks, size_t i) { return reinterpret_cast<int32_t*>(blocks.at(i, 4)); }
  static void reduce_scatter(const PhaseCall* const* call, size_t me) {
    ASSERT_EQ(call[me]->output.length(0), call[0]->input.length(me));
    for (size_t e = 0; e < call[me]->output.length(0); ++e)
      at(call[me]->output, 0)[e] = at(call[0]->input, me)[e] + at(call[1]->input, me)[e];
  }
  static void all_gather(const PhaseCall* const* call, size_t me) {
    for (size_t from = 0; from < 2; ++from) {
      ASSERT_EQ(call[from]->input.length(0), call[me]->output.length(from));
      for (size_t e = 0; e < call[me]->output.length(from); ++e) at(call[me]->output, from)[e] = at(call[from]->input, 0)[e];
    }
  }
};

void FakeRoutine::start(const PhaseCall& call) {
  island_.calls[me_].push_back({call, phase_});
  island_.words[me_].fetch_add(1);
}

Pause FakeRoutine::progress() {
  Pause pause;
  const size_t mine = island_.calls[me_].size();
  if (island_.completed >= mine) {
    pause.code = Code::ok;
    return pause;
  }
  if (!island_.silent && island_.calls[1 - me_].size() >= mine) {
    island_.complete(mine - 1);
    pause.code = Code::ok;
    return pause;
  }
  pause.code = island_.answer;
  pause.peer = static_cast<int32_t>(1 - me_);
  pause.wait = {&island_.words[1 - me_], mine};
  return pause;
}

Pause FakeRoutine::look_for_mismatch() {
  Pause pause;
  pause.code = Code::mismatch;
  pause.peer = static_cast<int32_t>(1 - me_);
  return pause;
}

CallShape replaced_two_level(std::deque<Island>& islands, int hosts, uint32_t chunks_per_rank) {
  CallShape shape;
  shape.plan = [=](Rank me) { return two_level_all_reduce(me, hosts, chunks_per_rank, Aliasing::none); };
  shape.routines = [&islands](Rank me) {
    Island& island = islands[static_cast<size_t>(me / 2)];
    const auto member = static_cast<uint32_t>(me % 2);
    return std::vector<std::shared_ptr<Routine>>{std::make_shared<FakeRoutine>(island, member, 0),
                                                 std::make_shared<FakeRoutine>(island, member, 1)};
  };
  return shape;
}

TEST(Routines, ReplacedPhasesGiveTheSameResultInTheSameOrderEverywhere) {
  for (uint64_t seed = 1; seed <= 12; ++seed)
    for (const uint32_t chunks : {1, 3})
      for (const uint64_t slice : {0, 64, 256}) {
        SCOPED_TRACE("seed " + std::to_string(seed) + " chunks " + std::to_string(chunks) + " slice " + std::to_string(slice));
        std::deque<Island> islands(2);
        World world(4, seed, true);
        CallShape shape = replaced_two_level(islands, 2, chunks);
        shape.count = 500 + 7 * seed;
        shape.slice_bytes = slice;
        shape.window = 1 + seed % 3;
        shape.op = seed % 2 == 0 ? ReduceOp::avg : ReduceOp::sum;
        Call first(world, shape);
        shape.number = 1;
        Call second(world, shape);
        first.start();
        second.start();
        ASSERT_TRUE(world.run_until([&] { return first.all_done() && second.all_done(); })) << "stuck";
        first.expect_results();
        second.expect_results();
        for (const Island& island : islands) EXPECT_EQ(island.calls[0].size(), island.calls[1].size());
      }
}

Plan island_only(Rank me) {
  PlanBuilder b(Collective::all_gather, me, 2, 1, 2);
  const uint32_t group = b.group({0, 1});
  b.begin_phase(Collective::all_gather, group, -1, {Buffer::input, 0, 1, 1}, {Buffer::output, 0, 2, 1});
  b.copy({Buffer::input, 0, 1, 1}, {Buffer::output, static_cast<uint32_t>(me), 1, 1});
  b.send(1 - me, {Buffer::input, 0, 1, 1});
  b.recv(1 - me, {Buffer::output, static_cast<uint32_t>(1 - me), 1, 1});
  b.end_phase();
  return std::move(b).build("island");
}

CallShape island_shape(Island& island) {
  CallShape shape;
  shape.collective = Collective::all_gather;
  shape.plan = island_only;
  shape.routines = [&island](Rank me) {
    return std::vector<std::shared_ptr<Routine>>{std::make_shared<FakeRoutine>(island, static_cast<uint32_t>(me), 0)};
  };
  return shape;
}

TEST(Routines, AWholePlanThatIsOnePhaseIsTold) {
  Island island;
  ProgramOptions options;
  options.routines = {std::make_shared<FakeRoutine>(island, 0, 0)};
  const auto program = Program::lower(island_only(0), 0, options);
  EXPECT_EQ(program->only_routine(), options.routines[0].get());
  ASSERT_NE(program->only_phase(), nullptr);
  EXPECT_EQ(program->only_phase()->collective, Collective::all_gather);
  EXPECT_EQ(Program::lower(island_only(0), 0, {})->only_routine(), nullptr);
}

TEST(Routines, ThePauseTellsTheWordAndTheRank) {
  Island island;
  World world(2);
  Call call(world, island_shape(island));
  call.start(0);
  const Pause pause = world.at(0).progress();
  EXPECT_EQ(pause.code, Code::in_progress);
  EXPECT_EQ(pause.wait.word, &island.words[1]);
  EXPECT_EQ(pause.wait.at_least, 1u);
  EXPECT_EQ(world.at(0).waiting_for(call.operation(0)), std::vector<Rank>{1});
  call.start(1);
  ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
  call.expect_results();
  EXPECT_EQ(world.transport(0).sends, 0u);
}

TEST(Routines, ADeadMemberThatIsWaitedForFailsTheOperation) {
  Island island;
  island.silent = true;
  World world(2);
  Call call(world, island_shape(island));
  call.start(0);
  world.at(0).progress();
  world.at(0).fail_peer(1, Code::peer);
  world.at(0).progress();
  EXPECT_EQ(call.operation(0).code.load(), Code::peer);
  EXPECT_EQ(call.operation(0).blamed, 1);
  EXPECT_EQ(world.at(0).progress().code, Code::ok);
}

TEST(Routines, AMismatchFoundAfterALongWaitNamesTheMember) {
  Island island;
  World world(2);
  Call call(world, island_shape(island));
  call.start(0);
  world.at(0).progress();
  EXPECT_TRUE(world.at(0).look_for_mismatch());
  world.at(0).progress();
  EXPECT_EQ(call.operation(0).code.load(), Code::mismatch);
  EXPECT_EQ(call.operation(0).blamed, 1);
}

TEST(Routines, AFailedRoutineFailsItsOperation) {
  Island island;
  island.silent = true;
  island.answer = Code::mismatch;
  World world(2);
  Call call(world, island_shape(island));
  call.start(0);
  world.at(0).progress();
  EXPECT_EQ(call.operation(0).code.load(), Code::mismatch);
  EXPECT_EQ(call.operation(0).blamed, 1);
}

}  // namespace
}  // namespace hawser::testing
