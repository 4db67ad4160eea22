// What the C API's opaque pointers point at.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "hawser/hawser.h"
#include "src/communicator/communicator.h"
#include "src/communicator/stream.h"
#include "src/engine/context.h"

// A context and who uses it. Shared ones belong to the thread that first needed them and end with their last user.
struct hawser_context {
  std::unique_ptr<hawser::Context> context;
  std::thread::id thread;
  std::string settings;  // of those that a context is made with
  bool owned_by_user = false;
  std::set<void*> memory;                  // from hawser_alloc, not yet freed (likewise under the table's mutex)
  std::atomic<int> users{0};               // communicators, streams, memory
  std::set<hawser::CommunicatorKey> keys;  // of the communicators in it: never two ranks of one (under the table's mutex)
};

struct hawser_comm {
  uint64_t magic = magic_alive;
  hawser_context* context = nullptr;
  hawser::CommunicatorKey id = 0;  // of the unique id it came from
  std::unique_ptr<hawser::Communicator> communicator;
  std::atomic<uint64_t> accepts{magic_alive};  // operations; magic_dead once finalised or destroyed
  static constexpr uint64_t magic_alive = 0x636f6d6d72657377, magic_dead = 0x6465616463306d6d;
};

// The handle of a host stream.
struct hawser_host_stream {
  uint64_t magic = magic_alive;
  hawser_context* context = nullptr;
  std::unique_ptr<hawser::Stream> stream;
  static constexpr uint64_t magic_alive = 0x73747265616d3121, magic_dead = 0x6465616473747265;
};
