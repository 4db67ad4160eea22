// Frames arrive whole, in order, with their descriptors, however the bytes are cut; what breaks the rules ends in an error.
#include "src/net/frames.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "src/base/random.h"
#include "src/net/socket.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMax = 1 << 20;

std::string head(uint32_t bytes, uint8_t type, uint8_t descriptors = 0, uint16_t reserved = 0) {
  return WireWriter().number(bytes).number(type).number(descriptors).number(reserved).take();
}

void put(const Fd& to, std::string_view bytes) {
  ASSERT_EQ(::write(to.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

Status status_of(FrameSocket& socket) {
  while (true) {
    auto frame = socket.receive();
    if (!frame.ok()) return std::move(frame).status();
    if (!frame.value()) return {};
  }
}

size_t open_descriptors() {
  size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
  return count;
}

TEST(Frames, BothWaysInOrder) {
  auto [a, b] = socket_pair();
  FrameSocket here(std::move(a), kMax), there(std::move(b), kMax);
  here.send({1, "one", {}});
  here.send({2, "", {}});
  there.send({3, "three", {}});
  ASSERT_TRUE(here.flush().ok());
  ASSERT_TRUE(there.flush().ok());
  EXPECT_FALSE(here.unsent());
  EXPECT_EQ(there.receive().value()->bytes, "one");
  EXPECT_EQ(there.receive().value()->type, 2);
  EXPECT_FALSE(there.receive().value());
  EXPECT_EQ(here.receive().value()->bytes, "three");
}

TEST(Frames, EveryCutOfTheBytesGivesTheSameFrames) {
  const std::string stream = head(3, 9) + "abc" + head(0, 8) + head(1, 7) + "z";
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    auto [a, b] = socket_pair();
    FrameSocket socket(std::move(b), kMax);
    std::string seen;
    for (const std::string& part : {stream.substr(0, cut), stream.substr(cut)}) {
      put(a, part);
      while (true) {
        auto frame = socket.receive();
        ASSERT_TRUE(frame.ok()) << frame.error().text();
        if (!frame.value()) break;
        seen += std::to_string(frame.value()->type) + frame.value()->bytes + " ";
      }
    }
    EXPECT_EQ(seen, "9abc 8 7z ") << "cut at " << cut;
  }
}

TEST(Frames, MoreThanTheSocketTakesGoesOutInPieces) {
  auto [a, b] = socket_pair();
  FrameSocket here(std::move(a), 8 << 20), there(std::move(b), 8 << 20);
  std::string big(5 << 20, '\0');
  SeededRandom(1).fill(std::as_writable_bytes(std::span(big)));
  here.send({5, big, {}});
  std::optional<Frame> got;
  bool waited = false;
  while (!got) {
    ASSERT_TRUE(here.flush().ok());
    waited = waited || here.unsent();
    auto frame = there.receive();
    ASSERT_TRUE(frame.ok());
    got = std::move(frame.value());
  }
  EXPECT_TRUE(waited);
  EXPECT_EQ(got->bytes, big);
}

TEST(Frames, DescriptorsArriveWithTheirFrame) {
  const size_t before = open_descriptors();
  {
    auto [a, b] = socket_pair();
    FrameSocket here(std::move(a), kMax), there(std::move(b), kMax);
    auto [left, right] = socket_pair();
    here.send({1, "plain", {}});
    Frame with{2, "with", {}};
    with.descriptors.push_back(std::move(left));
    here.send(std::move(with));
    here.send({3, "after", {}});
    ASSERT_TRUE(here.flush().ok());
    EXPECT_TRUE(there.receive().value()->descriptors.empty());
    const auto frame = there.receive();
    ASSERT_EQ(frame.value()->descriptors.size(), 1u);
    const Fd& arrived = frame.value()->descriptors[0];
    EXPECT_NE(::fcntl(arrived.get(), F_GETFD) & FD_CLOEXEC, 0);
    put(arrived, "q");
    char letter = 0;
    EXPECT_EQ(::read(right.get(), &letter, 1), 1);
    EXPECT_TRUE(there.receive().value()->descriptors.empty());
  }
  EXPECT_EQ(open_descriptors(), before);
}

void send_raw(const Fd& to, const std::string& bytes, int descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 16)] = {};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * static_cast<size_t>(descriptors));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * static_cast<size_t>(descriptors));
  for (int i = 0; i < descriptors; ++i) {
    const int fd = to.get();
    std::memcpy(CMSG_DATA(header) + static_cast<size_t>(i) * sizeof fd, &fd, sizeof fd);
  }
  ASSERT_EQ(::sendmsg(to.get(), &message, 0), static_cast<ssize_t>(bytes.size()));
}

