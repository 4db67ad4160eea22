// The two ways to do the same thing.
#include "tests/differential/call.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace hawser::differential {
namespace {

constexpr const char* kNames[kinds] = {"all_reduce", "reduce",       "broadcast", "all_gather", "reduce_scatter",
                                       "all_to_all", "all_to_all_v", "barrier",   "shift"};
constexpr DataType kTypes[] = {DataType::i8,  DataType::u8,  DataType::i32,  DataType::u32, DataType::i64,
                               DataType::u64, DataType::f16, DataType::bf16, DataType::f32, DataType::f64};

bool reduces(Kind kind) { return kind == Kind::all_reduce || kind == Kind::reduce || kind == Kind::reduce_scatter; }

MPI_Datatype mpi_type(DataType type) {
  switch (type) {
    case DataType::i8:
      return MPI_INT8_T;
    case DataType::u8:
      return MPI_UINT8_T;
    case DataType::i32:
      return MPI_INT32_T;
    case DataType::u32:
      return MPI_UINT32_T;
    case DataType::i64:
      return MPI_INT64_T;
    case DataType::u64:
      return MPI_UINT64_T;
    case DataType::f64:
      return MPI_DOUBLE;
    default:
      return MPI_FLOAT;  // 16-bit floats are widened for it
  }
}

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::prod:
      return MPI_PROD;
    case ReduceOp::min:
      return MPI_MIN;
    case ReduceOp::max:
      return MPI_MAX;
    default:
      return MPI_SUM;
  }
}

// Often tiny, sometimes empty, now and then a megabyte.
size_t draw_count(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return random() % 3;
    case 1:
    case 2:
    case 3:
      return random() % 64;
    case 4:
    case 5:
      return random() % 2048;
    case 6:
      return random() % 20'000;
    default:
      return random() % 150'000;
  }
}

int as_int(uint64_t value) { return static_cast<int>(value); }

}  // namespace

std::string Shape::text() const {
  std::string text = std::string(kNames[static_cast<int>(kind)]) + " of " + std::to_string(count) + " " + std::string(name(type));
  if (reduces(kind)) text += " " + std::string(name(op));
  if (kind == Kind::reduce || kind == Kind::broadcast) text += " root " + std::to_string(root);
  if (kind == Kind::shift) text += " by " + std::to_string(shift);
  return text + (in_place ? " in place" : "");
}

Shape draw_shape(int members, std::mt19937_64& shared) {
  Shape shape;
  shape.kind = static_cast<Kind>(shared() % kinds);
  shape.type = kTypes[shared() % std::size(kTypes)];
  shape.op = static_cast<ReduceOp>(shared() % reduce_ops);
  shape.count = draw_count(shared);
  shape.root = static_cast<int>(shared() % static_cast<uint64_t>(members));
  shape.shift = static_cast<int>(shared() % static_cast<uint64_t>(members));
  shape.in_place = shared() % 3 == 0 && shape.kind != Kind::shift && shape.kind != Kind::all_to_all_v;
  if (shape.kind == Kind::all_to_all_v) {
    for (int i = 0; i < members * members; ++i) shape.matrix.push_back(shared() % 4 == 0 ? 0 : shared() % (shape.count + 1));
  }
  return shape;
}

Call::Call(const Pair& pair, const Shape& shape, std::mt19937_64& own) : pair_(pair), shape_(shape) {
  rank_ = hawser_comm_rank(pair.ours);
  ranks_ = hawser_comm_ranks(pair.ours);
  if (shape_.kind == Kind::all_to_all_v) {
    for (int other = 0; other < ranks_; ++other) {
      in_counts_.push_back(between(rank_, other));
      out_counts_.push_back(between(other, rank_));
    }
    live_.assign(static_cast<size_t>(ranks_), 0);
  }
  input_ = draw(shape_.type, input_elements(), own);
  theirs_out_.assign(output_elements() * size_of(shape_.type), std::byte{0});
  lay_out();
}

