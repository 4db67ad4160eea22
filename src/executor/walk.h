// The walk over one slice of a program: plan/frontier.h with a cursor, since nearly everything becomes ready in program order.
//
// It begins in order: all steps before some step are complete, nothing is begun, and nothing need be written down. The first step that is
// not complete on the spot ends that. Then, before the cursor, what is released late stands in a list; behind it, the count of releases
// missing is all there is. A step that was begun and not finished says so in the same word.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

#include "src/executor/body.h"

namespace hawser {

class Walk {
 public:
  enum : uint16_t { kHeld = UINT16_MAX - 2, kBegun, kDone };  // instead of a count; kHeld: arrived, its reduce is not ready

  void start(const Program::Body& body) {
    body_ = &body;
    instructions_ = body.instructions.data();
    edges_ = body.edges.data();
    size_ = cursor_ = 0;
    left_ = body.size();
    in_order_ = true;
    late_.clear();
  }
  bool in_order() const { return in_order_; }
  void end_in_order() {  // every step is complete
    left_ = 0;
    in_order_ = false;
  }
  // The steps before this one are complete.
  void leave_order(uint32_t next) {
    in_order_ = false;
    size_ = body_->size();
    if (states_.size() < size_) states_.resize(size_);
    if (size_ > 0) std::memcpy(states_.data(), body_->waits.data(), size_ * sizeof(uint16_t));
    for (uint32_t step = 0; step < next; ++step) complete(step);
    cursor_ = next;
  }
  void leave_order_begun(uint32_t step) {  // as well, but this one is under way
    leave_order(step);
    begin(step);
    ++cursor_;
  }
  void end() {
    size_ = left_ = cursor_ = 0;
    in_order_ = false;
  }  // nothing of it is known any more

  // Calls issue(step) for each step that is ready, until none is. Each must then be complete, or marked as begun.
  template <class Issue>
  void run(Issue&& issue) {
    for (size_t i = 0; i < late_.size(); ++i) issue(late_[i]);
    late_.clear();
    while (cursor_ < size_) {
      const uint32_t step = cursor_++;
      if (states_[step] == 0) issue(step);
    }
  }

  void complete(uint32_t step) {
    states_[step] = kDone;
    --left_;
    const uint32_t end = instructions_[step + 1].edge_begin;
    for (uint32_t edge = instructions_[step].edge_begin; edge != end; ++edge) {
      const uint32_t released = edges_[edge];
      if (--states_[released] == 0 && released < cursor_) late_.push_back(released);
    }
  }
  // As complete() of a receive whose only successor is its reduce; true: that may run now, and is taken by the caller.
  bool complete_into(uint32_t step, uint32_t reduce) {
    states_[step] = kDone;
    --left_;
    if (--states_[reduce] == 0 && reduce < cursor_) return true;
    states_[step] = kHeld;
    return false;
  }
  void begin(uint32_t step) { states_[step] = kBegun; }
  bool begun(uint32_t step) const { return step < size_ && states_[step] == kBegun; }
  void hold(uint32_t step) { states_[step] = kHeld; }
  bool held(uint32_t step) const { return states_[step] == kHeld; }
  void drop(uint32_t step) { states_[step] = kDone; }  // of what was held
  void reissue(uint32_t step) { states_[step] = 0; }   // begun, but it never went out
  bool done() const { return left_ == 0; }
  uint32_t size() const { return size_; }

 private:
  const Program::Body* body_ = nullptr;
  const Instruction* instructions_ = nullptr;
  const uint32_t* edges_ = nullptr;
  uint32_t size_ = 0, left_ = 0, cursor_ = 0;  // size: of states; 0 in order
  bool in_order_ = false;
  std::vector<uint16_t> states_;
  std::vector<uint32_t> late_;
};

}  // namespace hawser
