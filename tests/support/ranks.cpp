// One thread a rank.
#include "tests/support/ranks.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hawser::test {

void with_ranks(int n, const std::string& settings, const std::function<void(hawser_comm*, int)>& body) {
  with_ranks(
      n, [&](int) { return settings; }, body);
}

void with_ranks(int n, const std::function<std::string(int)>& settings, const std::function<void(hawser_comm*, int)>& body) {
  hawser_id id;
  ASSERT_EQ(hawser_id_create(&id), HAWSER_OK) << hawser_error_text();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < n; ++rank)
    threads.emplace_back([&, rank] {
      hawser_comm_options options{};
      options.size = sizeof options;
      const std::string own = settings(rank);
      options.settings = own.c_str();
      hawser_comm* comm = nullptr;
      ASSERT_EQ(hawser_comm_create(&id, n, rank, &options, &comm), HAWSER_OK) << "rank " << rank << ": " << hawser_error_text();
      body(comm, rank);
      EXPECT_EQ(hawser_comm_destroy(comm), HAWSER_OK) << "rank " << rank << ": " << hawser_error_text();
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace hawser::test
