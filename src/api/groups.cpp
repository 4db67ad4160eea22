// The two calls that open and close a group.
#include "src/api/errors.h"
#include "src/api/pending_group.h"

using hawser::Code;
using hawser::Status;
using hawser::api::guarded;
using hawser::api::PendingGroup;

extern "C" hawser_status hawser_group_begin(void) {
  return guarded([]() -> Status {
    ++hawser::api::open_groups;
    return {};
  });
}

extern "C" hawser_status hawser_group_end(void) {
  return guarded([]() -> Status {
    PendingGroup& group = PendingGroup::mine();
    if (!group.open()) return Status(Code::usage, "hawser_group_end without hawser_group_begin in this thread");
    if (--hawser::api::open_groups > 0) return {};
    return group.end();
  });
}