size_t Call::input_elements() const {
  const auto parts = static_cast<size_t>(ranks_);
  switch (shape_.kind) {
    case Kind::barrier:
      return 0;
    case Kind::reduce_scatter:
    case Kind::all_to_all:
      return shape_.count * parts;
    case Kind::all_to_all_v:
      return std::accumulate(in_counts_.begin(), in_counts_.end(), uint64_t{0});
    default:
      return shape_.count;
  }
}

size_t Call::output_elements() const {
  const auto parts = static_cast<size_t>(ranks_);
  switch (shape_.kind) {
    case Kind::barrier:
      return 0;
    case Kind::all_gather:
    case Kind::all_to_all:
      return shape_.count * parts;
    case Kind::all_to_all_v:
      return std::accumulate(out_counts_.begin(), out_counts_.end(), uint64_t{0});
    default:
      return shape_.count;
  }
}

bool Call::has_result() const { return shape_.kind != Kind::reduce || rank_ == shape_.root; }

// In place the larger of the two buffers serves as both; broadcast and reduce are in place at the root.
void Call::lay_out() {
  const size_t mine = static_cast<size_t>(rank_) * shape_.count * size_of(shape_.type);
  const bool rooted = shape_.kind == Kind::reduce || shape_.kind == Kind::broadcast;
  const bool in_place = shape_.in_place && shape_.kind != Kind::barrier && (!rooted || rank_ == shape_.root);
  ours_in_ = input_;
  ours_out_.assign(output_elements() * size_of(shape_.type), std::byte{0x5a});
  in_ = ours_in_.data();
  out_ = ours_out_.data();
  if (!in_place) return;
  if (shape_.kind == Kind::all_gather) {
    std::copy(input_.begin(), input_.end(), ours_out_.begin() + static_cast<std::ptrdiff_t>(mine));
    in_ = out_ + mine;
  } else if (shape_.kind == Kind::reduce_scatter) {
    out_ = ours_in_.data() + mine;
  } else {
    out_ = ours_in_.data();
  }
}

hawser_status Call::start_ours(hawser_stream stream) {
  const auto type = static_cast<hawser_type>(shape_.type);
  const auto op = static_cast<hawser_op>(shape_.op);
  const size_t n = shape_.count;
  hawser_comm* const comm = pair_.ours;
  switch (shape_.kind) {
    case Kind::all_reduce:
      return hawser_all_reduce(comm, in_, out_, n, type, op, stream, nullptr);
    case Kind::reduce:
      return hawser_reduce(comm, in_, out_, n, type, op, shape_.root, stream, nullptr);
    case Kind::broadcast:
      return hawser_broadcast(comm, in_, out_, n, type, shape_.root, stream, nullptr);
    case Kind::all_gather:
      return hawser_all_gather(comm, in_, out_, n, type, stream, nullptr);
    case Kind::reduce_scatter:
      return hawser_reduce_scatter(comm, in_, out_, n, type, op, stream, nullptr);
    case Kind::all_to_all:
      return hawser_all_to_all(comm, in_, out_, n, type, stream, nullptr);
    case Kind::all_to_all_v:
      return start_all_to_all_v(stream);
    case Kind::barrier:
      return hawser_barrier(comm, stream, nullptr);
    case Kind::shift:
      break;
  }
  const hawser_status sent = hawser_send(comm, in_, n, type, (rank_ + shape_.shift) % ranks_, stream, nullptr);
  if (sent != HAWSER_OK) return sent;
  return hawser_recv(comm, out_, n, type, (rank_ + ranks_ - shape_.shift) % ranks_, stream, nullptr);
}

hawser_status Call::start_all_to_all_v(hawser_stream stream) {
  hawser_counts in = {}, out = {};
  in.size = out.size = sizeof(hawser_counts);
  in.counts = in_counts_.data();
  in.capacity = input_elements();
  out.counts = out_counts_.data();
  out.capacity = output_elements();
  out.live = live_.data();
  return hawser_all_to_all_v(pair_.ours, in_, &in, out_, &out, static_cast<hawser_type>(shape_.type), stream, nullptr);
}

void Call::run_theirs() {
  if (reduces(shape_.kind)) return reduce_theirs();
  if (shape_.kind == Kind::all_to_all_v) return all_to_all_v_theirs();
  move_theirs();
}

