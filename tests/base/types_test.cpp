// Names lead back to what they name; what kind of operation a collective is.
#include "src/base/types.h"

#include <gtest/gtest.h>

#include <iterator>

namespace hawser {
namespace {

TEST(Types, NamesParseBack) {
  for (int i = 0; i < data_types; ++i) EXPECT_EQ(parse_data_type(name(static_cast<DataType>(i))), static_cast<DataType>(i));
  for (int i = 0; i < reduce_ops; ++i) EXPECT_EQ(parse_reduce_op(name(static_cast<ReduceOp>(i))), static_cast<ReduceOp>(i));
  for (int i = 0; i < collectives; ++i) EXPECT_EQ(parse_collective(name(static_cast<Collective>(i))), static_cast<Collective>(i));
  EXPECT_EQ(parse_data_type("float"), DataType::f32);
  EXPECT_EQ(parse_data_type("complex"), std::nullopt);
}

struct Kinds {
  Collective collective;
  bool reduces, rooted, only_root_gives, only_root_gets, input_parts, output_parts, keeps_vector;
};

constexpr Kinds kKinds[] = {
    {Collective::all_reduce, true, false, false, false, false, false, true},
    {Collective::reduce, true, true, false, true, false, false, true},
    {Collective::broadcast, false, true, true, false, false, false, true},
    {Collective::all_gather, false, false, false, false, false, true, false},
    {Collective::reduce_scatter, true, false, false, false, true, false, false},
    {Collective::all_to_all, false, false, false, false, true, true, false},
    {Collective::all_to_all_v, false, false, false, false, true, true, false},
    {Collective::gather, false, true, false, true, false, true, false},
    {Collective::scatter, false, true, true, false, true, false, false},
    {Collective::barrier, false, false, false, false, false, false, false},
    {Collective::point_to_point, false, false, false, false, false, false, false},
};

TEST(Types, EveryCollectiveSaysWhatItReducesWhoGivesAndWhoGets) {
  ASSERT_EQ(std::size(kKinds), static_cast<size_t>(collectives));
  for (const Kinds& kinds : kKinds) {
    SCOPED_TRACE(name(kinds.collective));
    EXPECT_EQ(reduces(kinds.collective), kinds.reduces);
    EXPECT_EQ(rooted(kinds.collective), kinds.rooted);
    EXPECT_EQ(only_root_gives(kinds.collective), kinds.only_root_gives);
    EXPECT_EQ(only_root_gets(kinds.collective), kinds.only_root_gets);
    EXPECT_EQ(has_input_parts(kinds.collective), kinds.input_parts);
    EXPECT_EQ(has_output_parts(kinds.collective), kinds.output_parts);
    EXPECT_EQ(keeps_vector(kinds.collective), kinds.keeps_vector);
  }
}

TEST(Types, IdentityPrintsThirtyTwoDigits) { EXPECT_EQ(to_string(Identity{1, 0xabc}), "00000000000000010000000000000abc"); }

}  // namespace
}  // namespace hawser
