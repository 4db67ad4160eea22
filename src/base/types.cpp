// Names of the shared words, and their way back from text.
#include "src/base/types.h"

#include <array>
#include <cstdio>
#include <utility>

namespace hawser {
namespace {

constexpr std::array<std::string_view, 6> kFabrics = {"memory", "shared", "ethernet", "infiniband", "roce", "iwarp"};
constexpr std::array<std::string_view, data_types> kDataTypes = {"i8",  "u8",   "i32", "u32", "i64",    "u64",
                                                                 "f16", "bf16", "f32", "f64", "f8e4m3", "f8e5m2"};
constexpr std::array<std::string_view, reduce_ops> kReduceOps = {"sum", "prod", "min", "max", "avg"};
constexpr std::array<std::string_view, collectives> kCollectives = {"all_reduce",     "reduce",     "broadcast",     "all_gather",
                                                                    "reduce_scatter", "all_to_all", "all_to_all_v",  "gather",
                                                                    "scatter",        "barrier",    "point_to_point"};

// nccl-tests' names for the types, so that its users need not learn ours.
constexpr std::pair<std::string_view, DataType> kTypeAliases[] = {
    {"int8", DataType::i8},       {"uint8", DataType::u8},  {"int32", DataType::i32},  {"int", DataType::i32},
    {"uint32", DataType::u32},    {"int64", DataType::i64}, {"uint64", DataType::u64}, {"half", DataType::f16},
    {"bfloat16", DataType::bf16}, {"float", DataType::f32}, {"double", DataType::f64}};

template <class Enum, size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view text) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

template <class Enum, size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "unknown";
}

}  // namespace

std::string to_string(const Identity& identity) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(identity.high),
                static_cast<unsigned long long>(identity.low));
  return text;
}

std::string_view name(Fabric fabric) { return name_in(kFabrics, fabric); }
std::optional<Fabric> parse_fabric(std::string_view text) { return find<Fabric>(kFabrics, text); }

std::string_view name(DataType type) { return name_in(kDataTypes, type); }
std::optional<DataType> parse_data_type(std::string_view text) {
  for (const auto& [alias, type] : kTypeAliases)
    if (alias == text) return type;
  return find<DataType>(kDataTypes, text);
}

std::string_view name(ReduceOp op) { return name_in(kReduceOps, op); }
std::optional<ReduceOp> parse_reduce_op(std::string_view text) { return find<ReduceOp>(kReduceOps, text); }

std::string_view name(Collective collective) { return name_in(kCollectives, collective); }
std::optional<Collective> parse_collective(std::string_view text) { return find<Collective>(kCollectives, text); }

}  // namespace hawser
