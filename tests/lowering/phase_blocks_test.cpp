// The blocks that the executor makes of a phase's chunks, moved by the routines that they are for: when the last block is short, members
// that know only their own agree with the one that knows all on pieces and places.
#include "src/executor/phase_blocks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/lowering/world.h"

namespace hawser {
namespace {

constexpr uint32_t kMembers = 3, kRoot = 1;
constexpr size_t kElements = 5000, kLast = 100;  // of a block, and of the last
constexpr uint64_t kBlockBytes = kElements * sizeof(uint32_t), kTotalBytes = (2 * kElements + kLast) * sizeof(uint32_t);

uint32_t value(uint32_t member, size_t element) { return member * 1'000'000 + static_cast<uint32_t>(element); }
size_t length_of_block(uint32_t block) { return block + 1 == kMembers ? kLast : kElements; }

struct Case {
  Collective collective;
  bool scratch;  // the one block is a chunk of scratch
  Scheme scheme;
  bool many_outputs() const { return collective == Collective::gather || collective == Collective::all_gather; }
  bool rooted() const { return collective == Collective::gather || collective == Collective::scatter; }
  std::string text() const {
    return std::string(name(collective)) + (scratch ? " with scratch" : "") + ", scheme " + std::to_string(static_cast<int>(scheme.kind));
  }
};

class Side {  // one member's view of a case
 public:
  Side(const Case& what, uint32_t me, std::byte* input, std::byte* output) : what_(what), me_(me), input_(input), output_(output) {
    const bool has_all = !what.rooted() || me == kRoot;
    const Chunks one{what.scratch ? Buffer::scratch : what.many_outputs() ? Buffer::input : Buffer::output, 0, 1, 1};
    const Chunks all{what.many_outputs() ? Buffer::output : Buffer::input, 0, has_all ? kMembers : 0, 1};
    replaced_.phase.collective = what.collective;
    replaced_.phase.input = what.many_outputs() ? one : all;
    replaced_.phase.output = what.many_outputs() ? all : one;
    replaced_.members = {0, 1, 2};
    fill();
  }
  PhaseCall call() const {
    const uint64_t mine = length_of_block(me_) * sizeof(uint32_t);
    const View vector{nullptr, kBlockBytes, kTotalBytes};
    View views[4] = {vector, vector, vector, vector};
    (what_.many_outputs() ? views[0] : views[1]).total = mine;
    views[0].base = views[2].base = input_;
    views[1].base = output_;
    if (!what_.many_outputs()) views[2].base = output_;
    PhaseCall call;
    call.collective = what_.collective;
    call.root = what_.rooted() ? static_cast<int32_t>(kRoot) : -1;
    call.type = DataType::u32;
    call.library_buffers = true;
    fill_blocks(call, replaced_, {views, kBlockBytes, false, 2, &me_}, 0);
    return call;
  }
  void expect() const {
    if (!what_.many_outputs()) return expect_block(0, length_of_block(me_), [&](size_t i) { return sent(me_, i); });
    if (what_.rooted() && me_ != kRoot) return;
    for (uint32_t from = 0; from < kMembers; ++from)
      expect_block(from * kElements, length_of_block(from), [&](size_t i) { return value(from, i); });
  }

 private:
  static uint32_t all_of(size_t element) { return value(0, element) + value(1, element) + value(2, element); }
  uint32_t sent(uint32_t to, size_t i) const { return what_.rooted() ? value(kRoot, to * kElements + i) : all_of(to * kElements + i); }
  void fill() {
    for (size_t i = 0; i < kMembers * kElements; ++i) {
      const uint32_t mine = value(me_, i);
      std::memcpy(input_ + i * sizeof mine, &mine, sizeof mine);
    }
    std::memset(output_, 0xee, kMembers * kBlockBytes);
  }
  template <class Wanted>
  void expect_block(size_t at, size_t count, const Wanted& wanted) const {
    for (size_t i = 0; i < count; ++i) {
      uint32_t got;
      std::memcpy(&got, output_ + (at + i) * sizeof got, sizeof got);
      ASSERT_EQ(got, wanted(i)) << what_.text() << ", member " << me_ << ", element " << at + i;
    }
  }
  const Case& what_;
  const uint32_t me_;
  std::byte *input_, *output_;
  ReplacedPhase replaced_;
};

TEST(PhaseBlocks, WithAShortLastOneMeanTheSameToEveryMember) {
  for (const Scheme& scheme : {Scheme{SchemeKind::cells}, Scheme{SchemeKind::flag}, Scheme{SchemeKind::bounce, 4096},
                               Scheme{SchemeKind::push, 32 << 10}, Scheme{SchemeKind::cma}}) {
    World world(kMembers, kMembers * kBlockBytes);
    world.run([&](uint32_t me) {
      const auto routine = world.island(me).routine(scheme);
      for (const Collective collective : {Collective::gather, Collective::scatter, Collective::all_gather, Collective::reduce_scatter})
        for (const bool scratch : {false, true, true}) {
          if (scheme.kind == SchemeKind::cma && collective == Collective::reduce_scatter) continue;  // it does not fold
          const Case what{collective, scratch, scheme};
          const Side side(what, me, world.input(me), world.output(me));
          routine->start(side.call());
          ASSERT_EQ(finish(*routine).code, Code::ok) << what.text() << ", member " << me;
          side.expect();
        }
    });
  }
}

TEST(PhaseBlocks, OfAWholeVectorAreOneAsLongAsIt) {
  ReplacedPhase replaced;
  replaced.phase.collective = Collective::all_reduce;
  replaced.phase.input = {Buffer::input, 0, kMembers, 1};
  replaced.phase.output = {Buffer::output, 0, kMembers, 1};
  replaced.members = {0, 1, 2};
  const View vector{nullptr, kBlockBytes, kTotalBytes};
  const View views[4] = {vector, vector, vector, vector};
  PhaseCall call;
  fill_blocks(call, replaced, {views, kBlockBytes, false, 2, nullptr}, 0);
  for (const Blocks& blocks : {call.input, call.output}) {
    EXPECT_EQ(blocks.total, kTotalBytes / sizeof(uint32_t));
    EXPECT_EQ(blocks.chunk, blocks.total);
    EXPECT_EQ(blocks.limit, blocks.total);
  }
}

}  // namespace
}  // namespace hawser
