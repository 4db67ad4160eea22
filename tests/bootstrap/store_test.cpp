// Ranks meet through a file; what is stale, foreign or truncated hangs nobody.
#include "src/bootstrap/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "src/bootstrap/launch.h"
#include "tests/bootstrap/support.h"

namespace hawser {
namespace {

using namespace testing_support;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct FileTest : ::testing::Test {
  SystemClock clock;
  Config config = config_of("create_timeout=20s");
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("hawser-test-" + std::to_string(::getpid()));
  std::string path = folder / "meet";
  FileTest() { std::filesystem::create_directory(folder); }
  ~FileTest() override { std::filesystem::remove_all(folder); }

  Result<UniqueId> meet(int rank, std::unique_ptr<Root>* root, uint64_t within_ns = 20 * kSecond, const Config* other = nullptr) {
    SystemRandom random;
    return meet_by_file(path, rank, other ? *other : config, clock.now_ns() + within_ns, clock, random, root);
  }
  void expect_meeting(int ranks) {
    std::unique_ptr<Root> root;
    in_threads(ranks, [&](int rank) {
      std::unique_ptr<Root> none;
      const auto id = meet(rank, rank == 0 ? &root : &none);
      ASSERT_TRUE(id.ok()) << id.error().text();
      SystemRandom random;
      const auto exchange = join(id.value(), config, options_of(ranks, rank, clock), clock, random);
      ASSERT_TRUE(exchange.ok()) << exchange.error().text();
      EXPECT_TRUE(exchange.value()->all_gather("x").ok());
    });
    while (!root->finished()) ::poll(nullptr, 0, 1);
    EXPECT_TRUE(std::filesystem::is_empty(folder));  // neither the file nor what was written beside it
  }
  std::string content_of_a_dead_root() {
    const auto root = start_root(config, clock);
    root->stop();
    return store::content_of(root->id());
  }
  void write(const std::string& content) { std::ofstream(path) << content; }
};

TEST_F(FileTest, RanksMeetAndNothingIsLeft) { expect_meeting(4); }
TEST_F(FileTest, TheSamePathServesAgain) {
  expect_meeting(2);
  expect_meeting(3);
}

TEST_F(FileTest, AStaleFileIsReplacedAndHangsNobody) {
  write(content_of_a_dead_root());
  expect_meeting(3);
}

TEST_F(FileTest, AFileOfARunningJobIsRefused) {
  std::unique_ptr<Root> first, second;
  ASSERT_TRUE(meet(0, &first).ok());
  const auto id = meet(0, &second);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code(), Code::usage);
  EXPECT_THAT(id.error().text(), AllOf(HasSubstr(path), HasSubstr("just meeting")));
  EXPECT_EQ(second, nullptr);
  first->stop();
}

TEST_F(FileTest, AForeignFileIsNeverOverwritten) {
  write("my thesis");
  std::unique_ptr<Root> root;
  for (int rank = 0; rank < 2; ++rank) {
    const auto id = meet(rank, &root);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.error().code(), Code::invalid);
    EXPECT_THAT(id.error().text(), AllOf(HasSubstr(path), HasSubstr("not written by Hawser")));
  }
  EXPECT_EQ(*store::read_small_file(path).value(), "my thesis");
}

TEST_F(FileTest, EveryTruncationIsNamed) {
  const std::string whole = content_of_a_dead_root();
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto id = store::parse_content(path, whole.substr(0, length));
    ASSERT_FALSE(id.ok());
    EXPECT_THAT(id.error().text(), AllOf(HasSubstr(path), HasSubstr("truncated")));
  }
  EXPECT_TRUE(store::parse_content(path, whole).ok());
  EXPECT_FALSE(store::parse_content(path, whole + "x").ok());
}

TEST_F(FileTest, EveryChangedLetterIsNoticed) {
  const std::string whole = content_of_a_dead_root();
  for (size_t at = 0; at + 1 < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = changed[at] == '7' ? '8' : '7';
    EXPECT_FALSE(store::parse_content(path, changed).ok()) << at;
  }
}

TEST_F(FileTest, PipesAndFoldersAreErrorsNotWaits) {
  std::unique_ptr<Root> root;
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(meet(1, &root).error().text(), HasSubstr("not an ordinary file"));
  path = folder;
  EXPECT_FALSE(meet(1, &root).ok());
  EXPECT_FALSE(meet(0, &root).ok());
  path = folder / "no" / "such" / "folder";
  EXPECT_THAT(meet(0, &root).error().text(), HasSubstr("No such file"));
  path = "";
  EXPECT_EQ(meet(0, &root).error().code(), Code::invalid);
}

TEST_F(FileTest, WithoutRankZeroTheWaitEnds) {
  std::unique_ptr<Root> root;
  const auto id = meet(1, &root, 100 * kMillisecond);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code(), Code::timeout);
  EXPECT_THAT(id.error().text(), AllOf(HasSubstr("rank 0 has not written"), HasSubstr(path)));
  write(content_of_a_dead_root());
  const auto stale = meet(1, &root, 700 * kMillisecond);
  ASSERT_FALSE(stale.ok());
  EXPECT_THAT(stale.error().text(), HasSubstr("job that no longer runs"));
}

TEST_F(FileTest, AWrongSecretNamesTheSetting) {
  std::unique_ptr<Root> root, none;
  ASSERT_TRUE(meet(0, &root).ok());
  const Config other = config_of("secret=other");
  const auto id = meet(1, &none, 20 * kSecond, &other);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code(), Code::refused);
  EXPECT_THAT(id.error().text(), HasSubstr("setting secret"));
  root->stop();
}

TEST_F(FileTest, OnlyTheOwnerMayReadIt) {
  std::unique_ptr<Root> root;
  ASSERT_TRUE(meet(0, &root).ok());
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  root->stop();
}

}  // namespace
}  // namespace hawser
