// Ranks meet and tell each other; whoever is missing, doubled, dead or wrong is named to all who wait.
#include "src/bootstrap/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/bootstrap/messages.h"
#include "src/net/door.h"
#include "src/net/frames.h"
#include "src/net/machine.h"
#include "src/net/socket.h"
#include "tests/bootstrap/support.h"

namespace hawser {
namespace {

using namespace testing_support;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct RendezvousTest : ::testing::Test {
  SystemClock clock;
  Config config = config_of("create_timeout=20s");
  std::unique_ptr<Root> root = start_root(config, clock);

  ~RendezvousTest() override { root->stop(); }
  void replace_root(const std::vector<Address>& listen_on = {}) {
    root->stop();
    root = start_root(config, clock, listen_on);
  }
  Result<std::unique_ptr<Exchange>> enter(int ranks, int rank, uint64_t within_ns = 20 * kSecond) {
    SystemRandom random;
    return join(root->id(), config, options_of(ranks, rank, clock, within_ns), clock, random);
  }
};

std::string word(int rank, int round) { return "rank " + std::to_string(rank) + " round " + std::to_string(round); }

void three_rounds(Exchange& exchange) {
  for (int round = 0; round < 3; ++round) {
    const auto all = exchange.all_gather(word(exchange.rank(), round));
    ASSERT_TRUE(all.ok()) << all.error().text();
    ASSERT_EQ(all.value().size(), static_cast<size_t>(exchange.ranks()));
    for (int rank = 0; rank < exchange.ranks(); ++rank) EXPECT_EQ(all.value()[static_cast<size_t>(rank)], word(rank, round));
  }
}

TEST_F(RendezvousTest, SixtyFourRanksMeetWellWithinASecond) {
  const uint64_t start = clock.now_ns();
  in_threads(64, [&](int rank) {
    const auto exchange = enter(64, rank);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    three_rounds(*exchange.value());
  });
  while (!root->finished()) ::poll(nullptr, 0, 1);  // ends by itself: all left
  const double seconds = static_cast<double>(clock.now_ns() - start) / 1e9;
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 5.0);  // a fraction of that without sanitizers and neighbours
}

TEST_F(RendezvousTest, OneRankAlone) {
  const auto exchange = enter(1, 0);
  ASSERT_TRUE(exchange.ok());
  three_rounds(*exchange.value());
}

TEST_F(RendezvousTest, BlobsOfAnySizeUpToTheCap) {
  in_threads(3, [&](int rank) {
    const auto exchange = enter(3, rank);
    ASSERT_TRUE(exchange.ok());
    const std::string mine(rank == 0 ? 0 : rank == 1 ? 1 << 20 : 300'000, static_cast<char>('a' + rank));
    const auto all = exchange.value()->all_gather(mine);
    ASSERT_TRUE(all.ok()) << all.error().text();
    EXPECT_EQ(all.value()[0], "");
    EXPECT_EQ(all.value()[1], std::string(1 << 20, 'b'));
    EXPECT_EQ(all.value()[2], std::string(300'000, 'c'));
  });
}

TEST_F(RendezvousTest, ABlobBeyondTheCapEndsItForAll) {
  in_threads(2, [&](int rank) {
    const auto exchange = enter(2, rank);
    const std::string mine(rank == 1 ? (1 << 20) + 1 : 1, 'x');
    const Status status = exchange.ok() ? exchange.value()->all_gather(mine).error().copy() : exchange.error().copy();
    EXPECT_EQ(status.code(), Code::invalid);
    EXPECT_THAT(status.text(), AllOf(HasSubstr("rank 1"), HasSubstr("1 MiB")));
  });
}

TEST_F(RendezvousTest, AMissingRankIsNamedToAllWhoWait) {
  in_threads(6, [&](int i) {
    constexpr int present[] = {0, 1, 3, 4, 6, 7};
    const uint64_t start = clock.now_ns();
    const auto exchange = enter(8, present[i], kSecond);
    ASSERT_TRUE(exchange.ok());
    const auto all = exchange.value()->all_gather("x");
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.error().code(), Code::timeout);
    EXPECT_THAT(all.error().text(), HasSubstr("ranks 2, 5 of 8 did not arrive within"));
    EXPECT_LT(clock.now_ns() - start, 3 * kSecond);
  });
}

TEST_F(RendezvousTest, ARankThatDoesNotComeToARoundIsNamed) {
  std::atomic<int> told{0};
  in_threads(3, [&](int rank) {
    const auto exchange = enter(3, rank, kSecond);
    ASSERT_TRUE(exchange.ok());
    ASSERT_TRUE(exchange.value()->all_gather("x").ok());
    if (rank == 2) {
      while (told.load() < 2) std::this_thread::yield();
      return;
    }
    const auto all = exchange.value()->all_gather("y");
    ++told;
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.error().code(), Code::timeout);
    EXPECT_THAT(all.error().text(), HasSubstr("rank 2 of 3 did not take part in round 2"));
  });
}

TEST_F(RendezvousTest, TwoRanksOfOneNumberAreBothTold) {
  std::atomic<int> told{0};
  in_threads(3, [&](int i) {
    const auto exchange = enter(3, i == 0 ? 0 : 1);
    Status status = exchange.ok() ? Status() : exchange.error().copy();
    if (exchange.ok()) status = exchange.value()->all_gather("x").error().copy();
    EXPECT_EQ(status.code(), Code::mismatch);
    EXPECT_THAT(status.text(), HasSubstr("two ranks have the number 1"));
    EXPECT_THAT(status.text(), HasSubstr("process " + std::to_string(::getpid())));
    ++told;
  });
  EXPECT_EQ(told.load(), 3);
}

TEST_F(RendezvousTest, DifferingRankCountsNameBoth) {
  in_threads(2, [&](int rank) {
    const auto exchange = enter(rank == 0 ? 2 : 4, rank);
    Status status = exchange.ok() ? exchange.value()->all_gather("x").error().copy() : exchange.error().copy();
    EXPECT_EQ(status.code(), Code::mismatch);
    EXPECT_THAT(status.text(), AllOf(HasSubstr("one of 2"), HasSubstr("one of 4"), HasSubstr("rank 0"), HasSubstr("rank 1")));
  });
}

TEST_F(RendezvousTest, WhoGivesUpTellsTheOthersWhy) {
  in_threads(4, [&](int rank) {
    const auto exchange = enter(4, rank);
    ASSERT_TRUE(exchange.ok());
    ASSERT_TRUE(exchange.value()->all_gather("x").ok());
    if (rank == 2) {
      exchange.value()->give_up(Status(Code::memory, "no shared memory here"));
      EXPECT_EQ(exchange.value()->all_gather("y").error().code(), Code::memory);
      return;
    }
    const auto all = exchange.value()->all_gather("y");
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.error().code(), Code::memory);
    EXPECT_THAT(all.error().text(), AllOf(HasSubstr("rank 2"), HasSubstr("no shared memory here")));
    EXPECT_EQ(exchange.value()->all_gather("z").error().text(), all.error().text());  // it stays the reason
  });
}

TEST_F(RendezvousTest, WhoComesAfterAFailureHearsTheReason) {
  const auto first = enter(3, 0);
  ASSERT_TRUE(first.ok());
  first.value()->give_up(Status(Code::memory, "too small"));
  const auto late = enter(3, 1);
  const Status status = late.ok() ? late.value()->all_gather("x").error().copy() : late.error().copy();
  EXPECT_EQ(status.code(), Code::memory);
  EXPECT_THAT(status.text(), HasSubstr("too small"));
}

TEST_F(RendezvousTest, WhoLeavesEarlyIsNamed) {
  auto leaver = enter(2, 1);
  const auto stayer = enter(2, 0);
  ASSERT_TRUE(leaver.ok() && stayer.ok());
  { const auto gone = std::move(leaver).value(); }
  const auto all = stayer.value()->all_gather("x");
  ASSERT_FALSE(all.ok());
  EXPECT_THAT(all.error().text(), HasSubstr("rank 1 of 2 left before round 1"));
}

// --- A rank with the wire in its hands ------------------------------------------------------------------------------------------------

struct RawRank {
  std::unique_ptr<FrameSocket> socket;
  RawRank(const UniqueId& id, const Config& config, const Clock& clock, uint32_t rank) {
    SystemRandom random;
    const auto poller = Poller::create(clock).value();
    Dial::Target target{id.addresses,
                        {{rank + 1, 9}, {}, Purpose::rendezvous, rank},
                        derive_key(id.secret, config.secret, "rendezvous"),
                        clock.now_ns() + 10 * kSecond};
    const auto dial = Dial::start(*poller, clock, random, target, [&](Result<Arrival> arrival) {
      if (arrival.ok()) socket = std::make_unique<FrameSocket>(std::move(arrival.value().fd), 1 << 20);
    });
    while (!socket) EXPECT_TRUE(poller->run_once(-1).ok());
  }
  void say(rendezvous::Say what, std::string bytes) {
    socket->send({static_cast<uint8_t>(what), std::move(bytes), {}});
    EXPECT_TRUE(socket->flush().ok());
  }
  void hear(rendezvous::Say what) {
    pollfd waiting{socket->fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
    const auto frame = socket->receive();
    ASSERT_TRUE(frame.ok() && frame.value());
    EXPECT_EQ(frame.value()->type, static_cast<uint8_t>(what));
  }
};

TEST_F(RendezvousTest, ARankThatDiesIsNamedAtOnce) {
  auto dying = std::make_unique<RawRank>(root->id(), config, clock, 1);
  dying->say(rendezvous::Say::join, encode(rendezvous::Join{2, 1, 60'000, false, "host elsewhere, process 5"}));
  dying->hear(rendezvous::Say::welcome);
  const auto exchange = enter(2, 0);
  ASSERT_TRUE(exchange.ok());
  const uint64_t start = clock.now_ns();
  dying.reset();
  const auto all = exchange.value()->all_gather("x");
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code(), Code::peer);
  EXPECT_THAT(all.error().text(), HasSubstr("rank 1 (host elsewhere, process 5) died"));
  EXPECT_LT(clock.now_ns() - start, 5 * kSecond);
}

TEST_F(RendezvousTest, AConnectionThatNeverJoinedDoesNotCount) {
  { RawRank idle(root->id(), config, clock, 1); }
  {
    RawRank confused(root->id(), config, clock, 1);
    confused.say(rendezvous::Say::join, "nonsense");
  }
  {
    RawRank liar(root->id(), config, clock, 1);  // its hello said 1
    liar.say(rendezvous::Say::join, encode(rendezvous::Join{2, 0, 60'000, false, ""}));
  }
  in_threads(2, [&](int rank) {
    const auto exchange = enter(2, rank);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    three_rounds(*exchange.value());
  });
}

TEST_F(RendezvousTest, ARankOutOfStepEndsItForAll) {
  RawRank wrong(root->id(), config, clock, 1);
  wrong.say(rendezvous::Say::join, encode(rendezvous::Join{2, 1, 60'000, false, "host elsewhere, process 5"}));
  wrong.hear(rendezvous::Say::welcome);
  wrong.say(rendezvous::Say::blob, encode(rendezvous::Blob{7, "early"}));
  const auto exchange = enter(2, 0);
  const Status status = exchange.ok() ? exchange.value()->all_gather("x").error().copy() : exchange.error().copy();
  EXPECT_EQ(status.code(), Code::peer);
  EXPECT_THAT(status.text(), AllOf(HasSubstr("rank 1"), HasSubstr("out of step")));
}

TEST_F(RendezvousTest, NoiseFromAnAuthenticatedRankNeverHangsTheOthers) {
  SeededRandom random(11);
  for (int round = 0; round < 20; ++round) {
    replace_root();
    RawRank noisy(root->id(), config, clock, 1);
    noisy.say(rendezvous::Say::join, encode(rendezvous::Join{2, 1, 60'000, false, "noise"}));
    noisy.hear(rendezvous::Say::welcome);
    std::string noise(random.next() % 60, '\0');
    random.fill(std::as_writable_bytes(std::span(noise)));
    noisy.say(static_cast<rendezvous::Say>(random.next() % 12), noise);
    noisy.socket.reset();
    const auto exchange = enter(2, 0);
    const Status status = exchange.ok() ? exchange.value()->all_gather("x").error().copy() : exchange.error().copy();
    EXPECT_FALSE(status.ok()) << "round " << round;
  }
}

// --- The world outside ---------------------------------------------------------------------------------------------------------------

TEST_F(RendezvousTest, CancelEndsTheWait) {
  std::atomic<bool> cancel{false};
  JoinOptions options = options_of(2, 0, clock);
  options.cancel = &cancel;
  SystemRandom random;
  const auto exchange = join(root->id(), config, options, clock, random);
  ASSERT_TRUE(exchange.ok());
  std::thread other([&] {
    ::poll(nullptr, 0, 30);
    cancel.store(true);
  });
  const auto all = exchange.value()->all_gather("x");
  other.join();
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code(), Code::aborted);
  const auto next = enter(2, 1);
  const Status status = next.ok() ? next.value()->all_gather("x").error().copy() : next.error().copy();
  EXPECT_THAT(status.text(), AllOf(HasSubstr("rank 0"), HasSubstr("abort")));
}

TEST_F(RendezvousTest, CancelEndsTheWaitForARootThatIsNotThere) {
  root->stop();
  while (!root->finished()) ::poll(nullptr, 0, 1);
  std::atomic<bool> cancel{true};
  JoinOptions options = options_of(2, 0, clock);
  options.cancel = &cancel;
  SystemRandom random;
  EXPECT_EQ(join(root->id(), config, options, clock, random).error().code(), Code::aborted);
}

TEST_F(RendezvousTest, ARootThatIsGoneIsATimeoutThatSaysSo) {
  const UniqueId id = root->id();
  root->stop();
  while (!root->finished()) ::poll(nullptr, 0, 1);
  SystemRandom random;
  const auto exchange = join(id, config, options_of(2, 1, clock, 200 * kMillisecond), clock, random);
  ASSERT_FALSE(exchange.ok());
  EXPECT_EQ(exchange.error().code(), Code::timeout);
  EXPECT_THAT(exchange.error().text(), AllOf(HasSubstr("rank 1"), HasSubstr("could not reach the root")));
}

TEST_F(RendezvousTest, TheEndOfTheRootEndsTheWait) {
  const auto exchange = enter(2, 0);
  ASSERT_TRUE(exchange.ok());
  root->stop();
  const auto all = exchange.value()->all_gather("x");
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code(), Code::peer);
  EXPECT_THAT(all.error().text(), HasSubstr("root of the rendezvous is gone"));
}

TEST_F(RendezvousTest, AWrongSecretIsRefusedAndNamesTheSetting) {
  SystemRandom random;
  const auto exchange = join(root->id(), config_of("secret=other"), options_of(2, 1, clock), clock, random);
  ASSERT_FALSE(exchange.ok());
  EXPECT_EQ(exchange.error().code(), Code::refused);
  EXPECT_THAT(exchange.error().text(), HasSubstr("setting secret"));
}

TEST_F(RendezvousTest, ImpossibleRanksAreInvalid) {
  EXPECT_EQ(enter(2, 2).error().code(), Code::invalid);
  EXPECT_EQ(enter(0, 0).error().code(), Code::invalid);
  EXPECT_EQ(enter(2, -1).error().code(), Code::invalid);
}

TEST_F(RendezvousTest, SharedMemoryAloneNeedsNoTcp) {
  config = config_of("transport=shm create_timeout=20s");
  replace_root();
  ASSERT_EQ(root->id().addresses.size(), 1u);
  EXPECT_TRUE(root->id().addresses[0].is_unix());
  in_threads(2, [&](int rank) {
    const auto exchange = enter(2, rank);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    three_rounds(*exchange.value());
  });
}

TEST_F(RendezvousTest, RanksOfAnotherMachineComeByTcp) {
  replace_root({Address::parse("127.0.0.1:0").value()});
  UniqueId id = root->id();
  id.boot = {};
  id.addresses.insert(id.addresses.begin(), Address::parse("unix:hawser-test-elsewhere").value());
  in_threads(3, [&](int rank) {
    SystemRandom random;
    const auto exchange = join(id, config, options_of(3, rank, clock), clock, random);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    three_rounds(*exchange.value());
  });
}

TEST_F(RendezvousTest, AnUnknownInterfaceIsNamed) {
  const auto started = Root::start(config_of("interfaces=nosuch"), {}, {}, clock);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().text(), HasSubstr("nosuch"));
}

TEST_F(RendezvousTest, StrangersDoNotDisturb) {
  replace_root({Address::parse("127.0.0.1:0").value()});
  std::atomic<bool> over{false};
  std::thread strangers([&] {
    SeededRandom random(5);
    std::vector<Fd> open;
    const std::string http = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", magic = "\x89HAWSER\n";
    for (int i = 0; i < 200; ++i) {
      auto fd = start_dial(root->id().addresses[0]);
      if (!fd.ok()) continue;
      pollfd waiting{fd.value().get(), POLLOUT, 0};
      ::poll(&waiting, 1, 1000);
      std::string noise(random.next() % 300, '\0');
      random.fill(std::as_writable_bytes(std::span(noise)));
      const std::string say[] = {noise, http, magic.substr(0, 3), magic + noise, ""};
      const std::string& words = say[static_cast<size_t>(i) % 5];
      (void)::send(fd.value().get(), words.data(), words.size(), MSG_NOSIGNAL);
      open.push_back(std::move(fd).value());
    }
    while (!over.load()) {  // a slow drip
      for (const Fd& each : open) (void)::send(each.get(), "\x89", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      ::poll(nullptr, 0, 20);
    }
  });
  in_threads(4, [&](int rank) {
    const auto exchange = enter(4, rank);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    three_rounds(*exchange.value());
  });
  over.store(true);
  strangers.join();
}

TEST_F(RendezvousTest, OneTooManyIsTold) {
  const auto zero = enter(2, 0), one = enter(2, 1);
  const auto extra = enter(2, 1);
  ASSERT_FALSE(extra.ok());
  EXPECT_EQ(extra.error().code(), Code::mismatch);
  EXPECT_THAT(extra.error().text(), HasSubstr("two ranks have the number 1"));
}

TEST_F(RendezvousTest, WhereAddressesAreSharedALaterCommunicatorWaitsItsTurn) {
  UniqueId id = root->id();
  id.addresses_shared = true;
  const Address shared = id.addresses[0];
  SystemRandom random;
  auto zero = join(id, config, options_of(2, 0, clock), clock, random);
  auto one = join(id, config, options_of(2, 1, clock), clock, random);
  ASSERT_TRUE(zero.ok() && one.ok());
  std::thread second([&] {  // its first communicator is made already
    SystemRandom own;
    const auto again = join(id, config, options_of(2, 1, clock), clock, own);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_TRUE(again.value()->all_gather("b").ok());
  });
  ::poll(nullptr, 0, 50);
  { const auto a = std::move(zero).value(), b = std::move(one).value(); }
  while (!root->finished()) ::poll(nullptr, 0, 1);
  auto next_root = Root::start(config, id.secret, {shared}, clock);
  ASSERT_TRUE(next_root.ok()) << next_root.error().text();
  const auto first = join(id, config, options_of(2, 0, clock), clock, random);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first.value()->all_gather("a").ok());
  second.join();
}

TEST_F(RendezvousTest, ARootWithoutRanksEndsAtItsTimeout) {
  config = config_of("create_timeout=50ms");
  replace_root();
  const uint64_t start = clock.now_ns();
  while (!root->finished()) ::poll(nullptr, 0, 1);
  EXPECT_LT(clock.now_ns() - start, 5 * kSecond);
}

}  // namespace
}  // namespace hawser
