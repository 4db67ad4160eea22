// Hawser as a job: hawser_job [bind], through its public C API; the ranks meet as the environment says.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "hawser/hawser.h"
#include "job.h"

namespace {

const hawser_stream kBlocking = {};

void must(hawser_status status) {
  if (status != HAWSER_OK) throw std::runtime_error(std::string(hawser_status_name(status)) + ": " + hawser_error_text());
}

class Hawser final : public peers::Library {
 public:
  Hawser() { must(hawser_comm_create_from_environment(nullptr, &comm_)); }
  ~Hawser() override {
    for (void* memory : library_memory_) hawser_free(hawser_comm_context(comm_), memory);
    hawser_comm_destroy(comm_);
  }
  std::string version() override {
    const int version = hawser_version();
    return "Hawser " + std::to_string(version / 10000) + '.' + std::to_string(version / 100 % 100) + '.' + std::to_string(version % 100);
  }
  int rank() override { return hawser_comm_rank(comm_); }
  int ranks() override { return hawser_comm_ranks(comm_); }
  void share(void* data, size_t bytes) override { must(hawser_broadcast(comm_, data, data, bytes, HAWSER_U8, 0, kBlocking, nullptr)); }
  uint64_t largest(uint64_t value) override {
    uint64_t most = 0;
    must(hawser_all_reduce(comm_, &value, &most, 1, HAWSER_U64, HAWSER_MAX, kBlocking, nullptr));
    return most;
  }
  float* memory(size_t bytes, bool library_memory) override {
    if (!library_memory) return static_cast<float*>(std::malloc(bytes));
    void* memory = nullptr;
    must(hawser_alloc(hawser_comm_context(comm_), bytes, &memory));
    library_memory_[allocated_++ % 2] = memory;
    return static_cast<float*>(memory);
  }
  void loop(const peers::Point& point, const float* in, float* out, uint64_t count, uint64_t operations) override {
    hawser_comm* const comm = comm_;
    switch (point.operation) {
      case peers::Operation::all_reduce:
        for (uint64_t i = 0; i < operations; ++i) {
          must(hawser_all_reduce(comm, in, out, count, HAWSER_F32, HAWSER_SUM, kBlocking, nullptr));
        }
        break;
      case peers::Operation::all_gather:
        for (uint64_t i = 0; i < operations; ++i) must(hawser_all_gather(comm, in, out, count, HAWSER_F32, kBlocking, nullptr));
        break;
      case peers::Operation::reduce_scatter:
        for (uint64_t i = 0; i < operations; ++i) {
          must(hawser_reduce_scatter(comm, in, out, count, HAWSER_F32, HAWSER_SUM, kBlocking, nullptr));
        }
        break;
      case peers::Operation::broadcast:
        for (uint64_t i = 0; i < operations; ++i) must(hawser_broadcast(comm, in, out, count, HAWSER_F32, 0, kBlocking, nullptr));
        break;
      case peers::Operation::all_to_all:
        for (uint64_t i = 0; i < operations; ++i) must(hawser_all_to_all(comm, in, out, count, HAWSER_F32, kBlocking, nullptr));
        break;
    }
  }

 private:
  hawser_comm* comm_ = nullptr;
  void* library_memory_[2] = {};
  int allocated_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Hawser library;
    return peers::serve(library, argc > 1 && std::string(argv[1]) == "bind");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hawser_job: %s\n", error.what());
    return 1;
  }
}
