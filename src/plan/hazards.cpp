// Each chunk's history in program order, and a search for a path wherever no edge says it directly.
#include "src/plan/hazards.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace hawser {
namespace {

struct History {  // of one chunk
  std::optional<uint32_t> writer;
  std::vector<uint32_t> readers;  // since
};

class Hazards {
 public:
  Hazards(const Plan& plan, const Slots& slots, Rank rank)
      : plan_(plan), slots_(slots), rank_(rank), chunks_(slots.caller_slots() + plan.scratch_chunks), seen_(plan.steps.size(), 0) {}

  Status run() {
    for (uint32_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = plan_.steps[i];
      if (step.kind != StepKind::recv) HAWSER_TRY(read(i, step));
      if (step.kind != StepKind::send) HAWSER_TRY(write(i, step));
    }
    return {};
  }

 private:
  Status read(uint32_t me, const Step& step) {
    for (uint32_t i = 0; i < step.count; ++i) {
      History& chunk = chunks_[slots_.of(step.source_buffer, step.source + i * step.source_stride)];
      if (chunk.writer) HAWSER_TRY(ordered(*chunk.writer, me));
      chunk.readers.push_back(me);
    }
    return {};
  }

  Status write(uint32_t me, const Step& step) {
    for (uint32_t i = 0; i < step.count; ++i) {
      History& chunk = chunks_[slots_.of(step.target_buffer, step.target + i * step.target_stride)];
      if (chunk.writer) HAWSER_TRY(ordered(*chunk.writer, me));
      for (const uint32_t reader : chunk.readers) HAWSER_TRY(ordered(reader, me));
      chunk.writer = me;
      chunk.readers.clear();
    }
    return {};
  }

  Status ordered(uint32_t before, uint32_t after) {
    if (before == after || last_proved_ == std::pair(before, after) || path(before, after)) {
      last_proved_ = {before, after};
      return {};
    }
    return Status(Code::invalid, "rank " + std::to_string(rank_) + ": step " + std::to_string(after) + " touches a chunk of step " +
                                     std::to_string(before) + " but does not wait for it");
  }

  bool path(uint32_t from, uint32_t to) {
    const auto begin = plan_.edges.begin() + plan_.edge_begin[from], end = plan_.edges.begin() + plan_.edge_begin[from + 1];
    if (std::find(begin, end, to) != end) return true;
    ++search_;
    std::vector<uint32_t> reached = {from};
    while (!reached.empty()) {
      const uint32_t step = reached.back();
      reached.pop_back();
      for (uint32_t i = plan_.edge_begin[step]; i < plan_.edge_begin[step + 1]; ++i) {
        const uint32_t next = plan_.edges[i];
        if (next == to) return true;
        if (next > to || seen_[next] == search_) continue;
        seen_[next] = search_;
        reached.push_back(next);
      }
    }
    return false;
  }

  const Plan& plan_;
  const Slots& slots_;
  Rank rank_;
  std::vector<History> chunks_;
  std::vector<uint32_t> seen_;  // by step: the last search that came by
  uint32_t search_ = 0;
  std::pair<uint32_t, uint32_t> last_proved_ = {0, 0};
};

}  // namespace

Status check_hazards(const Plan& plan, const Slots& slots, Rank rank) { return Hazards(plan, slots, rank).run(); }

}  // namespace hawser
