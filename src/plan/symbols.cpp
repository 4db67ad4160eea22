// Sets of contributions and how they fold.
#include "src/plan/symbols.h"

#include <bit>

#include "src/base/hash.h"

namespace hawser {

Contributions::Contributions(uint32_t members) : members_(members), words_((members + 63) / 64), bits_(size_t{members} * words_, 0) {
  for (uint32_t member = 0; member < members; ++member) bits_[size_t{member} * words_ + member / 64] = uint64_t{1} << (member % 64);
}

Symbol Contributions::from(uint32_t member, uint32_t chunk) const { return {chunk, member, mix(member + 1), false}; }

Symbol Contributions::folded(Symbol into, Symbol added) {
  const auto set = static_cast<uint32_t>(bits_.size() / words_);
  Symbol result{into.chunk, set, combine(into.fold, added.fold), into.twice || added.twice};
  for (uint32_t word = 0; word < words_; ++word) {
    const uint64_t a = words(into.members)[word], b = words(added.members)[word];
    result.twice = result.twice || (a & b) != 0;
    bits_.push_back(a | b);
  }
  if (members_ > 1 && size(set) == 1) {  // a member with itself: keep single sets unique
    result.members = into.members;
    bits_.resize(bits_.size() - words_);
  }
  return result;
}

bool Contributions::is_everyone(uint32_t set) const { return size(set) == members_; }

uint32_t Contributions::size(uint32_t set) const {
  uint32_t count = 0;
  for (const uint64_t word : words(set)) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

uint64_t Contributions::rank_order() const {
  uint64_t fold = mix(1);
  for (uint32_t member = 1; member < members_; ++member) fold = combine(fold, mix(member + 1));
  return fold;
}

}  // namespace hawser
