// What copying alone would take: two processes at once, no waiting between them.
//   copy_model bounce|copy BYTES MILLISECONDS [CPU CPU]
// bounce: the loop of an all-reduce through a ring of chunks (copy a chunk of the input into my ring, add the peer's to the input, store
// the output), without looking at any flag; the best of some chunk sizes, with and without non-temporal stores. copy: input to output with
// non-temporal stores, in shared memory. Prints nanoseconds of one operation, of the slower process.
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "src/device/reduce.h"

namespace {

constexpr size_t kRingChunks = 4;
constexpr size_t kLargestChunk = 256 << 10;

// Where the two processes meet; only to start together and to compare.
struct Meeting {
  std::atomic<uint32_t> arrived{0};
  std::atomic<uint64_t> took_ns[2] = {};

  void wait_for_both() {
    const uint32_t turn = arrived.fetch_add(1) / 2;
    while (arrived.load(std::memory_order_acquire) / 2 == turn) __builtin_ia32_pause();
  }
};

std::byte* map(size_t bytes, int flags) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("copy_model: mmap");
    std::exit(1);
  }
  return static_cast<std::byte*>(memory);
}

uint64_t now_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

struct Job {
  int me;
  size_t bytes;
  Meeting* meeting;
  std::byte* rings[2];
  std::byte *in, *out;
  hawser::ReduceFunction add;

  void bounce(size_t chunk, bool stream) const {
    const size_t chunks = (bytes + chunk - 1) / chunk;
    for (size_t j = 0; j <= chunks; ++j) {
      if (j < chunks) std::memcpy(rings[me] + (j % kRingChunks) * chunk, in + j * chunk, std::min(chunk, bytes - j * chunk));
      if (j > 0) combine((j - 1) * chunk, chunk, (j - 1) % kRingChunks, stream);
    }
  }
  void combine(size_t at, size_t chunk, size_t slot, bool stream) const {
    const void* both[] = {in + at, rings[1 - me] + slot * chunk};
    add(out + at, both, 2, std::min(chunk, bytes - at) / sizeof(float), 1, stream);
  }

  // Nanoseconds of one call of body, of the slower process.
  double time(double milliseconds, const std::function<void()>& body) const {
    body();
    double best = std::numeric_limits<double>::max();
    const uint64_t until = now_ns() + static_cast<uint64_t>(milliseconds * 1e6);
    for (bool more = true; more;) {
      meeting->wait_for_both();
      const uint64_t start = now_ns();
      body();
      meeting->took_ns[me].store(now_ns() - start);
      meeting->wait_for_both();
      const uint64_t slower = std::max(meeting->took_ns[0].load(), meeting->took_ns[1].load());
      best = std::min(best, static_cast<double>(slower));
      more = agreed(now_ns() < until);
    }
    return best;
  }
  bool agreed(bool mine) const {  // the first process decides
    meeting->wait_for_both();
    if (me == 0) meeting->took_ns[0].store(mine);
    meeting->wait_for_both();
    return meeting->took_ns[0].load() != 0;
  }
};

double run(const Job& job, const std::string& mode, double milliseconds) {
  if (mode == "copy") return job.time(milliseconds, [&] { hawser::copy_bytes(job.out, job.in, job.bytes, true); });
  double best = std::numeric_limits<double>::max();
  for (const size_t chunk : {size_t{64} << 10, size_t{128} << 10, kLargestChunk}) {
    for (const bool stream : {false, true}) best = std::min(best, job.time(milliseconds / 6, [&] { job.bounce(chunk, stream); }));
  }
  return best;
}

void bind(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) std::perror("copy_model: sched_setaffinity");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 3 ? argv[1] : "";
  if (mode != "bounce" && mode != "copy") {
    std::fprintf(stderr, "copy_model bounce|copy BYTES MILLISECONDS [CPU CPU]\n");
    return 2;
  }
  const size_t bytes = std::strtoull(argv[2], nullptr, 10);
  auto* meeting = new (map(4096, MAP_SHARED)) Meeting;
  Job job{0, bytes, meeting, {}, nullptr, nullptr, hawser::reduce_function(hawser::DataType::f32, hawser::ReduceOp::sum)};
  for (std::byte*& ring : job.rings) ring = map(kRingChunks * kLargestChunk, MAP_SHARED);
  const pid_t other = fork();
  job.me = other == 0 ? 1 : 0;
  bind(argc > 5 ? std::atoi(argv[4 + job.me]) : job.me);
  const int kind = mode == "copy" ? MAP_SHARED : MAP_PRIVATE;
  job.in = map(bytes, kind);
  job.out = map(bytes, kind);
  const double ns = run(job, mode, std::atof(argv[3]));
  if (other == 0) _exit(0);
  waitpid(other, nullptr, 0);
  std::printf("%.0f\n", ns);
}
