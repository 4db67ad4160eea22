// A door lets ours in beside any number of strangers; a dial tries until its deadline.
#include "src/net/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/net/socket.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr Identity kDialler{1, 2}, kHouse{3, 4};

struct DoorTest : ::testing::Test {
  SystemClock clock;
  SystemRandom random;
  KeyRing ring;
  SecretKey key = derive_key({}, "right", "test");
  std::unique_ptr<Poller> poller = Poller::create(clock).value();
  std::vector<Arrival> arrived;
  std::vector<Result<Arrival>> dialled;
  DoorTest() { ring.add(key); }

  std::unique_ptr<Door> open(const std::vector<std::string>& addresses) {
    std::vector<Address> list;
    for (const std::string& each : addresses) list.push_back(Address::parse(each).value());
    auto door = Door::open(*poller, clock, random, kHouse, ring, list, [this](Arrival arrival) { arrived.push_back(std::move(arrival)); });
    EXPECT_TRUE(door.ok()) << door.error().text();
    return std::move(door).value();
  }
  std::unique_ptr<Dial> dial(std::vector<Address> addresses, const SecretKey& with, uint64_t within_ns = 10 * kSecond,
                             Purpose purpose = Purpose::control) {
    Dial::Target target{std::move(addresses), {kDialler, kHouse, purpose, 3}, with, clock.now_ns() + within_ns};
    return Dial::start(*poller, clock, random, std::move(target), [this](Result<Arrival> result) { dialled.push_back(std::move(result)); });
  }
  template <class Condition>
  bool run_until(Condition condition, uint64_t within_ns = 10 * kSecond) {
    const uint64_t end = clock.now_ns() + within_ns;
    while (!condition() && clock.now_ns() < end) EXPECT_TRUE(poller->run_once(10'000'000).ok());
    return condition();
  }
};

TEST_F(DoorTest, OursComeInOverEveryAddress) {
  const auto door = open({"127.0.0.1:0", "unix:hawser-test-door"});
  for (const Address& each : door->addresses()) {
    const auto dialling = dial({each}, key);
    ASSERT_TRUE(run_until([&] { return !dialled.empty() && !arrived.empty(); })) << each.text();
    ASSERT_TRUE(dialled[0].ok()) << dialled[0].error().text();
    EXPECT_EQ(dialled[0]->hello.from, kHouse);
    EXPECT_EQ(arrived[0].hello.from, kDialler);
    EXPECT_EQ(arrived[0].hello.detail, 3u);
    EXPECT_EQ(arrived[0].key_id, key_id(key));
    EXPECT_EQ(arrived[0].via_unix, each.is_unix());
    EXPECT_EQ(dialled[0]->via_unix, each.is_unix());
    ASSERT_EQ(::write(arrived[0].fd.get(), "x", 1), 1);
    pollfd waiting{dialled[0]->fd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 5000), 1);
    arrived.clear();
    dialled.clear();
  }
  EXPECT_EQ(door->handshakes(), 0u);
}

TEST_F(DoorTest, AWrongKeyIsRefusedAtOnce) {
  const auto door = open({"127.0.0.1:0"});
  const auto dialling = dial(door->addresses(), derive_key({}, "wrong", "test"));
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  ASSERT_FALSE(dialled[0].ok());
  EXPECT_EQ(dialled[0].error().code(), Code::refused);
  EXPECT_THAT(dialled[0].error().text(), HasSubstr(door->addresses()[0].text()));
  EXPECT_TRUE(arrived.empty());
}

TEST_F(DoorTest, ADialWaitsForADoorThatOpensLater) {
  const Address address = Address::parse("unix:hawser-test-later").value();
  const auto dialling = dial({address}, key);
  EXPECT_FALSE(run_until([&] { return !dialled.empty(); }, kSecond / 20));
  const auto door = open({"unix:hawser-test-later"});
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  EXPECT_TRUE(dialled[0].ok());
}

TEST_F(DoorTest, ADialWithoutAnswerEndsAtItsDeadlineAndSaysWhy) {
  const auto dialling = dial({Address::parse("unix:hawser-test-never").value()}, key, kSecond / 20);
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  ASSERT_FALSE(dialled[0].ok());
  EXPECT_EQ(dialled[0].error().code(), Code::timeout);
  EXPECT_THAT(dialled[0].error().text(), HasSubstr("unix:hawser-test-never"));
}

