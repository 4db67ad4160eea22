// What phases inside an island cost: schemes x sizes between processes, and the instructions of the fast path.
//
//   lowering_micro [members] [collective] [rounds]     us a call, best of the rounds, members as processes
//   lowering_micro count [scheme] [bytes]              one thread plays both members; run under callgrind --toggle-collect='*on_time*'
#include <immintrin.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "src/lowering/island.h"
#include "src/memory/segment.h"
#include "src/plan/scheme.h"

namespace hawser {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kMost = size_t{16} << 20;

struct Bench {
  std::vector<std::unique_ptr<Segment>> segments;
  std::vector<IslandMember> members;
  std::vector<std::byte*> inputs, outputs;  // in the segments
};

Bench make_bench(uint32_t members, size_t bytes) {
  Bench bench;
  for (uint32_t i = 0; i < members; ++i) {
    bench.segments.push_back(Segment::create({1, i}, island_area_bytes(members) + 2 * bytes + (1 << 20)).value());
    Segment& segment = *bench.segments.back();
    bench.members.push_back({segment.carve(island_area_bytes(members)).value(), segment.base(), segment.bytes(), {&segment.bell(), -1}});
    bench.inputs.push_back(segment.carve(bytes).value());
    bench.outputs.push_back(segment.carve(bytes).value());
  }
  return bench;
}

void finish(Routine& routine, bool crowded) {
  while (true) {
    const Pause pause = routine.progress();
    if (pause.code == Code::ok) return;
    if (pause.code != Code::in_progress) std::exit(2);
    for (uint32_t spins = 0; !pause.wait.reached(); ++spins) {
      _mm_pause();
      if (spins > (crowded ? 4u : 2000u)) ::sched_yield();
    }
  }
}

// As nccl-tests count bytes: of the whole vector, however it is shared out.
PhaseCall call_of(Collective collective, size_t bytes, uint32_t members, std::byte* in, std::byte* out, bool library) {
  PhaseCall call;
  call.collective = collective;
  call.root = 0;
  call.library_buffers = library;
  const size_t count = std::max<size_t>(bytes / 4, members), part = count / members;
  const bool many_in = has_input_parts(collective), many_out = has_output_parts(collective);
  const bool whole = !many_in && !many_out;
  call.input = many_in ? Blocks{in, part * members, part, 0, part}
               : whole ? Blocks{in, count, count, 0, count}
                       : Blocks{in, part, part, 0, part};
  call.output = many_out ? Blocks{out, part * members, part, 0, part}
                : whole  ? Blocks{out, count, count, 0, count}
                         : Blocks{out, part, part, 0, part};
  return call;
}

struct Row {
  const char* label;
  Scheme scheme;
};
constexpr Row kRows[] = {{"cells", {SchemeKind::cells}},
                         {"flag", {SchemeKind::flag}},
                         {"b16K", {SchemeKind::bounce, 16 << 10}},
                         {"b32K", {SchemeKind::bounce, 32 << 10}},
                         {"b64K", {SchemeKind::bounce, 64 << 10}},
                         {"b128K", {SchemeKind::bounce, 128 << 10}},
                         {"b256K", {SchemeKind::bounce, 256 << 10}},
                         {"b128Kn", {SchemeKind::bounce, 128 << 10, true}},
                         {"2s32K", {SchemeKind::bounce, 32 << 10, false, true}},
                         {"2s64K", {SchemeKind::bounce, 64 << 10, false, true}},
                         {"2s64Kn", {SchemeKind::bounce, 64 << 10, true, true}},
                         {"push", {SchemeKind::push}},
                         {"pushn", {SchemeKind::push, 0, true}}};
constexpr size_t kSizes[] = {8, 64, 256, 512, 1024, 4096, 16 << 10, 32 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20};

bool worth_a_try(const Row& row, size_t bytes) {
  if (row.scheme.kind == SchemeKind::cells) return bytes <= 4096;
  if (row.scheme.kind == SchemeKind::flag) return bytes <= 1 << 20;
  if (row.scheme.non_temporal) return bytes >= 1 << 20;
  if (row.scheme.kind == SchemeKind::bounce) return bytes >= 16 << 10;
  return true;
}

class Member {
 public:
  Member(uint32_t me, const Bench& bench) : me_(me), bench_(bench) {
    std::vector<IslandMember> members = bench.members;
    members[me].bell = {};
    members_ = static_cast<uint32_t>(members.size());
    crowded_ = members_ > static_cast<uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
    facts_ = measure_island(me, members, crowded_ ? 512 : 256);
    island_ = std::make_unique<Island>(me, members, facts_);
    barrier_ = island_->routine({SchemeKind::cells});
    for (const Row& row : kRows) routines_.push_back(island_->routine(row.scheme));
    ordinary_in_.resize(kMost);
    ordinary_out_.resize(kMost);
  }

