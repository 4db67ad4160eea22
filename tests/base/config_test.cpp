// Settings come from the environment and from text; what is wrong is named.
#include "src/base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace hawser {
namespace {

using ::testing::HasSubstr;

Result<Config> read(std::string_view settings, std::vector<std::string> environment = {}) { return Config::read(settings, environment); }

TEST(Config, DefaultsNeedNothing) {
  const auto config = read("");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config.value().transport, "auto");
  EXPECT_EQ(config.value().timeout, 600'000'000'000u);
}

TEST(Config, TextWinsOverEnvironment) {
  const auto config = read("timeout=5s transport=tcp", {"HAWSER_TIMEOUT=7s", "HAWSER_SLICE=64KiB", "OTHER=1"});
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config.value().timeout, 5'000'000'000u);
  EXPECT_EQ(config.value().slice, 65536u);
  EXPECT_EQ(config.value().transport, "tcp");
}

TEST(Config, QuotesKeepBlanks) { EXPECT_EQ(read("file=\"a b\" rank=3").value().file, "a b"); }

struct Bad {
  const char* settings;
  const char* variable;
  const char* says;
};
class Refused : public ::testing::TestWithParam<Bad> {};
TEST_P(Refused, NamesWhatIsWrong) {
  const auto config = read(GetParam().settings, {GetParam().variable});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), Code::invalid);
  EXPECT_THAT(config.error().text(), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(Config, Refused,
                         ::testing::Values(Bad{"colour=red", "X=1", "no setting \"colour\""}, Bad{"", "HAWSER_COLOUR=red", "HAWSER_COLOUR"},
                                           Bad{"timeout=fast", "X=1", "10s"}, Bad{"slice=5000", "X=1", "multiple of 4 KiB"},
                                           Bad{"transport=pigeon", "X=1", "auto, shm, tcp"}, Bad{"tcp_lanes=0", "X=1", "1 to 16"},
                                           Bad{"file=\"a", "X=1", "not closed"}, Bad{"oops", "X=1", "not name=value"},
                                           Bad{"slice=99999999999999999999", "X=1", "slice"},
                                           Bad{"segment=18446744073709551615K", "X=1", "too large"}));

TEST(Config, AgreedTextHasOnlyAgreedSettingsAndNoSecret) {
  const std::string text = read("secret=hush timeout=1s tcp_lanes=2").value().agreed_text();
  EXPECT_THAT(text, HasSubstr("tcp_lanes=2\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("hush")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("timeout")));
}

TEST(Config, EverySettingHasASentence) {
  for (const SettingInfo& info : settings()) {
    EXPECT_GT(info.sentence.size(), 20u) << info.name;
    EXPECT_EQ(info.sentence.back(), '.') << info.name;
  }
}

// Deadlines are sums with the clock, and nanoseconds elsewhere are signed.
TEST(Config, DurationsLeaveRoomForTheClock) {
  EXPECT_EQ(parse_duration("52560000min").value(), 52'560'000ull * 60'000'000'000);  // 100 years
  EXPECT_FALSE(parse_duration("52560001min").ok());
  EXPECT_FALSE(parse_duration("18446744073s").ok());
}

TEST(Config, QuantitiesPrintAndParseBack) {
  for (const uint64_t bytes : {0ull, 1ull, 1000ull, 4096ull, 3ull << 20, 5ull << 30})
    EXPECT_EQ(parse_bytes(bytes_text(bytes)).value(), bytes);
  for (const uint64_t ns : {1ull, 1500ull, 2000000ull, 7000000000ull}) EXPECT_EQ(parse_duration(duration_text(ns)).value(), ns);
}

}  // namespace
}  // namespace hawser
