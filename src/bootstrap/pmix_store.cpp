// Sharing through libpmix, opened at run time by a table of the few functions used.
#include "src/bootstrap/pmix_store.h"

#include <dlfcn.h>
#include <pmix.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

namespace hawser {
namespace {

struct Library {
  decltype(&::PMIx_Init) init = nullptr;
  decltype(&::PMIx_Finalize) finalize = nullptr;
  decltype(&::PMIx_Put) put = nullptr;
  decltype(&::PMIx_Commit) commit = nullptr;
  decltype(&::PMIx_Fence_nb) fence = nullptr;
  decltype(&::PMIx_Get_nb) get = nullptr;
  decltype(&::PMIx_Error_string) error_string = nullptr;

  Status error(pmix_status_t status, const std::string& doing) const {
    return Status(Code::system, "PMIx, " + doing + ": " + error_string(status));
  }
};

template <class Function>
bool find(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(::dlsym(library, name));
  return into != nullptr;
}

Result<Library> open_library() {
  void* const opened = ::dlopen("libpmix.so.2", RTLD_NOW | RTLD_LOCAL);  // stays open: its threads live as long as the process
  if (!opened)
    return Status(Code::unsupported,
                  std::string("opening PMIx, through which ranks of Open MPI's launcher find each other: ") + ::dlerror());
  Library library;
  const bool whole = find(opened, "PMIx_Init", library.init) && find(opened, "PMIx_Finalize", library.finalize) &&
                     find(opened, "PMIx_Put", library.put) && find(opened, "PMIx_Commit", library.commit) &&
                     find(opened, "PMIx_Fence_nb", library.fence) && find(opened, "PMIx_Get_nb", library.get) &&
                     find(opened, "PMIx_Error_string", library.error_string);
  if (!whole) return Status(Code::unsupported, "libpmix.so.2 lacks a function that Hawser needs");
  return library;
}

// What PMIx's thread tells us. Shared with it: it may answer after we have stopped waiting.
struct Answer {
  std::mutex mutex;
  std::condition_variable changed;
  bool arrived = false;
  pmix_status_t status = PMIX_SUCCESS;
  std::string value;
};
using Shared = std::shared_ptr<Answer>;

void arrive(void* context, pmix_status_t status, const pmix_value_t* value) {
  const std::unique_ptr<Shared> shared(static_cast<Shared*>(context));
  const std::lock_guard lock((*shared)->mutex);
  (*shared)->arrived = true;
  (*shared)->status = status;
  if (status == PMIX_SUCCESS && value && value->type == PMIX_STRING && value->data.string) (*shared)->value = value->data.string;
  (*shared)->changed.notify_all();
}
void fence_arrived(pmix_status_t status, void* context) { arrive(context, status, nullptr); }
void value_arrived(pmix_status_t status, pmix_value_t* value, void* context) { arrive(context, status, value); }

Result<std::string> wait_for(const Library& library, const Shared& answer, const std::string& doing, uint64_t deadline_ns,
                             const Clock& clock) {
  std::unique_lock lock(answer->mutex);
  while (!answer->arrived) {
    const uint64_t now = clock.now_ns();
    if (now >= deadline_ns) return Status(Code::timeout, "PMIx, " + doing + ": not all ranks of the job came before the deadline");
    answer->changed.wait_for(lock, std::chrono::nanoseconds(deadline_ns - now));
  }
  if (answer->status != PMIX_SUCCESS) return library.error(answer->status, doing);
  return answer->value;
}

Status put(const Library& library, const std::string& key, const std::string& text) {
  pmix_value_t value{};
  value.type = PMIX_STRING;
  value.data.string = const_cast<char*>(text.c_str());  // copied by PMIx
  pmix_status_t status = library.put(PMIX_GLOBAL, key.c_str(), &value);
  if (status == PMIX_SUCCESS) status = library.commit();
  return status == PMIX_SUCCESS ? Status() : library.error(status, "publishing the id");
}

Status fence(const Library& library, uint64_t deadline_ns, const Clock& clock) {
  pmix_info_t collect{};
  std::strncpy(collect.key, PMIX_COLLECT_DATA, sizeof collect.key - 1);
  collect.value.type = PMIX_BOOL;
  collect.value.data.flag = true;
  const auto answer = std::make_shared<Answer>();
  auto context = std::make_unique<Shared>(answer);
  const pmix_status_t status = library.fence(nullptr, 0, &collect, 1, &fence_arrived, context.get());
  if (status == PMIX_OPERATION_SUCCEEDED) return {};  // done within the call: no callback comes
  if (status != PMIX_SUCCESS) return library.error(status, "meeting the other ranks");
  (void)context.release();  // the callback's now
  HAWSER_TRY(wait_for(library, answer, "meeting the other ranks", deadline_ns, clock));
  return {};
}

Result<std::string> get(const Library& library, const pmix_proc_t& self, const std::string& key, uint64_t deadline_ns, const Clock& clock) {
  pmix_proc_t first = self;
  first.rank = 0;
  const auto answer = std::make_shared<Answer>();
  auto context = std::make_unique<Shared>(answer);
  const pmix_status_t status = library.get(&first, key.c_str(), nullptr, 0, &value_arrived, context.get());
  if (status != PMIX_SUCCESS) return library.error(status, "asking for the id");
  (void)context.release();
  return wait_for(library, answer, "asking for the id", deadline_ns, clock);
}

Result<std::string> share(const Library& library, const pmix_proc_t& self, int rank, const std::string& value, uint64_t deadline_ns,
                          const Clock& clock) {
  // A value once read is kept by PMIx: the second communicator of a process needs a second key. Every rank counts alike, as creation is
  // collective.
  static std::atomic<uint64_t> count{0};
  const std::string key = "hawser.id." + std::to_string(count.fetch_add(1, std::memory_order_relaxed));
  if (rank == 0) HAWSER_TRY(put(library, key, value));
  HAWSER_TRY(fence(library, deadline_ns, clock));
  if (rank == 0) return value;
  return get(library, self, key, deadline_ns, clock);
}

}  // namespace

Result<std::string> share_by_pmix(int rank, const std::string& value_of_rank_0, uint64_t deadline_ns, const Clock& clock) {
  const Library library = HAWSER_TRY(open_library());
  pmix_proc_t self{};
  const pmix_status_t status = library.init(&self, nullptr, 0);
  if (status != PMIX_SUCCESS) return library.error(status, "reaching the launcher's daemon");
  auto result = share(library, self, rank, value_of_rank_0, deadline_ns, clock);
  library.finalize(nullptr, 0);  // counted: an MPI in the same process keeps its own
  return result;
}

}  // namespace hawser
