// A peer's area and offers are its own affair: whatever it writes there, a member reads nothing outside the areas and segments it mapped.
#include <gtest/gtest.h>

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

TEST(Untrusted, offers_outside_the_segment_fail_the_call_and_name_the_peer) {
  for (const uint64_t offset : {uint64_t{0} - 64, uint64_t{1} << 40, uint64_t{0} - 8}) {
    World world(2, 1 << 20);
    const auto routine = world.island(0).routine({SchemeKind::push});
    routine->start(all_reduce_of(world.input(0), world.output(0), 1000));
    EXPECT_EQ(routine->progress().code, Code::in_progress);
    // What member 1 would publish as its offer: input, output, able.
    auto* cell = reinterpret_cast<Cell*>(world.area(1) + kCellsOffset);
    const uint64_t offer[3] = {offset, 4096, 1};
    std::memcpy(cell->data, offer, sizeof offer);
    cell->tag = 3;
    cell->number.store(1, std::memory_order_release);
    const Pause end = routine->progress();
    EXPECT_EQ(end.code, Code::peer);
    EXPECT_EQ(end.peer, 1);
  }
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
