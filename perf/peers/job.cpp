// The protocol, the loop and the check that every measured library shares.
#include "job.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace peers {
namespace {

constexpr const char* kOperations[] = {"all_reduce", "all_gather", "reduce_scatter", "broadcast", "all_to_all"};
constexpr size_t kLargest = size_t{64} << 20;

bool by_parts(Operation operation) {
  return operation == Operation::all_gather || operation == Operation::reduce_scatter || operation == Operation::all_to_all;
}

uint64_t now_ns() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// What goes to every rank; plain, of one size.
struct Order {
  Command command;
  Point point;
};

class Job {
 public:
  explicit Job(Library& library) : library_(library), rank_(library.rank()), ranks_(library.ranks()) {}

  int serve() {
    for (;;) {
      Order order = next_order();
      library_.share(&order, sizeof order);
      if (order.command == Command::quit) return 0;
      if (order.command == Command::point) {
        answer_point(order.point);
      } else if (rank_ == 0) {
        answer(order.command == Command::version ? "version " + library_.version() : "none no such command");
      }
    }
  }

 private:
  struct Buffers {
    float* in = nullptr;
    float* out = nullptr;
  };

  Order next_order() {
    Order order{Command::quit, {}};
    std::string line;
    if (rank_ == 0 && std::getline(std::cin, line)) order.command = parse_command(line, &order.point);
    return order;
  }

  static void answer(const std::string& text) { std::cout << text << '\n' << std::flush; }

  void answer_point(const Point& point) {
    try {
      const auto [ns, operations, wrong] = measure(point);
      std::ostringstream text;
      text << "time " << ns << ' ' << operations << ' ' << wrong;
      if (rank_ == 0) answer(text.str());
    } catch (const NotOffered& refusal) {
      if (rank_ == 0) answer("none " + refusal.reason);
    }
  }

  // Filled once: every point uses the beginning of the same buffers.
  const Buffers& buffers(bool library_memory) {
    Buffers& these = buffers_[library_memory];
    if (these.in == nullptr) {
      const size_t bytes = kLargest + 4096 * static_cast<size_t>(ranks_);
      these.in = library_.memory(bytes, library_memory);
      these.out = library_.memory(bytes, library_memory);
      for (uint64_t i = 0; i < bytes / sizeof(float); ++i) these.in[i] = input_value(rank_, i);
      std::memset(these.out, 0xff, bytes);
    }
    return these;
  }

  std::tuple<double, uint64_t, uint64_t> measure(const Point& point) {
    if (point.bytes > kLargest) throw NotOffered{"at most 64 MiB"};
    const Buffers& memory = buffers(point.library_memory);
    float* out = point.operation == Operation::broadcast && rank_ == 0 ? memory.in : memory.out;
    const uint64_t count = count_of(point, ranks_);
    if (out == memory.out) std::memset(out, 0xff, output_elements(point, ranks_) * sizeof(float));
    library_.prepare(point, memory.in, out, count);
    library_.loop(point, memory.in, out, count, 1);
    const uint64_t wrong = library_.largest(wrong_elements(point, out));
    const uint64_t operations = operations_for(point, memory.in, out, count);
    const uint64_t took = timed(point, memory.in, out, count, operations);
    means_[key(point)] = static_cast<double>(took) / static_cast<double>(operations);
    return {means_[key(point)], operations, wrong};
  }

  uint64_t wrong_elements(const Point& point, const float* out) const {
    uint64_t wrong = 0;
    const uint64_t elements = output_elements(point, ranks_);
    for (uint64_t i = 0; i < elements; ++i) wrong += out[i] != result_value(point, ranks_, rank_, i);
    return wrong;
  }

