// Reading messages, and bytes as hexadecimal digits.
#include "src/net/wire.h"

#include <algorithm>

namespace hawser {

std::string_view WireReader::raw(size_t bytes) {
  if (failed_ || bytes > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view part = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return part;
}

std::string WireReader::text(size_t bytes_max) {
  const uint32_t bytes = number<uint32_t>();
  if (bytes > bytes_max) failed_ = true;
  return std::string(raw(bytes));
}

void WireReader::raw_into(std::span<std::byte> target) {
  const std::string_view part = raw(target.size());
  const auto bytes = std::as_bytes(std::span(part));
  std::fill(std::copy(bytes.begin(), bytes.end(), target.begin()), target.end(), std::byte{0});
}

Identity WireReader::identity() {
  Identity id;
  id.high = number<uint64_t>();
  id.low = number<uint64_t>();
  return id;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<int>(byte >> 4)];
    text += digits[std::to_integer<int>(byte & std::byte{15})];
  }
  return text;
}

bool parse_hexadecimal(std::string_view text, std::span<std::byte> target) {
  if (text.size() != target.size() * 2) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    int digit = -1;
    if (letter >= '0' && letter <= '9') digit = letter - '0';
    if (letter >= 'a' && letter <= 'f') digit = letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') digit = letter - 'A' + 10;
    if (digit < 0) return false;
    target[i / 2] = i % 2 == 0 ? static_cast<std::byte>(digit << 4) : target[i / 2] | static_cast<std::byte>(digit);
  }
  return true;
}

}  // namespace hawser
