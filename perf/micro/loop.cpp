// One operation again and again through the public C API, for tools that watch a rank from outside.
//   loop COLLECTIVE BYTES OPERATIONS [WARM_UP [bind]]     OPERATIONS 0: until it fails; bind: to the processor of the rank's number
// Ranks meet as the environment says. Says "ready" after the warm-up; marks the loop with write(-1, "begin") and write(-1, "end"); prints
// how often memory was allocated in between. An operation that fails: its story on standard error, exit status 3.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hawser/hawser.h"

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<uint64_t> allocations{0}, yields{0};

void count() {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// The program's own allocation functions come before the C library's for the whole process, the library measured included.
extern "C" {
__attribute__((visibility("default"))) void* malloc(size_t bytes) {
  count();
  return __libc_malloc(bytes);
}
__attribute__((visibility("default"))) void* calloc(size_t count_of, size_t bytes) {
  count();
  return __libc_calloc(count_of, bytes);
}
__attribute__((visibility("default"))) void* realloc(void* old, size_t bytes) {
  count();
  return __libc_realloc(old, bytes);
}
__attribute__((visibility("default"))) void* aligned_alloc(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}
__attribute__((visibility("default"))) int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  count();
  *memory = __libc_memalign(alignment, bytes);
  return *memory != nullptr ? 0 : ENOMEM;
}
// Counted here: a tracer that stops the rank at each one makes its peer wait, which then yields in turn, without end.
__attribute__((visibility("default"))) int sched_yield() noexcept {
  if (counting.load(std::memory_order_relaxed)) yields.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(syscall(SYS_sched_yield));
}
}

namespace {

const hawser_stream kBlocking = {};
constexpr useconds_t kSettleUs = 300'000;

// A system call that a tracer sees and that does nothing.
void mark(const char* text) {
  if (write(-1, text, std::strlen(text)) < 0) errno = 0;
}

int complain(const char* doing, hawser_status status) {
  std::fprintf(stderr, "%s: %s: %s\n", doing, hawser_status_name(status), hawser_error_text());
  return 3;
}

struct Loop {
  hawser_comm* comm;
  std::string collective;
  size_t count;
  float *in, *out;

  hawser_status once() const {
    if (collective == "all_reduce") return hawser_all_reduce(comm, in, out, count, HAWSER_F32, HAWSER_SUM, kBlocking, nullptr);
    if (collective == "broadcast") return hawser_broadcast(comm, in, out, count, HAWSER_F32, 0, kBlocking, nullptr);
    if (collective == "all_to_all") return hawser_all_to_all(comm, in, out, count, HAWSER_F32, kBlocking, nullptr);
    return HAWSER_INVALID;
  }
  hawser_status many(uint64_t operations, bool forever) const {
    hawser_status status = HAWSER_OK;
    for (uint64_t i = 0; status == HAWSER_OK && (forever || i < operations); ++i) status = once();
    return status;
  }
};

// After creation, so that the library has seen the whole machine.
void bind_to_processor(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) std::perror("loop: sched_setaffinity");
}

int run(const Loop& loop, uint64_t operations, uint64_t warm_up) {
  hawser_status status = loop.many(warm_up, false);
  if (status != HAWSER_OK) return complain("warming up", status);
  std::puts("ready");
  std::fflush(stdout);
  if (operations > 0) {
    usleep(kSettleUs);  // what creation left to the engine threads comes to its end
    status = loop.many(warm_up, false);
    if (status != HAWSER_OK) return complain("warming up", status);
  }
  counting = true;
  mark("begin");
  status = loop.many(operations, operations == 0);
  mark("end");
  counting = false;
  if (status != HAWSER_OK) return complain(loop.collective.c_str(), status);
  std::printf("allocations %lu yields %lu\n", allocations.load(), yields.load());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "loop COLLECTIVE BYTES OPERATIONS [WARM_UP [bind]]\n");
    return 2;
  }
  const size_t bytes = std::strtoull(argv[2], nullptr, 10);
  hawser_comm* comm = nullptr;
  const hawser_status status = hawser_comm_create_from_environment(nullptr, &comm);
  if (status != HAWSER_OK) return complain("creating the communicator", status);
  const auto ranks = static_cast<size_t>(hawser_comm_ranks(comm));
  auto* in = static_cast<float*>(std::calloc(ranks, bytes + sizeof(float)));
  auto* out = static_cast<float*>(std::calloc(ranks, bytes + sizeof(float)));
  if (in == nullptr || out == nullptr) return 1;
  std::memset(out, 0, ranks * bytes);
  if (argc > 5) bind_to_processor(hawser_comm_rank(comm));
  const Loop loop{comm, argv[1], bytes / sizeof(float), in, out};
  const int exit_status = run(loop, std::strtoull(argv[3], nullptr, 10), argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 10);
  hawser_comm_destroy(comm);
  std::free(in);
  std::free(out);
  return exit_status;
}
