// One function for each kind of pattern: how many rounds, of how many bytes, over which flows. It must say what emit.h's functions do.
#include "collectives/outlines.h"

#include <algorithm>
#include <bit>

namespace hawser {
namespace {

// Fitted to the simulator: folds in the order of the group wait for nearly all messages; rounds overlap with those of other slices.
constexpr int64_t kFoldsFill = 0, kRoundsFill = 3;

uint64_t divided(uint64_t a, uint64_t b) { return b == 0 ? 0 : (a + b - 1) / b; }
uint64_t product(uint64_t a, uint64_t b) {  // what is more than 2^50 bytes costs too much in any case
  constexpr uint64_t most = uint64_t{1} << 50;
  return b != 0 && a > most / b ? most : a * b;
}
int64_t limited(__int128 picoseconds) { return static_cast<int64_t>(std::min<__int128>(picoseconds, INT64_MAX / 8)); }

// One pattern being read.
struct Reading {
  const Pattern& pattern;
  const Topology& topology;
  const Flows& flows;
  const GroupFlows& group;
  Rank root;
  uint64_t vector, block;  // bytes of the whole vector, and of one member's block
  Outline& outline;

  // `times` rounds one after the other, in one stage: the messages queue at the resources, the chain is what waits for each other.
  Stage stage(const Round& round, uint64_t bytes, uint64_t times = 1) const {
    Stage stage;
    for (const Round::Entry& entry : round.entries) {
      const uint64_t rate = flows.resources().femtoseconds_per_byte(entry.resource);
      const int64_t data = transfer_ps(product(product(entry.blocks, times), bytes), rate);
      stage.loads.push_back({entry.resource, limited(static_cast<__int128>(entry.fixed_ps) * times), data});
    }
    stage.latency_ps = round.arrival_ps;
    stage.rounds = static_cast<uint32_t>(std::min<uint64_t>(times, UINT32_MAX));
    return stage;
  }
  // Copies and reductions of a rank: all of them, and those that a message's successor waits for.
  void copy(Stage& stage, uint64_t bytes, uint64_t in_chain) const {
    if (bytes == 0) return;
    int64_t slowest = 0;
    for (uint32_t run = 0; run < topology.runs().size(); ++run) {
      const uint32_t resource = flows.resources().copying(run);
      const uint64_t rate = flows.resources().femtoseconds_per_byte(resource);
      stage.loads.push_back({resource, 0, transfer_ps(bytes, rate), true});
      slowest = std::max(slowest, transfer_ps(in_chain, rate));
    }
    stage.chain_data_ps = limited(static_cast<__int128>(stage.chain_data_ps) + slowest);
  }
  // Where what arrives is folded before more is sent, links idle while ranks fold; slices fill `filled` quarters of these gaps.
  void idle(Stage& stage, uint64_t folded, int64_t filled) const {
    const int64_t fold = transfer_ps(folded, flows.resources().femtoseconds_per_byte(flows.resources().copying(0)));
    int64_t most = 0;
    for (Load& load : stage.loads) {
      const int64_t gap = load.local ? 0 : std::min(fold, load.data_ps) / 4 * (4 - filled);
      load.data_ps += gap;
      most = std::max(most, gap);
    }
    stage.after_data_ps = fold - most;
  }
  // A round in which each message waits for those before it only; then `copied` bytes are copied or reduced, the last `in_chain` at the
  // end.
  void add(const Round& round, uint64_t bytes, uint64_t copied = 0, uint64_t in_chain = 0, const Share& share = {}) const {
    if (round.messages == 0) return;
    Stage one = stage(round, bytes);
    one.chain_fixed_ps = limited(static_cast<__int128>(round.latency_ps) * share.latency_x1024 / 1024);
    one.chain_data_ps = limited(static_cast<__int128>(transfer_ps(bytes, round.femtoseconds)) * share.data_x1024 / 1024);
    one.latency_ps = limited(static_cast<__int128>(one.latency_ps) * share.latency_x1024 / 1024);
    copy(one, copied, in_chain);
    if (in_chain > 0) idle(one, in_chain, in_chain > bytes ? kFoldsFill : kRoundsFill);
    outline.stages.push_back(std::move(one));
  }
  // Every block goes round the ring, hop after hop: its chain is the sum of the hops, not the rounds times the worst.
  void add_ring(const Round& round, uint64_t bytes, uint64_t rounds, uint64_t copied = 0, uint64_t in_chain = 0) const {
    if (round.messages == 0) return;
    Stage one = stage(round, bytes, rounds);
    const __int128 hops = rounds, messages = round.messages;
    one.chain_fixed_ps = limited(round.all_latency_ps * hops / messages);
    one.chain_data_ps = limited(round.all_femtoseconds * hops / messages * static_cast<__int128>(bytes) / 1000);
    copy(one, copied, in_chain);
    outline.stages.push_back(std::move(one));
  }
};

// The member before the root: between the two the ring is open when it is a chain.
Rank before_root(const Reading& read) {
  const Topology& topology = read.topology;
  if (read.pattern.group == GroupKind::all) return (read.root + topology.ranks() - 1) % topology.ranks();
  const int island = topology.island_of(read.root);
  return topology.ranks_of_island((island + topology.islands() - 1) % topology.islands()).front();
}

// A ring less the message that would close it.
Round opened(const Reading& read, const Round& ring, Rank from, Rank to) {
  const Flows::Message last = read.flows.message(read.topology, from, to);
  Round chain = ring;
  chain.all_latency_ps -= last.latency_ps;
  chain.all_femtoseconds -= last.femtoseconds;
  chain.messages -= 1;
  return chain;
}

void read_chain(const Reading& read) {  // broadcast and reduce along the ring
  const bool sums = read.pattern.collective == Collective::reduce;
  const Rank last = before_root(read);
  const Round round = sums ? opened(read, read.group.ring_back, read.root, last) : opened(read, read.group.ring, last, read.root);
  const uint64_t hops = read.group.size - 1;
  read.add_ring(round, read.vector, hops, read.vector, sums ? product(read.vector, hops) : 0);
  // A rank forwards the vector once; only the chain is as long as the ring.
  Stage& stage = read.outline.stages.back();
  stage.loads = read.stage(round, read.vector).loads;
  stage.rounds = 1;
  Stage copies;
  read.copy(copies, read.vector, 0);
  stage.loads.insert(stage.loads.end(), copies.loads.begin(), copies.loads.end());
  read.outline.flows_on = read.outline.stages.size() == 1;
}

void read_ring(const Reading& read) {
  const uint64_t rounds = read.group.size - 1, blocks = product(read.block, rounds);
  switch (read.pattern.collective) {
    case Collective::all_reduce:
      read.add_ring(read.group.ring, read.block, rounds, product(blocks, 2), product(blocks, 2));
      return read.add_ring(read.group.ring, read.block, rounds);
    case Collective::broadcast:
    case Collective::reduce:
      return read_chain(read);
    case Collective::reduce_scatter:
      return read.add_ring(read.group.ring, read.block, rounds, blocks + read.block, blocks);
    default:
      return read.add_ring(read.group.ring, read.block, rounds, read.block);
  }
}

void read_direct(const Reading& read) {
  const auto rooted = [&](bool to_root) { return read.flows.rooted(read.topology, read.pattern.group, read.root, to_root); };
  // Folds are strictly in the order of the group and messages are not: most of the folding waits for the last of them.
  const uint64_t fold = product(read.block, read.group.size), whole_fold = product(read.vector, read.group.size);
  switch (read.pattern.collective) {
    case Collective::all_reduce:
      read.add(read.group.direct, read.block, fold, fold);
      return read.add(read.group.direct, read.block, read.block);
    case Collective::reduce_scatter:
      return read.add(read.group.direct, read.block, fold, fold);
    case Collective::broadcast:
      return read.add(rooted(false), read.vector, read.vector);
    case Collective::scatter:
      return read.add(rooted(false), read.block, read.block);
    case Collective::reduce:
      return read.add(rooted(true), read.vector, whole_fold, whole_fold);
    case Collective::gather:
      return read.add(rooted(true), read.block, read.block);
    case Collective::barrier:
      return read.add(read.group.direct, 0);
    default:
      return read.add(read.group.direct, read.block, read.block);
  }
}

void double_up(const Reading& read) {
  uint64_t bytes = read.block;
  for (const Round& round : read.group.doubling) {
    read.add(round, bytes, 0, 0, read.group.growing);
    bytes = product(bytes, 2);
  }
}

void read_recursive_doubling(const Reading& read) {
  const bool sums = read.pattern.collective == Collective::all_reduce;
  if (!sums) {
    read.add(read.group.fold_in, read.block);
    double_up(read);
    return read.add(read.group.fold_out, read.vector);
  }
  read.add(read.group.fold_in, read.vector, product(read.vector, 2), read.vector);
  for (const Round& round : read.group.doubling) read.add(round, read.vector, read.vector, read.vector, read.group.even);
  read.add(read.group.fold_out, read.vector);
}

void halve(const Reading& read) {
  uint64_t bytes = read.vector;
  for (size_t i = read.group.doubling.size(); i-- > 0;) {
    bytes = divided(bytes, 2);
    read.add(read.group.doubling[i], bytes, bytes, bytes, read.group.shrinking);
  }
}

void read_halving_doubling(const Reading& read) {
  if (read.pattern.collective == Collective::all_gather) return read_recursive_doubling(read);
  read.add(read.group.fold_in, read.vector, read.vector, read.vector);
  halve(read);
  if (read.pattern.collective == Collective::reduce_scatter) return read.add(read.group.fold_out, read.block);
  Reading whole = read;
  whole.block = divided(read.vector, std::bit_floor(read.group.size));
  double_up(whole);
  read.add(read.group.fold_out, read.vector);
}

void read_tree(const Reading& read) {
  const Collective collective = read.pattern.collective;
  const bool whole = collective == Collective::broadcast || collective == Collective::reduce;
  const bool down = only_root_gives(collective);
  const auto& levels = down ? read.group.tree_down : read.group.tree_up;
  const uint64_t folded = collective == Collective::reduce ? read.vector : 0;
  const auto add = [&](size_t level) {
    read.add(levels[level], whole ? read.vector : product(read.block, uint64_t{1} << level), folded, folded,
             down ? read.group.down : read.group.up);
  };
  for (size_t i = 0; i < levels.size(); ++i) add(down ? levels.size() - 1 - i : i);
  if (whole && read.outline.stages.size() == levels.size()) read.outline.flows_on = true;
}

void read_pattern(const Reading& read) {
  switch (read.pattern.kind) {
    case PatternKind::ring:
      return read_ring(read);
    case PatternKind::direct:
      return read_direct(read);
    case PatternKind::pairwise:
      return read.add(read.group.direct, read.block, read.block);
    case PatternKind::one_shot:
      return read.add(read.group.direct, read.vector, product(read.vector, read.group.size), product(read.vector, read.group.size));
    case PatternKind::recursive_doubling:
      return read_recursive_doubling(read);
    case PatternKind::halving_doubling:
      return read_halving_doubling(read);
    case PatternKind::binomial_tree:
      return read_tree(read);
    case PatternKind::dissemination:
      for (const Round& round : read.group.dissemination) read.add(round, 0, 0, 0, read.group.around);
      return;
    case PatternKind::pack:
      return;
  }
}

// Chunks are moved inside a rank's memory.
void add_pack(const Pattern& pattern, const Topology& topology, const Flows& flows, uint64_t chunk, Outline& outline) {
  Stage stage;
  const uint64_t bytes = product(vector_chunks(pattern), chunk);
  for (uint32_t run = 0; run < topology.runs().size(); ++run) {
    const uint32_t resource = flows.resources().copying(run);
    stage.loads.push_back({resource, 0, transfer_ps(bytes, flows.resources().femtoseconds_per_byte(resource)), true});
  }
  outline.stages.push_back(std::move(stage));
}

bool per_member(Collective collective) {  // count is of one member's block
  return !keeps_vector(collective) && collective != Collective::barrier;
}

uint64_t block_chunks(const Pattern& pattern, uint64_t members) {
  switch (pattern.collective) {
    case Collective::gather:
      return std::max<uint64_t>(pattern.input.count, 1);
    case Collective::scatter:
      return std::max<uint64_t>(pattern.output.count, 1);
    default:
      return divided(vector_chunks(pattern), members);
  }
}

void add_island(const Pattern& pattern, const Topology& topology, const Flows& flows, const Request& request, uint64_t chunk_elements,
                Outline& outline) {
  Stage stage;
  for (uint32_t r = 0; r < topology.runs().size(); ++r) {
    const HostRun& run = topology.runs()[r];
    const uint32_t members = run.ranks_per_host / run.islands_per_host;
    IslandWork work{flows.resources().island(r), run.island, members, request};
    work.phase.collective = pattern.collective;
    work.phase.count = product(per_member(pattern.collective) ? block_chunks(pattern, members) : vector_chunks(pattern), chunk_elements);
    if (pattern.collective == Collective::barrier) work.phase.count = 0;
    // Phases between others work on scratch and parts; only a whole call's buffers were agreed upon.
    work.phase.library_buffers = request.library_buffers && pattern.collective == request.collective && topology.islands() == 1;
    stage.islands.push_back(std::move(work));
  }
  outline.stages.push_back(std::move(stage));
}

bool inside_islands(const Pattern& pattern, const Topology& topology) {
  return pattern.group == GroupKind::island || (topology.islands() == 1 && pattern.group == GroupKind::all);
}

uint64_t chunk_elements(const Patterns& patterns, const Request& request) {
  if (request.collective == Collective::barrier) return 0;
  return keeps_vector(request.collective) ? divided(request.count, std::max(patterns.input_chunks, 1u)) : request.count;
}

}  // namespace

uint64_t chunk_bytes(const Patterns& patterns, const Request& request) {
  return product(chunk_elements(patterns, request), size_of(request.type));
}

Outline outline(const Patterns& patterns, const Topology& topology, const Request& request, std::vector<uint32_t>& stage_of) {
  const Flows& flows = Flows::of(topology);
  Outline outline;
  outline.resources = flows.resources().count();
  outline.chunk_bytes = chunk_bytes(patterns, request);
  const uint64_t elements = chunk_elements(patterns, request);
  stage_of.clear();
  for (const Pattern& pattern : patterns.list) {
    stage_of.push_back(static_cast<uint32_t>(outline.stages.size()));
    if (pattern.kind == PatternKind::pack) {
      add_pack(pattern, topology, flows, outline.chunk_bytes, outline);
    } else if (inside_islands(pattern, topology)) {
      add_island(pattern, topology, flows, request, elements, outline);
    } else {
      const GroupFlows& group = flows.group(pattern.group);
      if (group.size < 2) continue;
      const uint64_t vector = product(vector_chunks(pattern), outline.chunk_bytes);
      read_pattern({pattern, topology, flows, group, request.root, vector, product(block_chunks(pattern, group.size), outline.chunk_bytes),
                    outline});
    }
  }
  stage_of.push_back(static_cast<uint32_t>(outline.stages.size()));
  return outline;
}

Outline outline(const Patterns& patterns, const Topology& topology, const Request& request) {
  std::vector<uint32_t> stage_of;
  return outline(patterns, topology, request, stage_of);
}

}  // namespace hawser
