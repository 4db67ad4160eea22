// Reading settings from the environment and from text.
#include "src/base/config.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace hawser {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kByteUnits[] = {{"KiB", 1ull << 10},
                               {"MiB", 1ull << 20},
                               {"GiB", 1ull << 30},
                               {"K", 1ull << 10},
                               {"M", 1ull << 20},
                               {"G", 1ull << 30},
                               {"k", 1ull << 10},
                               {"m", 1ull << 20},
                               {"g", 1ull << 30},
                               {"B", 1},
                               {"", 1}};
constexpr Unit kTimeUnits[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", 60000000000}, {"", 1000000000}};

template <size_t N>
Result<uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N], std::string_view example) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc())
    for (const Unit& unit : units)
      if (rest == unit.name) {
        uint64_t product = 0;
        if (__builtin_mul_overflow(value, unit.factor, &product))
          return Status(Code::invalid, "\"" + std::string(text) + "\" is too large");
        return product;
      }
  return Status(Code::invalid, "\"" + std::string(text) + "\" is not like " + std::string(example));
}

Status assign(std::string& into, std::string_view text, std::string_view) {
  into = text;
  return {};
}
Status assign(bool& into, std::string_view text, std::string_view) {
  if (text == "1" || text == "yes" || text == "on" || text == "true") {
    into = true;
    return {};
  }
  if (text == "0" || text == "no" || text == "off" || text == "false") {
    into = false;
    return {};
  }
  return Status(Code::invalid, "\"" + std::string(text) + "\" is neither 1 nor 0");
}
Status assign(uint64_t& into, std::string_view text, std::string_view kind) {
  into = HAWSER_TRY(kind == "bytes" ? parse_bytes(text) : kind == "duration" ? parse_duration(text) : parse_count(text));
  return {};
}

std::string show(const std::string& value, std::string_view) { return value; }
std::string show(bool value, std::string_view) { return value ? "1" : "0"; }
std::string show(uint64_t value, std::string_view kind) {
  return kind == "bytes" ? bytes_text(value) : kind == "duration" ? duration_text(value) : std::to_string(value);
}

std::string upper(std::string_view name) {
  std::string result;
  for (const char letter : name) result += static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
  return result;
}

std::string nearest_hint() { return "; `hawser-info --settings` lists them all"; }

Status set(Config& config, std::string_view name, std::string_view value) {
#define SETTING(kind, field, default_value, agreed, sentence) \
  if (name == #field) return assign(config.field, value, #kind).during("setting " #field);
#include "src/base/settings.def"
#undef SETTING
  return Status(Code::invalid, "there is no setting \"" + std::string(name) + "\"" + nearest_hint());
}

Status check(const Config& config) {
  const auto one_of = [](std::string_view name, const std::string& value, std::initializer_list<std::string_view> choices) -> Status {
    std::string list;
    for (const std::string_view choice : choices) {
      if (value == choice) return {};
      list += (list.empty() ? "" : ", ") + (choice.empty() ? std::string("(empty)") : std::string(choice));
    }
    return Status(Code::invalid, "setting " + std::string(name) + ": \"" + value + "\" is none of " + list);
  };
  HAWSER_TRY(one_of("transport", config.transport, {"auto", "shm", "tcp"}));
  HAWSER_TRY(one_of("scheme", config.scheme, {"", "cells", "flag", "bounce", "push", "cma"}));
  HAWSER_TRY(one_of("log", config.log, {"error", "warning", "info", "debug", "off"}));
  if (config.tcp_lanes < 1 || config.tcp_lanes > 16)
    return Status(Code::invalid, "setting tcp_lanes: must be 1 to 16, is " + std::to_string(config.tcp_lanes));
  if (config.slice % 4096 != 0)
    return Status(Code::invalid, "setting slice: must be a multiple of 4 KiB, is " + std::to_string(config.slice));
  if (config.window > 64) return Status(Code::invalid, "setting window: must be at most 64, is " + std::to_string(config.window));
  return {};
}

// Splits "name=value name=\"a b\"" and sets each.
Status read_text(Config& config, std::string_view text) {
  size_t at = 0;
  while (true) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
    if (at == text.size()) return {};
    const size_t equals = text.find('=', at);
    if (equals == std::string_view::npos)
      return Status(Code::invalid, "settings: \"" + std::string(text.substr(at)) + "\" is not name=value");
    const std::string_view name = text.substr(at, equals - at);
    size_t begin = equals + 1, end;
    if (begin < text.size() && text[begin] == '"') {
      end = text.find('"', ++begin);
      if (end == std::string_view::npos) return Status(Code::invalid, "settings: the quote of " + std::string(name) + " is not closed");
      at = end + 1;
    } else {
      end = std::min(text.find_first_of(" \t\n", begin), text.size());
      at = end;
    }
    HAWSER_TRY(set(config, name, text.substr(begin, end - begin)));
  }
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) { return parse_quantity(text, kByteUnits, "4096, 64KiB or 4M"); }
Result<uint64_t> parse_duration(std::string_view text) {
  constexpr uint64_t kLongestNs = 52'560'000ull * 60'000'000'000;  // 100 years: added to a clock it still fits, also in signed nanoseconds
  const uint64_t duration_ns = HAWSER_TRY(parse_quantity(text, kTimeUnits, "10s, 500ms or 20us"));
  if (duration_ns > kLongestNs) return Status(Code::invalid, "\"" + std::string(text) + "\" is too large; 52560000min is the most");
  return duration_ns;
}
Result<uint64_t> parse_count(std::string_view text) { return parse_quantity<1>(text, {{"", 1}}, "4"); }

