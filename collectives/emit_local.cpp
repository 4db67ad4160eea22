// What moves no payload between ranks: the dissemination barrier's tokens, and packing from one order of chunks into another.
#include <algorithm>
#include <utility>

#include "collectives/emit.h"

namespace hawser {
namespace {

using Move = std::pair<uint32_t, uint32_t>;  // from this chunk to that

// How many moves from `first` on one copy can do, and by which strides.
struct Run {
  uint32_t count = 1;
  uint16_t source_stride = 1, target_stride = 1;
};
Run longest_run(const std::vector<Move>& moves, size_t first) {
  Run run;
  if (first + 1 == moves.size()) return run;
  const uint32_t source = moves[first + 1].first - moves[first].first, target = moves[first + 1].second - moves[first].second;
  if (source == 0 || source > UINT16_MAX || target == 0 || target > UINT16_MAX) return run;  // a step back is a huge unsigned stride
  run.source_stride = static_cast<uint16_t>(source);
  run.target_stride = static_cast<uint16_t>(target);
  while (first + run.count < moves.size() && moves[first + run.count].first - moves[first + run.count - 1].first == source &&
         moves[first + run.count].second - moves[first + run.count - 1].second == target)
    ++run.count;
  return run;
}

size_t runs(const std::vector<Move>& moves) {
  size_t count = 0;
  for (size_t i = 0; i < moves.size(); ++count) i += longest_run(moves, i).count;
  return count;
}

}  // namespace

void emit_dissemination(PlanBuilder& builder, const Seat& seat) {
  Chunks token = seat.input;
  for (uint32_t distance = 1; distance < seat.size(); distance *= 2) {
    const Chunks received = builder.scratch_like(seat.input);
    builder.send(seat.rank(seat.after(distance)), token);
    builder.recv(seat.rank(seat.before(distance)), received);
    if (distance == 1) builder.copy(seat.input, seat.output);
    builder.reduce(received, seat.output);  // so that the next token waits for all that came so far
    token = seat.output;
  }
}

void emit_pack(PlanBuilder& builder, const Islands& islands, const Pattern& pattern, Chunks source, Chunks target) {
  std::vector<Move> moves;
  for (Rank rank = 0; rank < static_cast<Rank>(islands.ranks()); ++rank)
    moves.push_back({position(pattern.from, islands, rank), position(pattern.into, islands, rank)});
  std::sort(moves.begin(), moves.end());
  std::vector<Move> by_target = moves;
  std::sort(by_target.begin(), by_target.end(), [](const Move& a, const Move& b) { return a.second < b.second; });
  if (runs(by_target) < runs(moves)) moves = std::move(by_target);
  for (size_t i = 0; i < moves.size();) {
    const Run run = longest_run(moves, i);
    builder.copy({source.buffer, source.first + moves[i].first, run.count, run.source_stride},
                 {target.buffer, target.first + moves[i].second, run.count, run.target_stride});
    i += run.count;
  }
}

}  // namespace hawser
