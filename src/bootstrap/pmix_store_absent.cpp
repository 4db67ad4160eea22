// Without PMIx at build time: a clear error.
#include "src/bootstrap/pmix_store.h"

namespace hawser {

Result<std::string> share_by_pmix(int, const std::string&, uint64_t, const Clock&) {
  return Status(
      Code::unsupported,
      "this Hawser was built without PMIx (libpmix-dev), through which ranks of Open MPI's launcher find each other; rebuild with it, or "
      "set HAWSER_RANK, HAWSER_RANKS and HAWSER_FILE or HAWSER_ROOT");
}

}  // namespace hawser