  // Every rank computes the same number: from the last block's time, or by doubling when this point is new.
  uint64_t operations_for(const Point& point, const float* in, float* out, uint64_t count) {
    const double span_ns = static_cast<double>(point.span_us) * 1e3;
    if (!means_.contains(key(point))) {
      uint64_t operations = 1, took = timed(point, in, out, count, 1);
      while (static_cast<double>(took) < span_ns / 4 && operations < (uint64_t{1} << 30)) {
        operations *= 2;
        took = timed(point, in, out, count, operations);
      }
      means_[key(point)] = static_cast<double>(took) / static_cast<double>(operations);
    }
    return 1 + static_cast<uint64_t>(span_ns / std::max(means_[key(point)], 1.0));
  }

  // Of the slowest rank.
  uint64_t timed(const Point& point, const float* in, float* out, uint64_t count, uint64_t operations) {
    library_.largest(0);
    const uint64_t start = now_ns();
    library_.loop(point, in, out, count, operations);
    return library_.largest(now_ns() - start);
  }

  using Key = std::tuple<Operation, uint64_t, bool>;
  static Key key(const Point& point) { return {point.operation, point.bytes, point.library_memory}; }

  Library& library_;
  const int rank_, ranks_;
  Buffers buffers_[2];
  std::map<Key, double> means_;
};

void bind_to_processor(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw std::runtime_error("cannot bind to processor " + std::to_string(processor));
}

}  // namespace

std::optional<Operation> parse_operation(std::string_view name) {
  for (int i = 0; i < 5; ++i) {
    if (name == kOperations[i]) return static_cast<Operation>(i);
  }
  return std::nullopt;
}

Command parse_command(const std::string& line, Point* point) {
  std::istringstream words(line);
  std::string command, operation, memory;
  words >> command;
  if (command == "quit") return Command::quit;
  if (command == "version") return Command::version;
  if (command != "point") return Command::unknown;
  Point read;
  if (!(words >> operation >> read.bytes >> read.span_us >> memory)) return Command::unknown;
  const auto parsed = parse_operation(operation);
  if (!parsed || (memory != "malloc" && memory != "library")) return Command::unknown;
  read.operation = *parsed;
  read.library_memory = memory == "library";
  *point = read;
  return Command::point;
}

uint64_t count_of(const Point& point, int ranks) {
  const uint64_t elements = point.bytes / sizeof(float);
  return std::max<uint64_t>(1, by_parts(point.operation) ? elements / static_cast<uint64_t>(ranks) : elements);
}
uint64_t input_elements(const Point& point, int ranks) {
  const bool whole = point.operation == Operation::reduce_scatter || point.operation == Operation::all_to_all;
  return count_of(point, ranks) * (whole ? static_cast<uint64_t>(ranks) : 1);
}
uint64_t output_elements(const Point& point, int ranks) {
  const bool whole = point.operation == Operation::all_gather || point.operation == Operation::all_to_all;
  return count_of(point, ranks) * (whole ? static_cast<uint64_t>(ranks) : 1);
}

float input_value(int rank, uint64_t i) {
  const auto mixed = (static_cast<uint32_t>(i) + static_cast<uint32_t>(rank) * 40503u) * 2654435761u;
  return static_cast<float>(mixed >> 25);
}

float result_value(const Point& point, int ranks, int rank, uint64_t i) {
  const uint64_t count = count_of(point, ranks);
  const auto sum_at = [&](uint64_t at) {
    float sum = 0;
    for (int r = 0; r < ranks; ++r) sum += input_value(r, at);
    return sum;
  };
  switch (point.operation) {
    case Operation::all_reduce:
      return sum_at(i);
    case Operation::reduce_scatter:
      return sum_at(static_cast<uint64_t>(rank) * count + i);
    case Operation::broadcast:
      return input_value(0, i);
    case Operation::all_gather:
      return input_value(static_cast<int>(i / count), i % count);
    case Operation::all_to_all:
      return input_value(static_cast<int>(i / count), static_cast<uint64_t>(rank) * count + i % count);
  }
  return 0;
}

int serve(Library& library, bool bind) {
  if (bind) bind_to_processor(library.rank());
  return Job(library).serve();
}

}  // namespace peers
