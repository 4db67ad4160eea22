// Any MPI as a job: mpi_job [bind]. Compiled by each MPI's own compiler wrapper.
#include <mpi.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "job.h"

namespace {

void must(int result) {
  if (result != MPI_SUCCESS) throw std::runtime_error("MPI failed with " + std::to_string(result));
}

class Mpi final : public peers::Library {
 public:
  Mpi() {
    must(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
    must(MPI_Comm_size(MPI_COMM_WORLD, &ranks_));
  }
  std::string version() override {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    must(MPI_Get_library_version(text, &length));
    const std::string whole(text);  // the length may count zeros
    return whole.substr(0, whole.find('\n'));
  }
  int rank() override { return rank_; }
  int ranks() override { return ranks_; }
  void share(void* data, size_t bytes) override { must(MPI_Bcast(data, static_cast<int>(bytes), MPI_BYTE, 0, MPI_COMM_WORLD)); }
  uint64_t largest(uint64_t value) override {
    uint64_t most = 0;
    must(MPI_Allreduce(&value, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD));
    return most;
  }
  float* memory(size_t bytes, bool library_memory) override {
    if (!library_memory) return static_cast<float*>(std::malloc(bytes));
    void* memory = nullptr;
    must(MPI_Alloc_mem(static_cast<MPI_Aint>(bytes), MPI_INFO_NULL, &memory));
    return static_cast<float*>(memory);
  }
  void loop(const peers::Point& point, const float* in, float* out, uint64_t elements, uint64_t operations) override {
    const int count = static_cast<int>(elements);
    const MPI_Comm world = MPI_COMM_WORLD;
    switch (point.operation) {
      case peers::Operation::all_reduce:
        for (uint64_t i = 0; i < operations; ++i) must(MPI_Allreduce(in, out, count, MPI_FLOAT, MPI_SUM, world));
        break;
      case peers::Operation::all_gather:
        for (uint64_t i = 0; i < operations; ++i) must(MPI_Allgather(in, count, MPI_FLOAT, out, count, MPI_FLOAT, world));
        break;
      case peers::Operation::reduce_scatter:
        for (uint64_t i = 0; i < operations; ++i) must(MPI_Reduce_scatter_block(in, out, count, MPI_FLOAT, MPI_SUM, world));
        break;
      case peers::Operation::broadcast:
        for (uint64_t i = 0; i < operations; ++i) must(MPI_Bcast(out, count, MPI_FLOAT, 0, world));
        break;
      case peers::Operation::all_to_all:
        for (uint64_t i = 0; i < operations; ++i) must(MPI_Alltoall(in, count, MPI_FLOAT, out, count, MPI_FLOAT, world));
        break;
    }
  }

 private:
  int rank_ = 0, ranks_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  must(MPI_Init(&argc, &argv));
  int status = 0;
  {
    Mpi library;
    status = peers::serve(library, argc > 1 && std::string(argv[1]) == "bind");
  }
  MPI_Finalize();
  return status;
}
