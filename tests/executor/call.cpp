// One collective on every rank of a world.
#include "tests/executor/call.h"

#include <cmath>
#include <cstring>

namespace hawser::testing {
namespace {

constexpr size_t kMargin = 64;
constexpr std::byte kGuard{0xa5};

double contribution(Rank rank, size_t i, uint32_t number) {
  return static_cast<double>((static_cast<size_t>(rank) * 7 + i * 3 + number) % 11) + 1;
}

void put(std::byte* at, DataType type, size_t i, double value) {
  switch (type) {
    case DataType::i32:
      reinterpret_cast<int32_t*>(at)[i] = static_cast<int32_t>(value);
      break;
    case DataType::i64:
      reinterpret_cast<int64_t*>(at)[i] = static_cast<int64_t>(value);
      break;
    case DataType::f32:
      reinterpret_cast<float*>(at)[i] = static_cast<float>(value);
      break;
    case DataType::f64:
      reinterpret_cast<double*>(at)[i] = value;
      break;
    case DataType::u8:
      reinterpret_cast<uint8_t*>(at)[i] = static_cast<uint8_t>(value);
      break;
    case DataType::bf16: {
      const float wide = static_cast<float>(value);
      uint32_t bits;
      std::memcpy(&bits, &wide, 4);
      reinterpret_cast<uint16_t*>(at)[i] = static_cast<uint16_t>(bits >> 16);  // small integers are exact
      break;
    }
    default:
      FAIL() << "no such type in these tests";
  }
}

double get(const std::byte* at, DataType type, size_t i) {
  switch (type) {
    case DataType::i32:
      return reinterpret_cast<const int32_t*>(at)[i];
    case DataType::i64:
      return static_cast<double>(reinterpret_cast<const int64_t*>(at)[i]);
    case DataType::f32:
      return reinterpret_cast<const float*>(at)[i];
    case DataType::f64:
      return reinterpret_cast<const double*>(at)[i];
    case DataType::u8:
      return reinterpret_cast<const uint8_t*>(at)[i];
    case DataType::bf16: {
      const uint32_t bits = static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(at)[i]) << 16;
      float wide;
      std::memcpy(&wide, &bits, 4);
      return wide;
    }
    default:
      return NAN;
  }
}

double combine_values(ReduceOp op, double a, double b) {
  switch (op) {
    case ReduceOp::prod:
      return a * b;
    case ReduceOp::min:
      return std::min(a, b);
    case ReduceOp::max:
      return std::max(a, b);
    default:
      return a + b;
  }
}

bool integer(DataType type) { return type == DataType::i32 || type == DataType::i64 || type == DataType::u8; }

}  // namespace

size_t Call::input_count(Rank rank) const {
  const auto ranks = static_cast<size_t>(world_.size());
  switch (shape_.collective) {
    case Collective::reduce_scatter:
    case Collective::all_to_all:
      return shape_.count * ranks;
    case Collective::scatter:
      return rank == shape_.root ? shape_.count * ranks : 0;
    case Collective::barrier:
      return 0;
    case Collective::broadcast:
      return rank == shape_.root ? shape_.count : 0;
    default:
      return shape_.count;
  }
}

size_t Call::output_count(Rank rank) const {
  const auto ranks = static_cast<size_t>(world_.size());
  switch (shape_.collective) {
    case Collective::all_gather:
    case Collective::all_to_all:
      return shape_.count * ranks;
    case Collective::gather:
      return rank == shape_.root ? shape_.count * ranks : 0;
    case Collective::barrier:
      return 0;
    case Collective::reduce:
      return rank == shape_.root ? shape_.count : 0;
    default:
      return shape_.count;
  }
}

Call::Call(World& world, CallShape shape) : world_(world), shape_(std::move(shape)) {
  for (Rank rank = 0; rank < world.size(); ++rank) {
    Member& member = members_.emplace_back();
    ProgramOptions options;
    options.slice_bytes = shape_.slice_bytes;
    options.window = shape_.window;
    if (shape_.routines) options.routines = shape_.routines(rank);
    const Plan plan = shape_.plan(rank);
    member.program = Program::lower(plan, rank, options);
    member.operation.binding.buffers[0].chunks = plan.input_chunks;
    member.operation.binding.buffers[1].chunks = plan.output_chunks;
    bind(rank);
    fill(rank);
  }
}

