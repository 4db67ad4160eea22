// An island's public face: the view of its members, and a routine for each scheme.
#include "src/lowering/island.h"

#include "src/lowering/cell_ring.h"
#include "src/lowering/cpu_spread.h"
#include "src/lowering/direct.h"
#include "src/lowering/island_state.h"
#include "src/lowering/slot_ring.h"
#include "src/lowering/staged_routine.h"

namespace hawser {

size_t island_area_bytes(uint32_t members) { return area_bytes(members); }

struct Island::State : IslandState {
  using IslandState::IslandState;
  CpuSpread spread{*this};
};

Island::Island(uint32_t me, std::vector<IslandMember> members, const IslandFacts& facts)
    : state_(std::make_unique<State>(me, members, facts)) {}
Island::~Island() = default;

std::unique_ptr<Routine> Island::routine(const Scheme& scheme) { return routine(scheme, {SchemeKind::bounce}); }

std::unique_ptr<Routine> Island::routine(const Scheme& scheme, const Scheme& otherwise) {
  switch (scheme.kind) {
    case SchemeKind::cells:
      return std::make_unique<StagedRoutine<CellRing>>(*state_, scheme);
    case SchemeKind::push:
    case SchemeKind::cma: {
      const bool push = scheme.kind == SchemeKind::push, cma = !push || otherwise.kind == SchemeKind::cma;
      const bool last = otherwise.kind == SchemeKind::push || otherwise.kind == SchemeKind::cma;  // need offers themselves
      return std::make_unique<DirectRoutine>(*state_, DirectRoutine::Ways{push, cma}, scheme.non_temporal,
                                             routine(last ? Scheme{SchemeKind::bounce} : otherwise));
    }
    case SchemeKind::flag: {
      Scheme whole = scheme;
      whole.chunk_bytes = 0;  // one chunk, as long as a slot allows
      return std::make_unique<StagedRoutine<SlotRing>>(*state_, whole);
    }
    case SchemeKind::bounce:
      break;
  }
  return std::make_unique<StagedRoutine<SlotRing>>(*state_, scheme);
}

void Island::waits() { state_->spread.look(); }
uint32_t Island::me() const { return state_->me; }
uint32_t Island::size() const { return state_->size; }

}  // namespace hawser