  void run(Collective collective, int rounds) {
    for (const size_t bytes : kSizes) {
      std::vector<double> best(std::size(kRows), 1e30);
      for (int round = 0; round < rounds; ++round)
        for (size_t row = 0; row < std::size(kRows); ++row)
          if (worth_a_try(kRows[row], bytes)) best[row] = std::min(best[row], time_of(collective, row, bytes));
      if (me_ == 0) print(bytes, best);
    }
  }
  void say_hop() const {
    if (me_ == 0)
      std::printf("hop %u ns  copy %.1f GB/s  non-temporal %.1f GB/s\n", facts_.hop_ns, static_cast<double>(facts_.copy_bytes_per_s) / 1e9,
                  static_cast<double>(facts_.non_temporal_bytes_per_s) / 1e9);
  }

 private:
  double time_of(Collective collective, size_t row, size_t bytes) {
    const bool push = kRows[row].scheme.kind == SchemeKind::push;
    std::byte* in = push ? bench_.inputs[me_] : ordinary_in_.data();
    std::byte* out = push ? bench_.outputs[me_] : ordinary_out_.data();
    const PhaseCall call = call_of(collective, bytes, members_, in, out, push);
    const int calls = static_cast<int>(std::clamp<size_t>((2 << 20) / (bytes + 2000), 2, 1000));
    PhaseCall meeting;
    barrier_->start(meeting);
    finish(*barrier_, crowded_);
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) {
      routines_[row]->start(call);
      finish(*routines_[row], crowded_);
    }
    barrier_->start(meeting);
    finish(*barrier_, crowded_);
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / calls;
  }

  void print(size_t bytes, const std::vector<double>& best) const {
    std::printf("%9zu", bytes);
    const double winner = *std::min_element(best.begin(), best.end());
    for (size_t row = 0; row < std::size(kRows); ++row)
      if (best[row] < 1e30) std::printf(" %s%.2f%s", kRows[row].label, best[row], best[row] == winner ? "*" : "");
    std::printf("\n");
    std::fflush(stdout);
  }

  const uint32_t me_;
  uint32_t members_ = 0;
  const Bench& bench_;
  bool crowded_ = false;
  IslandFacts facts_;
  std::unique_ptr<Island> island_;
  std::unique_ptr<Routine> barrier_;
  std::vector<std::unique_ptr<Routine>> routines_;
  std::vector<std::byte> ordinary_in_, ordinary_out_;
};

void measure(uint32_t members, const std::string& only, int rounds) {
  const Bench bench = make_bench(members, kMost);
  std::vector<pid_t> children;
  uint32_t me = 0;
  for (uint32_t i = 1; i < members && me == 0; ++i) {
    const pid_t child = ::fork();
    if (child == 0) me = i;
    if (child > 0) children.push_back(child);
  }
  const auto processors = static_cast<uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  if (members <= processors) {
    cpu_set_t mine;
    CPU_ZERO(&mine);
    CPU_SET(me % processors, &mine);
    ::sched_setaffinity(0, sizeof mine, &mine);
  }
  {
    ::alarm(120);  // a peer that died must not leave the others spinning
    Member member(me, bench);
    for (const Collective collective :
         {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter, Collective::all_to_all, Collective::broadcast}) {
      if (!only.empty() && only != name(collective)) continue;
      if (me == 0) std::printf("%s, %u members\n", std::string(name(collective)).c_str(), members);
      member.say_hop();
      member.run(collective, rounds);
    }
  }
  if (me != 0) ::_exit(0);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
}

[[gnu::noinline]] void on_time(Routine& routine, const PhaseCall& call) {
  routine.start(call);
  if (routine.progress().code != Code::ok) std::exit(2);
}

void count(SchemeKind kind, size_t bytes) {
  const Bench bench = make_bench(2, 1 << 20);
  Island first(0, bench.members, {}), second(1, bench.members, {});
  const auto early = first.routine({kind}), late = second.routine({kind});
  const PhaseCall a = call_of(Collective::all_reduce, bytes, 2, bench.inputs[0], bench.outputs[0], true);
  const PhaseCall b = call_of(Collective::all_reduce, bytes, 2, bench.inputs[1], bench.outputs[1], true);
  for (int i = 0; i < 1000; ++i) {
    early->start(a);
    if (early->progress().code != Code::in_progress) std::exit(2);
    on_time(*late, b);
    if (early->progress().code != Code::ok) std::exit(2);
  }
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) {
  using namespace hawser;
  const std::string first = argc > 1 ? argv[1] : "2";
  if (first == "count") {
    count(argc > 2 && std::string(argv[2]) == "flag" ? SchemeKind::flag : SchemeKind::cells,
          argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 8);
    return 0;
  }
  measure(static_cast<uint32_t>(std::clamp(std::atoi(first.c_str()), 1, 64)), argc > 2 ? argv[2] : "", argc > 3 ? std::atoi(argv[3]) : 5);
  return 0;
}
