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
  // The one pushed last, if it is of this transfer: taken back before poll() tells it.
  const Completion* last_of(Token token) { return !ring_.empty() && ring_.back().token == token ? &ring_.back() : nullptr; }
  void drop_last() { ring_.pop_back(); }
  bool empty() const { return ring_.empty(); }

 private:
  Ring<Completion> ring_;
};

}  // namespace hawser
