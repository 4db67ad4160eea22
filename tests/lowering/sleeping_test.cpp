// Members that go to sleep at once whenever a word is missing: every word that somebody may wait for is announced by a bell.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "src/base/random.h"
#include "src/plan/scheme.h"
#include "tests/lowering/phase_case.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

constexpr timespec kLost{20, 0};  // only a sleep that nobody ends lasts so long

// As the engine's waiter, without spinning. False: no bell rang although the word came.
bool sleep_for(Bell& bell, const Wait& wait) {
  const uint32_t before = bell.rung.load(std::memory_order_acquire);
  bell.asleep.store(Bell::futex, std::memory_order_relaxed);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
  bool woken = true;
  if (!wait.reached())
    woken =
        ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&bell.rung), FUTEX_WAIT, before, &kLost, nullptr, 0) == 0 || errno != ETIMEDOUT;
  bell.asleep.store(Bell::awake, std::memory_order_relaxed);
  return woken;
}

Code finish_asleep(Routine& routine, Bell& bell) {
  while (true) {
    const Pause pause = routine.progress();
    if (pause.code != Code::in_progress) return pause.code;
    if (!pause.wait.word) return Code::internal;
    while (!pause.wait.reached())
      if (!sleep_for(bell, pause.wait)) return Code::timeout;
  }
}

Bell& bell_of(World& world, uint32_t me) { return reinterpret_cast<SegmentHeader*>(world.members(me)[me].segment)->bell; }

TEST(Sleeping, no_member_sleeps_through_what_it_waits_for) {
  ASSERT_EQ(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
  constexpr uint64_t kSeed = 99;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  constexpr Scheme kSchemes[] = {{SchemeKind::cells, 0, false, false},
                                 {SchemeKind::flag, 0, false, false},
                                 {SchemeKind::bounce, 4096, false, true},
                                 {SchemeKind::push, 0, false, false},
                                 {SchemeKind::cma, 0, false, false}};
  constexpr Collective kKinds[] = {Collective::broadcast, Collective::all_reduce, Collective::broadcast,
                                   Collective::gather,    Collective::broadcast,  Collective::scatter};
  World world(3, 1 << 20);
  std::vector<PhaseCase> cases;
  SeededRandom random(kSeed);
  for (int i = 0; i < 600; ++i) {
    PhaseCase what;
    what.collective = kKinds[random.next() % std::size(kKinds)];
    what.scheme = kSchemes[random.next() % (std::size(kSchemes) - (what.collective == Collective::all_reduce))];  // cma does not fold
    what.chunk = random.next() % 4 == 0 ? 9000 : 5;
    what.root = random.next() % 8 == 0 ? 1 : 0;  // mostly one root, so that it runs ahead until its ring is full
    what.buffers = PhaseCase::Buffers::library;
    what.seed = random.next();
    cases.push_back(what);
  }
  world.run([&](uint32_t me) {
    std::vector<std::unique_ptr<Routine>> routines;
    for (const Scheme& scheme : kSchemes) routines.push_back(world.island(me).routine(scheme));
    for (const PhaseCase& what : cases) {
      PhaseSide side(what, me, world.size(), world.input(me), world.output(me));
      Routine& routine = *routines[static_cast<size_t>(what.scheme.kind)];
      routine.start(side.call());
      const Code code = finish_asleep(routine, bell_of(world, me));
      ASSERT_EQ(code, Code::ok) << name(code) << " in " << text_of(what);
      ASSERT_EQ(side.differences(), "");
    }
  });
}

}  // namespace
}  // namespace hawser
