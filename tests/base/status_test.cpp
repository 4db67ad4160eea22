// Errors travel with their story.
#include "src/base/status.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

Result<int> half(int value) {
  if (value % 2) return Status(Code::invalid, "odd");
  return value / 2;
}

Status quarter(int value, int* into) {
  *into = HAWSER_TRY(half(HAWSER_TRY(half(value).during("first"))).during("second"));
  return {};
}

TEST(Status, IsOneWord) { EXPECT_EQ(sizeof(Status), sizeof(void*)); }

TEST(Status, OkHasNoStory) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::ok);
  EXPECT_EQ(status.text(), "");
}

TEST(Status, EachLayerAddsWhatItKnows) {
  int value = 0;
  ASSERT_TRUE(quarter(8, &value).ok());
  EXPECT_EQ(value, 2);
  const Status failed = quarter(6, &value);
  EXPECT_EQ(failed.code(), Code::invalid);
  EXPECT_EQ(failed.text(), "second: odd");
  EXPECT_EQ(Status::from_errno(2, "opening x").text(), "opening x: No such file or directory");
}

}  // namespace
}  // namespace hawser
