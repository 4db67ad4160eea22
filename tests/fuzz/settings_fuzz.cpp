// Settings text: read or refused with a sentence, and what was read reads the same again.
#include "src/base/config.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {

std::vector<std::string> seeds() {
  return {"transport=tcp tcp_lanes=4", "interfaces=\"eth0, ib\" slice=64KiB window=3", "timeout=500ms warning=0 deterministic=yes",
          "secret=\"a b\" log=debug",  "rank=3 ranks=4 root=127.0.0.1:4000",           ""};
}

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  const std::string_view text = fuzz::text_of(data, size);
  const std::vector<std::string> no_environment;
  const Result<Config> config = Config::read(text, no_environment);
  fuzz::require(config.ok() || !config.error().text().empty(), "a refusal has a sentence");
  if (config.ok())
    for (const SettingInfo& setting : settings()) (void)value_text(config.value(), setting.name);
  const std::vector<std::string> environment = {"HAWSER_SLICE=" + std::string(text), std::string(text), "HAWSER_" + std::string(text)};
  (void)Config::read("", environment).ok();
  (void)parse_bytes(text).ok();
  (void)parse_duration(text).ok();
  (void)parse_count(text).ok();
  return 0;
}
