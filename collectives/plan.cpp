// The plan of one rank: the planner's patterns, written down step by step.
#include <string>

#include "collectives/emit.h"
#include "collectives/planner.h"

namespace hawser {
Plan plan(const Planner& planner, const Topology& topology, const Request& request, Rank me, Aliasing aliasing) {
  const Patterns patterns = planner.write(topology, request);
  return plan(patterns, Islands::of(topology), request, me, aliasing, planner.name);
}

Plan plan(const Patterns& patterns, const Islands& islands, const Request& request, Rank me, Aliasing aliasing, std::string_view planner) {
  PlanBuilder builder(request.collective, me, static_cast<int>(islands.ranks()), patterns.input_chunks, patterns.output_chunks, aliasing);
  emit(builder, patterns, islands, me, rooted(request.collective) ? request.root : -1);
  return std::move(builder).build(std::string(planner));
}

}  // namespace hawser
