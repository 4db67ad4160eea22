// A unique id survives its 128 bytes, and no other bytes pass for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/bootstrap/rendezvous.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;
using Bytes = std::array<std::byte, unique_id_bytes>;

UniqueId sample(const std::vector<std::string>& addresses) {
  UniqueId id;
  SeededRandom random(3);
  random.fill(id.secret);
  random.fill(id.boot);
  for (const std::string& each : addresses) id.addresses.push_back(Address::parse(each).value());
  return id;
}

TEST(UniqueId, KeepsWhatItHolds) {
  const UniqueId id = sample({"unix:hawser-0123456789abcdef", "10.0.0.1:4000", "[2001:db8::7]:65535"});
  Bytes bytes;
  id.encode(bytes);
  const auto back = UniqueId::decode(bytes);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(back.value().secret, id.secret);
  EXPECT_EQ(back.value().boot, id.boot);
  EXPECT_EQ(back.value().addresses, id.addresses);
}

TEST(UniqueId, TakesTheBestAddressesThatFit) {
  std::vector<std::string> many = {"unix:hawser-0123456789abcdef"};
  for (int i = 0; i < 20; ++i) many.push_back("10.0.0." + std::to_string(i) + ":4000");
  const UniqueId id = sample(many);
  Bytes bytes;
  id.encode(bytes);
  const auto back = UniqueId::decode(bytes);
  ASSERT_TRUE(back.ok());
  ASSERT_GE(back.value().addresses.size(), 8u);
  for (size_t i = 0; i < back.value().addresses.size(); ++i) EXPECT_EQ(back.value().addresses[i], id.addresses[i]);
}

TEST(UniqueId, EveryChangedByteIsNoticed) {
  Bytes bytes;
  sample({"unix:hawser-0123456789abcdef", "10.0.0.1:4000"}).encode(bytes);
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const int bit : {1, 128}) {
      Bytes changed = bytes;
      changed[i] ^= static_cast<std::byte>(bit);
      const auto id = UniqueId::decode(changed);
      ASSERT_FALSE(id.ok()) << "byte " << i;
      EXPECT_EQ(id.error().code(), Code::invalid);
      EXPECT_THAT(id.error().text(), HasSubstr("no unique id"));
    }
}

TEST(UniqueId, ZerosTruncationAndOtherVersionsSaySo) {
  Bytes bytes{};
  EXPECT_THAT(UniqueId::decode(bytes).error().text(), HasSubstr("does not begin"));
  sample({"10.0.0.1:4000"}).encode(bytes);
  Bytes cut = bytes;
  std::fill(cut.begin() + 60, cut.end(), std::byte{0});
  EXPECT_THAT(UniqueId::decode(cut).error().text(), HasSubstr("truncated"));
  bytes[4] = std::byte{9};
  EXPECT_THAT(UniqueId::decode(bytes).error().text(), HasSubstr("version 9"));
}

}  // namespace
}  // namespace hawser
