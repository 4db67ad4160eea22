// A rank is killed at a random moment: every other rank that waits gets an error that names it, soon, and nothing is left behind.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "hawser/hawser.h"
#include "tests/support/processes.h"

namespace hawser::test {
namespace {

using ::testing::HasSubstr;

constexpr int kRanks = 4;
constexpr int kReportMs = 20000;  // generous: sanitizers, and strangers on the machine

std::set<std::string> shared_files() {
  std::set<std::string> names;
  if (DIR* const folder = ::opendir("/dev/shm")) {
    while (const dirent* const entry = ::readdir(folder)) names.insert(entry->d_name);
    ::closedir(folder);
  }
  return names;
}

// Operations of one kind for ever, until one fails: the story of the failure, or how creation failed.
std::string reduce_until_error(const std::string& file, int rank, const std::string& settings, size_t count, const std::string& ready) {
  hawser_comm_options options{};
  options.size = sizeof options;
  options.settings = settings.c_str();
  hawser_comm* comm = nullptr;
  if (hawser_comm_create_from_file(file.c_str(), kRanks, rank, &options, &comm) != HAWSER_OK)
    return std::string("creation: ") + hawser_error_text();
  std::vector<float> data(count, 1), sum(count);
  const hawser_stream block{};
  hawser_status status = HAWSER_OK;
  for (int i = 0; status == HAWSER_OK; ++i) {
    status = hawser_all_reduce(comm, data.data(), sum.data(), count, HAWSER_F32, HAWSER_SUM, block, nullptr);
    if (i == 3) std::ofstream(ready + std::to_string(rank)) << "ready";
  }
  const std::string story = std::string(hawser_status_name(status)) + ": " + hawser_error_text();
  hawser_comm_destroy(comm);
  return story;
}

struct Case {
  const char* settings;
  size_t count;
  int rounds;
};
std::ostream& operator<<(std::ostream& out, const Case& one) { return out << "\"" << one.settings << "\", " << one.count << " floats"; }

class Kill : public ::testing::TestWithParam<Case> {};

void one_round(const Case& one, const std::string& folder, std::mt19937& random) {
  const std::string file = folder + "/meet", ready = folder + "/ready";
  const int victim = static_cast<int>(random() % kRanks);
  Processes ranks(kRanks, [&](int rank) { return reduce_until_error(file, rank, one.settings, one.count, ready); });
  for (int rank = 0; rank < kRanks; ++rank)
    for (int ms = 0; ::access((ready + std::to_string(rank)).c_str(), F_OK) != 0; ++ms) {
      ASSERT_LT(ms, kReportMs) << "rank " << rank << " never began: " << ranks.report(rank, 0);
      ::usleep(1000);
    }
  ::usleep(random() % 20000);
  ranks.kill(victim);
  const auto begin = std::chrono::steady_clock::now();
  for (int rank = 0; rank < kRanks; ++rank) {
    if (rank == victim) continue;
    const std::string story = ranks.report(rank, kReportMs);
    EXPECT_THAT(story, HasSubstr("rank " + std::to_string(victim) + " ")) << "told by rank " << rank;
    EXPECT_THAT(story, HasSubstr("peer failed")) << "told by rank " << rank;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(seconds, 10.0);
  EXPECT_TRUE(ranks.all_ended(kReportMs));
  for (int rank = 0; rank < kRanks; ++rank) ::unlink((ready + std::to_string(rank)).c_str());
  ::unlink(file.c_str());
}

TEST_P(Kill, EveryWaitingRankLearnsWhoDied) {
  const unsigned seed = 20261125;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  char folder[] = "/tmp/hawser-kill-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::set<std::string> before = shared_files();
  for (int round = 0; round < GetParam().rounds && !HasFailure(); ++round) one_round(GetParam(), folder, random);
  EXPECT_EQ(shared_files(), before);
  ::rmdir(folder);
}

INSTANTIATE_TEST_SUITE_P(Ways, Kill,
                         ::testing::Values(Case{"segment=64MiB", 2, 8}, Case{"segment=64MiB", 300000, 8}, Case{"transport=tcp", 2, 8},
                                           Case{"transport=tcp", 300000, 8}));

}  // namespace
}  // namespace hawser::test
