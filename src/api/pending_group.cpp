// Ending a group: creations first, side by side, then the operations.
#include "src/api/pending_group.h"

#include <thread>

namespace hawser::api {

thread_local constinit int open_groups = 0;

PendingGroup& PendingGroup::mine() {
  thread_local PendingGroup group;
  return group;
}

Status PendingGroup::end() {
  const auto making = std::exchange(creations, {});
  CallGroup submitting = std::exchange(operations, {});
  if (Status refused = std::exchange(poisoned, {}); !refused.ok())
    return std::move(refused).during("the group was not submitted, because of a call in it");
  std::vector<Status> made(making.size());
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < making.size(); ++i) threads.emplace_back([&, i] { made[i] = making[i](); });
  threads.clear();  // joins
  for (Status& status : made) HAWSER_TRY(std::move(status));
  return submitting.submit();
}

}  // namespace hawser::api
