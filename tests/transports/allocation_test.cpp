// A warm transport allocates nothing for a message. Counts every operator new of the process, so it is a program of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/transports/world.h"

namespace {
std::atomic<uint64_t> allocations{0};
}

void* operator new(size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace hawser::testing {
namespace {

class Allocation : public ::testing::TestWithParam<Row> {};

void finish(World& world, int wanted) {
  Completion some[8];
  for (int polls = 0; wanted > 0 && polls < 10'000'000; ++polls) {
    wanted -= static_cast<int>(world.at(0).poll(some));
    wanted -= static_cast<int>(world.at(1).poll(some));
  }
  ASSERT_EQ(wanted, 0);
}

// A few of every kind: received first, sent first, lent, granted.
void exchange(World& world, uint32_t operation, std::vector<std::byte>& small, std::vector<std::byte>& large, std::vector<std::byte>& got) {
  Transport& from = world.at(0);
  Transport& to = world.at(1);
  const auto key = [&](uint32_t slice, size_t bytes) { return envelope_of({.operation = operation, .slice = slice}, bytes); };
  to.recv({0, key(0, got.size()), got, 1});
  from.send({1, key(0, 8), std::span(small).first(8), 2});
  finish(world, 2);
  from.send({1, key(1, small.size()), small, 3});
  world.at(1).poll({});
  to.recv({0, key(1, got.size()), got, 4});
  finish(world, 2);
  to.recv({0, key(2, small.size()), {}, 5});
  from.send({1, key(2, small.size()), small, 6});
  finish(world, 2);
  to.release(5);
  to.recv({0, key(3, got.size()), got, 7});
  from.send({1, key(3, large.size()), large, 8});
  finish(world, 2);
}

TEST_P(Allocation, none_once_warm) {
  const auto world = GetParam().connect(2, 2);
  std::vector<std::byte> small(5000), large(1 << 20), got(1 << 20);
  for (uint32_t i = 0; i < 50; ++i) exchange(*world, i, small, large, got);
  const uint64_t before = allocations;
  for (uint32_t i = 50; i < 150; ++i) exchange(*world, i, small, large, got);
  EXPECT_EQ(allocations - before, 0u);
}

std::vector<Row> rows_that_carry() {  // not the simulated network
  std::vector<Row> some = rows();
  std::erase_if(some, [](const Row& row) { return !row.threads; });
  return some;
}

std::string row_name(const ::testing::TestParamInfo<Row>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Transports, Allocation, ::testing::ValuesIn(rows_that_carry()), row_name);

}  // namespace
}  // namespace hawser::testing
