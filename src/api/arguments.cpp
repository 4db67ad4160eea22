// The checks, cheapest first. Texts say which argument, what it was, and what would do.
#include "src/api/arguments.h"

#include <algorithm>
#include <cstring>

namespace hawser::api {
namespace {

Status invalid(std::string text) { return Status(Code::invalid, std::move(text)); }

struct Sides {
  size_t input = 0, output = 0;
};  // bytes

Status check_sizes(const Call& call, int ranks, Sides& sides) {
  size_t bytes = 0, all = 0;
  if (__builtin_mul_overflow(call.count, size_of(call.type), &bytes) || __builtin_mul_overflow(bytes, static_cast<size_t>(ranks), &all) ||
      all > SIZE_MAX / 4)
    return invalid("count " + std::to_string(call.count) + " of " + std::string(name(call.type)) + " on " + std::to_string(ranks) +
                   " ranks is more than memory can hold");
  sides = {has_input_parts(call.collective) ? all : bytes, has_output_parts(call.collective) ? all : bytes};
  return {};
}

// Which sides this rank has: a root-only side may be NULL elsewhere.
void drop_unused(const Call& call, int rank, Sides& sides) {
  if (only_root_gets(call.collective) && rank != call.root) sides.output = 0;
  if (only_root_gives(call.collective) && rank != call.root) sides.input = 0;
}

Status check_pointers(const Call& call, int rank, const Sides& sides) {
  if (sides.input != 0 && call.input == nullptr) return invalid(std::string(name(call.collective)) + ": in is NULL");
  if (sides.output != 0 && call.output == nullptr) return invalid(std::string(name(call.collective)) + ": out is NULL");
  if (!call.in_place(rank) && overlap(call.input, sides.input, call.output, sides.output))
    return invalid(std::string(name(call.collective)) + ": in and out overlap, but not as the in-place rule of hawser.h has it");
  return {};
}

}  // namespace

bool overlap(const void* a, size_t a_bytes, const void* b, size_t b_bytes) {
  const auto first = reinterpret_cast<uintptr_t>(a), second = reinterpret_cast<uintptr_t>(b);
  return a_bytes != 0 && b_bytes != 0 && first < second + b_bytes && second < first + a_bytes;
}

Status check_type(int32_t type) {
  if (type < 0 || type >= data_types) return invalid("type " + std::to_string(type) + " is none of HAWSER_I8 (0) to HAWSER_F8E5M2 (11)");
  return {};
}

Status check_op(int32_t op) {
  if (op < 0 || op >= reduce_ops) return invalid("op " + std::to_string(op) + " is none of HAWSER_SUM (0) to HAWSER_AVG (4)");
  return {};
}

Status check(const hawser_comm* comm) {
  if (comm == nullptr) return invalid("the communicator is NULL");
  if (comm->magic != hawser_comm::magic_alive) return invalid("the communicator was destroyed, or is none");
  if (comm->accepts.load(std::memory_order_acquire) != hawser_comm::magic_alive)
    return Status(Code::usage, comm->communicator->name() + " was finalised; it takes no more operations");
  return {};
}

Status check(const hawser_comm* comm, const Call& call) {
  HAWSER_TRY(check(comm));
  const Communicator& communicator = *comm->communicator;
  if (reduces(call.collective) && (call.type == DataType::f8e4m3 || call.type == DataType::f8e5m2))
    return Status(Code::unsupported, std::string(name(call.type)) + " moves but does not reduce on the host; convert to f16 or f32 first");
  if (rooted(call.collective) && (call.root < 0 || call.root >= communicator.ranks()))
    return invalid("root " + std::to_string(call.root) + " is not a rank of 0 to " + std::to_string(communicator.ranks() - 1));
  Sides sides;
  HAWSER_TRY(check_sizes(call, communicator.ranks(), sides));
  drop_unused(call, communicator.rank(), sides);
  return check_pointers(call, communicator.rank(), sides);
}

Status check_message(const hawser_comm* comm, const void* data, size_t count, hawser_type type, int peer, bool send, uint64_t* bytes) {
  HAWSER_TRY(check(comm));
  HAWSER_TRY(check_type(type));
  if (peer < 0 || peer >= comm->communicator->ranks())
    return invalid("peer " + std::to_string(peer) + " is not a rank of 0 to " + std::to_string(comm->communicator->ranks() - 1));
  if (__builtin_mul_overflow(count, size_of(static_cast<DataType>(type)), bytes) || *bytes > SIZE_MAX / 4)
    return invalid("count " + std::to_string(count) + " is more than memory can hold");
  if (count != 0 && data == nullptr) return invalid(send ? "send: in is NULL" : "recv: out is NULL");
  return {};
}

Status check_size(const void* given, size_t given_bytes, size_t known_bytes, const char* what) {
  if (given_bytes < sizeof(size_t) || given_bytes > 65536)
    return invalid(std::string(what) + ": size is " + std::to_string(given_bytes) + "; set it to sizeof the struct and zero the rest");
  const auto* const bytes = static_cast<const unsigned char*>(given);
  for (size_t i = known_bytes; i < given_bytes; ++i)
    if (bytes[i] != 0)
      return Status(Code::unsupported, std::string(what) + " asks for something this version of the library does not know");
  return {};
}

Status read_call(const hawser_call* given, Call& call) {
  if (given == nullptr) return {};
  HAWSER_TRY(check_size(given, given->size, sizeof(hawser_call), "hawser_call"));
  hawser_call known{};
  std::memcpy(&known, given, std::min(given->size, sizeof known));
  if (known.flags != 0) return Status(Code::unsupported, "hawser_call: flags must be 0");
  call.timeout_ns = known.timeout_ns;
  call.label = known.name;
  return {};
}

Result<Stream*> read_stream(const hawser_comm* comm, hawser_stream stream) {
  if (stream.kind == HAWSER_BLOCK) {
    if (stream.handle != nullptr) return invalid("the stream has a handle but kind HAWSER_BLOCK");
    return static_cast<Stream*>(nullptr);
  }
  if (stream.kind == HAWSER_CUDA_STREAM)
    return Status(Code::unsupported, "this library was built without CUDA; use a host stream or HAWSER_BLOCK");
  const auto* const handle = static_cast<const hawser_host_stream*>(stream.handle);
  if (stream.kind != HAWSER_HOST_STREAM || handle == nullptr || handle->magic != hawser_host_stream::magic_alive)
    return invalid("the stream is none");
  if (handle->context != comm->context)
    return Status(Code::usage, "the stream belongs to another context than the communicator; make it with hawser_comm_context(comm)");
  return handle->stream.get();
}

Status read_options(const hawser_comm_options* given, hawser_comm_options& options) {
  options = {};
  if (given == nullptr) return {};
  HAWSER_TRY(check_size(given, given->size, sizeof(hawser_comm_options), "hawser_comm_options"));
  std::memcpy(&options, given, std::min(given->size, sizeof options));
  if (options.flags != 0) return Status(Code::unsupported, "hawser_comm_options: flags must be 0");
  if (options.device != 0)
    return Status(Code::unsupported, "hawser_comm_options: device " + std::to_string(options.device) +
                                         " needs CUDA, which this library was built without; leave it 0");
  return {};
}

}  // namespace hawser::api
