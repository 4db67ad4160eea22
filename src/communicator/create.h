// How communicators come to be: ranks exchange records, islands meet, everybody holds the same topology. Blocks its caller, within a
// deadline.
#pragma once
#include <atomic>
#include <memory>

#include "src/agreement/exchange.h"
#include "src/bootstrap/rendezvous.h"
#include "src/communicator/communicator.h"

namespace hawser {

struct CreateOptions {
  Config config;
  std::string name;
  uint64_t timeout_ns = 0;   // of operations; 0: the setting
  uint64_t deadline_ns = 0;  // of the creation
  const std::atomic<bool>* cancel = nullptr;
};

// Over an exchange that is already joined. `secret` is the unique id's; the exchange is spent afterwards.
Result<std::unique_ptr<Communicator>> create_communicator(Context&, Exchange&, std::span<const std::byte> secret, const CreateOptions&);

// Collective over the parent. Null where color < 0.
Result<std::unique_ptr<Communicator>> split_communicator(Communicator& parent, int color, int key, const CreateOptions&);

}  // namespace hawser
