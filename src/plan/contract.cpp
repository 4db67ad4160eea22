// The collectives' definitions, in chunks.
#include "src/plan/contract.h"

#include <numeric>
#include <string>

namespace hawser {
namespace {

using enum Collective;

// The member whose part of a concatenation chunk `position` is, and which of its chunks.
Contract::Promise part_of(const std::vector<uint32_t>& counts, uint32_t position) {
  uint32_t member = 0;
  while (position >= counts[member]) position -= counts[member++];
  return {position, static_cast<int32_t>(member)};
}

uint32_t sum(const std::vector<uint32_t>& counts, size_t first) {
  return std::accumulate(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(first), 0u);
}

}  // namespace

bool Contract::reads_input(uint32_t member) const {
  return (collective != broadcast && collective != scatter) || static_cast<int32_t>(member) == root;
}

bool Contract::writes_output(uint32_t member) const {
  return (collective != reduce && collective != gather) || static_cast<int32_t>(member) == root;
}

bool Contract::folds() const { return collective == all_reduce || collective == reduce || collective == reduce_scatter; }

bool Contract::fits(uint32_t member, uint32_t vector, uint32_t all_given, uint32_t all_taken) const {
  const uint32_t in = inputs[member], out = outputs[member];
  const bool reads = reads_input(member), writes = writes_output(member);
  switch (collective) {
    case all_reduce:
    case reduce:
    case broadcast:
    case barrier:
      return (!reads || in == vector) && (!writes || out == vector);
    case all_gather:
    case gather:
      return !writes || out == all_given;
    case reduce_scatter:
    case scatter:
      return !reads || in == all_taken;
    case all_to_all:
    case all_to_all_v:
      return in == vector && out == vector && vector % members() == 0;
    case point_to_point:
      break;
  }
  return false;
}

Status Contract::agrees() const {
  const bool from_root = collective == broadcast || collective == scatter;
  const bool rooted = from_root || collective == reduce || collective == gather;
  if (rooted && (root < 0 || root >= static_cast<int32_t>(members()))) return Status(Code::invalid, "the root is no member");
  const uint32_t vector = inputs[from_root ? static_cast<uint32_t>(root) : 0];
  const uint32_t all_given = sum(inputs, inputs.size()), all_taken = sum(outputs, outputs.size());
  for (uint32_t member = 0; member < members(); ++member)
    if (!fits(member, vector, all_given, all_taken))
      return Status(Code::invalid, "member " + std::to_string(member) + " has " + std::to_string(inputs[member]) + " input and " +
                                       std::to_string(outputs[member]) + " output chunks, which is no " + std::string(name(collective)));
  return {};
}

Contract::Promise Contract::promise(uint32_t member, uint32_t output_chunk) const {
  switch (collective) {
    case broadcast:
      return {output_chunk, root};
    case all_gather:
    case gather:
      return part_of(inputs, output_chunk);
    case reduce_scatter:
      return {sum(outputs, member) + output_chunk, kEveryone};
    case scatter:
      return {sum(outputs, member) + output_chunk, root};
    case all_to_all:
    case all_to_all_v: {
      const uint32_t block = inputs[member] / members();
      return {member * block + output_chunk % block, static_cast<int32_t>(output_chunk / block)};
    }
    default:
      return {output_chunk, kEveryone};
  }
}

}  // namespace hawser
