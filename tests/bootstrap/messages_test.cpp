// The messages of the rendezvous survive their bytes; other bytes are refused.
#include "src/bootstrap/messages.h"

#include <gtest/gtest.h>

#include "src/base/random.h"

namespace hawser::rendezvous {
namespace {

TEST(Messages, JoinKeepsWhatItSays) {
  const auto join = decode_join(encode(Join{8, 3, 60'000, true, "host h, process 7"}));
  ASSERT_TRUE(join);
  EXPECT_EQ(join->ranks, 8u);
  EXPECT_EQ(join->rank, 3u);
  EXPECT_EQ(join->left_ms, 60'000u);
  EXPECT_TRUE(join->patient);
  EXPECT_EQ(join->who, "host h, process 7");
}

TEST(Messages, AJoinThatCannotBeIsRefused) {
  EXPECT_FALSE(decode_join(encode(Join{0, 0, 1, false, ""})));
  EXPECT_FALSE(decode_join(encode(Join{4, 4, 1, false, ""})));
  EXPECT_FALSE(decode_join(encode(Join{kRanksMax + 1, 0, 1, false, ""})));
  EXPECT_FALSE(decode_join(encode(Join{4, 0, 1, false, std::string(513, 'x')})));
  EXPECT_FALSE(decode_join(encode(Join{4, 0, 1, false, "a"}) + "x"));
  EXPECT_EQ(decode_join(encode(Join{4, 0, 1, false, "a\nb\x01"}))->who, "a?b?");  // it will stand in messages
}

TEST(Messages, AnErrorKeepsCodeAndText) {
  const Status status = decode_status(encode(Status(Code::memory, "no more")));
  EXPECT_EQ(status.code(), Code::memory);
  EXPECT_EQ(status.text(), "no more");
  EXPECT_EQ(decode_status(encode(Status(Code::memory, std::string(10'000, 'x')))).text().size(), kTextBytesMax);
  for (const std::string& bytes : {std::string(), std::string("\0\0\0\0\0\0\0\0", 8), std::string("\x7f\0\0\0\0\0\0\0", 8)})
    EXPECT_EQ(decode_status(bytes).code(), Code::peer);  // never ok
}

TEST(Messages, BlobsAreSplitAsTheyWereJoined) {
  const std::vector<std::string> blobs = {"a", "", "ccc"};
  EXPECT_EQ(split_blobs(join_blobs(blobs), 3), blobs);
  EXPECT_FALSE(split_blobs(join_blobs(blobs), 2));
  EXPECT_FALSE(split_blobs(join_blobs(blobs), 4));
}

TEST(Messages, NoiseIsRefusedOrRead) {
  SeededRandom random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(random.next() % 64, '\0');
    random.fill(std::as_writable_bytes(std::span(noise)));
    const auto join = decode_join(noise);
    if (join) { EXPECT_LT(join->rank, join->ranks); }
    EXPECT_FALSE(decode_status(noise).ok());
    (void)decode_piece(noise);
    (void)decode_blob(noise);
    (void)split_blobs(noise, random.next() % 5);
  }
}

TEST(Messages, ListsOfRanksAreShort) {
  EXPECT_EQ(ranks_text({3}, 8), "rank 3 of 8");
  EXPECT_EQ(ranks_text({2, 5}, 8), "ranks 2, 5 of 8");
  EXPECT_EQ(ranks_text({1, 2, 5, 6, 7}, 8), "ranks 1, 2, 5-7 of 8");
  std::vector<int> even;
  for (int rank = 0; rank < 200; rank += 2) even.push_back(rank);
  EXPECT_TRUE(ranks_text(even, 200).ends_with("28, 30 and 84 more of 200")) << ranks_text(even, 200);
}

}  // namespace
}  // namespace hawser::rendezvous
