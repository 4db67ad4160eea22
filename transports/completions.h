// Completions that wait for poll(). One thread.
#pragma once
#include <span>

#include "transports/ring.h"
#include "transports/transport.h"

namespace hawser {

class Completions {
 public:
  void push(const Completion& completion) { ring_.push() = completion; }
  size_t take(std::span<Completion> out) {
    size_t taken = 0;
    for (; taken < out.size() && !ring_.empty(); ++taken) {
      out[taken] = ring_.front();
      ring_.pop();
    }
    return taken;
  }
  bool empty() const { return ring_.empty(); }

 private:
  Ring<Completion> ring_;
};

}  // namespace hawser
