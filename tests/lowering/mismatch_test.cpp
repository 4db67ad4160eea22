// Members that call different things learn it, and who: from the first message they take, or, if they wait for different ones, on request.
#include <gtest/gtest.h>

#include "src/plan/scheme.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

PhaseCall broadcast_from(int32_t root, std::byte* data, size_t bytes, uint32_t signature) {
  PhaseCall call;
  call.collective = Collective::broadcast;
  call.root = root;
  call.type = DataType::u8;
  call.signature = signature;
  call.input = call.output = {data, bytes, bytes, 0, bytes};
  return call;
}

// Both on one thread: a routine never waits, so they can take turns.
TEST(Mismatch, shows_in_the_first_message) {
  for (const SchemeKind kind : {SchemeKind::cells, SchemeKind::flag}) {
    World world(2, 1 << 16);
    const auto mine = world.island(0).routine({kind}), theirs = world.island(1).routine({kind});
    PhaseCall call;
    call.collective = Collective::all_reduce;
    call.input = call.output = {world.input(0), 4, 4, 0, 4};
    call.signature = 11;
    mine->start(call);
    EXPECT_EQ(mine->progress().code, Code::in_progress);
    call.signature = 12;
    call.input = call.output = {world.input(1), 4, 4, 0, 4};
    theirs->start(call);
    const Pause seen = theirs->progress();
    EXPECT_EQ(seen.code, Code::mismatch);
    EXPECT_EQ(seen.peer, 0);
    const Pause seen_by_me = mine->progress();
    EXPECT_EQ(seen_by_me.code, Code::mismatch);
    EXPECT_EQ(seen_by_me.peer, 1);
  }
}

TEST(Mismatch, of_what_is_waited_for_is_found_on_request) {
  World world(2, 1 << 16);
  const auto mine = world.island(0).routine({SchemeKind::cells}), theirs = world.island(1).routine({SchemeKind::flag});
  mine->start(broadcast_from(1, world.input(0), 8, 1));
  EXPECT_EQ(mine->progress().code, Code::in_progress);
  EXPECT_EQ(mine->look_for_mismatch().code, Code::in_progress);  // the peer is only late
  theirs->start(broadcast_from(0, world.input(1), 800, 2));
  EXPECT_EQ(theirs->progress().code, Code::in_progress);
  EXPECT_EQ(mine->look_for_mismatch().code, Code::mismatch);
  EXPECT_EQ(mine->look_for_mismatch().peer, 1);
  EXPECT_EQ(theirs->look_for_mismatch().code, Code::mismatch);
  EXPECT_EQ(theirs->look_for_mismatch().peer, 0);
}

// However far ahead a peer is with calls that are alike, those that are not like the reader's are found.
TEST(Mismatch, of_a_peer_that_ran_ahead_with_like_calls_is_found) {
  for (const uint32_t other : {6u, 4u, 1000u}) {
    World world(2, 1 << 16);
    const auto mine = world.island(0).routine({SchemeKind::flag}), theirs = world.island(1).routine({SchemeKind::flag});
    for (int i = 0; i < 100; ++i) {
      theirs->start(broadcast_from(1, world.input(1), 100, 5));
      ASSERT_EQ(theirs->progress().code, Code::ok);
    }
    for (int i = 0; i < 50; ++i) {
      mine->start(broadcast_from(1, world.input(0), 100, 5));
      ASSERT_EQ(mine->progress().code, Code::ok) << i;
    }
    mine->start(broadcast_from(1, world.input(0), 100, other));
    EXPECT_EQ(mine->progress().code, Code::mismatch);
  }
}

// A peer that ran ahead past the differing call is found by what it remembers, and an old slot with the same signature is not taken for
// new.
TEST(Mismatch, of_a_peer_that_ran_ahead_is_found) {
  World world(2, 1 << 16);
  const auto mine = world.island(0).routine({SchemeKind::flag}), theirs = world.island(1).routine({SchemeKind::flag});
  const auto both = [&](int32_t root, uint32_t signature) {
    mine->start(broadcast_from(root, world.input(0), 100, signature));
    theirs->start(broadcast_from(root, world.input(1), 100, signature));
    Routine &first = root == 0 ? *mine : *theirs, &second = root == 0 ? *theirs : *mine;
    EXPECT_EQ(first.progress().code, Code::ok);
    EXPECT_EQ(second.progress().code, Code::ok);
  };
  for (int i = 0; i < 12; ++i) both(1, 5);
  mine->start(broadcast_from(1, world.input(0), 100, 5));
  EXPECT_EQ(mine->progress().code, Code::in_progress);
  for (const uint32_t signature : {6u, 5u}) {
    theirs->start(broadcast_from(1, world.input(1), 100, signature));
    EXPECT_EQ(theirs->progress().code, Code::ok);
  }
  EXPECT_EQ(mine->look_for_mismatch().code, Code::mismatch);
  EXPECT_EQ(mine->progress().code, Code::mismatch);
}

TEST(Mismatch, is_not_seen_between_equals) {
  World world(3, 1 << 16);
  world.run([&](uint32_t me) {
    const auto routine = world.island(me).routine({SchemeKind::cells});
    for (uint32_t i = 0; i < 500; ++i) {
      PhaseCall call = broadcast_from(static_cast<int32_t>(i % 3), world.input(me), 8, i);
      routine->start(call);
      EXPECT_NE(routine->look_for_mismatch().code, Code::mismatch);
      EXPECT_EQ(finish(*routine).code, Code::ok);
    }
  });
}

TEST(Routine, refuses_what_does_not_reduce) {
  World world(1, 1 << 16);
  for (const SchemeKind kind : {SchemeKind::cells, SchemeKind::flag, SchemeKind::push, SchemeKind::cma}) {
    const auto routine = world.island(0).routine({kind});
    PhaseCall call;
    call.collective = Collective::all_reduce;
    call.type = DataType::f8e4m3;
    call.library_buffers = true;
    call.input = call.output = {world.input(0), 8, 8, 0, 8};
    routine->start(call);
    EXPECT_EQ(routine->progress().code, Code::unsupported);
    call.collective = Collective::all_to_all_v;
    routine->start(call);
    EXPECT_EQ(routine->progress().code, Code::unsupported);
  }
}

}  // namespace
}  // namespace hawser
