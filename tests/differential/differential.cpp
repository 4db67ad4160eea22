// The same random calls by Hawser and by Open MPI, in the same processes: results must agree. Run it under mpirun: differential [SEED
// [CALLS]].
#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>

#include "tests/differential/call.h"

namespace hawser::differential {
namespace {

constexpr int kCalls = 400;

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "differential: rank %d: %s\n", world_rank(), what.c_str());
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

void must(hawser_status status, const std::string& doing) {
  if (status != HAWSER_OK) give_up(doing + ": " + hawser_status_name(status) + ": " + hawser_error_text());
}

class Comparison {
 public:
  explicit Comparison(uint64_t seed) : shared_(seed), own_(seed * 1000 + static_cast<uint64_t>(world_rank())) {
    Pair world;
    must(hawser_comm_create_from_environment(nullptr, &world.ours), "creating the communicator");
    world.theirs = MPI_COMM_WORLD;
    world.name = "world";
    pairs_.push_back(world);
    const int rank = world_rank();
    split("halves", rank % 2, rank);
    split("reversed", 0, -rank);
    split("without the last", rank == hawser_comm_ranks(world.ours) - 1 ? -1 : 0, rank);
    must(hawser_stream_create(hawser_comm_context(world.ours), &stream_), "making a stream");
  }
  ~Comparison() {
    hawser_stream_destroy(stream_);
    for (size_t i = pairs_.size(); i-- > 0;) {
      if (pairs_[i].ours != nullptr) hawser_comm_destroy(pairs_[i].ours);
      if (i > 0 && pairs_[i].theirs != MPI_COMM_NULL) MPI_Comm_free(&pairs_[i].theirs);
    }
  }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  // One submission of one or several calls; how many.
  int batch() {
    const auto calls = static_cast<int>(shared_() % 3 == 0 ? 2 + shared_() % 4 : 1);
    const bool on_stream = shared_() % 4 == 0;
    const uint64_t nesting = shared_();
    std::vector<std::unique_ptr<Call>> members;
    std::vector<std::string> texts;
    for (int i = 0; i < calls; ++i) draw_one(members, texts);
    run_ours(members, on_stream ? stream_ : hawser_stream{}, nesting);
    for (const auto& call : members) call->run_theirs();
    for (size_t i = 0; i < members.size(); ++i) {
      if (const std::string difference = members[i]->difference(); !difference.empty()) give_up(texts[i] + ": " + difference);
    }
    return calls;
  }

 private:
  void split(const std::string& name, int color, int key) {
    Pair part;
    part.name = name;
    must(hawser_comm_split(pairs_[0].ours, color, key, nullptr, &part.ours), "splitting: " + name);
    MPI_Comm_split(MPI_COMM_WORLD, color < 0 ? MPI_UNDEFINED : color, key, &part.theirs);
    pairs_.push_back(part);
  }

  // Every rank draws the same shape, also for communicators that it is not in. "halves" may differ in size: the smaller one decides.
  void draw_one(std::vector<std::unique_ptr<Call>>& members, std::vector<std::string>& texts) {
    const Pair& pair = pairs_[shared_() % pairs_.size()];
    const int world = hawser_comm_ranks(pairs_[0].ours);
    const int least = pair.name == "halves" ? world / 2 : pair.name == "without the last" ? world - 1 : world;
    const Shape shape = draw_shape(least, shared_);
    if (pair.ours == nullptr || hawser_comm_ranks(pair.ours) != least) return;
    members.push_back(std::make_unique<Call>(pair, shape, own_));
    texts.push_back(shape.text() + " on " + pair.name);
  }

  // A shift needs a group for itself at least; several calls form one, with another inside it now and then. A call alone goes without
  // three times out of four, as most calls of most programs do.
  void run_ours(const std::vector<std::unique_ptr<Call>>& calls, hawser_stream stream, uint64_t nesting) {
    if (calls.size() == 1 && !calls[0]->needs_group() && nesting >> 62 != 0) {
      must(calls[0]->start_ours(stream), "a call without a group");
      if (stream.kind == HAWSER_HOST_STREAM) must(hawser_stream_synchronize(stream, 30'000'000'000), "waiting for the stream");
      return;
    }
    must(hawser_group_begin(), "beginning a group");
    for (size_t i = 0; i < calls.size(); ++i) {
      const bool nested = (nesting >> i) & 1;
      if (nested) must(hawser_group_begin(), "beginning an inner group");
      must(calls[i]->start_ours(stream), "a call");
      if (nested) must(hawser_group_end(), "ending an inner group");
    }
    must(hawser_group_end(), "ending a group");
    if (stream.kind == HAWSER_HOST_STREAM) must(hawser_stream_synchronize(stream, 30'000'000'000), "waiting for the stream");
  }

  std::mt19937_64 shared_;  // draws alike on every rank
  std::mt19937_64 own_;
  std::vector<Pair> pairs_;
  hawser_stream stream_ = {};
};

int run(uint64_t seed, int calls) {
  Comparison comparison(seed);
  int done = 0;
  while (done < calls) done += comparison.batch();
  if (world_rank() == 0) std::printf("differential: %d calls agree, seed %lu\n", done, seed);
  return 0;
}

}  // namespace
}  // namespace hawser::differential

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const int calls = argc > 2 ? std::atoi(argv[2]) : hawser::differential::kCalls;
  const int status = hawser::differential::run(seed, calls);
  MPI_Finalize();
  return status;
}
