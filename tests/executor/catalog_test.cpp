// Every planner of the catalog, run: on flat and two-level topologies, whole and sliced, in place and not.
#include "collectives/planner.h"
#include "tests/executor/call.h"

namespace hawser::testing {
namespace {

Topology hosts_of(int hosts, int ranks_per_host) {
  const std::string text = "topology 1\nswitch s ethernet\nhost a[0-" + std::to_string(hosts - 1) + "] ranks " +
                           std::to_string(ranks_per_host) + " on s 10 lat 5\n";
  Result<Topology> topology = Topology::parse(text);
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return std::move(topology).value();
}

bool has_in_place(Collective collective) { return collective != Collective::barrier; }

void run_planner(const Planner& planner, const Topology& topology, size_t count, uint64_t slice, bool in_place, uint64_t seed) {
  Request request;
  request.collective = planner.collective;
  request.count = count;
  request.type = DataType::i32;
  request.root = topology.ranks() - 1;
  if (!planner.suits(topology, request)) return;
  SCOPED_TRACE(std::string(planner.name) + " " + std::string(name(planner.collective)) + " ranks " + std::to_string(topology.ranks()) +
               " count " + std::to_string(count) + " slice " + std::to_string(slice) + (in_place ? " in place" : ""));
  World world(topology.ranks(), seed, true);
  CallShape shape;
  shape.collective = planner.collective;
  shape.root = request.root;
  shape.count = planner.collective == Collective::barrier ? 0 : count;
  shape.slice_bytes = slice;
  shape.window = 2;
  shape.in_place = in_place;
  shape.plan = [&](Rank me) { return plan(planner, topology, request, me, in_place ? Aliasing::in_place : Aliasing::none); };
  Call call(world, shape);
  ASSERT_TRUE(call.run()) << "stuck";
  call.expect_results();
}

TEST(Catalog, EveryPlannerRuns) {
  uint64_t seed = 40;
  for (const Topology& topology : {Topology::one_island(3, {}), Topology::one_island(4, {}), hosts_of(2, 2), hosts_of(3, 2)})
    for (const Planner& planner : planners()) {
      if (planner.collective == Collective::all_to_all_v) continue;  // lists: below
      for (const bool in_place : {false, true}) {
        if (in_place && !has_in_place(planner.collective)) continue;
        run_planner(planner, topology, 1, 0, in_place, ++seed);
        run_planner(planner, topology, 37, 0, in_place, ++seed);
        run_planner(planner, topology, 1013, 256, in_place, ++seed);
      }
    }
}

TEST(Catalog, ABarrierHoldsUntilTheLastCame) {
  for (const Topology& topology : {Topology::one_island(4, {}), hosts_of(2, 2)})
    for (const Planner& planner : planners()) {
      Request request;
      request.collective = Collective::barrier;
      if (planner.collective != Collective::barrier || !planner.suits(topology, request)) continue;
      SCOPED_TRACE(planner.name);
      World world(4);
      CallShape shape;
      shape.collective = Collective::barrier;
      shape.count = 0;
      shape.plan = [&](Rank me) { return plan(planner, topology, request, me, Aliasing::none); };
      Call call(world, shape);
      for (Rank rank = 0; rank < 3; ++rank) call.start(rank);
      for (int i = 0; i < 200; ++i) world.step();
      for (Rank rank = 0; rank < 3; ++rank) EXPECT_FALSE(done(call.operation(rank)));
      call.start(3);
      ASSERT_TRUE(world.run_until([&] { return call.all_done(); }));
    }
}

// One rank's rows of an all_to_all_v.
struct Rows {
  std::vector<std::vector<std::byte>> in, out;
  std::vector<std::byte*> in_pointers, out_pointers;
  std::vector<uint64_t> in_lengths, out_lengths;
  std::unique_ptr<const Program> program;
  Operation operation;
};

uint64_t row_bytes(int from, int to) { return static_cast<uint64_t>((from * 5 + to * 3) % 4) * 36; }  // some are empty
std::byte row_value(int from, int to) { return static_cast<std::byte>(from * 16 + to + 1); }

void fill_rows(Rows& rows, int me, int ranks) {
  for (int other = 0; other < ranks; ++other) {
    rows.in.emplace_back(row_bytes(me, other), row_value(me, other));
    rows.out.emplace_back(row_bytes(other, me), std::byte{0});
    rows.in_lengths.push_back(rows.in.back().size());
    rows.out_lengths.push_back(rows.out.back().size());
  }
  for (auto& row : rows.in) rows.in_pointers.push_back(row.data());
  for (auto& row : rows.out) rows.out_pointers.push_back(row.data());
}

TEST(Catalog, AllToAllOfUnequalRowsInLists) {
  const int ranks = 4;
  const Topology topology = Topology::one_island(ranks, {});
  int ran = 0;
  for (const Planner& planner : planners()) {
    Request request;
    request.collective = Collective::all_to_all_v;
    if (planner.collective != Collective::all_to_all_v || !planner.suits(topology, request)) continue;
    SCOPED_TRACE(planner.name);
    World world(ranks, 11, true);
    std::vector<Rows> all(ranks);
    ProgramOptions options;
    options.listed = true;
    for (int me = 0; me < ranks; ++me) {
      Rows& rows = all[static_cast<size_t>(me)];
      fill_rows(rows, me, ranks);
      rows.program = Program::lower(plan(planner, topology, request, me, Aliasing::none), me, options);
      Operation& operation = rows.operation;
      operation.program = rows.program.get();
      operation.binding.type = DataType::u8;
      operation.binding.buffers[0].pointers = rows.in_pointers;
      operation.binding.buffers[0].lengths = rows.in_lengths;
      operation.binding.buffers[1].pointers = rows.out_pointers;
      operation.binding.buffers[1].lengths = rows.out_lengths;
      operation.communicator = 7;
      operation.peers = world.peers();
      world.at(me).start(operation);
    }
    ASSERT_TRUE(
        world.run_until([&] { return std::all_of(all.begin(), all.end(), [](const Rows& rows) { return done(rows.operation); }); }));
    for (int me = 0; me < ranks; ++me)
      for (int from = 0; from < ranks; ++from)
        EXPECT_EQ(all[static_cast<size_t>(me)].out[static_cast<size_t>(from)],
                  std::vector<std::byte>(row_bytes(from, me), row_value(from, me)));
    ++ran;
  }
  EXPECT_GT(ran, 0);
}

}  // namespace
}  // namespace hawser::testing
