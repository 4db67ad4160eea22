// Sizes, counts and bus bandwidth as nccl-tests has them; and the bound is found in an explanation.
#include "perf/hawser_perf/rules.h"

#include <gtest/gtest.h>

#include "perf/hawser_perf/statistics.h"

namespace hawser::perf {
namespace {

TEST(Sizes, AreMultipliedFromBeginToEnd) {
  EXPECT_EQ(sizes_between(8, 128, 4).value(), (std::vector<uint64_t>{8, 32, 128}));
  EXPECT_EQ(sizes_between(8, 100, 4).value(), (std::vector<uint64_t>{8, 32}));
  EXPECT_EQ(sizes_between(64, 64, 2).value(), std::vector<uint64_t>{64});
  EXPECT_EQ(sizes_between(1, 4, 1.5).value(), (std::vector<uint64_t>{1, 2, 3}));
}

TEST(Sizes, SayWhatIsWrongWithThem) {
  EXPECT_EQ(sizes_between(0, 64, 2).error().code(), Code::invalid);
  EXPECT_EQ(sizes_between(128, 64, 2).error().code(), Code::invalid);
  EXPECT_NE(sizes_between(8, 64, 1).error().text().find("-f"), std::string::npos);
  EXPECT_EQ(sizes_between(8, UINT64_MAX, 1.0001).error().code(), Code::invalid);
}

TEST(Extent, CountsTheWholeOfTheLargerBuffer) {
  const Extent reduced = extent_of(Workload::all_reduce, 4096, DataType::f32, 4);
  EXPECT_EQ(reduced.count, 1024u);
  EXPECT_EQ(reduced.input, 1024u);
  const Extent gathered = extent_of(Workload::all_gather, 4096, DataType::f32, 4);
  EXPECT_EQ(gathered.count, 256u);
  EXPECT_EQ(gathered.input, 256u);
  EXPECT_EQ(gathered.output, 1024u);
  EXPECT_EQ(gathered.bytes, 4096u);
  const Extent scattered = extent_of(Workload::reduce_scatter, 4096, DataType::f64, 2);
  EXPECT_EQ(scattered.input, 512u);
  EXPECT_EQ(scattered.output, 256u);
}

TEST(Extent, IsRaisedToOneElementOfEveryRank) {
  const Extent smallest = extent_of(Workload::all_to_all, 8, DataType::f32, 4);
  EXPECT_EQ(smallest.count, 1u);
  EXPECT_EQ(smallest.bytes, 16u);
}

TEST(BusBandwidth, FollowsTheTrafficOfOneLink) {
  EXPECT_DOUBLE_EQ(bus_factor(Workload::all_reduce, 4), 1.5);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::all_gather, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::reduce_scatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::all_to_all, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::broadcast, 4), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::reduce, 4), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Workload::all_reduce, 1), 0);
}

TEST(Workloads, NamesParseBack) {
  for (int i = 0; i < workloads; ++i) EXPECT_EQ(parse_workload(name(static_cast<Workload>(i))), static_cast<Workload>(i));
  EXPECT_EQ(parse_workload("allreduce"), std::nullopt);
}

TEST(Bound, IsTheFirstTimeAfterTheWord) {
  EXPECT_DOUBLE_EQ(bound_us("predicted 14 us\nbound 12.5 us (89 %)\n").value(), 12.5);
  EXPECT_DOUBLE_EQ(bound_us("the bound is 300 ns").value(), 0.3);
  EXPECT_DOUBLE_EQ(bound_us("bound: 1.5ms").value(), 1500);
  EXPECT_DOUBLE_EQ(bound_us("percent of bound 89 %\nbound 2 us").value(), 2);
  EXPECT_EQ(bound_us("nothing of the kind 12 us"), std::nullopt);
  EXPECT_EQ(bound_us("bound"), std::nullopt);
  EXPECT_EQ(bound_us(""), std::nullopt);
}

TEST(Percentile, IsTheNearestRank) {
  std::vector<uint64_t> samples;
  for (uint64_t i = 100; i > 0; --i) samples.push_back(i);
  EXPECT_EQ(percentile(samples, 0.5), 50u);
  EXPECT_EQ(percentile(samples, 0.99), 99u);
  EXPECT_EQ(percentile(samples, 1), 100u);
  EXPECT_EQ(percentile(samples, 0), 1u);
  std::vector<uint64_t> one{7}, none;
  EXPECT_EQ(percentile(one, 0.5), 7u);
  EXPECT_EQ(percentile(none, 0.5), 0u);
}

}  // namespace
}  // namespace hawser::perf
