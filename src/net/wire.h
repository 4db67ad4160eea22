// Numbers and strings in messages, little-endian, checked on the way in: a reader that ran past the end stays failed and gives zeros.
#pragma once
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "src/base/types.h"

namespace hawser {

class WireWriter {
 public:
  template <std::unsigned_integral T>
  WireWriter& number(T value) {
    for (size_t i = 0; i < sizeof value; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
    return *this;
  }
  WireWriter& raw(std::span<const std::byte> bytes) {
    return raw(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  WireWriter& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  WireWriter& text(std::string_view text) { return number(static_cast<uint32_t>(text.size())).raw(text); }  // with its length before it
  WireWriter& identity(const Identity& id) { return number(id.high).number(id.low); }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  template <std::unsigned_integral T>
  T number() {
    T value = 0;
    const std::string_view bytes = raw(sizeof value);
    for (size_t i = 0; i < bytes.size(); ++i)
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(static_cast<uint8_t>(bytes[i])) << (8 * i)));
    return value;
  }
  std::string_view raw(size_t bytes);          // empty once failed
  std::string text(size_t bytes_max);          // of WireWriter::text; a longer one fails
  void raw_into(std::span<std::byte> target);  // zeros once failed
  Identity identity();
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }
  bool complete() const { return !failed_ && rest_.empty(); }  // all was read, and nothing is left over

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string hexadecimal(std::span<const std::byte>);                         // two lower-case digits a byte
bool parse_hexadecimal(std::string_view text, std::span<std::byte> target);  // exactly as many as the target holds

}  // namespace hawser
