// The system call, repeated until all is there.
#include "src/memory/process_copy.h"

#include <sys/uio.h>

#include <cerrno>

namespace hawser {

bool copy_from_process(int32_t process, void* into, uint64_t address, size_t bytes) {
  auto* to = static_cast<std::byte*>(into);
  while (bytes != 0) {
    const iovec here{to, bytes}, there{reinterpret_cast<void*>(address), bytes};
    const ssize_t copied = ::process_vm_readv(process, &here, 1, &there, 1, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied <= 0) return false;
    to += copied;
    address += static_cast<uint64_t>(copied);
    bytes -= static_cast<size_t>(copied);
  }
  return true;
}

}  // namespace hawser
