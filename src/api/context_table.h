// The process's contexts and meeting points: the library's one table, so that a thread finds its context again and a root outlives the call
// that made it.
#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "src/api/handles.h"
#include "src/base/clock.h"
#include "src/bootstrap/rendezvous.h"

namespace hawser::api {

class ContextTable {
 public:
  static ContextTable& instance();  // never destroyed: threads may still use it at exit
  const Clock& clock() const { return clock_; }

  Result<hawser_context*> create(const Config&, bool owned_by_user);
  Status destroy(hawser_context*);
  // given, or this thread's: one that fits the settings and holds no rank of `id` yet, or a new one. Counts a user; release() it.
  Result<hawser_context*> acquire(hawser_context* given, const Config&, CommunicatorKey id);
  void release(hawser_context*, CommunicatorKey id);  // id 0: was acquired without one

  void note_memory(hawser_context*, void*);                                  // it came from hawser_alloc
  Result<hawser_context*> take_memory(hawser_context* given, void* memory);  // forgets it; whose it was

  void keep(std::unique_ptr<Root>);                           // until it has finished
  void wait_for_root(const UniqueId&, uint64_t deadline_ns);  // if it is ours: until all ranks have left it

 private:
  bool alive(const hawser_context*) const;  // under the mutex
  void sweep_roots();
  SystemClock clock_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<hawser_context>> contexts_;
  std::vector<std::shared_ptr<Root>> roots_;
};

// One user of a context; over with it unless it is kept.
class ContextLease {
 public:
  ContextLease(hawser_context* context, CommunicatorKey id) : context_(context), id_(id) {}
  ~ContextLease() {
    if (context_ != nullptr) ContextTable::instance().release(context_, id_);
  }
  ContextLease(const ContextLease&) = delete;
  ContextLease& operator=(const ContextLease&) = delete;
  Context& context() const { return *context_->context; }
  CommunicatorKey id() const { return id_; }
  hawser_context* keep() { return std::exchange(context_, nullptr); }  // whoever takes it releases it

 private:
  hawser_context* context_;
  const CommunicatorKey id_;
};

}  // namespace hawser::api
