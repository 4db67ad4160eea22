// Operations as sentences and signatures.
#include "src/engine/doing.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(Description, ReadsAsASentence) {
  EXPECT_EQ((Description{Collective::all_reduce, DataType::f32, ReduceOp::max, -1, 4}.text()), "all_reduce of 4 f32, max");
  EXPECT_EQ((Description{Collective::broadcast, DataType::i8, ReduceOp::sum, 2, 9}.text()), "broadcast of 9 i8, root 2");
  EXPECT_EQ((Description{Collective::barrier, DataType::u8, ReduceOp::sum, -1, 0}.text()), "barrier");
}

TEST(Description, SignatureTellsWhatMustBeEqual) {
  const Description base{Collective::all_reduce, DataType::f32, ReduceOp::sum, -1, 4};
  Description other = base;
  EXPECT_EQ(base.signature(), other.signature());
  other.count = 5;
  EXPECT_NE(base.signature(), other.signature());
  other = base;
  other.op = ReduceOp::max;
  EXPECT_NE(base.signature(), other.signature());
  other = base;
  other.type = DataType::f16;
  EXPECT_NE(base.signature(), other.signature());
  const Description gather{Collective::all_gather, DataType::f32, ReduceOp::sum, -1, 4};
  other = gather;
  other.op = ReduceOp::max;  // means nothing here
  EXPECT_EQ(gather.signature(), other.signature());
}

TEST(Doing, TellsWhatRunsAndWhatRanLast) {
  Doing doing;
  EXPECT_EQ(doing.text(), "has not begun an operation");
  doing.begin(3, {Collective::reduce, DataType::f64, ReduceOp::prod, 1, 7});
  EXPECT_EQ(doing.text(), "is in operation 3, reduce of 7 f64, prod, root 1");
  doing.end();
  EXPECT_EQ(doing.text(), "is between operations, its last was operation 3, reduce of 7 f64, prod, root 1");
}

}  // namespace
}  // namespace hawser
