// Addresses keep their meaning from text to text, and say what is wrong with others.
#include "src/net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser {
namespace {

using ::testing::HasSubstr;

class RoundTrip : public ::testing::TestWithParam<const char*> {};
TEST_P(RoundTrip, KeepsItsText) {
  const auto address = Address::parse(GetParam());
  ASSERT_TRUE(address.ok()) << address.error().text();
  EXPECT_EQ(address.value().text(), GetParam());
}
INSTANTIATE_TEST_SUITE_P(Address, RoundTrip,
                         ::testing::Values("1.2.3.4:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:7", "[2001:db8::1]:443",
                                           "[fe80::1%lo]:80", "unix:a", "unix:hawser-0123"));

struct Bad {
  const char* text;
  const char* says;
};
class Malformed : public ::testing::TestWithParam<Bad> {};
TEST_P(Malformed, SaysWhy) {
  const auto address = Address::parse(GetParam().text);
  ASSERT_FALSE(address.ok());
  EXPECT_EQ(address.error().code(), Code::invalid);
  EXPECT_THAT(address.error().text(), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(Address, Malformed,
                         ::testing::Values(Bad{"", "no port"}, Bad{"1.2.3.4", "no port"}, Bad{"1.2.3.4:", "the port"},
                                           Bad{"1.2.3.4:65536", "the port"}, Bad{"1.2.3.4:-1", "the port"}, Bad{"1.2.3.4:8x", "the port"},
                                           Bad{"1.2.3:80", "no IPv4"}, Bad{"host:80", "no IPv4"}, Bad{"[::1:80", "bracket"},
                                           Bad{"[::x]:80", "no IPv6"}, Bad{"[fe80::1%nosuch]:80", "nosuch"}, Bad{"unix:", "unix name"},
                                           Bad{"unix:a b", "blank"}));

TEST(Address, AUnixNameFitsOrIsRefused) {
  EXPECT_TRUE(Address::parse("unix:" + std::string(107, 'x')).ok());
  EXPECT_FALSE(Address::parse("unix:" + std::string(108, 'x')).ok());
}

TEST(Address, NumbersResolveToThemselves) {
  const auto found = Address::resolve("127.0.0.1", 99);
  ASSERT_TRUE(found.ok());
  ASSERT_FALSE(found.value().empty());
  EXPECT_EQ(found.value()[0].text(), "127.0.0.1:99");
}

TEST(Address, AHostWithoutAddressIsNamed) {
  const auto found = Address::resolve("no.such.host.invalid", 99);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), Code::unreachable);
  EXPECT_THAT(found.error().text(), HasSubstr("no.such.host.invalid"));
}

}  // namespace
}  // namespace hawser
