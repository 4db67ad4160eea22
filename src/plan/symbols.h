// What a chunk holds in a check: not bytes but whose contributions, and in which order they were folded.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace hawser {

struct Symbol {
  static constexpr uint32_t kNothing = UINT32_MAX;
  uint32_t chunk = kNothing;  // which chunk of the contributors' inputs; kNothing: never written
  uint32_t members = 0;       // a set in Contributions
  uint64_t fold = 0;          // differs for every order of folding
  bool twice = false;         // some contribution was counted twice
};

// Sets of members, each made once and kept: a set is a number.
class Contributions {
 public:
  explicit Contributions(uint32_t members);
  Symbol from(uint32_t member, uint32_t chunk) const;  // one member's own
  Symbol folded(Symbol into, Symbol added);            // chunks are equal
  bool is_everyone(uint32_t set) const;
  bool is_only(uint32_t set, uint32_t member) const { return set == member; }
  uint32_t size(uint32_t set) const;
  uint64_t rank_order() const;  // the fold of everyone, strictly from the first member to the last

 private:
  std::span<const uint64_t> words(uint32_t set) const { return {bits_.data() + size_t{set} * words_, words_}; }
  uint32_t members_, words_;
  std::vector<uint64_t> bits_;  // sets 0 .. members-1 hold one member each
};

}  // namespace hawser
