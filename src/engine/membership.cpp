// The one change in a communicator's life that any thread may make: its end.
#include "src/engine/membership.h"

#include <algorithm>

namespace hawser {

Rank Membership::rank_of(PeerIndex peer) const {
  const auto found = std::find(peers_.begin(), peers_.end(), peer);
  return found == peers_.end() ? -1 : static_cast<Rank>(found - peers_.begin());
}

bool Membership::fail(Failure failure) {
  const std::lock_guard lock(mutex_);
  if (failure_.code != Code::ok) return false;
  failure_ = std::move(failure);
  state_.store(failure_.code, std::memory_order_release);
  return true;
}

Failure Membership::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace hawser