void Call::bind(Rank rank) {
  Member& member = at(rank);
  const size_t bytes = size_of(shape_.type), ranks = static_cast<size_t>(world_.size());
  const size_t both = std::max(input_count(rank), output_count(rank));
  member.input.assign((shape_.in_place ? both : input_count(rank)) * bytes + 2 * kMargin, kGuard);
  member.output.assign((shape_.in_place ? 0 : output_count(rank)) * bytes + 2 * kMargin, kGuard);
  std::byte *input = member.input.data() + kMargin, *output = member.output.data() + kMargin;
  if (shape_.in_place) {
    output = input;
    const size_t mine = static_cast<size_t>(rank) * shape_.count * bytes;
    const bool root = rank == shape_.root;
    if (shape_.collective == Collective::all_gather || (shape_.collective == Collective::gather && root)) input += mine;
    if (shape_.collective == Collective::reduce_scatter || (shape_.collective == Collective::scatter && root)) output += mine;
  }
  Operation& operation = member.operation;
  Binding& binding = operation.binding;
  binding.buffers[0].base = input;
  binding.buffers[0].count = input_count(rank);
  binding.buffers[1].base = output;
  binding.buffers[1].count = output_count(rank);
  binding.type = shape_.type;
  binding.op = shape_.op == ReduceOp::avg ? ReduceOp::sum : shape_.op;
  binding.divisor = shape_.op == ReduceOp::avg ? static_cast<uint32_t>(ranks) : 1;
  operation.program = member.program.get();
  operation.communicator = shape_.communicator;
  operation.number = shape_.number;
  operation.signature = shape_.signature;
  operation.peers = world_.peers();
}

void Call::fill(Rank rank) {
  Member& member = at(rank);
  for (size_t i = 0; i < input_count(rank); ++i)
    put(member.operation.binding.buffers[0].base, shape_.type, i, contribution(rank, i, shape_.number));
}

void Call::refill() {
  ++shape_.number;
  for (Rank rank = 0; rank < world_.size(); ++rank) {
    at(rank).operation.number = shape_.number;
    fill(rank);
  }
}

void Call::start() {
  for (Rank rank = 0; rank < world_.size(); ++rank)
    if (world_.alive(rank)) start(rank);
}

bool Call::all_done() const {
  for (Rank rank = 0; rank < world_.size(); ++rank)
    if (world_.alive(rank) && !done(members_[static_cast<size_t>(rank)].operation)) return false;
  return true;
}

double Call::expected(Rank rank, size_t i) const {
  const auto count = shape_.count;
  switch (shape_.collective) {
    case Collective::broadcast:
      return contribution(shape_.root, i, shape_.number);
    case Collective::scatter:
      return contribution(shape_.root, static_cast<size_t>(rank) * count + i, shape_.number);
    case Collective::gather:
    case Collective::all_gather:
      return contribution(static_cast<Rank>(i / count), i % count, shape_.number);
    case Collective::all_to_all:
      return contribution(static_cast<Rank>(i / count), static_cast<size_t>(rank) * count + i % count, shape_.number);
    default:
      break;
  }
  const size_t at = shape_.collective == Collective::reduce_scatter ? static_cast<size_t>(rank) * count + i : i;
  double value = contribution(0, at, shape_.number);
  for (Rank other = 1; other < world_.size(); ++other) value = combine_values(shape_.op, value, contribution(other, at, shape_.number));
  if (shape_.op != ReduceOp::avg) return value;
  value /= world_.size();
  return integer(shape_.type) ? std::trunc(value) : value;
}

void Call::expect_results() const {
  for (Rank rank = 0; rank < world_.size(); ++rank) {
    const Member& member = members_[static_cast<size_t>(rank)];
    ASSERT_EQ(member.operation.code.load(), Code::ok) << "rank " << rank;
    for (size_t i = 0; i < output_count(rank); ++i) {
      const double value = get(member.operation.binding.buffers[1].base, shape_.type, i), wanted = expected(rank, i);
      const double slack = integer(shape_.type) ? 0 : std::abs(wanted) * (shape_.type == DataType::bf16 ? 0.02 : 1e-5);
      ASSERT_NEAR(value, wanted, slack) << "rank " << rank << " element " << i;
    }
    for (const std::vector<std::byte>* buffer : {&member.input, &member.output})
      for (size_t i = 0; i < kMargin; ++i)
        ASSERT_TRUE((*buffer)[i] == kGuard && (*buffer)[buffer->size() - 1 - i] == kGuard) << "rank " << rank;
    for (size_t i = 0; i < input_count(rank) && !shape_.in_place; ++i)
      ASSERT_EQ(get(member.operation.binding.buffers[0].base, shape_.type, i), contribution(rank, i, shape_.number)) << "rank " << rank;
  }
}

}  // namespace hawser::testing
