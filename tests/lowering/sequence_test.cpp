// Every collective by every scheme, back to back on one island: whatever came before and however late anybody is, each call gives what the
// specification says and touches nothing else.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "src/base/random.h"
#include "src/lowering/area.h"
#include "tests/lowering/phase_case.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

constexpr size_t kBufferBytes = size_t{2} << 20;
constexpr Collective kCollectives[] = {Collective::all_reduce, Collective::reduce,         Collective::broadcast,
                                       Collective::all_gather, Collective::reduce_scatter, Collective::all_to_all,
                                       Collective::gather,     Collective::scatter,        Collective::barrier};
constexpr DataType kTypes[] = {DataType::i32, DataType::f32, DataType::u8, DataType::f16, DataType::f64, DataType::bf16, DataType::i64};
constexpr Scheme kSchemes[] = {
    {SchemeKind::cells, 0, false, false},        {SchemeKind::cells, 0, false, true},         {SchemeKind::flag, 0, false, false},
    {SchemeKind::flag, 0, false, true},          {SchemeKind::bounce, 4096, false, false},    {SchemeKind::bounce, 4096, false, true},
    {SchemeKind::bounce, 64 << 10, true, false}, {SchemeKind::bounce, 128 << 10, true, true}, {SchemeKind::push, 32 << 10, false, false},
    {SchemeKind::push, 0, true, true},           {SchemeKind::cma, 0, false, false}};

bool many_sided(Collective c) {
  return c == Collective::all_gather || c == Collective::gather || c == Collective::reduce_scatter || c == Collective::scatter;
}
bool one_sided(Collective c) { return c == Collective::all_reduce || c == Collective::reduce || c == Collective::broadcast; }

bool folds(Collective c) { return c == Collective::all_reduce || c == Collective::reduce || c == Collective::reduce_scatter; }

class Cases {
 public:
  Cases(uint32_t members, uint64_t seed) : members_(members), random_(seed) {}

  void add(Collective collective, const Scheme& scheme, size_t bytes, bool in_place) {
    if (scheme.kind == SchemeKind::cma && folds(collective)) return;  // which it does not offer
    PhaseCase what;
    what.collective = collective;
    what.scheme = scheme;
    what.type = kTypes[random_.next() % std::size(kTypes)];
    what.op = pick() ? ReduceOp::sum : pick() ? ReduceOp::max : ReduceOp::min;
    what.divisor = what.op == ReduceOp::sum && pick() && pick() ? 3 : 1;
    if (size_of(what.type) < 4) what.divisor = 1;  // 255 / 3 and 2048 hold no triple sums
    what.chunk = bytes / size_of(what.type);
    if (many_sided(collective) && what.chunk && pick()) what.missing = random_.next() % std::min<size_t>(what.chunk, 100);
    if (pick() && pick()) {
      what.offset = random_.next() % (what.chunk + 2);
      what.limit = random_.next() % (what.chunk + 2);
    }
    what.root = static_cast<uint32_t>(random_.next() % members_);
    what.in_place = in_place;
    what.buffers = static_cast<PhaseCase::Buffers>(random_.next() % 3);
    if (scheme.kind == SchemeKind::push && pick()) what.buffers = PhaseCase::Buffers::library;
    what.seed = random_.next();
    all_.push_back(what);
  }
  void add_all(std::initializer_list<size_t> sizes, size_t one_in) {
    for (const size_t bytes : sizes)
      for (const Collective collective : kCollectives)
        for (const Scheme& scheme : kSchemes)
          for (const bool in_place : {false, true})
            if (random_.next() % one_in == 0) add(collective, scheme, bytes, in_place);
  }
  // One vector as long as fits into every collective's buffers, just beyond what a slot and a whole ring hold.
  void add_large() {
    const size_t most = kBufferBytes / members_ - 64;
    for (const Collective collective : kCollectives) {
      const Scheme& scheme = kSchemes[2 + random_.next() % (std::size(kSchemes) - 2)];
      add(collective, scheme, one_sided(collective) ? (size_t{1} << 20) + 3 : most, pick());
    }
  }
  std::vector<PhaseCase> shuffled() {
    for (size_t i = all_.size(); i > 1; --i) std::swap(all_[i - 1], all_[random_.next() % i]);
    return all_;
  }

 private:
  bool pick() { return random_.next() % 2 == 0; }
  const uint32_t members_;
  SeededRandom random_;
  std::vector<PhaseCase> all_;
};

class Routines {  // of one member, by scheme: made once, used again, as a communicator does
 public:
  explicit Routines(Island& island) {
    for (const Scheme& scheme : kSchemes) made_.push_back(island.routine(scheme));
  }
  Routine& of(const Scheme& scheme) {
    size_t i = 0;
    while (!(kSchemes[i] == scheme)) ++i;
    return *made_[i];
  }

 private:
  std::vector<std::unique_ptr<Routine>> made_;
};

void dawdle(SeededRandom& random) {
  const uint64_t lot = random.next() % 64;
  if (lot == 0) std::this_thread::sleep_for(std::chrono::microseconds(random.next() % 300));
  if (lot < 8) std::this_thread::yield();
}

