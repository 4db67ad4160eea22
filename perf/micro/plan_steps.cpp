// What the executor costs: 128 sends and 128 receives with a reduce of 8 bytes each, one operation of one rank, over a wire that only
// copies. Prints nanoseconds for a step (of 256), the median of many operations.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "src/executor/executor.h"
#include "src/executor/program.h"
#include "src/plan/builder.h"

namespace {

using namespace hawser;

constexpr uint32_t kPairs = 128;
constexpr size_t kChunkBytes = 8;

// To itself: the k-th send meets the k-th receive, and both are complete at the next poll.
class Wire final : public Transport {
 public:
  Abilities abilities() const override { return {.fabric = Fabric::memory, .eager_bytes = 1 << 20, .lends = true}; }
  Status adopt(PeerIndex, Lane) override { return {}; }
  void close(PeerIndex) override {}
  void send(const Transfer& transfer) override {
    sent_[sends_++ % kSlots] = transfer;
    match();
  }
  void recv(const Transfer& transfer) override {
    posted_[receives_++ % kSlots] = transfer;
    match();
  }
  size_t poll(std::span<Completion> out) override {
    size_t count = 0;
    while (count < out.size() && taken_ != completed_) out[count++] = completions_[taken_++ % (2 * kSlots)];
    return count;
  }
  void release(Token) override {}
  void forget(uint64_t) override {}
  void peer_gone(PeerIndex, Status) override {}
  Status error(PeerIndex) const override { return {}; }
  bool arm() override { return taken_ == completed_; }

 private:
  static constexpr size_t kSlots = 1024;

  void match() {
    while (matched_ < sends_ && matched_ < receives_) {
      const Transfer& from = sent_[matched_ % kSlots];
      const Transfer& into = posted_[matched_ % kSlots];
      ++matched_;
      const bool lend = into.bytes.data() == nullptr;  // the sender's bytes stay where they are until the operation is over
      if (!lend) std::memcpy(into.bytes.data(), from.bytes.data(), from.bytes.size());
      completions_[completed_++ % (2 * kSlots)] = {.token = from.token, .bytes = from.bytes.size()};
      completions_[completed_++ % (2 * kSlots)] = {.token = into.token,
                                                   .signature = from.envelope.signature,
                                                   .bytes = from.bytes.size(),
                                                   .lent = lend ? from.bytes.data() : nullptr};
    }
  }
  size_t sends_ = 0, receives_ = 0, matched_ = 0, completed_ = 0, taken_ = 0;
  std::vector<Transfer> sent_ = std::vector<Transfer>(kSlots), posted_ = std::vector<Transfer>(kSlots);
  std::vector<Completion> completions_ = std::vector<Completion>(2 * kSlots);
};

class OneEdge final : public Edges {
 public:
  explicit OneEdge(Transport& transport) : transports_{&transport} {}
  Transport* edge(PeerIndex) override { return transports_[0]; }
  std::span<Transport* const> open_transports() override { return transports_; }

 private:
  std::vector<Transport*> transports_;
};

Plan make_plan() {
  PlanBuilder builder(Collective::all_reduce, 0, 2, kPairs, kPairs);
  const uint32_t scratch = builder.scratch(kPairs);
  builder.copy({Buffer::input, 0, kPairs}, {Buffer::output, 0, kPairs});
  for (uint32_t i = 0; i < kPairs; ++i) {
    builder.send(1, {Buffer::input, i, 1});
    builder.recv(1, {Buffer::scratch, scratch + i, 1});
    builder.reduce({Buffer::scratch, scratch + i, 1}, {Buffer::output, i, 1});
  }
  return std::move(builder).build("128 pairs");
}

double nanoseconds(Executor& executor, Operation& operation) {
  operation.code.store(Code::in_progress, std::memory_order_relaxed);
  const auto start = std::chrono::steady_clock::now();
  executor.start(operation);
  while (operation.code.load(std::memory_order_relaxed) == Code::in_progress) executor.progress();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  ++operation.number;
  return took.count();
}

}  // namespace

int main() {
  Wire wire;
  OneEdge edges(wire);
  Executor executor(edges);
  const auto program = Program::lower(make_plan(), 0, {});
  std::vector<double> in(kPairs, 1.5), out(kPairs, 0);
  const PeerIndex peers[] = {0, 0};
  Operation operation;
  operation.program = program.get();
  operation.binding.type = DataType::f64;
  operation.binding.buffers[0] = {reinterpret_cast<std::byte*>(in.data()), kPairs, kPairs, {}, {}};
  operation.binding.buffers[1] = {reinterpret_cast<std::byte*>(out.data()), kPairs, kPairs, {}, {}};
  operation.peers = peers;
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) times.push_back(nanoseconds(executor, operation) / (2 * kPairs));
  if (operation.code != Code::ok || std::any_of(out.begin(), out.end(), [](double value) { return value != 3; })) {
    std::fprintf(stderr, "plan_steps: the operation gave a wrong result\n");
    return 1;
  }
  std::sort(times.begin(), times.end());
  static_assert(kChunkBytes == sizeof(double));
  std::printf("%.2f ns a step, best %.2f\n", times[times.size() / 2], times.front());
}
