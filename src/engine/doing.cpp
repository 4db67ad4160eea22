// Operations as sentences, and as the signature that every message carries.
#include "src/engine/doing.h"

#include "src/base/hash.h"

namespace hawser {
uint32_t Description::signature() const {
  uint64_t value = combine(static_cast<uint64_t>(collective), static_cast<uint64_t>(type));
  value = combine(value, reduces(collective) ? static_cast<uint64_t>(op) + 1 : 0);
  value = combine(value, rooted(collective) ? static_cast<uint64_t>(root) + 1 : 0);
  value = combine(value, collective == Collective::all_to_all_v ? 0 : count);
  const auto folded = static_cast<uint32_t>(value ^ (value >> 32));
  return folded != 0 ? folded : 1;  // zero means: nothing to compare
}

std::string Description::text() const {
  std::string text(name(collective));
  if (collective == Collective::barrier || collective == Collective::point_to_point) return text;
  if (collective != Collective::all_to_all_v) text += " of " + std::to_string(count);
  text += " " + std::string(name(type));
  if (reduces(collective)) text += ", " + std::string(name(op));
  if (rooted(collective)) text += ", root " + std::to_string(root);
  return text;
}

std::string Doing::text() const {
  const uint64_t number = number_.load(std::memory_order_relaxed), packed = what_.load(std::memory_order_relaxed);
  if (number == 0) return "has not begun an operation";
  Description what;
  what.collective = static_cast<Collective>(packed & 0xff);
  what.type = static_cast<DataType>(packed >> 8 & 0xff);
  what.op = static_cast<ReduceOp>(packed >> 16 & 0xff);
  what.root = static_cast<int32_t>(packed >> 32);
  what.count = count_.load(std::memory_order_relaxed);
  const std::string story = "operation " + std::to_string(number >> 1) + ", " + what.text();
  return number & 1 ? "is in " + story : "is between operations, its last was " + story;
}

}  // namespace hawser
