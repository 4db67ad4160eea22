// The boot id and the name of this machine.
#include "src/net/machine.h"

#include <unistd.h>

#include <fstream>

namespace hawser {
namespace {

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

}  // namespace

std::array<std::byte, 16> machine_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::array<std::byte, 16> id{};
  if (!std::getline(file, text)) return id;
  size_t digits = 0;
  for (const char letter : text) {
    const int digit = digit_of(letter);
    if (digit < 0 || digits == 32) continue;
    id[digits / 2] |= static_cast<std::byte>(digits % 2 == 0 ? digit << 4 : digit);
    ++digits;
  }
  return digits == 32 ? id : std::array<std::byte, 16>{};
}

std::string machine_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace hawser
