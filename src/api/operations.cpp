// The operations: check, then run, put on a stream, or note for the group.
#include <algorithm>
#include <cstring>

#include "src/api/arguments.h"
#include "src/api/errors.h"
#include "src/api/pending_group.h"
#include "src/communicator/call.h"

namespace hawser::api {
namespace {

constexpr int32_t kNoOp = HAWSER_SUM;  // of what does not reduce

Status submit(hawser_comm* comm, const Call& call, hawser_stream given) {
  Communicator& communicator = *comm->communicator;
  Stream* const stream = HAWSER_TRY(read_stream(comm, given));
  PendingGroup& group = PendingGroup::mine();
  if (group.open()) {
    group.operations.add(communicator, stream, call);
    return {};
  }
  if (stream == nullptr) return communicator.run(call);
  Submission* const submission = stream->take(communicator, HAWSER_TRY(communicator.prepare(call)));
  communicator.context().submit({&submission, 1});
  return {};
}

Status operate(hawser_comm* comm, Call& call, int32_t type, int32_t op, hawser_stream stream, const hawser_call* extra) {
  HAWSER_TRY(check_type(type));
  HAWSER_TRY(check_op(op));
  call.type = static_cast<DataType>(type);
  call.op = static_cast<ReduceOp>(op);
  HAWSER_TRY(check(comm, call));
  if (extra != nullptr) HAWSER_TRY(read_call(extra, call));
  if (call.count == 0 && call.collective != Collective::barrier) return {};  // agreed arithmetic: nothing moves
  return submit(comm, call, stream);
}

bool disjoint(const void* a, size_t a_bytes, const void* b, size_t b_bytes) {
  const auto first = reinterpret_cast<uintptr_t>(a), second = reinterpret_cast<uintptr_t>(b);
  return second - first >= a_bytes && first - second >= b_bytes;  // modulo 2^64
}

// The short way of a blocking call outside groups: finding its plan proves type, op, root and count right, since a plan is made only after
// they were checked. Null: take the long way, which says what is wrong if anything is.
inline const PlanEntry* quick(Collective collective, const hawser_comm* comm, const void* in, const void* out, size_t count, int32_t type,
                              int32_t op, int root) {
  if (comm->accepts.load(std::memory_order_acquire) != hawser_comm::magic_alive) [[unlikely]]
    return nullptr;
  const Communicator& communicator = *comm->communicator;
  const auto element = static_cast<DataType>(type);
  const bool in_place = collective != Collective::barrier && coincide(collective, in, out, count * size_of(element), communicator.rank());
  const PlanEntry* const entry = communicator.find({count, collective, element, static_cast<ReduceOp>(op), in_place, root});
  if (entry == nullptr) [[unlikely]]
    return nullptr;
  if ((in == nullptr && entry->input_bytes != 0) || (out == nullptr && entry->output_bytes != 0)) [[unlikely]]
    return nullptr;
  if (!in_place && !disjoint(in, entry->input_bytes, out, entry->output_bytes)) [[unlikely]]
    return nullptr;
  return entry;
}

[[gnu::noinline, gnu::cold]] hawser_status refusal(const hawser_comm* comm) {
  return guarded([&] { return comm->communicator->refused(); });
}

[[gnu::noinline]] hawser_status planned(const hawser_comm* comm, const PlanEntry& entry, const void* in, void* out) {
  return guarded([&] { return comm->communicator->run_planned(entry, in, out, 0); });
}

[[gnu::noinline]] hawser_status long_way(Call call, hawser_comm* comm, int32_t type, int32_t op, hawser_stream stream,
                                         const hawser_call* extra) {
  return guarded([&]() -> Status {
    Status status = operate(comm, call, type, op, stream, extra);
    return status.ok() ? Status() : PendingGroup::mine().refuse(std::move(status));
  });
}

inline hawser_status collective(Collective collective, hawser_comm* comm, const void* in, void* out, size_t count, int32_t type, int32_t op,
                                int root, hawser_stream stream, const hawser_call* extra) {
  const uint64_t special = reinterpret_cast<uintptr_t>(extra) | reinterpret_cast<uintptr_t>(stream.handle) |
                           static_cast<uint32_t>(stream.kind ^ HAWSER_BLOCK) | static_cast<uint32_t>(open_groups) |
                           forked.load(std::memory_order_relaxed);
  const PlanEntry* entry = nullptr;
  if (special == 0) [[likely]]
    if (comm != nullptr) [[likely]]
      if (static_cast<uint32_t>(type) < data_types) [[likely]]
        if (static_cast<uint32_t>(op) < reduce_ops) [[likely]]
          entry = quick(collective, comm, in, out, count, type, op, root);
  if (entry != nullptr) [[likely]] {
    if (entry->whole == nullptr) return planned(comm, *entry, in, out);
    if (comm->communicator->enter()) [[likely]]
      return comm->communicator->run_whole(*entry, in, out, 0) == Code::ok ? HAWSER_OK : refusal(comm);
  }
  Call call;
  call.collective = collective;
  call.root = root;
  call.count = count;
  call.input = in;
  call.output = out;
  return long_way(call, comm, type, op, stream, extra);
}

Status message(hawser_comm* comm, void* data, size_t count, int32_t type, int peer, bool send, hawser_stream given,
               const hawser_call* extra) {
  MessageCall one{peer, send, data, 0};
  HAWSER_TRY(check_message(comm, data, count, type, peer, send, &one.bytes));
  Call call;
  HAWSER_TRY(read_call(extra, call));
  Communicator& communicator = *comm->communicator;
  Stream* const stream = HAWSER_TRY(read_stream(comm, given));
  PendingGroup& group = PendingGroup::mine();
  if (group.open()) {
    group.operations.add(communicator, stream, one, call.timeout_ns);
    return {};
  }
  if (peer == communicator.rank())
    return Status(Code::usage, "a send or receive to this rank itself outside a group would wait for ever; put both into one group");
  CallGroup alone;
  alone.add(communicator, stream, one, call.timeout_ns);
  return alone.submit();
}

// The struct as far as the caller's goes; the rest is zero.
Result<hawser_counts> known_part(const hawser_counts* given, const std::string& where) {
  if (given == nullptr) return Status(Code::invalid, where + ": counts are NULL");
  HAWSER_TRY(check_size(given, given->size, sizeof(hawser_counts), "hawser_counts"));
  hawser_counts known{};
  std::memcpy(&known, given, std::min(given->size, sizeof known));
  if (known.counts == nullptr) return Status(Code::invalid, where + ": counts are NULL");
  return known;
}

// One side of all_to_all_v, copied and checked. Null or where it wants to be told how much came.
Result<uint64_t*> read_counts(const hawser_counts* unread, const void* buffer, size_t element, size_t ranks, const char* side,
                              std::vector<uint64_t>& counts, std::vector<uint64_t>& offsets) {
  const std::string where = std::string("all_to_all_v, ") + side;
  const hawser_counts given = HAWSER_TRY(known_part(unread, where));
  uint64_t packed = 0;
  for (size_t rank = 0; rank < ranks; ++rank) {
    const uint64_t count = given.counts[rank], offset = given.offsets != nullptr ? given.offsets[rank] : packed;
    uint64_t end = 0, bytes = 0;
    if (__builtin_add_overflow(offset, count, &end) || __builtin_mul_overflow(end, element, &bytes) || bytes > SIZE_MAX / 4)
      return Status(Code::invalid, where + ": count and offset of rank " + std::to_string(rank) + " are more than memory can hold");
    if (given.capacity != 0 && end > given.capacity)
      return Status(Code::invalid, where + ": rank " + std::to_string(rank) + " ends at element " + std::to_string(end) +
                                       ", the buffer holds " + std::to_string(given.capacity));
    if (count != 0 && buffer == nullptr) return Status(Code::invalid, where + ": the buffer is NULL");
    packed = end;
    counts.push_back(count);
    offsets.push_back(offset);
  }
  return given.live;
}

uint64_t end_of(const std::vector<uint64_t>& counts, const std::vector<uint64_t>& offsets) {  // in elements
  uint64_t end = 0;
  for (size_t rank = 0; rank < counts.size(); ++rank)
    if (counts[rank] != 0) end = std::max(end, offsets[rank] + counts[rank]);
  return end;
}

Status all_to_all_v(hawser_comm* comm, const void* in, const hawser_counts* in_counts, void* out, const hawser_counts* out_counts,
                    int32_t type, hawser_stream given, const hawser_call* extra) {
  HAWSER_TRY(check(comm));
  HAWSER_TRY(check_type(type));
  Call call;
  HAWSER_TRY(read_call(extra, call));
  Communicator& communicator = *comm->communicator;
  const auto ranks = static_cast<size_t>(communicator.ranks());
  Communicator::CountsCall counts;
  counts.input = in;
  counts.output = out;
  counts.type = static_cast<DataType>(type);
  counts.timeout_ns = call.timeout_ns;
  const size_t element = size_of(counts.type);
  HAWSER_TRY(read_counts(in_counts, in, element, ranks, "in", counts.send_counts, counts.send_offsets));
  counts.live = HAWSER_TRY(read_counts(out_counts, out, element, ranks, "out", counts.receive_counts, counts.receive_offsets));
  if (overlap(in, end_of(counts.send_counts, counts.send_offsets) * element, out,
              end_of(counts.receive_counts, counts.receive_offsets) * element))
    return Status(Code::invalid, "all_to_all_v: in and out overlap; it has no in-place form");
  Stream* const stream = HAWSER_TRY(read_stream(comm, given));
  PendingGroup& group = PendingGroup::mine();
  if (group.open()) {
    group.operations.add(communicator, stream, std::move(counts));
    return {};
  }
  CallGroup alone;
  alone.add(communicator, stream, std::move(counts));
  return alone.submit();
}

}  // namespace
}  // namespace hawser::api

