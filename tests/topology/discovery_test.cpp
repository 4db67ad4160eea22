// What this machine is: of the real one what must always hold, of made-up files exact values.
#include "src/topology/discovery.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace hawser {
namespace {

namespace fs = std::filesystem;

class MadeUpMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "hawser_discovery_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    files_ = {root_ / "sys", root_ / "proc"};
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  fs::path root_;
  MachineFiles files_;
};

TEST(Discovery, ThisMachineHasProcessorsAndAName) {
  const Machine machine = discover();
  EXPECT_FALSE(machine.host_name.empty());
  EXPECT_GE(machine.cpus_x256, 1u);
  EXPECT_LE(machine.cpus_x256, 256u * std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_GE(machine.cores, 1u);
  EXPECT_GE(machine.numa_nodes, 1u);
}

TEST_F(MadeUpMachine, NothingKnownIsNoQuotaAndNoInterface) {
  EXPECT_EQ(quota_cpus_x256(files_), UINT32_MAX);
  EXPECT_TRUE(find_interfaces(files_).empty());
}

TEST_F(MadeUpMachine, TheLeastQuotaOfAllGroupsAroundCounts) {
  write("proc/self/cgroup", "0::/pod/task");
  write("sys/fs/cgroup/pod/task/cpu.max", "max 100000");
  EXPECT_EQ(quota_cpus_x256(files_), UINT32_MAX);
  write("sys/fs/cgroup/pod/cpu.max", "150000 100000");
  EXPECT_EQ(quota_cpus_x256(files_), 384u);
  write("sys/fs/cgroup/pod/task/cpu.max", "garbage");
  EXPECT_EQ(quota_cpus_x256(files_), 384u);
}

TEST_F(MadeUpMachine, TheOlderGroupsCountAsWell) {
  write("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/job");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota_cpus_x256(files_), 128u);
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(quota_cpus_x256(files_), UINT32_MAX);
}

TEST_F(MadeUpMachine, InterfacesSayKindRateAndPlace) {
  write("sys/class/net/eth0/operstate", "up");
  write("sys/class/net/eth0/speed", "25000");
  write("sys/class/net/eth0/device/numa_node", "1");
  write("sys/class/net/lo/operstate", "unknown");
  write("sys/class/net/lo/type", "772");
  write("sys/class/net/eth1/operstate", "down");
  write("sys/class/net/eth1/speed", "-1");
  write("sys/class/infiniband/mlx5_0/ports/1/link_layer", "InfiniBand");
  write("sys/class/infiniband/mlx5_0/ports/1/rate", "200 Gb/sec (4X HDR)");
  write("sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE");
  write("sys/class/infiniband/siw0/node_type", "4: RNIC");
  write("sys/class/infiniband/siw0/ports/1/link_layer", "Ethernet");
  write("sys/class/infiniband/siw0/ports/1/rate", "2.5 Gb/sec (1X SDR)");
  const auto found = find_interfaces(files_);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0].name, "eth0");
  EXPECT_EQ(found[0].bits_per_s, 25'000'000'000u);
  EXPECT_EQ(found[0].numa_node, 1);
  EXPECT_TRUE(found[0].up);
  EXPECT_FALSE(found[1].up);
  EXPECT_EQ(found[1].bits_per_s, 0u);
  EXPECT_TRUE(found[2].loopback);
  EXPECT_EQ(found[3].fabric, Fabric::infiniband);
  EXPECT_EQ(found[3].bits_per_s, 200'000'000'000u);
  EXPECT_TRUE(found[3].up);
  EXPECT_EQ(found[4].fabric, Fabric::iwarp);
  EXPECT_EQ(found[4].bits_per_s, 2'500'000'000u);
}

}  // namespace
}  // namespace hawser
