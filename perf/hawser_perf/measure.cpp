// Times are of back-to-back operations, the slowest rank's; the one-by-one times come from a second loop, so that the clock does not
// disturb the first.
#include "perf/hawser_perf/measure.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace hawser::perf {
namespace {

constexpr uint64_t kLoopNs = 20'000'000;
constexpr uint64_t kOperationsMost = 100'000;
const hawser_stream kBlocking = {};

uint64_t now_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

Status status_of(hawser_status status, std::string_view doing) {
  if (status == HAWSER_OK) return {};
  const std::string story = hawser_error_text();
  return Status(static_cast<Code>(status), std::string(doing) + ": " + hawser_status_name(status) + (story.empty() ? "" : ": " + story));
}

void* offset(void* base, uint64_t elements, DataType type) { return static_cast<std::byte*>(base) + elements * size_of(type); }

}  // namespace

Bench::Bench(const Options& options, hawser_comm* comm)
    : options_(options), comm_(comm), rank_(hawser_comm_rank(comm)), ranks_(hawser_comm_ranks(comm)) {}

Bench::Bench(Bench&& other) noexcept
    : options_(other.options_), comm_(std::exchange(other.comm_, nullptr)), rank_(other.rank_), ranks_(other.ranks_) {
  for (int i = 0; i < 2; ++i) memory_[i] = std::exchange(other.memory_[i], nullptr);
}

Bench::~Bench() {
  for (void* memory : memory_) {
    if (!options_.library_memory) std::free(memory);
    else if (memory != nullptr) hawser_free(hawser_comm_context(comm_), memory);
  }
  if (comm_ != nullptr) hawser_comm_destroy(comm_);
}

Result<Bench> Bench::make(const Options& options) {
  hawser_comm_options creation = {};
  creation.size = sizeof creation;
  creation.name = "hawser-perf";
  creation.settings = options.settings.empty() ? nullptr : options.settings.c_str();
  hawser_comm* comm = nullptr;
  HAWSER_TRY(status_of(hawser_comm_create_from_environment(&creation, &comm), "creating the communicator"));
  Bench bench(options, comm);
  if (options.root < 0 || options.root >= bench.ranks_) {
    return Status(Code::invalid, "-r: there is no rank " + std::to_string(options.root) + " among " + std::to_string(bench.ranks_));
  }
  size_t bytes = 0;
  for (const Workload workload : options.collectives) {
    bytes = std::max<size_t>(bytes, extent_of(workload, options.sizes.back(), options.type, bench.ranks_).bytes);
  }
  if (!options.explain) HAWSER_TRY(bench.allocate(bytes));
  return bench;
}

Status Bench::allocate(size_t bytes) {
  for (void*& memory : memory_) {
    if (options_.library_memory) {
      HAWSER_TRY(status_of(hawser_alloc(hawser_comm_context(comm_), bytes, &memory), "hawser_alloc"));
    } else if ((memory = std::malloc(bytes)) == nullptr) {
      return Status(Code::memory, "no memory for two buffers of " + std::to_string(bytes) + " bytes; give a smaller -e");
    }
    std::memset(memory, 0, bytes);
  }
  return {};
}

Question Bench::question(Workload workload, const Extent& extent) const {
  return {workload, options_.op, options_.type, ranks_, rank_, options_.root, extent.count};
}

Bench::Buffers Bench::buffers(const Question& q, const Extent& extent, bool in_place) const {
  if (!in_place) return {memory_[0], memory_[1]};
  const uint64_t mine = static_cast<uint64_t>(rank_) * extent.count;
  switch (q.workload) {
    case Workload::all_gather:
      return {offset(memory_[1], mine, q.type), memory_[1]};
    case Workload::reduce_scatter:
      return {memory_[0], offset(memory_[0], mine, q.type)};
    case Workload::sendrecv:
      return {memory_[0], memory_[1]};  // has no such thing
    default:
      return {memory_[0], memory_[0]};
  }
}

hawser_status Bench::run(const Question& q, const Buffers& b) const {
  const auto type = static_cast<hawser_type>(q.type);
  const auto op = static_cast<hawser_op>(q.op);
  switch (q.workload) {
    case Workload::all_reduce:
      return hawser_all_reduce(comm_, b.in, b.out, q.count, type, op, kBlocking, nullptr);
    case Workload::reduce:
      return hawser_reduce(comm_, b.in, b.out, q.count, type, op, q.root, kBlocking, nullptr);
    case Workload::broadcast:
      return hawser_broadcast(comm_, b.in, b.out, q.count, type, q.root, kBlocking, nullptr);
    case Workload::all_gather:
      return hawser_all_gather(comm_, b.in, b.out, q.count, type, kBlocking, nullptr);
    case Workload::reduce_scatter:
      return hawser_reduce_scatter(comm_, b.in, b.out, q.count, type, op, kBlocking, nullptr);
    case Workload::all_to_all:
      return hawser_all_to_all(comm_, b.in, b.out, q.count, type, kBlocking, nullptr);
    case Workload::sendrecv:
      break;
  }
  hawser_status status = hawser_group_begin();
  if (status == HAWSER_OK) status = hawser_send(comm_, b.in, q.count, type, (rank_ + 1) % ranks_, kBlocking, nullptr);
  if (status == HAWSER_OK) status = hawser_recv(comm_, b.out, q.count, type, (rank_ + ranks_ - 1) % ranks_, kBlocking, nullptr);
  const hawser_status end = hawser_group_end();
  return status == HAWSER_OK ? end : status;
}

