// A peer's area and offers are its own affair: whatever it writes there, a member reads nothing outside the areas and segments it mapped.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "src/base/random.h"
#include "src/lowering/area.h"
#include "src/plan/scheme.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

PhaseCall all_reduce_of(std::byte* in, std::byte* out, size_t count) {
  PhaseCall call;
  call.collective = Collective::all_reduce;
  call.library_buffers = true;
  call.signature = 3;
  call.input = {in, count, count, 0, count};
  call.output = {out, count, count, 0, count};
  return call;
}

// What member 1 would publish first as its offer: input, output, address, the strides of both, able.
void publish_offer(World& world, const std::array<uint64_t, 6>& offer) {
  auto* cell = reinterpret_cast<Cell*>(world.area(1) + kCellsOffset);
  std::memcpy(cell->data, offer.data(), sizeof offer);
  cell->tag = 3;
  cell->number.store(1, std::memory_order_release);
}

TEST(Untrusted, offers_outside_the_segment_fail_the_call_and_name_the_peer) {
  for (const uint64_t offset : {uint64_t{0} - 64, uint64_t{1} << 40, uint64_t{0} - 8}) {
    World world(2, 1 << 20);
    const auto routine = world.island(0).routine({SchemeKind::push});
    routine->start(all_reduce_of(world.input(0), world.output(0), 1000));
    EXPECT_EQ(routine->progress().code, Code::in_progress);
    publish_offer(world, {offset, 4096, 0, 0, 0, 1});
    const Pause end = routine->progress();
    EXPECT_EQ(end.code, Code::peer);
    EXPECT_EQ(end.peer, 1);
  }
}

// Cma copies out of whatever its peer says is there, in the peer's own process.
TEST(Untrusted, an_address_that_is_nowhere_in_the_peers_process_fails_the_call_and_names_the_peer) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  for (const uint64_t address : {uint64_t{0}, uint64_t{64}, uint64_t{0} - 4096, uint64_t{1} << 47}) {
    World world(2, 1 << 20);
    std::vector<IslandMember> members = world.members(0);
    members[1].process = child;
    IslandFacts facts;
    facts.cma_bytes_per_s = 1'000'000'000;
    Island island(0, members, facts);
    const auto routine = island.routine({SchemeKind::cma});
    PhaseCall call;
    call.collective = Collective::all_gather;
    call.signature = 3;
    call.input = {world.input(0), 1000, 1000, 0, 1000};
    call.output = {world.output(0), 2000, 1000, 0, 1000};
    routine->start(call);
    EXPECT_EQ(routine->progress().code, Code::in_progress);
    publish_offer(world, {0, 0, address, 0, 0, 2});
    const Pause end = routine->progress();
    EXPECT_EQ(end.code, Code::peer);
    EXPECT_EQ(end.peer, 1);
  }
  ::kill(child, SIGKILL);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(Untrusted, any_bytes_in_a_peers_area_do_no_harm) {
  constexpr uint64_t kSeed = 5;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  SeededRandom random(kSeed);
  constexpr Scheme kSchemes[] = {{SchemeKind::cells}, {SchemeKind::flag}, {SchemeKind::bounce, 4096, false, true}, {SchemeKind::push}};
  for (int round = 0; round < 40; ++round) {
    World world(2, 1 << 20);
    for (const Scheme& scheme : kSchemes) {
      const auto routine = world.island(0).routine(scheme);
      for (const size_t count : {size_t{2}, size_t{3000}, size_t{100'000}}) {
        // Its words are random, or so large that everything seems to have come.
        random.fill({world.area(1), 4096 + (64 << 10)});
        if (round % 2) std::memset(world.area(1), 0x7f, 4096 + (64 << 10));
        routine->start(all_reduce_of(world.input(0), world.output(0), count));
        for (int step = 0; step < 50 && routine->progress().code == Code::in_progress; ++step) routine->look_for_mismatch();
      }
    }
    std::byte* edge = world.output(0) + 400'000;
    EXPECT_EQ(*edge, std::byte{0});  // nothing was written beyond the output
  }
}

}  // namespace
}  // namespace hawser
