// The words every room shares: who a rank is, what data are, which operation is meant.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

using Rank = int32_t;              // a number within one communicator
using PeerIndex = uint32_t;        // a number within one context; transports know peers, never ranks
using CommunicatorKey = uint64_t;  // derived from the unique id; equal on every rank

// A context's 128-bit name, drawn at random when it is made. Ordered: of two simultaneous dials the lower identity's wins.
struct Identity {
  uint64_t high = 0, low = 0;
  // clang-tidy 14 takes the comparison with literal 0 inside for a pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const Identity&, const Identity&) = default;
};
std::string to_string(const Identity&);  // 32 hexadecimal digits

enum class Fabric : uint8_t { memory, shared_memory, ethernet, infiniband, roce, iwarp };
std::string_view name(Fabric);
std::optional<Fabric> parse_fabric(std::string_view);

// Numbers are those of hawser_type in hawser.h.
enum class DataType : uint8_t { i8, u8, i32, u32, i64, u64, f16, bf16, f32, f64, f8e4m3, f8e5m2 };
inline constexpr int data_types = 12;
constexpr size_t size_of(DataType type) {
  constexpr uint8_t sizes[data_types] = {1, 1, 4, 4, 8, 8, 2, 2, 4, 8, 1, 1};
  return sizes[static_cast<int>(type)];
}
std::string_view name(DataType);                            // "f32"
std::optional<DataType> parse_data_type(std::string_view);  // "f32"; nccl-tests' "float", "half" ... as well

// Numbers are those of hawser_op in hawser.h. avg is sum, then an epilogue that divides; steps and kernels never see it.
enum class ReduceOp : uint8_t { sum, prod, min, max, avg };
inline constexpr int reduce_ops = 5;
std::string_view name(ReduceOp);
std::optional<ReduceOp> parse_reduce_op(std::string_view);

enum class Collective : uint8_t {
  all_reduce,
  reduce,
  broadcast,
  all_gather,
  reduce_scatter,
  all_to_all,
  all_to_all_v,
  gather,
  scatter,
  barrier,
  point_to_point  // a group of sends and receives
};
inline constexpr int collectives = 11;
std::string_view name(Collective);  // "all_reduce"
std::optional<Collective> parse_collective(std::string_view);

// What kind of operation a collective is. Asked of every layer, so said once.
constexpr bool reduces(Collective collective) {  // combines elements, so its op matters
  return collective == Collective::all_reduce || collective == Collective::reduce || collective == Collective::reduce_scatter;
}
constexpr bool only_root_gives(Collective collective) {  // the others' input is not looked at
  return collective == Collective::broadcast || collective == Collective::scatter;
}
constexpr bool only_root_gets(Collective collective) {  // the others' output is not touched
  return collective == Collective::reduce || collective == Collective::gather;
}
constexpr bool rooted(Collective collective) { return only_root_gives(collective) || only_root_gets(collective); }

// Whether the input, or the output, holds a part for every rank; otherwise it is one block.
constexpr bool has_input_parts(Collective collective) {
  return collective == Collective::reduce_scatter || collective == Collective::scatter || collective == Collective::all_to_all ||
         collective == Collective::all_to_all_v;
}
constexpr bool has_output_parts(Collective collective) {
  return collective == Collective::all_gather || collective == Collective::gather || collective == Collective::all_to_all ||
         collective == Collective::all_to_all_v;
}
// Every rank that has a side has the whole vector there, and a plan may cut it into any number of chunks.
constexpr bool keeps_vector(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce || collective == Collective::broadcast;
}

}  // namespace hawser
