// The settings, read once and passed down as one immutable value.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace hawser {

namespace setting {
using text = std::string;
using count = uint64_t;
using bytes = uint64_t;
using duration = uint64_t;  // nanoseconds
using flag = bool;
}  // namespace setting

struct Config {
#define SETTING(kind, name, default_value, agreed, sentence) setting::kind name = default_value;
#include "src/base/settings.def"
#undef SETTING

  // The environment first, then "name=value name=value" (values with blanks in double quotes). An unknown name, also of a
  // variable HAWSER_*, or a value that does not parse is Code::invalid and says which and what would do.
  static Result<Config> read(std::string_view settings);
  // As read(), from the given environment: "NAME=value" each. For tests.
  static Result<Config> read(std::string_view settings, std::span<const std::string> environment);

  std::string agreed_text() const;  // canonical "name=value" lines of the agreed settings, to be compared between ranks
};

struct SettingInfo {
  std::string_view name, kind, sentence;
  std::string default_value;
  bool agreed;
};
std::span<const SettingInfo> settings();
std::string value_text(const Config&, std::string_view name);  // the secret shows as "(set)"

// The value of an environment variable that is not ours (RANK, WORLD_SIZE, OMPI_COMM_WORLD_RANK ...). The only other getenv.
std::optional<std::string> environment_variable(const char* name);

// Parsing of the kinds, shared with tools: "64KiB", "4M"; "10s", "500ms".
Result<uint64_t> parse_bytes(std::string_view text);
Result<uint64_t> parse_duration(std::string_view text);
Result<uint64_t> parse_count(std::string_view text);
std::string bytes_text(uint64_t bytes);  // "64KiB"
std::string duration_text(uint64_t ns);  // "10s", "1.5ms"

}  // namespace hawser
