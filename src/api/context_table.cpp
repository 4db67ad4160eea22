// Finding, making and ending contexts.
#include "src/api/context_table.h"

#include <unistd.h>

#include <algorithm>

namespace hawser::api {
namespace {

// What a context is made with; a communicator with other values gets another context.
std::string context_settings(const Config& config) {
  return config.transport + "|" + config.interfaces + "|" + std::to_string(config.segment) + "|" + std::to_string(config.tcp_lanes);
}

}  // namespace

ContextTable& ContextTable::instance() {
  static ContextTable* const table = new ContextTable;
  return *table;
}

bool ContextTable::alive(const hawser_context* context) const {
  return std::any_of(contexts_.begin(), contexts_.end(), [&](const auto& other) { return other.get() == context; });
}

Result<hawser_context*> ContextTable::create(const Config& config, bool owned_by_user) {
  auto made = std::make_unique<hawser_context>();
  made->context = HAWSER_TRY(Context::create(config, clock_));
  made->thread = std::this_thread::get_id();
  made->settings = context_settings(config);
  made->owned_by_user = owned_by_user;
  const std::lock_guard lock(mutex_);
  contexts_.push_back(std::move(made));
  return contexts_.back().get();
}

Status ContextTable::destroy(hawser_context* context) {
  std::unique_ptr<hawser_context> dying;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(contexts_.begin(), contexts_.end(), [&](const auto& other) { return other.get() == context; });
    if (found == contexts_.end() || !(*found)->owned_by_user)
      return Status(Code::invalid, "the context is none that hawser_context_create made");
    if ((*found)->users != 0)
      return Status(Code::usage, "the context still has " + std::to_string((*found)->users.load()) +
                                     " communicators, streams or allocations; end those first");
    dying = std::move(*found);
    contexts_.erase(found);
  }
  return {};
}

Result<hawser_context*> ContextTable::acquire(hawser_context* given, const Config& config, CommunicatorKey id) {
  {
    const std::lock_guard lock(mutex_);
    if (given != nullptr && !alive(given)) return Status(Code::invalid, "the context was destroyed, or is none");
    if (given != nullptr && id != 0 && given->keys.contains(id))
      return Status(Code::usage, "the context already holds a rank of this communicator");
    const std::string wanted = context_settings(config);
    for (const auto& context : contexts_) {
      const bool mine = !context->owned_by_user && context->thread == std::this_thread::get_id() && context->settings == wanted &&
                        !context->keys.contains(id);
      if (given != nullptr ? context.get() != given : !mine) continue;
      ++context->users;
      if (id != 0) context->keys.insert(id);
      return context.get();
    }
  }
  hawser_context* const made = HAWSER_TRY(create(config, false));
  const std::lock_guard lock(mutex_);
  ++made->users;
  if (id != 0) made->keys.insert(id);
  return made;
}

void ContextTable::release(hawser_context* context, CommunicatorKey id) {
  std::unique_ptr<hawser_context> dying;
  const std::lock_guard lock(mutex_);
  context->keys.erase(id);
  if (--context->users > 0 || context->owned_by_user) return;
  const auto found = std::find_if(contexts_.begin(), contexts_.end(), [&](const auto& other) { return other.get() == context; });
  dying = std::move(*found);
  contexts_.erase(found);
}

void ContextTable::note_memory(hawser_context* context, void* memory) {
  const std::lock_guard lock(mutex_);
  context->memory.insert(memory);
}

Result<hawser_context*> ContextTable::take_memory(hawser_context* given, void* memory) {
  const std::lock_guard lock(mutex_);
  if (given != nullptr && !alive(given)) return Status(Code::invalid, "the context was destroyed, or is none");
  for (const auto& context : contexts_)
    if ((given == nullptr || context.get() == given) && context->memory.erase(memory) != 0) return context.get();
  return Status(Code::invalid,
                "hawser_free: this memory is none that hawser_alloc gave" + std::string(given != nullptr ? " from this context" : ""));
}

void ContextTable::sweep_roots() {
  std::erase_if(roots_, [](const auto& root) { return root->finished(); });
}

void ContextTable::keep(std::unique_ptr<Root> root) {
  const std::lock_guard lock(mutex_);
  sweep_roots();
  roots_.push_back(std::move(root));
}

void ContextTable::wait_for_root(const UniqueId& id, uint64_t deadline_ns) {
  std::shared_ptr<Root> ours;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& root : roots_)
      if (root->id().secret == id.secret) ours = root;
  }
  while (ours && !ours->finished() && clock_.now_ns() < deadline_ns) ::usleep(200);
  const std::lock_guard lock(mutex_);
  sweep_roots();
}

}  // namespace hawser::api
