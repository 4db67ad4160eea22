// A record survives its bytes; bytes that are none are refused.
#include "src/agreement/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "src/base/random.h"
#include "src/net/wire.h"
#include "src/topology/discovery.h"

namespace hawser {
namespace {

Record sample() {
  Record record;
  record.catalog = 0xfeedface12345678;
  record.library_version = "0.1.0";
  record.settings = "transport=auto\ntcp_lanes=1\n";
  record.identity = {1, 2};
  record.boot_id = "f2a1";
  record.host_name = "node-1";
  record.door = "unix:hawser-1";
  record.user = 1000;
  record.process = 4711;
  record.cpu_mask = {0x3, 0x8000000000000000};
  record.quota_x256 = 640;
  record.nics = {{"eth0", Fabric::ethernet, 25'000'000'000, "10.0.0.0/24", {"10.0.0.1:4000", "[fd00::1]:4000"}},
                 {"ib0", Fabric::infiniband, 0, "", {}}};
  return record;
}

void expect_equal(const Record& a, const Record& b) { EXPECT_EQ(a.encode(), b.encode()); }

TEST(Record, KeepsWhatItSays) {
  const auto back = Record::decode(sample().encode());
  ASSERT_TRUE(back.ok()) << back.error().text();
  const Record& record = back.value();
  EXPECT_EQ(record.catalog, 0xfeedface12345678u);
  EXPECT_EQ(record.settings, sample().settings);
  EXPECT_EQ(record.identity, sample().identity);
  EXPECT_EQ(record.door, "unix:hawser-1");
  EXPECT_EQ(record.user, 1000u);
  EXPECT_EQ(record.cpu_mask, sample().cpu_mask);
  EXPECT_EQ(record.quota_x256, 640u);
  ASSERT_EQ(record.nics.size(), 2u);
  EXPECT_EQ(record.nics[0].addresses[1], "[fd00::1]:4000");
  EXPECT_EQ(record.nics[1].fabric, Fabric::infiniband);
  expect_equal(record, sample());
}

// Machines of container clusters have hundreds of interfaces and addresses; readers take 64 of each.
TEST(Record, OfMoreInterfacesThanReadersTakeTellsTheFirst) {
  Record record = sample();
  record.nics.clear();
  for (int nic = 0; nic < 100; ++nic) {
    record.nics.push_back({"veth" + std::to_string(nic), Fabric::ethernet, 1, "10.0.0.0/24", {}});
    for (int i = 0; i < 200; ++i) record.nics.back().addresses.push_back("10.0.0." + std::to_string(i) + ":1");
  }
  const auto back = Record::decode(record.encode());
  ASSERT_TRUE(back.ok()) << back.error().text();
  ASSERT_EQ(back.value().nics.size(), 64u);
  EXPECT_EQ(back.value().nics[63].name, "veth63");
  ASSERT_EQ(back.value().nics[0].addresses.size(), 64u);
  EXPECT_EQ(back.value().nics[0].addresses[63], "10.0.0.63:1");
}

TEST(Record, AHostNameThatNobodyCouldReadIsRefusedWhereItIsSet) {
  for (const std::string& name : {std::string(300, 'x'), std::string("a\nb"), std::string("h\xc3\xa4")}) {
    Config config;
    config.host = name;
    const auto record = record_of_this_process(config, {1, 2});
    ASSERT_FALSE(record.ok()) << name;
    EXPECT_THAT(record.error().text(), ::testing::HasSubstr("setting host"));
  }
}

TEST(Record, EveryTruncationIsRefused) {
  const std::string whole = sample().encode();
  for (size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(Record::decode(whole.substr(0, length)).ok()) << length;
  EXPECT_FALSE(Record::decode(whole + "x").ok());
}

TEST(Record, ChangedBytesAreRefusedOrReadAsTheySay) {
  const std::string whole = sample().encode();
  SeededRandom random(99);
  for (int round = 0; round < 5'000; ++round) {
    std::string changed = whole;
    for (uint64_t i = 0; i <= random.next() % 3; ++i) changed[random.next() % changed.size()] = static_cast<char>(random.next());
    const auto record = Record::decode(changed);
    if (!record.ok()) continue;
    if (record.value().protocol == protocol_version) { EXPECT_EQ(record.value().encode(), changed); }
    EXPECT_LE(record.value().nics.size(), 64u);
  }
}

TEST(Record, NoiseIsRefused) {
  SeededRandom random(5);
  for (int round = 0; round < 5'000; ++round) {
    std::string noise(random.next() % 300, '\0');
    random.fill(std::as_writable_bytes(std::span(noise)));
    EXPECT_FALSE(Record::decode(noise).ok());
  }
}

TEST(Record, WhatWouldFloodOrForgeMessagesIsRefused) {
  Record record = sample();
  record.host_name = "a\nb";
  EXPECT_FALSE(Record::decode(record.encode()).ok());
  record = sample();
  record.host_name = std::string(256, 'x');
  EXPECT_FALSE(Record::decode(record.encode()).ok());
  record = sample();
  record.nics.clear();
  const std::string none = record.encode();
  record.nics.resize(1);
  const std::string nic = record.encode().substr(none.size());
  for (const uint32_t count : {64u, 65u}) {
    WireWriter many;
    many.raw(std::string_view(none).substr(0, none.size() - 4)).number(count);
    for (uint32_t i = 0; i < count; ++i) many.raw(nic);
    EXPECT_EQ(Record::decode(many.bytes()).ok(), count == 64);
  }
  record = sample();
  record.quota_x256 = 0;
  EXPECT_FALSE(Record::decode(record.encode()).ok());
  record = sample();
  record.cpu_mask = {0, 0};
  EXPECT_FALSE(Record::decode(record.encode()).ok()) << "a process runs on some CPU";
  record = sample();
  record.cpu_mask.resize(20'000, 1);
  EXPECT_FALSE(Record::decode(record.encode()).ok());
}

TEST(Record, AnotherProtocolStillTellsItsVersion) {
  const std::string bytes = WireWriter().number(uint32_t{0x43525748}).number(uint32_t{7}).text("9.9.9").raw("whatever comes then").take();
  const auto record = Record::decode(bytes);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record.value().protocol, 7u);
  EXPECT_EQ(record.value().library_version, "9.9.9");
}

TEST(Record, ThisProcessKnowsItself) {
  const auto config = Config::read("tcp_lanes=2", {});
  const auto record = record_of_this_process(config.value(), {3, 4});
  ASSERT_TRUE(record.ok()) << record.error().text();
  EXPECT_EQ(record.value().identity, (Identity{3, 4}));
  EXPECT_EQ(record.value().process, static_cast<uint64_t>(::getpid()));
  EXPECT_EQ(record.value().user, ::geteuid());
  EXPECT_THAT(record.value().settings, ::testing::HasSubstr("tcp_lanes=2"));
  EXPECT_FALSE(record.value().library_version.empty());
  EXPECT_FALSE(record.value().boot_id.empty());
  EXPECT_GT(cpus_in(record.value().cpu_mask), 0u);
  EXPECT_TRUE(Record::decode(record.value().encode()).ok());
}

TEST(Record, AnInterfaceThatIsNotThereIsNamed) {
  const auto config = Config::read("interfaces=nosuch", {});
  const auto record = record_of_this_process(config.value(), {3, 4});
  ASSERT_FALSE(record.ok());
  EXPECT_THAT(record.error().text(), ::testing::HasSubstr("nosuch"));
}

}  // namespace
}  // namespace hawser
