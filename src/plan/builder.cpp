// Dependencies between steps, found while the program is written down.
#include "src/plan/builder.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hawser {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

}  // namespace

PlanBuilder::PlanBuilder(Collective collective, Rank me, int ranks, uint32_t input_chunks, uint32_t output_chunks, Aliasing aliasing)
    : where_(collective, me, input_chunks, output_chunks, aliasing), slots_(where_.caller_slots(), {kNone, kNone}) {
  assert(me >= 0 && me < ranks);
  (void)ranks;
  plan_.input_chunks = input_chunks;
  plan_.output_chunks = output_chunks;
}

uint32_t PlanBuilder::scratch(uint32_t count) {
  const uint32_t first = plan_.scratch_chunks, longer = std::max({plan_.input_chunks, plan_.output_chunks, 1u});
  for (uint32_t i = 0; i < count; ++i) plan_.scratch_like.push_back(i % longer);
  plan_.scratch_chunks += count;
  slots_.resize(slots_.size() + count, {kNone, kNone});
  return first;
}

Chunks PlanBuilder::scratch_like(Chunks chunks) {
  const uint32_t first = plan_.scratch_chunks;
  for (uint32_t i = 0; i < chunks.count; ++i) {
    const uint32_t chunk = chunks.first + i * chunks.stride;
    plan_.scratch_like.push_back(chunks.buffer == Buffer::scratch ? plan_.scratch_like[chunk] : chunk);
  }
  plan_.scratch_chunks += chunks.count;
  slots_.resize(slots_.size() + chunks.count, {kNone, kNone});
  return {Buffer::scratch, first, chunks.count, 1};
}

uint32_t PlanBuilder::group(std::vector<Rank> members) {
  const auto found = std::find(plan_.groups.begin(), plan_.groups.end(), members);
  if (found != plan_.groups.end()) return static_cast<uint32_t>(found - plan_.groups.begin());
  plan_.groups.push_back(std::move(members));
  return static_cast<uint32_t>(plan_.groups.size() - 1);
}

void PlanBuilder::send(Rank to, Chunks source, uint8_t channel) {
  assert(source.stride == 1 || source.count <= 1);
  if (source.count == 0) return;
  add({.kind = StepKind::send,
       .source_buffer = source.buffer,
       .channel = channel,
       .source_stride = 1,
       .source = source.first,
       .count = source.count,
       .peer = to});
  read(source.buffer, source.first, source.count, 1);
}

void PlanBuilder::recv(Rank from, Chunks target, uint8_t channel) {
  assert(target.stride == 1 || target.count <= 1);
  if (target.count == 0) return;
  add({.kind = StepKind::recv,
       .target_buffer = target.buffer,
       .channel = channel,
       .target_stride = 1,
       .target = target.first,
       .count = target.count,
       .peer = from});
  write(target.buffer, target.first, target.count, 1);
}

void PlanBuilder::copy(Chunks source, Chunks target) {
  assert(source.count == target.count);
  if (source.count == 0 || same(source, target)) return;
  add({.kind = StepKind::copy,
       .source_buffer = source.buffer,
       .target_buffer = target.buffer,
       .source_stride = source.stride,
       .target_stride = target.stride,
       .source = source.first,
       .target = target.first,
       .count = source.count});
  read(source.buffer, source.first, source.count, source.stride);
  write(target.buffer, target.first, target.count, target.stride);
}

void PlanBuilder::reduce(Chunks source, Chunks target) {
  assert(source.count == target.count);
  if (source.count == 0) return;
  add({.kind = StepKind::reduce,
       .source_buffer = source.buffer,
       .target_buffer = target.buffer,
       .source_stride = source.stride,
       .target_stride = target.stride,
       .source = source.first,
       .target = target.first,
       .count = source.count});
  read(source.buffer, source.first, source.count, source.stride);
  write(target.buffer, target.first, target.count, target.stride);  // waits for the last writer too: it reads what was there
}

void PlanBuilder::begin_phase(Collective collective, uint32_t group, int32_t root, Chunks input, Chunks output) {
  assert(!in_phase_ && group < plan_.groups.size());
  in_phase_ = true;
  const auto step = static_cast<uint32_t>(plan_.steps.size());
  plan_.phases.push_back({collective, group, root, input, output, step, step});
}

void PlanBuilder::end_phase() {
  assert(in_phase_);
  in_phase_ = false;
  plan_.phases.back().last_step = static_cast<uint32_t>(plan_.steps.size());
}

bool PlanBuilder::same(Chunks a, Chunks b) const {
  if (a.count != b.count || slot(a.buffer, a.first) != slot(b.buffer, b.first)) return false;
  return a.count <= 1 || a.stride == b.stride;
}

void PlanBuilder::add(const Step& step) {
  plan_.steps.push_back(step);
  plan_.waits.push_back(0);
  last_released_.push_back(kNone);
}

void PlanBuilder::read(Buffer buffer, uint32_t first, uint32_t count, uint16_t stride) {
  const auto me = static_cast<uint32_t>(plan_.steps.size() - 1);
  for (uint32_t i = 0; i < count; ++i) {
    Slot& chunk = slots_[slot(buffer, first + i * stride)];
    if (chunk.writer != kNone) depend(chunk.writer);
    readers_.push_back({me, chunk.readers});
    chunk.readers = static_cast<uint32_t>(readers_.size() - 1);
  }
}

void PlanBuilder::write(Buffer buffer, uint32_t first, uint32_t count, uint16_t stride) {
  const auto me = static_cast<uint32_t>(plan_.steps.size() - 1);
  for (uint32_t i = 0; i < count; ++i) {
    Slot& chunk = slots_[slot(buffer, first + i * stride)];
    bool others_read = false;
    for (uint32_t reader = chunk.readers; reader != kNone; reader = readers_[reader].next) {
      if (readers_[reader].step == me) continue;
      depend(readers_[reader].step);
      others_read = true;
    }
    if (!others_read && chunk.writer != kNone) depend(chunk.writer);  // else the readers waited for it
    chunk = {me, kNone};
  }
}

void PlanBuilder::depend(uint32_t from) {
  const auto me = static_cast<uint32_t>(plan_.steps.size() - 1);
  if (from == me || last_released_[from] == me) return;
  last_released_[from] = me;
  edges_.push_back({from, me});
  assert(plan_.waits[me] < UINT16_MAX);
  ++plan_.waits[me];
}

Plan PlanBuilder::build(std::string planner) && {
  assert(!in_phase_);
  plan_.planner = std::move(planner);
  plan_.edge_begin.assign(plan_.steps.size() + 1, 0);
  for (const Edge& edge : edges_) ++plan_.edge_begin[edge.from + 1];
  for (size_t i = 1; i < plan_.edge_begin.size(); ++i) plan_.edge_begin[i] += plan_.edge_begin[i - 1];
  plan_.edges.resize(edges_.size());
  std::vector<uint32_t> next(plan_.edge_begin.begin(), plan_.edge_begin.end() - 1);
  for (const Edge& edge : edges_) plan_.edges[next[edge.from]++] = edge.to;
  return std::move(plan_);
}

}  // namespace hawser
