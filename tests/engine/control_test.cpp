// Control messages come back as they went, and nothing else is taken for one.
#include "src/engine/control.h"

#include <gtest/gtest.h>

#include "src/base/random.h"

namespace hawser {
namespace {

TEST(Control, MessagesComeBackAsTheyWent) {
  const Notice notice = decode_notice(encode(Notice{7, Code::peer, 1, 2, "rank 2 died"})).value();
  EXPECT_EQ(notice.communicator, 7u);
  EXPECT_EQ(notice.code, Code::peer);
  EXPECT_EQ(notice.blamed, 2);
  EXPECT_EQ(notice.story, "rank 2 died");
  EXPECT_EQ(decode_lane(encode(LaneOffer{4096})).value().offset, 4096u);
  EXPECT_EQ(decode_ask(encode(Ask{7, 9})).value().question, 9u);
  EXPECT_EQ(decode_answer(encode(Answer{9, "waits"})).value().story, "waits");
}

TEST(Control, LongStoriesAreCutAndUnprintableOnesCleaned) {
  EXPECT_EQ(decode_answer(encode(Answer{1, std::string(100000, 'x')})).value().story.size(), story_bytes_max);
  EXPECT_EQ(decode_answer(encode(Answer{1, "a\nb\033c"})).value().story, "a b c");
}

TEST(Control, ANoticeOfSuccessIsNonsense) {
  Frame frame = encode(Notice{7, Code::peer, 1, 2, ""});
  frame.bytes[8] = frame.bytes[9] = frame.bytes[10] = frame.bytes[11] = 0;
  EXPECT_EQ(decode_notice(frame).error().code(), Code::peer);
}

TEST(Control, MutilatedMessagesAreErrors) {
  const uint64_t seed = 20261125;
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (int i = 0; i < 2000; ++i) {
    Frame frame = encode(Notice{random.next(), Code::timeout, 1, 2, "story"});
    frame.bytes.resize(random.next() % (frame.bytes.size() + 1));
    if (frame.bytes.size() < 20) { EXPECT_FALSE(decode_notice(frame).ok()); }
    frame.type = static_cast<uint8_t>(random.next());
    (void)decode_lane(frame).ok();
    (void)decode_ask(frame).ok();
    (void)decode_answer(frame).ok();
  }
}

}  // namespace
}  // namespace hawser
