// Records that differ where they must not are named; ranks that can share memory are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/agreement/record.h"

namespace hawser {
namespace {

Record on_machine(const std::string& boot_id, std::vector<uint64_t> cpu_mask, uint32_t quota_x256 = UINT32_MAX) {
  Record record;
  record.boot_id = boot_id;
  record.cpu_mask = std::move(cpu_mask);
  record.quota_x256 = quota_x256;
  return record;
}

TEST(RanksPerCpu, RanksBoundToOneCpuEachAreNotCrowded) {
  const std::vector<Record> bound = {on_machine("a", {1}), on_machine("a", {2}), on_machine("a", {0, 1}), on_machine("b", {1})};
  EXPECT_EQ(ranks_per_cpu_x256(bound, 0), 256u);
  EXPECT_EQ(ranks_per_cpu_x256(bound, 3), 256u);
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("a", {3}), on_machine("a", {3}), on_machine("a", {3})}, 1), 384u);
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("a", {2}), on_machine("a", {2})}, 1), 512u) << "bound to the same one";
}

TEST(RanksPerCpu, OneRankOnVeryManyCpusIsStillThere) {
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("a", std::vector<uint64_t>(16, UINT64_MAX))}, 0), 1u);
}

TEST(RanksPerCpu, QuotasCountAndHostsThatOneMachinePlaysShareItsCpus) {
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("a", {0xff}, 256), on_machine("a", {0xff}, 256)}, 0), 512u);
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("a/x", {1}), on_machine("a/y", {1})}, 0), 512u);
  EXPECT_EQ(ranks_per_cpu_x256({on_machine("", {1}), on_machine("", {1})}, 0), 256u) << "who does not know its machine stands alone";
}

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Record> alike(int count) {
  std::vector<Record> records;
  for (int rank = 0; rank < count; ++rank) {
    Record record;
    record.catalog = 5;
    record.library_version = "0.1.0";
    record.settings = "transport=auto\ntcp_lanes=1\nwindow=0\n";
    record.identity = {7, static_cast<uint64_t>(rank)};
    record.boot_id = "boot";
    record.door = "unix:door-" + std::to_string(rank);
    records.push_back(record);
  }
  return records;
}

TEST(CheckRecords, EqualOnesPass) { EXPECT_TRUE(check_records(alike(5)).ok()); }

TEST(CheckRecords, ADifferingSettingIsNamedWithBothValues) {
  auto records = alike(4);
  records[2].settings = "transport=auto\ntcp_lanes=4\nwindow=0\n";
  records[3].settings = "transport=tcp\ntcp_lanes=1\nwindow=0\n";
  const Status status = check_records(records);
  EXPECT_EQ(status.code(), Code::mismatch);
  EXPECT_THAT(status.text(), AllOf(HasSubstr("setting tcp_lanes"), HasSubstr("rank 0 has \"1\""), HasSubstr("rank 2 has \"4\"")));
}

TEST(CheckRecords, AMissingSettingIsNamed) {
  auto records = alike(2);
  records[1].settings = "transport=auto\ntcp_lanes=1\n";
  EXPECT_THAT(check_records(records).text(), AllOf(HasSubstr("setting window"), HasSubstr("rank 1")));
}

TEST(CheckRecords, VersionsAndCatalogsAreNamed) {
  auto records = alike(3);
  records[1].library_version = "0.2.0";
  EXPECT_THAT(check_records(records).text(), AllOf(HasSubstr("0.1.0"), HasSubstr("0.2.0"), HasSubstr("rank 1")));
  records = alike(3);
  records[2].catalog = 6;
  EXPECT_THAT(check_records(records).text(), AllOf(HasSubstr("catalog"), HasSubstr("0000000000000005"), HasSubstr("0000000000000006")));
  records = alike(3);
  records[2].protocol = 9;
  EXPECT_THAT(check_records(records).text(), AllOf(HasSubstr("protocol version"), HasSubstr("rank 2 has 9")));
  for (Record& each : records) each.protocol = 9;
  EXPECT_FALSE(check_records(records).ok());
}

TEST(CheckRecords, TwoRanksOfOneContextAreNamed) {
  auto records = alike(4);
  records[3].identity = records[1].identity;
  const Status status = check_records(records);
  EXPECT_EQ(status.code(), Code::usage);
  EXPECT_THAT(status.text(), HasSubstr("ranks 1 and 3"));
}

TEST(HostsOf, OneBootIdAndUserIsAHost) {
  auto records = alike(5);
  records[1].boot_id = records[3].boot_id = "other";
  records[4].user = 8;
  EXPECT_THAT(hosts_of(records), ElementsAre(0, 1, 0, 1, 2));
}

TEST(HostsOf, WhoCannotShareMemoryIsAlone) {
  auto records = alike(4);
  records[1].door = "";
  records[2].boot_id = "";
  EXPECT_THAT(hosts_of(records), ElementsAre(0, 1, 2, 0));
  for (Record& each : records) each.settings = "transport=tcp\ntcp_lanes=1\nwindow=0\n";
  EXPECT_THAT(hosts_of(records), ElementsAre(0, 1, 2, 3));
}

TEST(IslandsOf, WhoMappedEachOtherIsAnIsland) {
  EXPECT_THAT(islands_of({0, 0, 1, 1}, {{1}, {0}, {3}, {2}}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(islands_of({0, 1, 0, 1}, {{2}, {3}, {0}, {1}}), ElementsAre(0, 1, 0, 1));
}

TEST(IslandsOf, OneSideIsNotEnough) {
  EXPECT_THAT(islands_of({0, 0, 0}, {{1, 2}, {0, 2}, {0}}), ElementsAre(0, 0, 1));  // 2 did not map 1
  EXPECT_THAT(islands_of({0, 0, 0, 0}, {{1}, {0}, {3}, {2}}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(islands_of({0, 0}, {{}, {0}}), ElementsAre(0, 1));
}

TEST(IslandsOf, NeverAcrossHosts) { EXPECT_THAT(islands_of({0, 1}, {{1}, {0}}), ElementsAre(0, 1)); }

TEST(IslandsOf, NonsenseFromAPeerDoesNoHarm) {
  EXPECT_THAT(islands_of({0, 0}, {{1, 1, -5, 1'000'000}, {0, 0, 7}}), ElementsAre(0, 0));
  EXPECT_THAT(islands_of({0, 0, 0}, {{1}}), ElementsAre(0, 1, 2));
  EXPECT_TRUE(islands_of({}, {}).empty());
}

}  // namespace
}  // namespace hawser