std::string bytes_text(uint64_t bytes) {
  constexpr Unit units[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};
  for (const Unit& unit : units)
    if (bytes >= unit.factor && bytes % unit.factor == 0) return std::to_string(bytes / unit.factor) + std::string(unit.name);
  return std::to_string(bytes);
}

std::string duration_text(uint64_t ns) {
  constexpr Unit units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}};
  for (const Unit& unit : units)
    if (ns >= unit.factor && ns % unit.factor == 0) return std::to_string(ns / unit.factor) + std::string(unit.name);
  return std::to_string(ns) + "ns";
}

Result<Config> Config::read(std::string_view settings) {
  std::vector<std::string> variables;
  for (char** variable = environ; variable && *variable; ++variable) variables.emplace_back(*variable);
  return read(settings, variables);
}

Result<Config> Config::read(std::string_view settings, std::span<const std::string> environment) {
  Config config;
  constexpr std::string_view prefix = "HAWSER_";
  for (const std::string& variable : environment) {
    if (!std::string_view(variable).starts_with(prefix)) continue;
    const size_t equals = variable.find('=');
    std::string_view name = std::string_view(variable).substr(0, equals);
    bool known = false;
    for (const SettingInfo& info : hawser::settings()) {
      if (name.substr(prefix.size()) != upper(info.name)) continue;
      HAWSER_TRY(set(config, info.name, std::string_view(variable).substr(equals + 1)).during("environment " + std::string(name)));
      known = true;
    }
    if (!known) return Status(Code::invalid, "environment " + std::string(name) + " names no setting" + nearest_hint());
  }
  HAWSER_TRY(read_text(config, settings));
  HAWSER_TRY(check(config));
  return config;
}

std::string Config::agreed_text() const {
  std::string text;
#define SETTING(kind, name, default_value, agreed, sentence) \
  if (agreed) text += #name "=" + show(name, #kind) + "\n";
#include "src/base/settings.def"
#undef SETTING
  return text;
}

std::span<const SettingInfo> settings() {
  static const std::vector<SettingInfo> all = {
#define SETTING(kind, name, default_value, agreed, sentence) {#name, #kind, sentence, show(setting::kind(default_value), #kind), agreed},
#include "src/base/settings.def"
#undef SETTING
  };
  return all;
}

std::string value_text(const Config& config, std::string_view name) {
  if (name == "secret") return config.secret.empty() ? "" : "(set)";
#define SETTING(kind, field, default_value, agreed, sentence) \
  if (name == #field) return show(config.field, #kind);
#include "src/base/settings.def"
#undef SETTING
  return {};
}

std::optional<std::string> environment_variable(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): read-only use, before threads of ours exist
  if (!value) return std::nullopt;
  return std::string(value);
}

}  // namespace hawser
