// This thread's open group: what was called since hawser_group_begin.
#pragma once
#include <functional>
#include <vector>

#include "src/base/status.h"
#include "src/communicator/call_group.h"

namespace hawser::api {

struct PendingGroup {
  int depth = 0;
  CallGroup operations;
  std::vector<std::function<Status()>> creations;  // each blocks; they run side by side at the end
  Status poisoned;                                 // the first call inside that was refused: then nothing is submitted
  static PendingGroup& mine();
  bool open() const { return depth > 0; }
  Status end();                   // of the outermost
  Status refuse(Status status) {  // passes it on, and remembers it if a group is open
    if (open() && poisoned.ok()) poisoned = status.copy();
    return status;
  }
};

}  // namespace hawser::api
