// The poller calls back what is watched, in time, and nothing that is not.
#include "src/net/poller.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <thread>

#include "src/net/socket.h"

namespace hawser {
namespace {

struct PollerTest : ::testing::Test {
  ManualClock clock;
  std::unique_ptr<Poller> poller = Poller::create(clock).value();
};

TEST_F(PollerTest, AReadableDescriptorIsToldUntilUnwatched) {
  const auto [here, there] = socket_pair();
  int calls = 0;
  ASSERT_TRUE(poller->watch(here.get(), EPOLLIN, [&](uint32_t) { ++calls; }).ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(::write(there.get(), "x", 1), 1);
  ASSERT_TRUE(poller->run_once(0).ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 2);
  ASSERT_TRUE(poller->change(here.get(), 0).ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 2);
  ASSERT_TRUE(poller->change(here.get(), EPOLLIN).ok());
  poller->unwatch(here.get());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 2);
}

TEST_F(PollerTest, ACallbackMayUnwatchItselfAndOthers) {
  const auto [a, a_end] = socket_pair();
  const auto [b, b_end] = socket_pair();
  int calls = 0;
  const auto once = [&](uint32_t) {
    ++calls;
    poller->unwatch(a.get());
    poller->unwatch(b.get());
  };
  ASSERT_TRUE(poller->watch(a.get(), EPOLLOUT, once).ok());
  ASSERT_TRUE(poller->watch(b.get(), EPOLLOUT, once).ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 1);
}

TEST_F(PollerTest, AnEventOfAClosedDescriptorNeverReachesTheNextOfItsNumber) {
  auto [a, a_end] = socket_pair();
  auto [b, b_end] = socket_pair();
  int stale = 0, called = 0;
  const auto replace = [&](Fd& other) {
    ++called;
    const int number = other.get();
    poller->unwatch(number);
    other.reset();
    auto [fresh, end] = socket_pair();  // takes the number that was freed
    other = std::move(fresh);
    EXPECT_EQ(other.get(), number);
    EXPECT_TRUE(poller->watch(other.get(), EPOLLIN, [&](uint32_t) { ++stale; }).ok());
    a_end = std::move(end);
  };
  ASSERT_TRUE(poller
                  ->watch(a.get(), EPOLLOUT,
                          [&](uint32_t) {
                            replace(b);
                            poller->unwatch(a.get());
                          })
                  .ok());
  ASSERT_TRUE(poller
                  ->watch(b.get(), EPOLLOUT,
                          [&](uint32_t) {
                            replace(a);
                            poller->unwatch(b.get());
                          })
                  .ok());
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(called, 1);
  EXPECT_EQ(stale, 0);
}

TEST_F(PollerTest, TimersFireInOrderOnceAndNotBefore) {
  std::string order;
  poller->at(20, [&] { order += 'b'; });
  poller->at(10, [&] { order += 'a'; });
  const auto cancelled = poller->at(15, [&] { order += 'x'; });
  poller->cancel(cancelled);
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(order, "");
  clock.advance(20);
  ASSERT_TRUE(poller->run_once(-1).ok());  // does not wait: timers are due
  EXPECT_EQ(order, "ab");
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(order, "ab");
}

TEST_F(PollerTest, ATimerThatRenewsItselfDoesNotHoldTheRound) {
  int calls = 0;
  std::function<void()> renew = [&] {
    ++calls;
    poller->at(0, renew);
  };
  poller->at(0, renew);
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(poller->run_once(-1).ok());
  EXPECT_EQ(calls, 2);
}

TEST_F(PollerTest, TimersFireBesideADescriptorThatIsAlwaysReady) {
  const auto [here, there] = socket_pair();
  int events = 0, fired = 0;
  ASSERT_TRUE(poller->watch(here.get(), EPOLLOUT, [&](uint32_t) { ++events; }).ok());
  poller->at(1, [&] { ++fired; });
  clock.advance(5);
  ASSERT_TRUE(poller->run_once(-1).ok());
  EXPECT_EQ(events, 1);
  EXPECT_EQ(fired, 1);
}

TEST_F(PollerTest, ATimerMayCancelAnother) {
  int calls = 0;
  Poller::TimerId second = 0;
  poller->at(1, [&] { poller->cancel(second); });
  second = poller->at(2, [&] { ++calls; });
  clock.advance(5);
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(calls, 0);
}

TEST_F(PollerTest, AWakeUpIsNeverLost) {
  poller->wake();
  poller->wake();
  ASSERT_TRUE(poller->run_once(-1).ok());  // returns: it was woken before it slept
  for (int i = 0; i < 200; ++i) {
    std::thread other([&] { poller->wake(); });
    EXPECT_TRUE(poller->run_once(-1).ok());
    other.join();
    EXPECT_TRUE(poller->run_once(0).ok());
  }
}

}  // namespace
}  // namespace hawser