using hawser::Collective;
using hawser::Status;
using hawser::api::collective;
using hawser::api::guarded;
using hawser::api::kNoOp;
using hawser::api::PendingGroup;

extern "C" hawser_status hawser_all_reduce(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op,
                                           hawser_stream stream, const hawser_call* call) {
  return collective(Collective::all_reduce, comm, in, out, count, type, op, -1, stream, call);
}

extern "C" hawser_status hawser_reduce(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op, int root,
                                       hawser_stream stream, const hawser_call* call) {
  return collective(Collective::reduce, comm, in, out, count, type, op, root, stream, call);
}

extern "C" hawser_status hawser_broadcast(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, int root,
                                          hawser_stream stream, const hawser_call* call) {
  return collective(Collective::broadcast, comm, in, out, count, type, kNoOp, root, stream, call);
}

extern "C" hawser_status hawser_all_gather(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type,
                                           hawser_stream stream, const hawser_call* call) {
  return collective(Collective::all_gather, comm, in, out, count, type, kNoOp, -1, stream, call);
}

extern "C" hawser_status hawser_reduce_scatter(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op,
                                               hawser_stream stream, const hawser_call* call) {
  return collective(Collective::reduce_scatter, comm, in, out, count, type, op, -1, stream, call);
}

extern "C" hawser_status hawser_all_to_all(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type,
                                           hawser_stream stream, const hawser_call* call) {
  return collective(Collective::all_to_all, comm, in, out, count, type, kNoOp, -1, stream, call);
}

