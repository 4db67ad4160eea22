// A queue in one array that grows to the most it ever held, then allocates no more. One thread.
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace hawser {

template <class Item>
class Ring {
 public:
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  Item& front() { return items_[first_]; }
  Item& back() { return items_[(first_ + count_ - 1) & (items_.size() - 1)]; }
  Item& push() {  // the new last one, with what an earlier one left in it
    if (count_ == items_.size()) grow();
    return items_[(first_ + count_++) & (items_.size() - 1)];
  }
  void pop() {
    first_ = (first_ + 1) & (items_.size() - 1);
    --count_;
  }
  void pop_back() { --count_; }
  void clear() { first_ = count_ = 0; }

 private:
  void grow() {
    std::vector<Item> larger(items_.empty() ? 16 : items_.size() * 2);  // a power of two
    for (size_t i = 0; i < count_; ++i) larger[i] = std::move(items_[(first_ + i) & (items_.size() - 1)]);
    items_ = std::move(larger);
    first_ = 0;
  }
  std::vector<Item> items_;
  size_t first_ = 0, count_ = 0;
};

}  // namespace hawser
