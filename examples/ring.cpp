// Ranks as threads of one process pass a token around a ring, then add up their steps: the C++ wrapper, send and receive in a group, and an
// error that says what was wrong.
//
//   ./ring [RANKS]
#include <cstdio>
#include <cstdlib>
#include <hawser/hawser.hpp>
#include <thread>
#include <vector>

namespace {

// Everyone sends to the right and receives from the left at once: the group keeps the two from waiting for each other.
int pass_around(const hawser::Communicator& communicator) {
  const int ranks = communicator.ranks();
  int token = communicator.rank();
  for (int step = 0; step < ranks; ++step) {
    int incoming = -1;
    hawser::Group group;
    communicator.send(&token, 1, (communicator.rank() + 1) % ranks);
    communicator.recv(&incoming, 1, (communicator.rank() + ranks - 1) % ranks);
    group.end();
    token = incoming;
  }
  return token;
}

bool run_rank(const hawser::Id& id, int ranks, int rank) try {
  const hawser::Communicator communicator = hawser::Communicator::create(id, ranks, rank);
  const bool came_home = pass_around(communicator) == rank;
  int home = came_home ? 1 : 0, all_home = 0;
  communicator.all_reduce(&home, &all_home, 1);
  if (rank == 0) std::printf("%d of %d tokens came home\n", all_home, ranks);
  return all_home == ranks;
} catch (const hawser::Error& error) {
  std::fprintf(stderr, "rank %d: %s: %s\n", rank, hawser_status_name(error.status()), error.what());
  return false;
}

}  // namespace

int main(int count, char** arguments) try {
  const int ranks = count > 1 ? std::atoi(arguments[1]) : 4;
  const hawser::Id id = hawser::Id::create();
  std::vector<char> fine(static_cast<size_t>(ranks > 0 ? ranks : 0));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) threads.emplace_back([&, rank] { fine[rank] = run_rank(id, ranks, rank); });
  for (std::thread& thread : threads) thread.join();
  for (const char one : fine)
    if (!one) return 1;
  return 0;
} catch (const hawser::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
