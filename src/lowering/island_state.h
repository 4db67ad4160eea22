// What the routines of one island share on one rank: the members' areas as mapped here, and this rank's counters. Used by the holder of the
// seat only.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "src/executor/routine.h"
#include "src/lowering/area.h"
#include "src/lowering/island.h"

namespace hawser {

struct MemberView {
  AreaHead* head = nullptr;
  Cell* cells = nullptr;
  std::byte* ring = nullptr;
  PeerBell bell;
  std::byte* segment = nullptr;
  size_t segment_bytes = 0;
  int32_t process = 0;
};

// Chunks of one ring over its whole life, in program order, which is the same on every member whatever its role in a chunk.
struct RingCounters {
  uint64_t published = 0, taken = 0;
  uint64_t credit = 0;  // the position before which no peer needs anything, as far as is known
};

// Where the last slots of the ring begin and end, and what their tags are. Positions are bytes over the ring's whole life, equal on every
// member.
struct SlotPositions {
  uint64_t begin[kTags] = {}, end[kTags] = {};  // of chunk c: place c mod kTags
  uint32_t tags[kTags] = {};
  uint64_t next = 0;  // the end of the last one
};

struct KnownChunks {       // of a peer's ring of slots, as its line said when it was last read
  uint64_t until = 0;      // those before it are published
  uint32_t signature = 0;  // and of calls of this signature, from the one on that was taken last
};

struct IslandState {
  IslandState(uint32_t me, const std::vector<IslandMember>&, const IslandFacts&);
  void begin_call(uint32_t signature) {
    const uint64_t call = ++calls;
    CurrentLine& line = *current;
    line.signatures[call % kRememberedCalls].store(signature, std::memory_order_relaxed);
    line.calls.store(call, std::memory_order_release);
  }
  Pause find_mismatch(uint32_t signature) const;
  void ring_all() const {
    for (const PeerBell& bell : bells) bell.ring_known();
  }

  uint32_t me, size;
  IslandFacts facts;
  std::vector<MemberView> members;
  std::vector<uint32_t> others;    // from the next member on, so that not all read the same one at once
  std::vector<PeerBell> bells;     // of the peers, none null
  CurrentLine* current = nullptr;  // this member's
  uint64_t calls = 0;
  RingCounters cells, slots;
  SlotPositions positions;
  std::vector<KnownChunks> known_slots;  // by member
  std::vector<const void*> inputs;       // of one fold, by member
  std::unique_ptr<std::byte[]> staging;  // items of more than one cell, by member
  std::unique_ptr<std::byte[]> partial;  // one piece of a result that is not this member's to keep
};

}  // namespace hawser
