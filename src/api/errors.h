// How an error leaves the library: a number now, its story on request.
#pragma once
#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "hawser/hawser.h"
#include "src/base/status.h"

namespace hawser::api {

hawser_status tell(Status);           // keeps an error's story for hawser_error_text(); ok and in_progress pass
extern std::atomic<uint32_t> forked;  // 1 or 0, as after_fork(), for who knows that the library was used before
bool after_fork();                    // this process is a child of one that used the library

// Runs a call of the API: no exception leaves it, a forked child gets an error.
template <class Body>
hawser_status guarded(Body&& body) {
  if (after_fork()) [[unlikely]]
    return tell(Status(Code::usage, "this process was forked from one that uses Hawser; create contexts after the fork, in the child"));
  try {
    return tell(std::forward<Body>(body)());
  } catch (const std::bad_alloc&) { return tell(Status(Code::memory, "out of memory")); } catch (const std::exception& error) {
    return tell(Status(Code::internal, error.what()));
  }
}

}  // namespace hawser::api
