// Logging through spdlog, to standard error.
#include "src/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace hawser {
namespace {

constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                                                 spdlog::level::off};

spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto* made = new spdlog::logger(
        "hawser", std::make_shared<spdlog::sinks::stderr_sink_mt>());  // lives as long as the process: threads may log at exit
    made->set_pattern("hawser [%P] %l: %v");
    made->set_level(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(std::string_view name) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error", "off"};
  for (int i = 0; i < 5; ++i)
    if (names[i] == name) logger().set_level(kLevels[i]);
}

bool log_enabled(LogLevel level) { return logger().should_log(kLevels[static_cast<int>(level)]); }
void log(LogLevel level, const std::string& text) { logger().log(kLevels[static_cast<int>(level)], text); }

}  // namespace hawser
