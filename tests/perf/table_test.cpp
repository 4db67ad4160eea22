// A row says the same in the table and as JSON.
#include "perf/hawser_perf/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hawser::perf {
namespace {

using ::testing::HasSubstr;

Row some_row() {
  Row row;
  row.ranks = 4;
  row.extent = extent_of(Workload::all_reduce, 1 << 20, DataType::f32, 4);
  row.out_of_place = {.mean_us = 100, .p50_us = 90, .p99_us = 200, .operations = 50, .wrong = 0};
  row.in_place = {.mean_us = 200, .p50_us = 190, .p99_us = 300, .operations = 40, .wrong = 3};
  row.bound_us = 50;
  return row;
}

TEST(Table, ShowsBandwidthsAndTheShareOfTheBound) {
  const std::string line = table_line(some_row());
  EXPECT_THAT(line, HasSubstr("1048576"));
  EXPECT_THAT(line, HasSubstr("10.49"));  // 1 MiB in 100 us
  EXPECT_THAT(line, HasSubstr("15.73"));  // times 1.5
  EXPECT_THAT(line, HasSubstr("   50      0"));
  EXPECT_THAT(line, HasSubstr("   25      3"));
}

TEST(Table, ShowsADashWhereNoBoundIsKnown) {
  Row row = some_row();
  row.bound_us.reset();
  EXPECT_THAT(table_line(row), HasSubstr("    -      0"));
}

TEST(Table, HeadingAndLineHaveTheSameWidth) {
  const std::string text = heading({}, Workload::all_reduce, 4);
  const size_t last = text.rfind('\n', text.size() - 2);
  const size_t columns = text.rfind('\n', last - 1);
  EXPECT_EQ(table_line(some_row()).size(), last - columns);
}

TEST(Json, CarriesEveryNumber) {
  const auto object = nlohmann::json::parse(json_line(some_row()));
  EXPECT_EQ(object["collective"], "all_reduce");
  EXPECT_EQ(object["bytes"], 1 << 20);
  EXPECT_EQ(object["mean_us"], 100);
  EXPECT_EQ(object["in_place"]["mean_us"], 200);
  EXPECT_EQ(object["wrong"], 3) << "of both";
  EXPECT_DOUBLE_EQ(object["of_bound"], 0.5);
}

TEST(Closing, SaysWhenSomethingWasWrong) {
  EXPECT_THAT(closing(1.5, true, 0), HasSubstr("every result is right"));
  EXPECT_THAT(closing(1.5, false, 0), HasSubstr("not checked"));
  EXPECT_THAT(closing(1.5, true, 2), HasSubstr("2 WRONG"));
}

}  // namespace
}  // namespace hawser::perf
