// Setting up the view of an island, and finding out who does something else.
#include "src/lowering/island_state.h"

#include <cassert>

namespace hawser {
namespace {

MemberView view_of(const IslandMember& member, uint32_t members) {
  MemberView view;
  view.head = reinterpret_cast<AreaHead*>(member.area);
  view.cells = reinterpret_cast<Cell*>(member.area + kCellsOffset);
  view.ring = member.area + ring_offset(members);
  view.bell = member.bell;
  view.segment = member.segment;
  view.segment_bytes = member.segment_bytes;
  view.process = member.process;
  return view;
}

}  // namespace

IslandState::IslandState(uint32_t my_index, const std::vector<IslandMember>& all, const IslandFacts& measured)
    : me(my_index), size(static_cast<uint32_t>(all.size())), facts(measured), known_slots(all.size()), inputs(all.size()) {
  assert(me < size && size <= kMostSlotBytes / line_bytes);  // else a reader's part of a slot would be empty
  for (const IslandMember& member : all) members.push_back(view_of(member, size));
  members[me].bell = {};
  current = &members[me].head->current;
  for (uint32_t i = 1; i < size; ++i) others.push_back((me + i) % size);
  for (const MemberView& member : members)
    if (member.bell.bell) bells.push_back(member.bell);
  staging = std::make_unique<std::byte[]>(size * size_t{cell_lines(size)} * kCellBytes);
  partial = std::make_unique<std::byte[]>(kMostSlotBytes);
}

// A peer's signature of my call is whole if the peer, looked at again, has not begun the call that would overwrite it.
Pause IslandState::find_mismatch(uint32_t signature) const {
  for (uint32_t peer = 0; peer < size; ++peer) {
    if (peer == me) continue;
    const CurrentLine& line = members[peer].head->current;
    if (line.calls.load(std::memory_order_acquire) < calls) continue;
    const uint32_t theirs = line.signatures[calls % kRememberedCalls].load(std::memory_order_acquire);
    const bool whole = line.calls.load(std::memory_order_relaxed) - calls < kRememberedCalls - 1;
    if (whole && theirs != signature) return {Code::mismatch, static_cast<int32_t>(peer), {}};
  }
  return {};
}

}  // namespace hawser
