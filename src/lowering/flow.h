// One call as one member runs it: its exchanges with addresses in bytes, who publishes and who reads. A value, made once a call.
#pragma once
#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

#include "src/executor/routine.h"
#include "src/lowering/exchange.h"

namespace hawser {

struct Flow {
  Exchange exchange;
  bool publishes = false, reads = false;
  bool takes_from_all = false;        // reads, and every other member publishes
  bool source_moves = true;           // false: the source holds one piece at a time
  bool sink_moves = true;             // likewise
  bool stream = false;                // the output is not read again soon: bypass the caches
  const std::byte* source = nullptr;  // block 0 of what this member has
  std::byte* sink = nullptr;          // block 0 of where results go
  size_t source_stride = 0, sink_stride = 0;
};

// Lengths of blocks in bytes, from the call alone and never from a peer.
struct BlockLengths {
  size_t total = 0, chunk = 0, offset = 0, limit = 0;
  size_t first = 0;       // of block 0
  size_t longest = 0;     // what a whole block has in this slice: equal on every member, however short its own block is
  bool own_only = false;  // this member knows no other block than its own
  size_t of(size_t block) const;
};

struct CallShape {
  uint32_t shots = 0;  // exchanges; 0: unsupported
  bool parts = false;  // some exchange sends different items to different readers
  BlockLengths lengths;
  Flow flows[2];
};

// Whether two calls differ in nothing but where their buffers lie (and in what their signatures say of it all).
inline bool alike(const PhaseCall& a, const PhaseCall& b) {
  static_assert(offsetof(Blocks, limit) - offsetof(Blocks, total) == 3 * sizeof(size_t));
  const auto differing = [](const Blocks& x, const Blocks& y) {  // two vectors of two words each: the hottest comparison there is
    const auto at = [](const size_t* words) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(words)); };
    return _mm_or_si128(_mm_xor_si128(at(&x.total), at(&y.total)), _mm_xor_si128(at(&x.offset), at(&y.offset)));
  };
  const __m128i blocks = _mm_or_si128(differing(a.input, b.input), differing(a.output, b.output));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(blocks, _mm_setzero_si128())) == 0xffff && a.collective == b.collective && a.root == b.root &&
         a.type == b.type && a.op == b.op && a.divisor == b.divisor;
}

// partial: where a member keeps its part of a two-shot reduce of which it gets no result; a piece long.
CallShape shape_of(const PhaseCall&, uint32_t me, uint32_t members, bool two_shot, bool non_temporal, std::byte* partial);

}  // namespace hawser
