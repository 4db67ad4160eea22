// The protocol of the measured jobs, and the check of their results.
#include "perf/peers/job.h"

#include <gtest/gtest.h>

namespace peers {
namespace {

TEST(Command, IsReadFromALine) {
  Point point;
  EXPECT_EQ(parse_command("point all_to_all 4096 20000 library", &point), Command::point);
  EXPECT_EQ(point.operation, Operation::all_to_all);
  EXPECT_EQ(point.bytes, 4096u);
  EXPECT_EQ(point.span_us, 20000u);
  EXPECT_TRUE(point.library_memory);
  EXPECT_EQ(parse_command("quit", &point), Command::quit);
  EXPECT_EQ(parse_command("version", &point), Command::version);
}

TEST(Command, ThatIsNotUnderstoodChangesNothing) {
  Point point;
  for (const char* line : {"", "point", "point all_reduce", "point all_reduce x 1 malloc", "point nothing 8 1 malloc",
                           "point all_reduce 8 1 gpu", "pint all_reduce 8 1 malloc"}) {
    EXPECT_EQ(parse_command(line, &point), Command::unknown) << line;
  }
  EXPECT_EQ(point.bytes, 0u);
}

TEST(Counts, AreThoseOfNcclTests) {
  EXPECT_EQ(count_of({Operation::all_reduce, 4096, 0, false}, 4), 1024u);
  EXPECT_EQ(count_of({Operation::all_gather, 4096, 0, false}, 4), 256u);
  EXPECT_EQ(count_of({Operation::reduce_scatter, 8, 0, false}, 4), 1u) << "raised to one element of every rank";
  EXPECT_EQ(output_elements({Operation::all_gather, 4096, 0, false}, 4), 1024u);
  EXPECT_EQ(input_elements({Operation::reduce_scatter, 4096, 0, false}, 4), 1024u);
  EXPECT_EQ(output_elements({Operation::reduce_scatter, 4096, 0, false}, 4), 256u);
}

TEST(Values, TellRanksAndPlacesApart) {
  int alike = 0;
  for (uint64_t i = 0; i < 1000; ++i) alike += input_value(0, i) == input_value(1, i);
  EXPECT_LT(alike, 100);
  for (const uint64_t block : {2u, 64u, 1024u}) {
    alike = 0;
    for (uint64_t i = 0; i < 1000; ++i) alike += input_value(0, i) == input_value(0, i + block);
    EXPECT_LT(alike, 300) << block;
  }
}

TEST(Results, FollowFromTheInputs) {
  const Point scattered{Operation::reduce_scatter, 64, 0, false};
  EXPECT_EQ(result_value(scattered, 2, 1, 3), input_value(0, 11) + input_value(1, 11));
  const Point exchanged{Operation::all_to_all, 64, 0, false};
  EXPECT_EQ(result_value(exchanged, 2, 1, 3), input_value(0, 11));
  EXPECT_EQ(result_value(exchanged, 2, 1, 8 + 3), input_value(1, 11));
  const Point gathered{Operation::all_gather, 64, 0, false};
  EXPECT_EQ(result_value(gathered, 2, 0, 8 + 3), input_value(1, 3));
  EXPECT_EQ(result_value({Operation::broadcast, 64, 0, false}, 2, 1, 3), input_value(0, 3));
}

}  // namespace
}  // namespace peers
