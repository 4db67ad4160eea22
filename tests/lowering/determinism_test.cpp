// The order in which an element is reduced is that of the members, whatever the scheme: bit-identical results everywhere.
#include <gtest/gtest.h>

#include <cstring>

#include "src/base/random.h"
#include "src/plan/scheme.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

constexpr Scheme kSchemes[] = {{SchemeKind::cells, 0, false, false},    {SchemeKind::cells, 0, false, true},
                               {SchemeKind::flag, 0, false, false},     {SchemeKind::bounce, 4096, false, false},
                               {SchemeKind::bounce, 4096, false, true}, {SchemeKind::bounce, 64 << 10, true, true},
                               {SchemeKind::push, 0, false, false},     {SchemeKind::push, 0, true, false}};

// Values of all magnitudes, so that any other order rounds differently.
void fill(std::byte* data, DataType type, size_t count, uint64_t seed) {
  SeededRandom random(seed);
  for (size_t i = 0; i < count; ++i) {
    const auto whole = static_cast<double>(static_cast<int64_t>(random.next() % 2001) - 1000);
    const double value = whole / (1 << random.next() % 9);
    const auto wide = static_cast<float>(value);
    const auto narrow = static_cast<_Float16>(value);
    if (type == DataType::f32) std::memcpy(data + 4 * i, &wide, 4);
    if (type == DataType::f16) std::memcpy(data + 2 * i, &narrow, 2);
  }
}

std::vector<std::vector<std::byte>> results(World& world, const Scheme& scheme, DataType type, size_t count) {
  std::vector<std::vector<std::byte>> all(world.size());
  world.run([&](uint32_t me) {
    const auto routine = world.island(me).routine(scheme);
    fill(world.input(me), type, count, me + 1);
    PhaseCall call;
    call.collective = Collective::all_reduce;
    call.type = type;
    call.divisor = 3;
    call.library_buffers = true;
    call.input = {world.input(me), count, count, 0, count};
    call.output = {world.output(me), count, count, 0, count};
    routine->start(call);
    EXPECT_EQ(finish(*routine).code, Code::ok);
    all[me].assign(world.output(me), world.output(me) + count * size_of(type));
  });
  return all;
}

TEST(Determinism, all_schemes_and_members_agree_to_the_bit) {
  for (const uint32_t members : {2u, 3u, 5u}) {
    World world(members, 1 << 20);
    for (const DataType type : {DataType::f32, DataType::f16})
      for (const size_t count : {size_t{3}, size_t{1001}, size_t{40'000}}) {
        const auto first = results(world, kSchemes[0], type, count);
        for (const Scheme& scheme : kSchemes)
          for (const auto& one : results(world, scheme, type, count))
            ASSERT_EQ(one, first[0]) << members << " members, " << name(type) << " x " << count << ", scheme "
                                     << static_cast<int>(scheme.kind) << (scheme.two_shot ? " two-shot" : "");
      }
  }
}

}  // namespace
}  // namespace hawser