Status Bench::run_many(const Question& q, const Buffers& b, uint64_t operations) const {
  for (uint64_t i = 0; i < operations; ++i) {
    if (const hawser_status status = run(q, b); status != HAWSER_OK) return status_of(status, name(q.workload));
  }
  return {};
}

Result<uint64_t> Bench::agree(uint64_t value, hawser_op op) const {
  uint64_t result = 0;
  HAWSER_TRY(status_of(hawser_all_reduce(comm_, &value, &result, 1, HAWSER_U64, op, kBlocking, nullptr), "agreeing on a number"));
  return result;
}

// One operation on fresh inputs; the wrong elements of all ranks.
Result<uint64_t> Bench::check(const Question& q, const Extent& extent, bool in_place) const {
  const Buffers b = buffers(q, extent, in_place);
  const size_t element = size_of(q.type);
  if (b.out != b.in || b.out == memory_[1])
    std::memset(memory_[1], 0xa5, extent.output * element);  // before the input, which may lie in it
  fill_input(q, b.in, extent.input);
  HAWSER_TRY(run_many(q, b, 1));
  const uint64_t wrong = wrong_elements(q, b.out, extent.output);
  return agree(wrong, HAWSER_SUM);
}

Result<uint64_t> Bench::operations_for(const Question& q, const Buffers& b) const {
  if (options_.operations > 0) return options_.operations;
  uint64_t operations = 1;
  for (;;) {
    const uint64_t start = now_ns();
    HAWSER_TRY(run_many(q, b, operations));
    const uint64_t took = HAWSER_TRY(agree(now_ns() - start, HAWSER_MAX));
    if (took * 4 >= kLoopNs || operations >= kOperationsMost) {
      return std::clamp<uint64_t>(operations * kLoopNs / std::max<uint64_t>(took, 1), 5, kOperationsMost);
    }
    operations *= 4;
  }
}

Result<Timing> Bench::time(Workload workload, const Extent& extent, bool in_place) {
  const Question q = question(workload, extent);
  const Buffers b = buffers(q, extent, in_place);
  Timing timing;
  if (options_.check) timing.wrong = HAWSER_TRY(check(q, extent, in_place));
  HAWSER_TRY(run_many(q, b, options_.warm_up));
  timing.operations = HAWSER_TRY(operations_for(q, b));
  HAWSER_TRY(agree(0, HAWSER_MAX));
  const uint64_t start = now_ns();
  HAWSER_TRY(run_many(q, b, timing.operations));
  const uint64_t took = HAWSER_TRY(agree(now_ns() - start, HAWSER_MAX));
  timing.mean_us = static_cast<double>(took) / static_cast<double>(timing.operations) / 1e3;
  std::vector<uint64_t> each(timing.operations);
  for (uint64_t& one : each) {
    const uint64_t begin = now_ns();
    HAWSER_TRY(run_many(q, b, 1));
    one = now_ns() - begin;
  }
  timing.p50_us = static_cast<double>(HAWSER_TRY(agree(percentile(each, 0.50), HAWSER_MAX))) / 1e3;
  timing.p99_us = static_cast<double>(HAWSER_TRY(agree(percentile(each, 0.99), HAWSER_MAX))) / 1e3;
  return timing;
}

std::string Bench::explain(Workload workload, const Extent& extent) const {
  if (workload == Workload::sendrecv) return "sendrecv: one message to the next rank, one from the one before; nothing to choose\n";
  std::string request = std::string(name(workload)) + " " + std::to_string(extent.bytes) + " " + std::string(name(options_.type));
  if (reduces(workload)) request += " " + std::string(name(options_.op));
  if (has_root(workload)) request += " root " + std::to_string(options_.root);
  if (options_.library_memory) request += " library";
  std::string text(hawser_explain(comm_, request.c_str(), nullptr, 0) + 1, '\0');
  text.resize(std::min(hawser_explain(comm_, request.c_str(), text.data(), text.size()), text.size() - 1));
  return text;
}

Status Bench::finish() { return status_of(hawser_comm_finalize(comm_), "finishing"); }

}  // namespace hawser::perf
