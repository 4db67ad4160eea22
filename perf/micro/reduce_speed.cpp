// How fast the reductions are beside a plain copy of as many bytes: reduce_speed [TYPE].
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "src/device/reduce.h"

namespace {

using hawser::DataType;
using hawser::ReduceOp;

double seconds_of(const auto& body, size_t bytes) {
  const size_t repetitions = 1 + (size_t{64} << 20) / bytes;
  double best = 1e9;
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < repetitions; ++i) body();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / static_cast<double>(repetitions));
  }
  return best;
}

void measure(DataType type, size_t bytes) {
  std::vector<std::byte> a(bytes + 64), b(bytes + 64), c(bytes + 64), out(bytes + 64);
  const auto sum = hawser::reduce_function(type, ReduceOp::sum);
  const size_t count = bytes / hawser::size_of(type);
  const void* in[] = {a.data(), b.data(), c.data()};
  const double copy = seconds_of([&] { std::memcpy(out.data(), a.data(), bytes); }, bytes);
  const double two = seconds_of([&] { sum(out.data(), in, 2, count, 1, false); }, bytes);
  const double three = seconds_of([&] { sum(out.data(), in, 3, count, 1, false); }, bytes);
  const double streamed = seconds_of([&] { sum(out.data(), in, 2, count, 1, true); }, bytes);
  const double gigabytes = static_cast<double>(bytes) / 1e9;
  std::printf("%10zu %12.1f %12.1f %12.1f %12.1f %12.1f\n", bytes, two * 1e9, gigabytes / copy, gigabytes / two, gigabytes / three,
              gigabytes / streamed);
}

}  // namespace

int main(int argc, char** argv) {
  const auto type = hawser::parse_data_type(argc > 1 ? argv[1] : "f32");
  if (!type || !hawser::reduce_function(*type, ReduceOp::sum)) {
    std::fprintf(stderr, "reduce_speed: no reduction of type %s\n", argv[1]);
    return 1;
  }
  std::printf("%10s %12s %12s %12s %12s %12s   (GB/s of output)\n", "bytes", "two ns", "copy", "two inputs", "three", "two, streamed");
  for (size_t bytes : {8, 512, 4096, 32768, 262144, 1 << 20, 16 << 20}) measure(*type, bytes);
}
