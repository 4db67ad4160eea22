// Names lead back to what they name.
#include "src/base/types.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(Types, NamesParseBack) {
  for (int i = 0; i < data_types; ++i) EXPECT_EQ(parse_data_type(name(static_cast<DataType>(i))), static_cast<DataType>(i));
  for (int i = 0; i < reduce_ops; ++i) EXPECT_EQ(parse_reduce_op(name(static_cast<ReduceOp>(i))), static_cast<ReduceOp>(i));
  for (int i = 0; i < collectives; ++i) EXPECT_EQ(parse_collective(name(static_cast<Collective>(i))), static_cast<Collective>(i));
  EXPECT_EQ(parse_data_type("float"), DataType::f32);
  EXPECT_EQ(parse_data_type("complex"), std::nullopt);
}

TEST(Types, IdentityPrintsThirtyTwoDigits) { EXPECT_EQ(to_string(Identity{1, 0xabc}), "00000000000000010000000000000abc"); }

}  // namespace
}  // namespace hawser
