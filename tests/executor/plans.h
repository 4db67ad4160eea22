// Plans written by hand, each the plainest of its kind.
#pragma once
#include "src/plan/builder.h"

namespace hawser::testing {

Plan ring_all_reduce(Rank me, int ranks, uint32_t chunks_per_rank, Aliasing);  // reduce-scatter, then all-gather, around the ring
Plan direct_all_reduce(Rank me, int ranks, uint32_t chunks, Aliasing);         // everybody to everybody
Plan doubling_all_reduce(Rank me, int ranks, uint32_t chunks, Aliasing);       // ranks a power of two
Plan halving_all_reduce(Rank me, int ranks, Aliasing);                         // likewise; transfers of many chunks
Plan direct_reduce(Rank me, int ranks, Rank root, Aliasing);                   // root gathers into scratch
Plan tree_broadcast(Rank me, int ranks, Rank root, uint32_t chunks, Aliasing);
Plan direct_all_gather(Rank me, int ranks, Aliasing);
Plan direct_reduce_scatter(Rank me, int ranks, Aliasing);
Plan direct_all_to_all(Rank me, int ranks, Aliasing);
Plan relay(Rank me, int ranks, uint32_t chunks);  // broadcast down a chain, each rank receives into scratch, passes on and copies
// All-reduce of hosts of two ranks: a reduce-scatter phase on the host, all-reduce between hosts, an all-gather phase on the host.
Plan two_level_all_reduce(Rank me, int hosts, uint32_t chunks_per_rank, Aliasing);

}  // namespace hawser::testing
