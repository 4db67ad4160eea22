// What tells this machine from others while it runs.
#pragma once
#include <array>
#include <cstddef>
#include <string>

namespace hawser {

std::array<std::byte, 16> machine_boot_id();  // all zero when the kernel does not tell
std::string machine_name();                   // gethostname

}  // namespace hawser
