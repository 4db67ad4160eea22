// The checker proves good plans and says of bad ones what is wrong, and where.
#include "src/plan/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/plan/builder.h"

namespace hawser {
namespace {

using testing::HasSubstr;

Chunks in(uint32_t first, uint32_t count = 1) { return {Buffer::input, first, count, 1}; }
Chunks out(uint32_t first, uint32_t count = 1) { return {Buffer::output, first, count, 1}; }

// All-reduce of two ranks: both send everything and add what comes.
Plan exchange(Rank me, Aliasing aliasing = Aliasing::none) {
  PlanBuilder builder(Collective::all_reduce, me, 2, 1, 1, aliasing);
  builder.begin_phase(Collective::all_reduce, builder.group({0, 1}), -1, in(0), out(0));
  const Chunks received = builder.scratch_like(in(0));
  builder.send(1 - me, in(0));
  builder.recv(1 - me, received);
  builder.copy(in(0), out(0));
  builder.reduce(received, out(0));
  builder.end_phase();
  return std::move(builder).build("exchange");
}

std::vector<Plan> exchanges() {
  std::vector<Plan> plans;
  plans.push_back(exchange(0));
  plans.push_back(exchange(1));
  return plans;
}

const Request kAllReduce{.collective = Collective::all_reduce, .count = 10};

std::string complaint(const std::vector<Plan>& plans, const Request& request = kAllReduce, const CheckOptions& options = {}) {
  const Status status = check(plans, request, options);
  return status.ok() ? "nothing wrong" : status.text();
}

void drop_edge(Plan& plan, uint32_t from, uint32_t to) {
  for (uint32_t i = plan.edge_begin[from]; i < plan.edge_begin[from + 1]; ++i) {
    if (plan.edges[i] != to) continue;
    plan.edges.erase(plan.edges.begin() + i);
    for (size_t j = from + 1; j < plan.edge_begin.size(); ++j) --plan.edge_begin[j];
    --plan.waits[to];
    return;
  }
  FAIL() << "no edge from " << from << " to " << to;
}

TEST(Check, AGoodPlanPassesHoweverItIsRun) {
  EXPECT_EQ(complaint(exchanges()), "nothing wrong");
  EXPECT_EQ(complaint(exchanges(), kAllReduce, {.slices = 3, .window = 2, .operations = 2}), "nothing wrong");
  EXPECT_EQ(complaint(exchanges(), kAllReduce, {.program_order = true}), "nothing wrong");
}

TEST(Check, InPlaceIsTheCallersPromise) {
  std::vector<Plan> plans;
  plans.push_back(exchange(0, Aliasing::in_place));
  plans.push_back(exchange(1));
  EXPECT_EQ(complaint(plans, kAllReduce, {.aliasing = {Aliasing::in_place, Aliasing::none}}), "nothing wrong");
  EXPECT_THAT(complaint(plans), HasSubstr("rank 0"));  // the copy is missing if it is not in place
}

TEST(Check, AReduceMadeACopyIsCaught) {
  std::vector<Plan> plans = exchanges();
  plans[1].steps[3].kind = StepKind::copy;
  EXPECT_THAT(complaint(plans), HasSubstr("rank 1: output chunk 0 of all_reduce has 1 contributions, not those of all 2"));
}

TEST(Check, AContributionCountedTwiceIsCaught) {
  std::vector<Plan> plans = exchanges();
  plans[0].steps[3].source_buffer = Buffer::input;
  EXPECT_THAT(complaint(plans), HasSubstr("counts a contribution twice"));
}

TEST(Check, ALostDependencyIsCaught) {
  std::vector<Plan> plans = exchanges();
  drop_edge(plans[0], 2, 3);
  EXPECT_EQ(complaint(plans), "rank 0: step 3 touches a chunk of step 2 but does not wait for it");
  plans = exchanges();
  drop_edge(plans[1], 1, 3);
  EXPECT_EQ(complaint(plans), "rank 1: step 3 touches a chunk of step 1 but does not wait for it");
}

TEST(Check, AMessageWithoutItsOtherEndIsNamed) {
  std::vector<Plan> plans;
  for (Rank me = 0; me < 2; ++me) {
    PlanBuilder builder(Collective::broadcast, me, 2, 2, 2);
    if (me == 0) builder.copy(in(0, 2), out(0, 2)), builder.send(1, in(0));
    if (me == 1) builder.recv(0, out(0)), builder.recv(0, out(1));
    plans.push_back(std::move(builder).build("test"));
  }
  EXPECT_EQ(complaint(plans, {.collective = Collective::broadcast}), "rank 1 stuck after 1 of 2 steps, waiting for message 1 of rank 0");
}

TEST(Check, AMessageNobodyTakesIsNamed) {
  std::vector<Plan> plans;
  for (Rank me = 0; me < 2; ++me) {
    PlanBuilder builder(Collective::broadcast, me, 2, 1, 1);
    if (me == 0) builder.copy(in(0), out(0)), builder.send(1, in(0)), builder.send(1, in(0));
    if (me == 1) builder.recv(0, out(0));
    plans.push_back(std::move(builder).build("test"));
  }
  EXPECT_EQ(complaint(plans, {.collective = Collective::broadcast}), "rank 0 stuck after 2 of 3 steps, rank 1 does not take message 1");
}

TEST(Check, PlansThatNeedBufferingAreStuck) {
  std::vector<Plan> plans;
  for (Rank me = 0; me < 2; ++me) {
    PlanBuilder builder(Collective::all_to_all, me, 2, 2, 2, Aliasing::in_place);
    builder.send(1 - me, in(1 - me));
    builder.recv(1 - me, out(1 - me));  // may only be posted when the send has left
    plans.push_back(std::move(builder).build("test"));
  }
  EXPECT_THAT(complaint(plans, {.collective = Collective::all_to_all}, {.aliasing = {Aliasing::in_place, Aliasing::in_place}}),
              HasSubstr("rank 0 stuck after 0 of 2 steps, rank 1 does not take message 0"));
}

TEST(Check, TheInputMustBeKept) {
  std::vector<Plan> plans = exchanges();
  plans[0].steps[2] = {.kind = StepKind::copy,
                       .source_buffer = Buffer::input,
                       .target_buffer = Buffer::input,
                       .source_stride = 1,
                       .target_stride = 1,
                       .count = 1};
  EXPECT_NE(complaint(plans), "nothing wrong");
  PlanBuilder builder(Collective::all_reduce, 0, 1, 1, 1);
  builder.copy(in(0), out(0));
  builder.reduce(out(0), in(0));
  EXPECT_THAT(check(std::vector<Plan>{std::move(builder).build("test")}, kAllReduce).text(), HasSubstr("destroys input chunk 0"));
}

TEST(Check, ScratchThatNobodyWroteIsNoSource) {
  PlanBuilder builder(Collective::all_reduce, 0, 1, 1, 1);
  builder.copy({Buffer::scratch, builder.scratch(1), 1, 1}, out(0));
  EXPECT_THAT(check(std::vector<Plan>{std::move(builder).build("test")}, kAllReduce).text(), HasSubstr("gets a chunk that nobody wrote"));
}

TEST(Check, ATailMustBeEquallyLongOnBothEnds) {
  std::vector<Plan> plans;
  for (Rank me = 0; me < 2; ++me) {
    PlanBuilder builder(Collective::broadcast, me, 2, 2, 2);
    if (me == 0) builder.copy(in(0, 2), out(0, 2)), builder.send(1, in(1)), builder.send(1, in(0));
    if (me == 1) {
      const uint32_t first = builder.scratch(2);  // as long as chunks 0 and 1, but 1 comes first
      builder.recv(0, {Buffer::scratch, first, 1, 1});
      builder.recv(0, {Buffer::scratch, first + 1, 1, 1});
      builder.copy({Buffer::scratch, first, 1, 1}, out(1));
      builder.copy({Buffer::scratch, first + 1, 1, 1}, out(0));
    }
    plans.push_back(std::move(builder).build("test"));
  }
  EXPECT_THAT(complaint(plans, {.collective = Collective::broadcast}), HasSubstr("not as long as its target"));
}

TEST(Check, APhaseThatIsNotWhatItClaimsIsCaught) {
  std::vector<Plan> plans = exchanges();
  for (Plan& plan : plans) plan.phases[0].collective = Collective::all_gather;
  EXPECT_THAT(complaint(plans), HasSubstr("phase 0 (all_gather) of the group of rank 0"));
  plans = exchanges();
  for (Plan& plan : plans) plan.phases[0].last_step = 3;  // without the reduce
  EXPECT_THAT(complaint(plans), HasSubstr("phase 0 (all_reduce)"));
  EXPECT_EQ(complaint(plans, kAllReduce, {.phases = false}), "nothing wrong");
}

TEST(Check, MalformedPlansAreRefusedNotRun) {
  for (const auto& damage : std::vector<void (*)(Plan&)>{
           [](Plan& plan) { plan.steps[0].source = 7; }, [](Plan& plan) { plan.steps[0].peer = 9; },
           [](Plan& plan) { plan.steps[0].peer = 0; }, [](Plan& plan) { plan.steps[1].count = 0; }, [](Plan& plan) { plan.edges[0] = 99; },
           [](Plan& plan) { plan.waits.pop_back(); }, [](Plan& plan) { ++plan.waits[3]; }, [](Plan& plan) { plan.phases[0].group = 5; },
           [](Plan& plan) { plan.phases[0].last_step = 50; }, [](Plan& plan) { plan.scratch_like[0] = 3; },
           [](Plan& plan) { plan.groups[0] = {1}; }, [](Plan& plan) { plan.phases[0].output.count = 12; }}) {
    std::vector<Plan> plans = exchanges();
    damage(plans[0]);
    EXPECT_THAT(complaint(plans), HasSubstr("rank 0: "));
  }
}

TEST(Check, RankOrderIsTheFirstMembersFirst) {
  std::vector<Plan> plans = exchanges();
  EXPECT_THAT(complaint(plans, kAllReduce, {.rank_order = true}),
              HasSubstr("rank 1: output chunk 0 of all_reduce was not folded in rank order"));
}

}  // namespace
}  // namespace hawser
