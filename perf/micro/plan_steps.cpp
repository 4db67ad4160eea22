// What the executor costs: 128 sends and 128 receives with a reduce of 8 bytes each, one operation of one rank, over a wire that only
// copies. Prints nanoseconds for a step (of 256), the median of many operations.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

#include "src/executor/executor.h"
#include "src/executor/program.h"
#include "src/plan/builder.h"

namespace {

using namespace hawser;

constexpr uint32_t kPairs = 128;
constexpr size_t kChunkBytes = 8;

// To itself: a message is copied into a cell, and its send is over. A receive takes the oldest message, if its envelope is that of the
// receive, where it lies; or it waits for it. Only for messages that fit a cell, which is what is measured.
class Wire final : public Transport {
 public:
  Abilities abilities() const override { return {.fabric = Fabric::memory, .eager_bytes = kPayload, .lends = true}; }
  Status adopt(PeerIndex, Lane) override { return {}; }
  void close(PeerIndex) override {}
  void send(const Transfer& transfer) override {
    if (send_now(transfer)) completions_.push_back({.token = transfer.token});
  }
  void recv(const Transfer& transfer) override {
    Completion completion;
    if (recv_now(transfer, completion)) completions_.push_back(completion);
  }
  bool send_now(const Transfer& transfer) override {
    const size_t bytes = transfer.bytes.size();
    if (sent_ - released_ == kCells || bytes > kPayload) [[unlikely]]
      std::abort();
    Cell& cell = cells_[sent_++ % kCells];
    cell.envelope = transfer.envelope;
    if (bytes != sizeof(uint64_t) || waiting_) [[unlikely]]
      return send_otherwise(cell, transfer);
    std::memcpy(cell.payload, transfer.bytes.data(), sizeof(uint64_t));
    return true;
  }
  bool recv_now(const Transfer& transfer, Completion& completion) override {
    if (taken_ == sent_ || waiting_) [[unlikely]]
      return wait(transfer);
    take(transfer, completion);
    return true;
  }
  size_t poll(std::span<Completion> out) override {
    size_t count = 0;
    for (; count < out.size() && !completions_.empty(); completions_.pop_front()) out[count++] = completions_.front();
    return count;
  }
  void release(Token token) override {
    if (cells_[released_ % kCells].receiver != token) [[unlikely]]
      std::abort();  // cells are given back in order
    ++released_;
  }
  void forget(uint64_t) override {}
  void peer_gone(PeerIndex, Status) override {}
  Status error(PeerIndex) const override { return {}; }
  bool arm() override { return completions_.empty(); }

 private:
  static constexpr size_t kCells = 128, kPayload = 24;
  struct alignas(64) Cell {
    Envelope envelope;
    Token receiver = 0;
    std::byte payload[kPayload];
  };
  static_assert(sizeof(Cell) == 64);
  static bool alike(const Envelope& a, const Envelope& b) {
    return a.communicator == b.communicator && a.operation == b.operation && a.slice == b.slice && a.ordinal == b.ordinal &&
           a.kind == b.kind;
  }
  void take(const Transfer& into, Completion& completion) {
    Cell& cell = cells_[taken_++ % kCells];
    if (!alike(cell.envelope, into.envelope) || cell.envelope.bytes > into.envelope.bytes || into.bytes.data() != nullptr) [[unlikely]]
      std::abort();
    cell.receiver = into.token;
    completion = {.token = into.token, .signature = cell.envelope.signature, .bytes = cell.envelope.bytes, .lent = cell.payload};
  }
  // Of other sizes, or one that is waited for.
  [[gnu::noinline]] bool send_otherwise(Cell& cell, const Transfer& transfer) {
    std::memcpy(cell.payload, transfer.bytes.data(), transfer.bytes.size());
    if (!waiting_) return true;
    Completion completion;
    take(posted_.front(), completion);
    posted_.pop_front();
    waiting_ = !posted_.empty();
    completions_.push_back(completion);
    return true;
  }
  [[gnu::noinline]] bool wait(const Transfer& transfer) {
    posted_.push_back(transfer);
    waiting_ = true;
    return false;
  }
  size_t sent_ = 0, taken_ = 0, released_ = 0;
  std::vector<Cell> cells_ = std::vector<Cell>(kCells);
  bool waiting_ = false;  // something is posted
  std::deque<Transfer> posted_;
  std::deque<Completion> completions_;
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