TEST(Frames, DescriptorsBeyondThoseAnnouncedAreClosed) {
  auto [a, b] = socket_pair();
  FrameSocket socket(std::move(b), kMax);
  const size_t before = open_descriptors();
  send_raw(a, head(0, 1, 2), 9);
  {
    auto frame = socket.receive();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame.value()->descriptors.size(), 2u);
  }
  send_raw(a, head(2, 1) + "xx", 3);
  EXPECT_TRUE(socket.receive().value()->descriptors.empty());
  put(a, head(4, 1));
  EXPECT_FALSE(socket.receive().value());
  send_raw(a, "four", 3);  // in the middle of a frame
  EXPECT_EQ(socket.receive().value()->bytes, "four");
  EXPECT_EQ(open_descriptors(), before);
}

struct Broken {
  std::string bytes;
  const char* says;
};
class BreakingTheRules : public ::testing::TestWithParam<Broken> {};
TEST_P(BreakingTheRules, IsAnErrorThatSaysSo) {
  auto [a, b] = socket_pair();
  FrameSocket socket(std::move(b), 100);
  put(a, GetParam().bytes);
  a.reset();
  const Status status = status_of(socket);
  EXPECT_EQ(status.code(), Code::peer);
  EXPECT_THAT(status.text(), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(Frames, BreakingTheRules,
                         ::testing::Values(Broken{head(101, 1), "101 bytes where at most 100"}, Broken{head(UINT32_MAX, 1), "at most 100"},
                                           Broken{head(0, 1, 1), "1 descriptors announced, 0 came"}, Broken{head(0, 1, 0, 1), "reserved"},
                                           Broken{head(5, 1) + "abc", "middle of a frame"},
                                           Broken{head(5, 1).substr(0, 3), "middle of a frame"}, Broken{"", "ended the connection"}));

TEST(Frames, WhatCameBeforeTheEndIsStillGiven) {
  auto [a, b] = socket_pair();
  FrameSocket socket(std::move(b), kMax);
  put(a, head(2, 1) + "ab" + head(0, 2));
  a.reset();
  EXPECT_EQ(socket.receive().value()->bytes, "ab");
  EXPECT_EQ(socket.receive().value()->type, 2);
  EXPECT_EQ(socket.receive().error().code(), Code::peer);
}

TEST(Frames, WritingToAnEndedPeerIsAnErrorNotASignal) {
  auto [a, b] = socket_pair();
  FrameSocket socket(std::move(b), kMax);
  a.reset();
  socket.send({1, "x", {}});
  EXPECT_EQ(socket.flush().code(), Code::peer);
}

TEST(Frames, TooManyDescriptorsAreOurMistake) {
  auto [a, b] = socket_pair();
  FrameSocket socket(std::move(b), kMax);
  Frame frame{1, "x", {}};
  for (int i = 0; i < 5; ++i) frame.descriptors.emplace_back(::dup(a.get()));
  socket.send(std::move(frame));
  EXPECT_EQ(socket.flush().code(), Code::usage);
}

TEST(Frames, NoiseNeverCrashes) {
  SeededRandom random(20261125);
  for (int round = 0; round < 300; ++round) {
    auto [a, b] = socket_pair();
    FrameSocket socket(std::move(b), 4096);
    std::string noise(random.next() % 200, '\0');
    random.fill(std::as_writable_bytes(std::span(noise)));
    if (round % 2) noise = head(static_cast<uint32_t>(random.next() % 64), 1) + noise;
    put(a, noise);
    a.reset();
    EXPECT_EQ(status_of(socket).code(), Code::peer);
  }
}

}  // namespace
}  // namespace hawser
