// Plans written by hand, each the plainest of its kind.
#include "tests/executor/plans.h"

namespace hawser::testing {
namespace {

Chunks in(uint32_t first, uint32_t count = 1) { return {Buffer::input, first, count, 1}; }
Chunks out(uint32_t first, uint32_t count = 1) { return {Buffer::output, first, count, 1}; }
uint32_t u(int value) { return static_cast<uint32_t>(value); }

}  // namespace

Plan ring_all_reduce(Rank me, int ranks, uint32_t chunks_per_rank, Aliasing aliasing) {
  const uint32_t k = chunks_per_rank, n = u(ranks);
  PlanBuilder b(Collective::all_reduce, me, ranks, n * k, n * k, aliasing);
  const Rank next = (me + 1) % ranks, before = (me + ranks - 1) % ranks;
  const auto part = [&](int i) { return u((me + 2 * ranks - i) % ranks) * k; };
  b.copy(in(0, n * k), out(0, n * k));
  for (int round = 0; round < ranks - 1; ++round) {
    b.send(next, out(part(round), k));
    const Chunks stage = b.scratch_like(out(part(round + 1), k));
    b.recv(before, stage);
    b.reduce(stage, out(part(round + 1), k));
  }
  for (int round = 0; round < ranks - 1; ++round) {
    b.send(next, out(part(round + ranks - 1), k));
    b.recv(before, out(part(round + ranks), k));
  }
  return std::move(b).build("ring");
}

Plan direct_all_reduce(Rank me, int ranks, uint32_t chunks, Aliasing aliasing) {
  PlanBuilder b(Collective::all_reduce, me, ranks, chunks, chunks, aliasing);
  for (int i = 1; i < ranks; ++i) b.send((me + i) % ranks, in(0, chunks));
  b.copy(in(0, chunks), out(0, chunks));
  for (int i = 1; i < ranks; ++i) {
    const Chunks stage = b.scratch_like(out(0, chunks));
    b.recv((me + ranks - i) % ranks, stage);
    b.reduce(stage, out(0, chunks));
  }
  return std::move(b).build("direct");
}

Plan doubling_all_reduce(Rank me, int ranks, uint32_t chunks, Aliasing aliasing) {
  PlanBuilder b(Collective::all_reduce, me, ranks, chunks, chunks, aliasing);
  b.copy(in(0, chunks), out(0, chunks));
  for (int distance = 1; distance < ranks; distance *= 2) {
    const Chunks stage = b.scratch_like(out(0, chunks));
    b.send(me ^ distance, out(0, chunks));
    b.recv(me ^ distance, stage);
    b.reduce(stage, out(0, chunks));
  }
  return std::move(b).build("doubling");
}

Plan halving_all_reduce(Rank me, int ranks, Aliasing aliasing) {
  const uint32_t n = u(ranks);
  PlanBuilder b(Collective::all_reduce, me, ranks, n, n, aliasing);
  b.copy(in(0, n), out(0, n));
  for (uint32_t half = n / 2; half > 0; half /= 2) {
    const Rank peer = me ^ static_cast<Rank>(half);
    const uint32_t mine = u(me) / half * half, theirs = u(peer) / half * half;
    b.send(peer, out(theirs, half));
    const Chunks stage = b.scratch_like(out(mine, half));
    b.recv(peer, stage);
    b.reduce(stage, out(mine, half));
  }
  for (uint32_t half = 1; half < n; half *= 2) {
    const Rank peer = me ^ static_cast<Rank>(half);
    b.send(peer, out(u(me) / half * half, half));
    b.recv(peer, out(u(peer) / half * half, half));
  }
  return std::move(b).build("halving");
}

Plan direct_reduce(Rank me, int ranks, Rank root, Aliasing aliasing) {
  PlanBuilder b(Collective::reduce, me, ranks, 1, me == root ? 1 : 0, aliasing);
  if (me != root) {
    b.send(root, in(0));
    return std::move(b).build("direct");
  }
  b.copy(in(0), out(0));
  const Chunks stage = b.scratch_like(out(0));  // one for all: the second message must wait for the first
  for (int i = 1; i < ranks; ++i) {
    b.recv((me + i) % ranks, stage);
    b.reduce(stage, out(0));
  }
  return std::move(b).build("direct");
}

Plan tree_broadcast(Rank me, int ranks, Rank root, uint32_t chunks, Aliasing aliasing) {
  PlanBuilder b(Collective::broadcast, me, ranks, me == root ? chunks : 0, chunks, aliasing);
  const int place = (me - root + ranks) % ranks;
  if (me == root) b.copy(in(0, chunks), out(0, chunks));
  for (int bit = 1; bit < ranks; bit *= 2) {
    if (place < bit && place + bit < ranks) b.send((place + bit + root) % ranks, out(0, chunks));
    if (place >= bit && place < 2 * bit) b.recv((place - bit + root) % ranks, out(0, chunks));
  }
  return std::move(b).build("tree");
}

Plan direct_all_gather(Rank me, int ranks, Aliasing aliasing) {
  PlanBuilder b(Collective::all_gather, me, ranks, 1, u(ranks), aliasing);
  b.copy(in(0), out(u(me)));
  for (int i = 1; i < ranks; ++i) b.send((me + i) % ranks, in(0));
  for (int i = 1; i < ranks; ++i) b.recv((me + i) % ranks, out(u((me + i) % ranks)));
  return std::move(b).build("direct");
}

Plan direct_reduce_scatter(Rank me, int ranks, Aliasing aliasing) {
  PlanBuilder b(Collective::reduce_scatter, me, ranks, u(ranks), 1, aliasing);
  for (int i = 1; i < ranks; ++i) b.send((me + i) % ranks, in(u((me + i) % ranks)));
  b.copy(in(u(me)), out(0));
  for (int i = 1; i < ranks; ++i) {
    const Chunks stage = b.scratch_like(out(0));
    b.recv((me + ranks - i) % ranks, stage);
    b.reduce(stage, out(0));
  }
  return std::move(b).build("direct");
}

Plan direct_all_to_all(Rank me, int ranks, Aliasing aliasing) {
  PlanBuilder b(Collective::all_to_all, me, ranks, u(ranks), u(ranks), aliasing);
  const Chunks stage = b.scratch_like(in(0, u(ranks)));
  for (int i = 1; i < ranks; ++i) b.recv((me + i) % ranks, {Buffer::scratch, stage.first + u((me + i) % ranks), 1, 1});
  for (int i = 1; i < ranks; ++i) b.send((me + i) % ranks, in(u((me + i) % ranks)));
  b.copy(in(u(me)), out(u(me)));
  for (int i = 1; i < ranks; ++i) {
    const uint32_t from = u((me + i) % ranks);
    b.copy({Buffer::scratch, stage.first + from, 1, 1}, out(from));
  }
  return std::move(b).build("direct");
}

Plan relay(Rank me, int ranks, uint32_t chunks) {
  PlanBuilder b(Collective::broadcast, me, ranks, me == 0 ? chunks : 0, chunks);
  if (me == 0) {
    b.copy(in(0, chunks), out(0, chunks));
    b.send(1, in(0, chunks));
    return std::move(b).build("relay");
  }
  const Chunks stage = b.scratch_like(out(0, chunks));
  b.recv(me - 1, stage);
  if (me + 1 < ranks) b.send(me + 1, stage);
  b.copy(stage, out(0, chunks));
  return std::move(b).build("relay");
}

Plan two_level_all_reduce(Rank me, int hosts, uint32_t chunks_per_rank, Aliasing aliasing) {
  const uint32_t k = chunks_per_rank;
  const int ranks = hosts * 2;
  PlanBuilder b(Collective::all_reduce, me, ranks, 2 * k, 2 * k, aliasing);
  const Rank other = me ^ 1;
  const uint32_t group = b.group({me & ~1, me | 1}), mine = u(me % 2) * k, theirs = u(other % 2) * k;
  const Chunks partial = b.scratch_like(out(mine, k));
  b.begin_phase(Collective::reduce_scatter, group, -1, in(0, 2 * k), partial);
  b.send(other, in(theirs, k));
  b.copy(in(mine, k), partial);
  const Chunks stage = b.scratch_like(out(mine, k));
  b.recv(other, stage);
  b.reduce(stage, partial);
  b.end_phase();
  for (int host = 1; host < hosts; ++host) b.send((me + 2 * host) % ranks, partial);
  const Chunks sum = b.scratch_like(out(mine, k));
  b.copy(partial, sum);
  for (int host = 1; host < hosts; ++host) {
    const Chunks come = b.scratch_like(out(mine, k));
    b.recv((me + ranks - 2 * host) % ranks, come);
    b.reduce(come, sum);
  }
  b.begin_phase(Collective::all_gather, group, -1, sum, out(0, 2 * k));
  b.copy(sum, out(mine, k));
  b.send(other, sum);
  b.recv(other, out(theirs, k));
  b.end_phase();
  return std::move(b).build("two_level");
}

}  // namespace hawser::testing