void Call::reduce_theirs() {
  const Bytes in = is_half(shape_.type) ? widened(shape_.type, input_) : input_;
  if (is_half(shape_.type)) theirs_out_.assign(theirs_out_.size() * 2, std::byte{0});
  const int n = as_int(shape_.count);
  const MPI_Datatype type = mpi_type(shape_.type);
  const MPI_Op op = mpi_op(shape_.op);
  void* const out = theirs_out_.data();
  if (shape_.kind == Kind::all_reduce) MPI_Allreduce(in.data(), out, n, type, op, pair_.theirs);
  else if (shape_.kind == Kind::reduce) MPI_Reduce(in.data(), out, n, type, op, shape_.root, pair_.theirs);
  else MPI_Reduce_scatter_block(in.data(), out, n, type, op, pair_.theirs);
  if (shape_.op == ReduceOp::avg && has_result()) divide(is_half(shape_.type) ? DataType::f32 : shape_.type, theirs_out_, ranks_);
}

void Call::move_theirs() {
  const int n = as_int(shape_.count * size_of(shape_.type));
  void* const out = theirs_out_.data();
  switch (shape_.kind) {
    case Kind::broadcast:
      if (rank_ == shape_.root) theirs_out_ = input_;
      MPI_Bcast(theirs_out_.data(), n, MPI_BYTE, shape_.root, pair_.theirs);
      break;
    case Kind::all_gather:
      MPI_Allgather(input_.data(), n, MPI_BYTE, out, n, MPI_BYTE, pair_.theirs);
      break;
    case Kind::all_to_all:
      MPI_Alltoall(input_.data(), n, MPI_BYTE, out, n, MPI_BYTE, pair_.theirs);
      break;
    case Kind::barrier:
      MPI_Barrier(pair_.theirs);
      break;
    default:
      MPI_Sendrecv(input_.data(), n, MPI_BYTE, (rank_ + shape_.shift) % ranks_, 0, out, n, MPI_BYTE,
                   (rank_ + ranks_ - shape_.shift) % ranks_, 0, pair_.theirs, MPI_STATUS_IGNORE);
  }
}

void Call::all_to_all_v_theirs() {
  const auto element = as_int(size_of(shape_.type));
  std::vector<int> sent, sent_at, came, came_at;
  for (int other = 0, from = 0, to = 0; other < ranks_; ++other) {
    sent.push_back(as_int(between(rank_, other)) * element);
    came.push_back(as_int(between(other, rank_)) * element);
    sent_at.push_back(from);
    came_at.push_back(to);
    from += sent.back();
    to += came.back();
  }
  MPI_Alltoallv(input_.data(), sent.data(), sent_at.data(), MPI_BYTE, theirs_out_.data(), came.data(), came_at.data(), MPI_BYTE,
                pair_.theirs);
}

std::string Call::difference() const {
  if (!has_result()) return {};
  const bool rounds = reduces(shape_.kind) && is_float(shape_.type) && shape_.op != ReduceOp::min && shape_.op != ReduceOp::max;
  const bool wide = reduces(shape_.kind) && is_half(shape_.type);
  const size_t element = size_of(shape_.type);
  for (size_t i = 0; i < output_elements(); ++i) {
    const std::byte* const ours = out_ + i * element;
    int64_t apart = 0;
    if (wide) {
      float wanted = 0;
      std::memcpy(&wanted, theirs_out_.data() + 4 * i, sizeof wanted);
      apart = distance_to_wide(shape_.type, ours, wanted);
    } else {
      apart = distance(shape_.type, ours, theirs_out_.data() + i * element);
    }
    if (apart > (rounds ? kUlpsAllowed : 0)) {
      return "element " + std::to_string(i) + " differs by " + std::to_string(apart) + " units in the last place";
    }
  }
  for (size_t from = 0; from < live_.size(); ++from) {
    if (live_[from] != out_counts_[from]) return "says that " + std::to_string(live_[from]) + " elements came from " + std::to_string(from);
  }
  return {};
}

}  // namespace hawser::differential
