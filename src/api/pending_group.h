// This thread's open group: what was called since hawser_group_begin.
#pragma once
#include <functional>
#include <vector>

#include "src/base/status.h"
#include "src/communicator/call_group.h"

namespace hawser::api {

// How many groups this thread has open. Apart from the rest, so that the short way of a call reads one word.
extern thread_local constinit int open_groups __attribute__((tls_model("initial-exec")));

struct PendingGroup {
  CallGroup operations;
  std::vector<std::function<Status()>> creations;  // each blocks; they run side by side at the end
  Status poisoned;                                 // the first call inside that was refused: then nothing is submitted
  static PendingGroup& mine();
  bool open() const { return open_groups > 0; }
  Status end();                   // of the outermost
  Status refuse(Status status) {  // passes it on, and remembers it if a group is open
    if (open() && poisoned.ok()) poisoned = status.copy();
    return status;
  }
};

}  // namespace hawser::api
