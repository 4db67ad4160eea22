// Sockets meet, and an unreachable address is named.
#include "src/net/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

namespace hawser {
namespace {

using ::testing::HasSubstr;

bool wait_for(int fd, short events) {
  pollfd waiting{fd, events, 0};
  return ::poll(&waiting, 1, 5000) == 1;
}

class Meeting : public ::testing::TestWithParam<const char*> {};
TEST_P(Meeting, DialAndAccept) {
  const auto listener = listen_on(Address::parse(GetParam()).value());
  ASSERT_TRUE(listener.ok()) << listener.error().text();
  const Address address = local_address(listener.value()).value();
  EXPECT_FALSE(accept_from(listener.value()).value());
  const auto dialled = start_dial(address);
  ASSERT_TRUE(dialled.ok()) << dialled.error().text();
  ASSERT_TRUE(wait_for(dialled.value().get(), POLLOUT));
  EXPECT_TRUE(finish_dial(dialled.value(), address).ok());
  ASSERT_TRUE(wait_for(listener.value().get(), POLLIN));
  const auto accepted = accept_from(listener.value());
  ASSERT_TRUE(accepted.ok());
  ASSERT_TRUE(accepted.value());
  EXPECT_TRUE(tune(accepted.value()).ok());
  EXPECT_TRUE(tune_lane(dialled.value()).ok());
  EXPECT_EQ(::write(dialled.value().get(), "x", 1), 1);
  ASSERT_TRUE(wait_for(accepted.value().get(), POLLIN));
  char letter = 0;
  EXPECT_EQ(::read(accepted.value().get(), &letter, 1), 1);
  EXPECT_EQ(letter, 'x');
}
INSTANTIATE_TEST_SUITE_P(Socket, Meeting, ::testing::Values("127.0.0.1:0", "unix:hawser-test-socket"));

TEST(Socket, PortZeroDrawsOne) {
  const auto listener = listen_on(Address::parse("127.0.0.1:0").value());
  ASSERT_TRUE(listener.ok());
  EXPECT_NE(local_address(listener.value()).value().text(), "127.0.0.1:0");
}

TEST(Socket, NobodyListensIsUnreachable) {
  const auto none = start_dial(Address::parse("unix:hawser-test-nobody").value());
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::unreachable);
  EXPECT_THAT(none.error().text(), HasSubstr("unix:hawser-test-nobody"));
}

TEST(Socket, ATakenNameIsNamed) {
  const Address address = Address::parse("unix:hawser-test-taken").value();
  const auto first = listen_on(address);
  ASSERT_TRUE(first.ok());
  const auto second = listen_on(address);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().text(), HasSubstr("unix:hawser-test-taken"));
}

TEST(Socket, OnlyAUnixSocketKnowsItsUser) {
  const auto [here, there] = socket_pair();
  EXPECT_EQ(peer_credentials(here.get()).value().user, ::geteuid());
  const auto tcp = listen_on(Address::parse("127.0.0.1:0").value());
  EXPECT_FALSE(peer_credentials(tcp.value().get()).ok());
  EXPECT_EQ(peer_credentials(here.get()).value().process, ::getpid());
}

TEST(Socket, ALaneBearsALatePeer) {
  const auto listener = listen_on(Address::parse("127.0.0.1:0").value());
  const Fd& fd = listener.value();
  int value = 0;
  socklen_t bytes = sizeof value;
  ASSERT_TRUE(tune(fd).ok());
  ::getsockopt(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &bytes);
  EXPECT_EQ(value, 4000);
  ASSERT_TRUE(tune_lane(fd).ok());
  ::getsockopt(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &bytes);
  EXPECT_EQ(value, 0);
}

}  // namespace
}  // namespace hawser