TEST_F(DoorTest, AnAddressThatRefusesLeavesTheOthers) {
  const auto door = open({"127.0.0.1:0"});
  const auto stranger = listen_on(Address::parse("127.0.0.1:0").value());
  const Address nobody = Address::parse("unix:hawser-test-nobody-here").value();
  KeyRing other;
  other.add(derive_key({}, "theirs", "test"));
  const auto foreign = Door::open(*poller, clock, random, kHouse, other, {Address::parse("127.0.0.1:0").value()}, [](Arrival) {});
  const auto dialling = dial({nobody, foreign.value()->addresses()[0], door->addresses()[0]}, key);
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  EXPECT_TRUE(dialled[0].ok());
}

TEST_F(DoorTest, WhereOthersMayAnswerRefusalIsNotTheEnd) {
  KeyRing other;
  other.add(derive_key({}, "theirs", "test"));
  auto foreign = Door::open(*poller, clock, random, kHouse, other, {Address::parse("unix:hawser-test-shared").value()}, [](Arrival) {});
  Dial::Target target{{Address::parse("unix:hawser-test-shared").value()},
                      {kDialler, {}, Purpose::rendezvous, 1},
                      key,
                      clock.now_ns() + 10 * kSecond,
                      true};
  const auto dialling =
      Dial::start(*poller, clock, random, target, [this](Result<Arrival> result) { dialled.push_back(std::move(result)); });
  EXPECT_FALSE(run_until([&] { return !dialled.empty(); }, kSecond / 20));
  { const auto gone = std::move(foreign).value(); }
  const auto door = open({"unix:hawser-test-shared"});
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  EXPECT_TRUE(dialled[0].ok());
}

TEST_F(DoorTest, ADialThatIsGivenUpNeverCallsBack) {
  const auto door = open({"unix:hawser-test-given-up"});
  { const auto dialling = dial(door->addresses(), key); }
  EXPECT_FALSE(run_until([&] { return !dialled.empty() || !arrived.empty(); }, kSecond / 20));
}

std::vector<Fd> strangers(const Address& address, int count, std::string_view say) {
  std::vector<Fd> list;
  for (int i = 0; i < count; ++i) {
    list.push_back(start_dial(address).value());
    pollfd waiting{list.back().get(), POLLOUT, 0};
    ::poll(&waiting, 1, 1000);
    (void)::send(list.back().get(), say.data(), say.size(), MSG_NOSIGNAL);
  }
  return list;
}

TEST_F(DoorTest, TwoHundredSilentStrangersKeepNobodyOut) {
  const auto door = open({"127.0.0.1:0"});
  const auto silent = strangers(door->addresses()[0], 200, "");
  const auto dialling = dial(door->addresses(), key);
  ASSERT_TRUE(run_until([&] { return !dialled.empty(); }));
  EXPECT_TRUE(dialled[0].ok());
  EXPECT_LE(door->handshakes(), 64u);
  EXPECT_EQ(arrived.size(), 1u);
}

TEST_F(DoorTest, AHundredOfOursAtOnceAllComeIn) {
  const auto door = open({"127.0.0.1:0"});
  std::vector<std::unique_ptr<Dial>> many;
  for (int i = 0; i < 100; ++i) many.push_back(dial(door->addresses(), key));
  ASSERT_TRUE(run_until([&] { return dialled.size() == 100 && arrived.size() == 100; }));
  for (const auto& each : dialled) EXPECT_TRUE(each.ok());
}

TEST(Door, AStrangerHasTwoSeconds) {
  ManualClock clock;
  SystemRandom random;
  KeyRing ring;
  const auto poller = Poller::create(clock).value();
  const auto door =
      Door::open(*poller, clock, random, kHouse, ring, {Address::parse("unix:hawser-test-slow").value()}, [](Arrival) {}).value();
  const auto slow = strangers(door->addresses()[0], 1, "\x89HAW");
  ASSERT_TRUE(poller->run_once(kSecond).ok());
  EXPECT_EQ(door->handshakes(), 1u);
  clock.advance(2 * kSecond - 1);
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(door->handshakes(), 1u);
  clock.advance(1);
  ASSERT_TRUE(poller->run_once(0).ok());
  EXPECT_EQ(door->handshakes(), 0u);
  char letter;
  EXPECT_EQ(::recv(slow[0].get(), &letter, 1, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace hawser
