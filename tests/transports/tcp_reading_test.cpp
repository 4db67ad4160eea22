// When a tcp edge reads: at once where the peer may wait for an answer, now and then where it only sends; and what it leaves for later.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "src/base/clock.h"
#include "tests/transports/world.h"
#include "transports/frame.h"
#include "transports/tcp/transport.h"

namespace hawser::testing {
namespace {

constexpr uint32_t kOneWay = 16;      // messages after which the peer counts as one that only sends
constexpr uint64_t kRestNs = 10'000;  // more than the edge rests

class TcpReading : public ::testing::TestWithParam<PeerIndex> {  // how many other peers there are: of many, epoll says whom to read
 protected:
  TcpReading() : transport_(make_tcp_transport(clock_)) {
    peer_ = connect(0);
    for (PeerIndex other = 1; other <= GetParam(); ++other) others_.push_back(connect(other));
  }
  Fd connect(PeerIndex peer) {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    EXPECT_TRUE(transport_->adopt(peer, {.socket = Fd(fds[1])}).ok());
    return Fd(fds[0]);
  }
  // The peer sends an eager message.
  void arrive(uint32_t operation, size_t bytes) {
    FrameHeader header;
    header.type = FrameType::eager;
    header.length = static_cast<uint32_t>(bytes);
    header.envelope = envelope_of({.operation = operation}, bytes);
    const auto payload = pattern(bytes, operation);
    std::vector<std::byte> frame(sizeof header + bytes);
    std::memcpy(frame.data(), &header, sizeof header);
    if (bytes != 0) std::memcpy(frame.data() + sizeof header, payload.data(), bytes);
    ASSERT_EQ(::send(peer_.get(), frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
  }
  void expect(uint32_t operation, std::span<std::byte> into) {
    transport_->recv({0, envelope_of({.operation = operation}, into.size()), into, operation});
  }
  size_t poll() {
    Completion some[64];
    const size_t count = transport_->poll(some);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(some[i].code, Code::ok);
    return count;
  }
  void stream_messages() {  // so many that the peer only sends, all of them taken
    for (uint32_t i = 0; i < kOneWay; ++i) {
      expect(i, got_);
      arrive(i, got_.size());
      ASSERT_EQ(poll(), 1u) << "message " << i << " was not read at once";
    }
  }

  // Polls until something is told; a socket pair has what was sent, so a few times are enough.
  size_t poll_for_some() {
    size_t count = 0;
    for (int tries = 0; tries < 100 && count == 0; ++tries) count = poll();
    return count;
  }
  void take_a_long_message(std::vector<std::byte>& into) {  // of long messages only the next header is read ahead
    expect(0, into);
    arrive(0, into.size());
    ASSERT_EQ(poll_for_some(), 1u);
  }

  ManualClock clock_;
  std::unique_ptr<Transport> transport_;
  Fd peer_;
  std::vector<Fd> others_;
  std::vector<std::byte> got_ = std::vector<std::byte>(8);
};

TEST_P(TcpReading, a_peer_that_only_sends_is_read_now_and_then) {
  clock_.advance(kRestNs);
  stream_messages();
  for (const uint32_t operation : {100u, 102u}) {
    clock_.advance(kRestNs);
    expect(operation, got_);
    arrive(operation, got_.size());
    EXPECT_EQ(poll(), 1u) << "it rests too long";
    expect(operation + 1, got_);
    arrive(operation + 1, got_.size());
    EXPECT_EQ(poll(), 0u) << "it did not rest";
    clock_.advance(kRestNs);
    EXPECT_EQ(poll(), 1u);
  }
}

TEST_P(TcpReading, whoever_was_told_something_may_answer_and_is_read_at_once) {
  clock_.advance(kRestNs);
  stream_messages();
  transport_->send({0, envelope_of({.operation = 0}, got_.size()), got_, 7});
  EXPECT_EQ(poll(), 1u);  // the sending
  expect(100, got_);
  arrive(100, got_.size());
  EXPECT_EQ(poll(), 1u);
}

// Two long messages in one go, the second without a receive: the first is told before the second is looked at, so that a receive which the
// caller posts meanwhile gets it straight.
TEST_P(TcpReading, a_long_message_waits_for_its_receive_while_another_is_told) {
  constexpr size_t kBytes = 20'000;
  std::vector<std::byte> one(kBytes), two(kBytes);
  take_a_long_message(one);
  for (const bool receive : {true, false}) {
    const uint32_t first = receive ? 1 : 3;
    expect(first, one);
    arrive(first, kBytes);
    arrive(first + 1, kBytes);
    size_t count = poll_for_some();
    ASSERT_EQ(count, 1u);
    EXPECT_TRUE(one == pattern(kBytes, first));
    EXPECT_FALSE(transport_->arm()) << "it would sleep over a message that it has read";
    if (receive) expect(first + 1, two);
    for (int tries = 0; tries < 100; ++tries) count += poll();
    EXPECT_TRUE(transport_->arm());
    if (!receive) {
      expect(first + 1, two);
      count += poll();
    }
    EXPECT_EQ(count, 2u);
    EXPECT_TRUE(two == pattern(kBytes, first + 1));
  }
}

// Sockets are watched only around sleeps.
TEST_P(TcpReading, whoever_sleeps_is_told_however_long_it_was_awake) {
  const auto readable = [&] {
    pollfd wake{transport_->wake_fd(), POLLIN, 0};
    return ::poll(&wake, 1, 0) == 1;
  };
  for (uint32_t operation = 1; operation < 6; ++operation) {
    for (int i = 0; i < 500; ++i) EXPECT_EQ(poll(), 0u);
    ASSERT_TRUE(transport_->arm());
    EXPECT_FALSE(readable());
    expect(operation, got_);
    arrive(operation, got_.size());
    EXPECT_TRUE(readable());
    EXPECT_EQ(poll(), 1u);
  }
}

// What was held back is not lost when the connection ends.
TEST_P(TcpReading, a_message_held_back_is_still_there_after_the_end) {
  constexpr size_t kBytes = 20'000;
  std::vector<std::byte> one(kBytes), two(kBytes);
  take_a_long_message(one);
  expect(1, one);
  arrive(1, kBytes);
  arrive(2, kBytes);
  ASSERT_EQ(poll_for_some(), 1u);
  EXPECT_FALSE(transport_->arm());
  peer_ = Fd();
  transport_->peer_gone(0, Status(Code::peer, "the test ends it"));
  expect(2, two);
  EXPECT_EQ(poll(), 1u);
  EXPECT_TRUE(two == pattern(kBytes, 2));
}

INSTANTIATE_TEST_SUITE_P(Others, TcpReading, ::testing::Values(0, 8));

}  // namespace
}  // namespace hawser::testing
