// Prepared calls: run again and again with other buffers, between other calls, they give what start() and progress() would.
#include <gtest/gtest.h>

#include "src/plan/scheme.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

constexpr size_t kPlaces = 64, kPlaceBytes = 1024;

PhaseCall prepared(Collective collective, size_t count, uint64_t serial) {
  PhaseCall call;
  call.collective = collective;
  call.type = DataType::i32;
  call.signature = static_cast<uint32_t>(1000 + serial);
  call.serial = serial;
  if (collective != Collective::barrier) call.input = call.output = {nullptr, count, count, 0, count};
  return call;
}

Code run(Routine& routine, const PhaseCall& call, std::byte* input, std::byte* output) {
  return routine.run(call, input, output, true) ? Code::ok : finish(routine).code;
}

// Fills the input by who and when, runs, and compares; in place every third time.
void reduce_once(World& world, uint32_t me, Routine& routine, const PhaseCall& call, int32_t turn) {
  const size_t place = static_cast<size_t>(turn) % kPlaces * kPlaceBytes, count = call.input.total;
  auto* const in = reinterpret_cast<int32_t*>(world.input(me) + place);
  auto* const out = turn % 3 == 0 ? in : reinterpret_cast<int32_t*>(world.output(me) + kPlaceBytes * kPlaces - place - kPlaceBytes);
  for (size_t i = 0; i < count; ++i) in[i] = static_cast<int32_t>(me + 1) * turn + static_cast<int32_t>(i);
  out[count] = -7;
  ASSERT_EQ(run(routine, call, reinterpret_cast<std::byte*>(in), reinterpret_cast<std::byte*>(out)), Code::ok);
  const auto members = static_cast<int32_t>(world.size());
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(out[i], members * (members + 1) / 2 * turn + members * static_cast<int32_t>(i)) << "element " << i << ", turn " << turn;
  ASSERT_EQ(out[count], -7);
}

class Prepared : public ::testing::TestWithParam<std::tuple<uint32_t, SchemeKind>> {};

TEST_P(Prepared, calls_run_again_elsewhere) {
  const auto [members, kind] = GetParam();
  World world(members, kPlaces * kPlaceBytes);
  world.run([&, kind = kind](uint32_t me) {
    const auto routine = world.island(me).routine({kind});
    const PhaseCall two = prepared(Collective::all_reduce, 2, 1), alike_two = prepared(Collective::all_reduce, 2, 2),
                    many = prepared(Collective::all_reduce, 100, 3), barrier = prepared(Collective::barrier, 0, 4);
    for (int32_t turn = 0; turn < 600; ++turn) {
      const PhaseCall& call = turn % 50 < 40 ? two : turn % 2 ? alike_two : many;
      reduce_once(world, me, *routine, call, turn);
      if (turn % 100 > 90) { ASSERT_EQ(run(*routine, barrier, nullptr, nullptr), Code::ok); }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Schemes, Prepared,
                         ::testing::Combine(::testing::Values(1u, 2u, 3u),
                                            ::testing::Values(SchemeKind::cells, SchemeKind::flag, SchemeKind::push)));

// The straight way must see what the long one sees: a peer that called something else.
TEST(PreparedMismatch, shows_at_once) {
  for (const SchemeKind kind : {SchemeKind::cells, SchemeKind::flag}) {
    World world(2, 1 << 16);
    const auto mine = world.island(0).routine({kind}), theirs = world.island(1).routine({kind});
    PhaseCall call = prepared(Collective::all_reduce, 2, 1);
    const auto turn = [&](uint32_t their_signature) {
      EXPECT_FALSE(mine->run(call, world.input(0), world.output(0), false));
      EXPECT_EQ(mine->progress().code, Code::in_progress);
      PhaseCall other = call;
      other.signature = their_signature;
      return theirs->run(other, world.input(1), world.output(1), false) ? Code::ok : theirs->progress().code;
    };
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(turn(call.signature), Code::ok);
      EXPECT_EQ(mine->progress().code, Code::ok);
    }
    EXPECT_EQ(turn(call.signature + 1), Code::mismatch);
    const Pause seen = mine->progress();
    EXPECT_EQ(seen.code, Code::mismatch);
    EXPECT_EQ(seen.peer, 1);
  }
}

}  // namespace
}  // namespace hawser
