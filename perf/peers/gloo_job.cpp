// Gloo over TCP as a job: gloo_job RANK RANKS FOLDER [bind]; the ranks meet in the folder.
#include <gloo/allgather.h>
#include <gloo/allreduce.h>
#include <gloo/alltoall.h>
#include <gloo/broadcast.h>
#include <gloo/math.h>
#include <gloo/reduce_scatter.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "job.h"

namespace {

class Gloo final : public peers::Library {
 public:
  Gloo(int rank, int ranks, const std::string& folder) : context_(std::make_shared<gloo::rendezvous::Context>(rank, ranks)) {
    gloo::transport::tcp::attr address;
    address.iface = "lo";
    auto device = gloo::transport::tcp::CreateDevice(address);
    gloo::rendezvous::FileStore store(folder);
    context_->connectFullMesh(store, device);
    context_->setTimeout(std::chrono::hours(1));  // the first rank waits for commands
  }
  std::string version() override { return "Gloo 20220518 (Debian), tcp"; }
  int rank() override { return context_->rank; }
  int ranks() override { return context_->size; }
  void share(void* data, size_t bytes) override {
    gloo::BroadcastOptions options(context_);
    options.setOutput(static_cast<uint8_t*>(data), bytes);
    options.setRoot(0);
    gloo::broadcast(options);
  }
  uint64_t largest(uint64_t value) override {
    uint64_t most = 0;
    gloo::AllreduceOptions options(context_);
    options.setInput(&value, 1);
    options.setOutput(&most, 1);
    using Function = void (*)(void*, const void*, const void*, size_t);
    options.setReduceFunction(static_cast<Function>(&gloo::max<uint64_t>));
    gloo::allreduce(options);
    return most;
  }
  float* memory(size_t bytes, bool) override { return static_cast<float*>(std::malloc(bytes)); }

  void prepare(const peers::Point& point, const float* in, float* out, uint64_t count) override {
    if (point.operation != peers::Operation::reduce_scatter) return;
    // Works in place on its whole input: on a copy, whose values then grow; the time does not depend on them.
    const size_t elements = count * static_cast<size_t>(context_->size);
    work_.assign(in, in + elements);
    std::vector<float*> pointers{work_.data()};
    const std::vector<int> counts(static_cast<size_t>(context_->size), static_cast<int>(count));
    scatter_ = std::make_unique<Scatter>(context_, pointers, static_cast<int>(elements), counts);
    (void)out;
  }

  void loop(const peers::Point& point, const float* in, float* out, uint64_t count, uint64_t operations) override {
    for (uint64_t i = 0; i < operations; ++i) once(point, const_cast<float*>(in), out, count);
    if (point.operation == peers::Operation::reduce_scatter && operations == 1) std::memcpy(out, work_.data(), count * sizeof(float));
  }

 private:
  using Scatter = gloo::ReduceScatterHalvingDoubling<float>;

  void once(const peers::Point& point, float* in, float* out, uint64_t count) {
    const size_t all = count * static_cast<size_t>(context_->size);
    switch (point.operation) {
      case peers::Operation::all_reduce:
        return all_reduce(in, out, count);
      case peers::Operation::reduce_scatter:
        return scatter_->run();
      case peers::Operation::all_gather: {
        gloo::AllgatherOptions options(context_);
        options.setInput(in, count);
        options.setOutput(out, all);
        return gloo::allgather(options);
      }
      case peers::Operation::broadcast: {
        gloo::BroadcastOptions options(context_);
        options.setOutput(out, count);
        options.setRoot(0);
        return gloo::broadcast(options);
      }
      case peers::Operation::all_to_all: {
        gloo::AlltoallOptions options(context_);
        options.setInput(in, all);
        options.setOutput(out, all);
        return gloo::alltoall(options);
      }
    }
  }

  void all_reduce(float* in, float* out, uint64_t count) {
    gloo::AllreduceOptions options(context_);
    options.setInput(in, count);
    options.setOutput(out, count);
    using Function = void (*)(void*, const void*, const void*, size_t);
    options.setReduceFunction(static_cast<Function>(&gloo::sum<float>));
    gloo::allreduce(options);
  }

  std::shared_ptr<gloo::rendezvous::Context> context_;
  std::vector<float> work_;
  std::unique_ptr<Scatter> scatter_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "gloo_job RANK RANKS FOLDER [bind]\n");
    return 2;
  }
  try {
    Gloo library(std::atoi(argv[1]), std::atoi(argv[2]), argv[3]);
    return peers::serve(library, argc > 4);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gloo_job: %s\n", error.what());
    return 1;
  }
}
