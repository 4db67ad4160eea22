// This thread's last error, and the mark of a forked child.
#include "src/api/errors.h"

#include <pthread.h>

namespace hawser::api {
namespace {

std::string& last_story() {
  thread_local std::string story;
  return story;
}

bool watch_forks() {
  ::pthread_atfork(nullptr, nullptr, [] { forked.store(1, std::memory_order_relaxed); });
  return true;
}

}  // namespace

std::atomic<uint32_t> forked{0};

bool after_fork() {
  static const bool watched = watch_forks();
  (void)watched;
  return forked.load(std::memory_order_relaxed) != 0;
}

hawser_status tell(Status status) {
  const Code code = status.code();
  if (code != Code::ok && code != Code::in_progress) [[unlikely]]
    last_story() = status.text();
  return static_cast<hawser_status>(code);
}

}  // namespace hawser::api

extern "C" const char* hawser_error_text(void) { return hawser::api::last_story().c_str(); }

extern "C" const char* hawser_status_name(hawser_status status) {
  const std::string_view name = hawser::name(static_cast<hawser::Code>(status));  // of literals, hence ended by zero
  return name.data();
}

extern "C" int hawser_version(void) { return HAWSER_VERSION_MAJOR * 10000 + HAWSER_VERSION_MINOR * 100 + HAWSER_VERSION_PATCH; }
