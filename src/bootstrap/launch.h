// Who started us, and how the ranks of that job find each other: HAWSER_*, torchrun, Open MPI's PMIx, or nobody.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "src/base/config.h"
#include "src/bootstrap/rendezvous.h"

namespace hawser {

struct Launch {
  int ranks = 1, rank = 0;
  std::string launcher;  // "HAWSER_ID", "torchrun", "Open MPI", "nobody"
};

using FindVariable = std::function<std::optional<std::string>(const char*)>;
Result<Launch> find_launch(const Config&, const FindVariable&);  // a half-set environment is Code::invalid and says what is missing

// Gets the id to every rank of the launch; rank 0 starts the root and keeps it in *root. Blocks at most until deadline_ns.
Result<UniqueId> meet_by_environment(const Launch&, const Config&, const FindVariable&, uint64_t deadline_ns, const Clock&, Random&,
                                     std::unique_ptr<Root>* root);
Result<UniqueId> meet_by_file(const std::string& path, int rank, const Config&, uint64_t deadline_ns, const Clock&, Random&,
                              std::unique_ptr<Root>* root);

}  // namespace hawser