void run_all(World& world, const std::vector<PhaseCase>& cases, uint64_t seed) {
  std::atomic<bool> stop{false};
  world.run([&](uint32_t me) {
    Routines routines(world.island(me));
    SeededRandom random(seed * 1000 + me);
    for (const PhaseCase& what : cases) {
      PhaseSide side(what, me, world.size(), world.input(me), world.output(me));
      dawdle(random);
      Routine& routine = routines.of(what.scheme);
      routine.start(side.call());
      const Pause end = finish(routine);
      const std::string wrong = end.code == Code::ok ? side.differences() : std::string(name(end.code)) + " in " + text_of(what);
      if (!wrong.empty()) {
        ADD_FAILURE() << "member " << me << " of " << world.size() << ": " << wrong;
        stop = true;
      }
      if (stop) return;
    }
  });
}

class Sequence : public testing::TestWithParam<uint32_t> {};

TEST_P(Sequence, of_small_calls_is_right) {
  const uint32_t members = GetParam();
  const uint64_t seed = 4200 + members;
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(members, kBufferBytes);
  Cases cases(members, seed);
  const size_t one_in = members <= 3 ? 1 : members <= 6 ? 3 : 24;
  cases.add_all({0, 1, 7, 8, 13, 14, 15, 47, 48, 49, 96, 768, 769, 2000}, one_in);
  cases.add_all({4096, 16384, 16392}, 4 * one_in);
  run_all(world, cases.shuffled(), seed);
}

TEST_P(Sequence, of_large_calls_is_right) {
  const uint32_t members = GetParam();
  const uint64_t seed = 4300 + members;
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(members, kBufferBytes);
  Cases cases(members, seed);
  const size_t one_in = members <= 6 ? 30 : 120;
  cases.add_all({(64 << 10) - 8, (64 << 10) + 8, 100'000}, one_in);
  if (members <= 6) {
    cases.add_all({(256 << 10) - 8, 256 << 10, (256 << 10) + 8}, 60);
    cases.add_large();
  }
  run_all(world, cases.shuffled(), seed);
}

INSTANTIATE_TEST_SUITE_P(Members, Sequence, testing::Values(1u, 2u, 3u, 4u, 5u, 6u, 9u, 17u));

// A root that runs ahead fills its ring and must wait for the slowest reader, whichever ring it is.
TEST(Sequence, a_root_that_runs_ahead_overwrites_nothing) {
  World world(3, kBufferBytes);
  std::vector<PhaseCase> cases;
  for (uint64_t i = 0; i < 300; ++i) {
    PhaseCase what;
    what.collective = i % 50 == 49 ? Collective::scatter : Collective::broadcast;
    what.scheme = kSchemes[i / 100 * 2];
    what.type = DataType::i32;
    what.chunk = i < 200 ? 10 : 30'000;
    what.root = i % 100 < 60 ? 0 : 2;
    what.seed = i;
    cases.push_back(what);
  }
  run_all(world, cases, 77);
}

// Like calls are stopped by the length of the ring, not by the number of tags; a call of another signature by the tags as well.
TEST(Sequence, a_root_runs_ahead_of_like_calls_as_far_as_the_ring_is_long) {
  constexpr size_t kBytes = 4096, kFits = kRingBytes / kBytes;
  World world(2, kBufferBytes);
  const auto root = world.island(0).routine({SchemeKind::flag}), reader = world.island(1).routine({SchemeKind::flag});
  std::vector<std::vector<std::byte>> sent(3 * kFits, std::vector<std::byte>(kBytes));
  std::vector<std::byte> got(kBytes);
  const auto call = [&](std::byte* data, uint32_t signature) {
    PhaseCall call;
    call.collective = Collective::broadcast;
    call.root = 0;
    call.type = DataType::u8;
    call.signature = signature;
    call.input = call.output = {data, kBytes, kBytes, 0, kBytes};
    return call;
  };
  const auto signature_of = [](size_t i) { return i < 2 * kFits ? 5u : static_cast<uint32_t>(i); };
  size_t done = 0, taken = 0;
  bool waiting = false;
  const auto run_ahead = [&] {  // until the root must wait
    for (; done < sent.size(); ++done) {
      if (!waiting) {
        std::fill(sent[done].begin(), sent[done].end(), static_cast<std::byte>(done * 7));
        root->start(call(sent[done].data(), signature_of(done)));
      }
      waiting = root->progress().code != Code::ok;
      if (waiting) return;
    }
  };
  run_ahead();
  EXPECT_EQ(done, kFits);
  for (; taken < sent.size(); ++taken) {
    ASSERT_LT(taken, done);
    reader->start(call(got.data(), signature_of(taken)));
    ASSERT_EQ(reader->progress().code, Code::ok) << "call " << taken;
    ASSERT_TRUE(got == sent[taken]) << "call " << taken;
    run_ahead();
    if (done > 2 * kFits + kTags && done < sent.size()) { ASSERT_LE(done - taken, kTags + 1) << "tags of unlike calls were overwritten"; }
  }
}

}  // namespace
}  // namespace hawser
