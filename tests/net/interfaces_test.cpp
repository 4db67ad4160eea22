// Of what a machine has, the right interfaces are chosen.
#include "src/net/interfaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Candidate candidate(const std::string& name, const std::string& address, bool up = true) {
  Candidate made;
  made.interface.name = name;
  made.interface.address = Address::parse(address).value();
  made.interface.loopback = name == "lo";
  made.up = up;
  return made;
}

const std::vector<Candidate> kMachine = {candidate("lo", "127.0.0.1:0"),
                                         candidate("eth0", "10.0.0.1:0"),
                                         candidate("eth1", "10.0.1.1:0"),
                                         candidate("ib0", "10.1.0.1:0"),
                                         candidate("docker0", "172.17.0.1:0", false),
                                         candidate("eth0", "[2001:db8::1]:0")};

std::vector<std::string> names(std::string_view filter) {
  std::vector<std::string> list;
  const auto chosen = select_interfaces(kMachine, filter);
  for (const Interface& each : chosen.value()) list.push_back(each.name);
  return list;
}

TEST(Interfaces, AllThatAreUpButLoopback) { EXPECT_THAT(names(""), ElementsAre("eth0", "eth1", "ib0", "eth0")); }
TEST(Interfaces, AFilterNamesPrefixes) { EXPECT_THAT(names("eth1,ib"), ElementsAre("eth1", "ib0")); }
TEST(Interfaces, ACaretLeavesThoseOut) { EXPECT_THAT(names("^eth,docker"), ElementsAre("ib0")); }
TEST(Interfaces, LoopbackWhenNothingElseIsLeft) {
  EXPECT_THAT(names("lo"), ElementsAre("lo"));
  EXPECT_THAT(names("^eth,ib"), ElementsAre("lo"));
}

TEST(Interfaces, AnEmptyAnswerListsWhatThereIs) {
  const auto chosen = select_interfaces(kMachine, "docker");
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.error().code(), Code::unreachable);
  EXPECT_THAT(chosen.error().text(), HasSubstr("interfaces=\"docker\""));
  EXPECT_THAT(chosen.error().text(), HasSubstr("docker0 172.17.0.1:0 (down)"));
  EXPECT_THAT(chosen.error().text(), HasSubstr("eth0 10.0.0.1:0"));
}

TEST(Interfaces, AMachineWithoutAnySaysSo) {
  const auto chosen = select_interfaces({}, "");
  ASSERT_FALSE(chosen.ok());
  EXPECT_THAT(chosen.error().text(), HasSubstr("none with an address"));
}

TEST(Interfaces, ThisMachineAnswersOrExplains) {
  const auto here = interfaces("");
  if (!here.ok()) {
    EXPECT_THAT(here.error().text(), HasSubstr("there is:"));
    return;
  }
  for (const Interface& each : here.value()) {
    EXPECT_FALSE(each.name.empty());
    EXPECT_GT(each.prefix_bits, 0u);
    EXPECT_FALSE(each.address.text().starts_with("[fe80"));
  }
}

}  // namespace
}  // namespace hawser
