// Schemes inside an island: the winners are those that measurements named, and no size, count or fact breaks the arithmetic.
#include "src/plan/scheme.h"

#include <gtest/gtest.h>

#include "src/base/random.h"

namespace hawser {
namespace {

// The two states of the machine the formulas were fitted on, and four ranks on its two cores.
constexpr IslandFacts kNear{45, 18'000'000'000, 20'000'000'000, 1024, 16384, 256};
constexpr IslandFacts kFar{250, 30'000'000'000, 42'000'000'000, 1024, 16384, 256};
constexpr IslandFacts kCrowded{45, 10'000'000'000, 20'000'000'000, 1024, 8192, 512};

Request request(Collective collective, uint64_t bytes, bool library_buffers = false) {
  Request phase;
  phase.collective = collective;
  phase.count = bytes / 4;
  phase.library_buffers = library_buffers;
  return phase;
}

std::string winner(const IslandFacts& facts, uint32_t members, const Request& phase) {
  const Scheme scheme = cheapest_scheme(facts, members, phase).scheme;
  return std::string(name(scheme.kind)) + (scheme.two_shot ? " two" : "") + (scheme.non_temporal ? " nt" : "");
}

struct Row {
  uint64_t bytes;
  const char *near, *far, *near_library;
};

TEST(Scheme, TwoRanksAllReduceAsMeasured) {
  const Row rows[] = {{8, "cells", "cells", "cells"},
                      {256, "cells", "cells", "cells"},
                      {512, "flag", "flag", "flag"},
                      {4096, "flag", "flag", "push"},
                      {32 << 10, "flag", "flag", "push"},
                      {256 << 10, "bounce", "bounce", "push"},
                      {1 << 20, "bounce", "bounce", "push"},
                      {4 << 20, "bounce", "bounce", "push"},
                      {16 << 20, "bounce nt", "bounce nt", "push nt"},
                      {64 << 20, "bounce nt", "bounce nt", "push nt"}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.bytes);
    EXPECT_EQ(winner(kNear, 2, request(Collective::all_reduce, row.bytes)), row.near);
    EXPECT_EQ(winner(kFar, 2, request(Collective::all_reduce, row.bytes)), row.far);
    EXPECT_EQ(winner(kNear, 2, request(Collective::all_reduce, row.bytes, true)), row.near_library);
  }
}

// Two cores whose caches are far apart, with a kernel that copies between processes: what was measured there, and what was fastest.
IslandFacts distant_cores() {
  IslandFacts facts{130, 55'000'000'000, 19'000'000'000, 2048, 32768, 256};
  facts.publish_bytes_per_s = 23'000'000'000;
  facts.take_bytes_per_s = 19'000'000'000;
  facts.cma_bytes_per_s = 13'400'000'000;
  facts.cma_again_bytes_per_s = 34'000'000'000;
  facts.cma_ns = 800;
  return facts;
}

TEST(Scheme, TheKernelCopiesWhatIsLongAndNotReduced) {
  const IslandFacts facts = distant_cores();
  EXPECT_EQ(winner(facts, 2, request(Collective::all_gather, 2048)), "flag");
  EXPECT_EQ(winner(facts, 2, request(Collective::all_gather, 16 << 10)), "cma");
  EXPECT_EQ(winner(facts, 2, request(Collective::all_to_all, 512 << 10)), "cma");
  EXPECT_EQ(winner(facts, 2, request(Collective::all_to_all, 8 << 20)), "cma nt");
  EXPECT_EQ(winner(facts, 2, request(Collective::all_gather, 32 << 20)), "bounce nt") << "the kernel does not store past the caches";
  EXPECT_EQ(winner(facts, 2, request(Collective::broadcast, 256 << 10)), "cma");
  EXPECT_EQ(winner(facts, 2, request(Collective::broadcast, 4 << 20)), "bounce")
      << "both copies of a ring overlap, the kernel's one does not";
  EXPECT_EQ(winner(facts, 2, request(Collective::all_reduce, 256 << 10)), "bounce");
  IslandFacts refused = facts;
  refused.cma_bytes_per_s = 0;
  EXPECT_EQ(winner(refused, 2, request(Collective::all_gather, 512 << 10)), "bounce");
}

TEST(Scheme, FourCrowdedRanksReduceInTwoShotsWhenLarge) {
  EXPECT_EQ(winner(kCrowded, 4, request(Collective::all_reduce, 8)), "cells");
  EXPECT_EQ(winner(kCrowded, 4, request(Collective::all_reduce, 4096)), "flag");
  EXPECT_EQ(winner(kCrowded, 4, request(Collective::all_reduce, 1 << 20)), "bounce two");
  EXPECT_EQ(winner(kCrowded, 4, request(Collective::all_reduce, 16 << 20)), "bounce two nt");
  EXPECT_EQ(winner(kCrowded, 4, request(Collective::all_reduce, 1 << 20, true)), "push");
  EXPECT_EQ(winner(kCrowded, 2, request(Collective::all_reduce, 1 << 20)), "bounce");
}

TEST(Scheme, TimesAreNearTheMeasuredOnes) {  // within 1.8x
  const auto expect_near = [](const IslandFacts& facts, uint32_t members, const Request& phase, double microseconds) {
    const double predicted = static_cast<double>(cheapest_scheme(facts, members, phase).picoseconds) / 1e6;
    EXPECT_LT(predicted, microseconds * 1.8) << name(phase.collective) << " " << phase.count * 4;
    EXPECT_GT(predicted, microseconds / 1.8) << name(phase.collective) << " " << phase.count * 4;
  };
  expect_near(kNear, 2, request(Collective::all_reduce, 8), 0.05);
  expect_near(kNear, 2, request(Collective::all_reduce, 4096), 0.20);
  expect_near(kNear, 2, request(Collective::all_reduce, 1 << 20), 40);
  expect_near(kNear, 2, request(Collective::all_reduce, 16 << 20), 1093);
  expect_near(kFar, 2, request(Collective::all_reduce, 8), 0.23);
  expect_near(kFar, 2, request(Collective::all_reduce, 256 << 10), 15.7);
  expect_near(kFar, 2, request(Collective::all_reduce, 1 << 20), 58);
  expect_near(kFar, 2, request(Collective::all_reduce, 16 << 20, true), 400);
  expect_near(kNear, 2, request(Collective::all_reduce, 4 << 20, true), 62);
  expect_near(kCrowded, 4, request(Collective::all_reduce, 8), 1.38);
  expect_near(kCrowded, 4, request(Collective::all_reduce, 16 << 20), 3263);
  expect_near(kNear, 2, request(Collective::all_gather, 512 << 10), 22.7);  // 1 MiB in all
  expect_near(kNear, 2, request(Collective::all_to_all, 512 << 9), 26.9);
  expect_near(kNear, 2, request(Collective::reduce_scatter, 512 << 10), 21.1);
}

TEST(Scheme, SettingsRestrictTheKindWhereItSuits) {
  Request phase = request(Collective::all_reduce, 4096);
  phase.scheme = "bounce";
  EXPECT_EQ(winner(kNear, 2, phase), "bounce");
  phase.scheme = "cells";
  EXPECT_EQ(winner(kNear, 2, phase), "flag") << "cells hold no 4 KiB message, so the setting cannot be followed";
  phase.scheme = "push";
  EXPECT_EQ(winner(kNear, 2, phase), "flag") << "buffers are not the library's";
  phase.library_buffers = true;
  EXPECT_EQ(winner(kNear, 2, phase), "push");
}

TEST(Scheme, SizesAndBuffersDecideWhatSuits) {
  const Request small = request(Collective::all_reduce, 448), large = request(Collective::all_reduce, (256 << 10) + 4);
  EXPECT_TRUE(scheme_suits(kNear, 4, small, {SchemeKind::cells}));
  EXPECT_FALSE(scheme_suits(kNear, 4, request(Collective::all_reduce, 452), {SchemeKind::cells}));
  EXPECT_FALSE(scheme_suits(kNear, 4, large, {SchemeKind::flag}));
  EXPECT_FALSE(scheme_suits(kNear, 4, request(Collective::all_to_all, (32 << 10) + 4), {SchemeKind::flag})) << "four parts exceed a slot";
  EXPECT_TRUE(scheme_suits(kNear, 4, request(Collective::all_to_all, 32 << 10), {SchemeKind::flag}));
  EXPECT_FALSE(scheme_suits(kNear, 4, large, {SchemeKind::push}));
  EXPECT_FALSE(scheme_suits(kNear, 4, large, {SchemeKind::bounce, 5000}));
  EXPECT_FALSE(scheme_suits(kNear, 4, large, {SchemeKind::bounce, 512 << 10}));
  EXPECT_TRUE(scheme_suits(kNear, 4, large, {SchemeKind::bounce, 64 << 10, true, true}));
  EXPECT_FALSE(scheme_suits(kNear, 4, request(Collective::all_gather, 64), {SchemeKind::bounce, 64 << 10, false, true}));
}

TEST(Scheme, EverythingHasASchemeThatSuitsAndAPositiveTime) {
  const uint64_t seed = 7;
  SeededRandom random(seed);
  for (int i = 0; i < 3000; ++i) {
    IslandFacts facts;
    facts.hop_ns = static_cast<uint32_t>(random.next() >> (32 + random.next() % 32));
    facts.copy_bytes_per_s = random.next() >> random.next() % 64;
    facts.non_temporal_bytes_per_s = random.next() >> random.next() % 64;
    facts.l2_kib = static_cast<uint32_t>(random.next() >> (32 + random.next() % 32));
    facts.l3_share_kib = static_cast<uint32_t>(random.next() >> (32 + random.next() % 32));
    facts.ranks_per_cpu_x256 = static_cast<uint32_t>(random.next() >> (32 + random.next() % 32));
    Request phase = request(static_cast<Collective>(random.next() % collectives), 0, random.next() % 2);
    phase.count = random.next() >> random.next() % 64;
    phase.type = static_cast<DataType>(random.next() % data_types);
    const uint32_t members = 1 + static_cast<uint32_t>(random.next() >> (48 + random.next() % 16));
    const IslandCost best = cheapest_scheme(facts, members, phase);
    ASSERT_TRUE(scheme_suits(facts, members, phase, best.scheme)) << "seed " << seed << ", case " << i;
    ASSERT_GE(best.picoseconds, 0) << "seed " << seed << ", case " << i;
    ASSERT_EQ(scheme_cost(facts, members, phase, best.scheme), best.picoseconds);
  }
}

TEST(Scheme, NamesAreTheSettings) {
  EXPECT_EQ(name(SchemeKind::cells), "cells");
  EXPECT_EQ(name(SchemeKind::push), "push");
  EXPECT_EQ(name(static_cast<SchemeKind>(9)), "unknown");
}

}  // namespace
}  // namespace hawser
