// Copying out of the memory of another process of this host, through the kernel: one copy where shared memory needs two.
// Source: process_vm_readv(2), "cross-memory attach". The kernel allows it between processes of one user that may trace each other.
#pragma once
#include <cstddef>
#include <cstdint>

namespace hawser {

// bytes from `address` of that process into `into`. False: the kernel refuses, there is no such process, or no such memory.
bool copy_from_process(int32_t process, void* into, uint64_t address, size_t bytes);

}  // namespace hawser