extern "C" hawser_status hawser_barrier(hawser_comm* comm, hawser_stream stream, const hawser_call* call) {
  return collective(Collective::barrier, comm, nullptr, nullptr, 0, HAWSER_U8, kNoOp, -1, stream, call);
}

extern "C" hawser_status hawser_all_to_all_v(hawser_comm* comm, const void* in, const hawser_counts* in_counts, void* out,
                                             const hawser_counts* out_counts, hawser_type type, hawser_stream stream,
                                             const hawser_call* call) {
  return guarded([&]() -> Status {
    return PendingGroup::mine().refuse(hawser::api::all_to_all_v(comm, in, in_counts, out, out_counts, type, stream, call));
  });
}

extern "C" hawser_status hawser_send(hawser_comm* comm, const void* in, size_t count, hawser_type type, int peer, hawser_stream stream,
                                     const hawser_call* call) {
  return guarded([&]() -> Status {
    return PendingGroup::mine().refuse(hawser::api::message(comm, const_cast<void*>(in), count, type, peer, true, stream, call));
  });
}

extern "C" hawser_status hawser_recv(hawser_comm* comm, void* out, size_t count, hawser_type type, int peer, hawser_stream stream,
                                     const hawser_call* call) {
  return guarded(
      [&]() -> Status { return PendingGroup::mine().refuse(hawser::api::message(comm, out, count, type, peer, false, stream, call)); });
}
