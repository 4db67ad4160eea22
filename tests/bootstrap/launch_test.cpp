// Settings and launchers' variables are read as they are meant, half-set ones are named, and the ranks of a launch meet.
#include "src/bootstrap/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <map>

#include "src/net/socket.h"
#include "src/net/wire.h"
#include "tests/bootstrap/support.h"

namespace hawser {
namespace {

using namespace testing_support;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

FindVariable find_in(const Variables& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

const Variables kTorchrun = {
    {"RANK", "1"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "29500"}, {"LOCAL_RANK", "1"}};
const Variables kOpenMpi = {{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "3"}};

struct Case {
  const char* name;
  std::string settings;
  Variables variables;
  std::string launcher;
  int rank, ranks;
};
class Found : public ::testing::TestWithParam<Case> {};
TEST_P(Found, SaysWhoStartedUs) {
  const auto launch = find_launch(config_of(GetParam().settings), find_in(GetParam().variables));
  ASSERT_TRUE(launch.ok()) << launch.error().text();
  EXPECT_EQ(launch.value().launcher, GetParam().launcher);
  EXPECT_EQ(launch.value().rank, GetParam().rank);
  EXPECT_EQ(launch.value().ranks, GetParam().ranks);
}
INSTANTIATE_TEST_SUITE_P(Launch, Found,
                         ::testing::Values(Case{"Nobody", "", {}, "nobody", 0, 1}, Case{"Alone", "rank=0 ranks=1", {}, "nobody", 0, 1},
                                           Case{"Id", "rank=1 ranks=2 id=00", {}, "HAWSER_ID", 1, 2},
                                           Case{"File", "rank=1 ranks=2 file=x", kTorchrun, "HAWSER_FILE", 1, 2},
                                           Case{"Root", "rank=0 ranks=2 root=h:1", kOpenMpi, "HAWSER_ROOT", 0, 2},
                                           Case{"Torchrun", "", kTorchrun, "torchrun", 1, 4},
                                           Case{"OpenMpi", "", kOpenMpi, "Open MPI", 2, 3},
                                           Case{"OpenMpiBesideHalfATorchrun",
                                                "",
                                                {{"MASTER_ADDR", "h"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "3"}},
                                                "Open MPI",
                                                2,
                                                3}),
                         [](const auto& info) { return info.param.name; });

struct Half {
  const char* name;
  std::string settings;
  Variables variables;
  std::string says;
};
class HalfSet : public ::testing::TestWithParam<Half> {};
TEST_P(HalfSet, SaysWhatIsMissing) {
  const auto launch = find_launch(config_of(GetParam().settings), find_in(GetParam().variables));
  ASSERT_FALSE(launch.ok());
  EXPECT_EQ(launch.error().code(), Code::invalid);
  EXPECT_THAT(launch.error().text(), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(
    Launch, HalfSet,
    ::testing::Values(Half{"RankAlone", "rank=1", {}, "HAWSER_RANK without HAWSER_RANKS"},
                      Half{"FileAlone", "file=x", {}, "HAWSER_FILE without HAWSER_RANK, HAWSER_RANKS"},
                      Half{"NoWay", "rank=1 ranks=2", {}, "without one of HAWSER_ID"},
                      Half{"TwoWays", "rank=1 ranks=2 file=x root=h:1", {}, "HAWSER_FILE and HAWSER_ROOT"},
                      Half{"RankTooHigh", "rank=2 ranks=2 file=x", {}, "HAWSER_RANK is \"2\""},
                      Half{"NegativeRank", "rank=-1 ranks=2 file=x", {}, "HAWSER_RANK is \"-1\""},
                      Half{"NoNumber", "rank=1 ranks=2x file=x", {}, "HAWSER_RANKS is \"2x\""},
                      Half{"NoRanks", "rank=0 ranks=0 file=x", {}, "HAWSER_RANKS is \"0\""},
                      Half{"HugeRanks", "rank=0 ranks=99999999999999999999 file=x", {}, "HAWSER_RANKS"},
                      Half{"TorchrunWithoutPort", "", {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "h"}}, "without MASTER_PORT"},
                      Half{"TorchrunRankAlone", "", {{"RANK", "0"}}, "RANK without WORLD_SIZE, MASTER_ADDR, MASTER_PORT"},
                      Half{"OpenMpiWithoutSize", "", {{"OMPI_COMM_WORLD_RANK", "0"}}, "without OMPI_COMM_WORLD_SIZE"}),
    [](const auto& info) { return info.param.name; });

// Every rank a thread with its own variables; all meet and tell each other their number.
void expect_meeting(int ranks, const std::function<Config(int)>& config_for, const std::function<FindVariable(int)>& variables_for) {
  SystemClock clock;
  in_threads(ranks, [&](int rank) {
    SystemRandom random;
    const Config config = config_for(rank);
    const FindVariable find = variables_for(rank);
    const auto launch = find_launch(config, find);
    ASSERT_TRUE(launch.ok()) << launch.error().text();
    EXPECT_EQ(launch.value().rank, rank);
    std::unique_ptr<Root> root;
    const auto id = meet_by_environment(launch.value(), config, find, clock.now_ns() + 20 * kSecond, clock, random, &root);
    ASSERT_TRUE(id.ok()) << id.error().text();
    const auto exchange = join(id.value(), config, options_of(launch.value().ranks, rank, clock), clock, random);
    ASSERT_TRUE(exchange.ok()) << exchange.error().text();
    const auto all = exchange.value()->all_gather(std::to_string(rank));
    ASSERT_TRUE(all.ok()) << all.error().text();
    for (int other = 0; other < ranks; ++other) EXPECT_EQ(all.value()[static_cast<size_t>(other)], std::to_string(other));
  });
}

FindVariable none(int) { return find_in({}); }

uint16_t free_port() {
  const auto listener = listen_on(Address::parse("127.0.0.1:0").value());
  const std::string text = local_address(listener.value()).value().text();
  return static_cast<uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

TEST(Meeting, NobodyStartedUs) {
  expect_meeting(
      1, [](int) { return config_of(""); }, none);
}

TEST(Meeting, ByAnIdInTheEnvironment) {
  SystemClock clock;
  const auto root = start_root(config_of("create_timeout=20s"), clock);
  std::array<std::byte, unique_id_bytes> bytes;
  root->id().encode(bytes);
  const std::string id = hexadecimal(bytes);
  expect_meeting(
      3, [&](int rank) { return config_of("rank=" + std::to_string(rank) + " ranks=3 id=" + id); }, none);
}

TEST(Meeting, ByARootInTheEnvironmentTwice) {
  const std::string root = "localhost:" + std::to_string(free_port());
  for (int round = 0; round < 2; ++round)
    expect_meeting(
        3, [&](int rank) { return config_of("rank=" + std::to_string(rank) + " ranks=3 root=" + root); }, none);
}

TEST(Meeting, ByTorchrunsVariablesTwiceBesideItsStore) {
  const auto store = listen_on(Address::parse("127.0.0.1:0").value());  // torchrun's own, on MASTER_PORT
  const std::string text = local_address(store.value()).value().text();
  const auto variables = [&](int rank) {
    return find_in({{"RANK", std::to_string(rank)},
                    {"WORLD_SIZE", "4"},
                    {"MASTER_ADDR", "localhost"},
                    {"MASTER_PORT", text.substr(text.rfind(':') + 1)},
                    {"TORCHELASTIC_RUN_ID", "job-" + std::to_string(::getpid())}});
  };
  for (int round = 0; round < 2; ++round)
    expect_meeting(
        4, [](int) { return config_of("secret=s"); }, variables);
}

TEST(Meeting, TwoJobsOfOnePortDoNotMix) {
  const std::string port = std::to_string(free_port());
  const auto variables_of = [&](const std::string& job) {
    return [&port, job](int rank) {
      return find_in({{"RANK", std::to_string(rank)},
                      {"WORLD_SIZE", "2"},
                      {"MASTER_ADDR", "127.0.0.1"},
                      {"MASTER_PORT", port},
                      {"TORCHELASTIC_RUN_ID", job}});
    };
  };
  std::thread other([&] {
    expect_meeting(
        2, [](int) { return config_of("secret=one"); }, variables_of("same"));
  });
  expect_meeting(
      2, [](int) { return config_of("secret=two"); }, variables_of("same"));
  other.join();
}

TEST(Meeting, APortThatIsTakenInOneFamilyIsTaken) {
  SystemClock clock;
  SystemRandom random;
  const auto stranger = listen_on(Address::parse("0.0.0.0:0").value());
  const std::string text = local_address(stranger.value()).value().text(), port = text.substr(text.rfind(':') + 1);
  std::unique_ptr<Root> root;
  const Config config = config_of("rank=0 ranks=2 root=localhost:" + port);
  const auto id = meet_by_environment({2, 0, "HAWSER_ROOT"}, config, none(0), clock.now_ns() + kSecond / 10, clock, random, &root);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(root, nullptr);
  EXPECT_THAT(id.error().text(), AllOf(HasSubstr("no port to listen on"), HasSubstr(port)));
}

TEST(Meeting, AnIdThatIsNoneIsNamed) {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<Root> root;
  const Config config = config_of("rank=0 ranks=2 id=abc");
  const auto id = meet_by_environment({2, 0, "HAWSER_ID"}, config, none(0), clock.now_ns() + kSecond, clock, random, &root);
  ASSERT_FALSE(id.ok());
  EXPECT_THAT(id.error().text(), AllOf(HasSubstr("HAWSER_ID"), HasSubstr("256 hexadecimal digits")));
}

TEST(Meeting, ARootThatIsNoneIsNamed) {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<Root> root;
  for (const std::string text : {"nocolon", "host:0", "host:99999", ":80", "no.such.host.invalid:80"}) {
    const auto id = meet_by_environment({2, 1, "HAWSER_ROOT"}, config_of("rank=1 ranks=2 root=" + text), none(0),
                                        clock.now_ns() + kSecond / 10, clock, random, &root);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_THAT(id.error().text(), ::testing::AnyOf(HasSubstr("HAWSER_ROOT"), HasSubstr("no.such.host.invalid")));
  }
}

}  // namespace
}  // namespace hawser
