// hawser-info shows every setting with its sentence, the machine, and a topology; the JSON says the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/hawser_info/tables.h"

namespace hawser::info {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCluster =
    "topology 1\n"
    "switch fast infiniband\n"
    "switch slow ethernet core 400\n"
    "link fast slow 100/50 lat 5\n"
    "host f[0-3] ranks 2 on fast 200 lat 2\n"
    "host s ranks 1 on slow 25 lat 10\n";

Machine some_machine() {
  Machine machine;
  machine.host_name = "anchor";
  machine.cpus_x256 = 384;
  machine.cores = 4;
  machine.l2 = {1024, 1};
  machine.interfaces = {{"eth0", Fabric::ethernet, 25'000'000'000, 0, true, false}, {"lo", Fabric::ethernet, 0, -1, true, true}};
  return machine;
}

TEST(Info, ListsEverySettingWithItsSentence) {
  const std::string text = settings_table(Config{});
  for (const SettingInfo& setting : settings()) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(setting.name) + "  ("));
    EXPECT_THAT(text, HasSubstr(std::string(setting.sentence.substr(0, setting.sentence.find(' ', 30)))));
  }
}

TEST(Info, ShowsAValueThatIsNotTheDefault) {
  Config config;
  config.transport = "tcp";
  EXPECT_THAT(settings_table(config), HasSubstr("now tcp"));
  EXPECT_THAT(settings_table(Config{}), Not(HasSubstr(", now ")));
}

TEST(Info, NeverShowsTheSecret) {
  Config config;
  config.secret = "open sesame";
  EXPECT_THAT(settings_table(config), Not(HasSubstr("open sesame")));
  EXPECT_THAT(json("1", &config, nullptr, nullptr), Not(HasSubstr("open sesame")));
}

TEST(Info, LinesAreNeverTooWide) {
  std::istringstream lines(settings_table(Config{}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 112u) << line;
}

TEST(Info, ShowsTheMachine) {
  const std::string text = machine_table(some_machine());
  EXPECT_THAT(text, HasSubstr("anchor"));
  EXPECT_THAT(text, HasSubstr("1.5 usable, 4 cores"));
  EXPECT_THAT(text, HasSubstr("1024 KiB for 1 core\n"));
  EXPECT_THAT(text, HasSubstr("eth0       ethernet  25 Gbit/s  0     up\n"));
  EXPECT_THAT(text, HasSubstr("lo         ethernet  ?          -     loopback\n"));
}

TEST(Info, ShowsATopology) {
  const auto topology = Topology::parse(kCluster);
  ASSERT_TRUE(topology.ok()) << topology.error().text();
  const std::string text = topology_table(topology.value());
  EXPECT_THAT(text, HasSubstr("9 ranks on 5 hosts"));
  EXPECT_THAT(text, HasSubstr("f0 and 3 more"));
  EXPECT_THAT(text, HasSubstr("fast 200 Gbit/s (2 us)"));
  EXPECT_THAT(text, HasSubstr("100 Gbit/s out, 50 Gbit/s in"));
  EXPECT_THAT(text, HasSubstr("non-blocking"));
}

TEST(Info, JsonHoldsTheSame) {
  const Config config;
  const Machine machine = some_machine();
  const auto topology = Topology::parse(kCluster);
  ASSERT_TRUE(topology.ok());
  const auto object = nlohmann::json::parse(json("0.1.0", &config, &machine, &topology.value()));
  EXPECT_EQ(object["version"], "0.1.0");
  EXPECT_EQ(object["settings"].size(), settings().size());
  EXPECT_EQ(object["machine"]["cpus"], 1.5);
  EXPECT_EQ(object["topology"]["ranks"], 9);
  EXPECT_FALSE(nlohmann::json::parse(json("0.1.0", nullptr, nullptr, nullptr)).contains("settings"));
}

TEST(Info, RatesReadLikeRates) {
  EXPECT_EQ(rate_text(0), "?");
  EXPECT_EQ(rate_text(100'000'000), "100 Mbit/s");
  EXPECT_EQ(rate_text(400'000'000'000), "400 Gbit/s");
}

}  // namespace
}  // namespace hawser::info
