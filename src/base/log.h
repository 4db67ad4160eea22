// What the library says on standard error. Off the hot path only; spdlog stays behind this header.
#pragma once
#include <string>
#include <string_view>

namespace hawser {

enum class LogLevel : int { debug, info, warning, error, off };
void set_log_level(std::string_view name);  // the setting "log"; unknown names change nothing
bool log_enabled(LogLevel);
void log(LogLevel, const std::string& text);  // any thread

}  // namespace hawser
