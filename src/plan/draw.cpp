// How steps, chunks and phases are written down.
#include "src/plan/draw.h"

#include <algorithm>
#include <vector>

namespace hawser {
namespace {

std::string text(Buffer buffer, uint32_t first, uint32_t count, uint16_t stride) {
  constexpr const char* names[] = {"in", "out", "tmp"};
  std::string range = std::to_string(first);
  if (count > 1) range += ".." + std::to_string(first + (count - 1) * stride);
  if (count > 1 && stride > 1) range += " by " + std::to_string(stride);
  return std::string(names[static_cast<int>(buffer)]) + "[" + range + "]";
}

std::string text(const Chunks& chunks) {
  return chunks.count == 0 ? "nothing" : text(chunks.buffer, chunks.first, chunks.count, chunks.stride);
}

struct Row {
  std::string verb, source, arrow, target;
};

Row row(const Step& step) {
  const std::string source = text(step.source_buffer, step.source, step.count, step.source_stride);
  const std::string target = text(step.target_buffer, step.target, step.count, step.target_stride);
  const std::string peer = "rank " + std::to_string(step.peer);
  switch (step.kind) {
    case StepKind::send:
      return {"send", source, "->", peer};
    case StepKind::recv:
      return {"recv", target, "<-", peer};
    case StepKind::copy:
      return {"copy", source, "->", target};
    case StepKind::reduce:
      return {"reduce", source, "+>", target};
  }
  return {};
}

std::string group_text(const std::vector<Rank>& members) {
  if (members.empty()) return "others";
  std::string result;
  for (size_t i = 0; i < members.size();) {
    size_t last = i;
    while (last + 1 < members.size() && members[last + 1] == members[last] + 1) ++last;
    result += (i == 0 ? "" : ",") + std::to_string(members[i]) + (last > i ? "-" + std::to_string(members[last]) : "");
    i = last + 1;
  }
  return (members.size() == 1 ? "rank " : "ranks ") + result;
}

std::string phase_text(const Plan& plan, size_t i) {
  const Phase& phase = plan.phases[i];
  const auto& members = plan.groups[phase.group];
  std::string result = "phase " + std::to_string(i) + ": " + std::string(name(phase.collective)) + " among " + group_text(members);
  if (members.empty()) return result;
  if (phase.root >= 0) result += ", root rank " + std::to_string(members[static_cast<size_t>(phase.root)]);
  return result + ", " + text(phase.input) + " to " + text(phase.output);
}

std::string counted(size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

std::string title(const Plan& plan, Rank rank) {
  return plan.planner + ", rank " + std::to_string(rank) + ": " + counted(plan.steps.size(), "step") + "; " +
         counted(plan.input_chunks, "input chunk") + ", " + counted(plan.output_chunks, "output chunk") + ", " +
         counted(plan.scratch_chunks, "scratch chunk");
}

std::vector<std::string> waited_for(const Plan& plan) {
  std::vector<std::string> result(plan.steps.size());
  for (uint32_t i = 0; i < plan.steps.size(); ++i)
    for (uint32_t j = plan.edge_begin[i]; j < plan.edge_begin[i + 1]; ++j)
      result[plan.edges[j]] += (result[plan.edges[j]].empty() ? "" : " ") + std::to_string(i);
  return result;
}

std::string padded(std::string word, size_t width, bool right = false) {
  if (word.size() < width) word.insert(right ? 0 : word.size(), width - word.size(), ' ');
  return word;
}

void cut_trailing_spaces(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

struct Widths {
  size_t source = 0, target = 0;
};

Widths widths(const Plan& plan) {
  Widths most;
  for (const Step& step : plan.steps) {
    most.source = std::max(most.source, row(step).source.size());
    most.target = std::max(most.target, row(step).target.size());
  }
  return most;
}

std::string line(const Step& step, uint32_t number, const std::string& waits, const Widths& width) {
  const Row cells = row(step);
  std::string result = padded(std::to_string(number), 6, true) + "  " + padded(cells.verb, 6) + "  " + padded(cells.source, width.source) +
                       "  " + cells.arrow + "  " + padded(cells.target, width.target) + (waits.empty() ? "" : "  after " + waits);
  cut_trailing_spaces(result);
  return result + "\n";
}

}  // namespace

std::string draw(const Plan& plan, Rank rank) {
  std::string result = title(plan, rank) + "\n";
  const std::vector<std::string> waits = waited_for(plan);
  const Widths width = widths(plan);
  size_t phase = 0;
  uint32_t step = 0;
  const auto steps_until = [&](uint32_t end) {
    for (; step < end; ++step) result += line(plan.steps[step], step, waits[step], width);
  };
  for (; phase < plan.phases.size(); ++phase) {
    if (step < plan.phases[phase].first_step) result += "by itself\n";
    steps_until(plan.phases[phase].first_step);
    result += phase_text(plan, phase) + "\n";
    steps_until(plan.phases[phase].last_step);
  }
  if (step < plan.steps.size()) result += "by itself\n";
  steps_until(static_cast<uint32_t>(plan.steps.size()));
  return result;
}

std::string draw_dot(const Plan& plan, Rank rank) {
  std::string result = "digraph plan {\n  label=\"" + title(plan, rank) + "\";\n  node [shape=box, fontname=monospace];\n";
  for (uint32_t i = 0; i < plan.steps.size(); ++i) {
    const Row cells = row(plan.steps[i]);
    result += "  s" + std::to_string(i) + " [label=\"" + std::to_string(i) + ": " + cells.verb + " " + cells.source + " " + cells.arrow +
              " " + cells.target + "\"];\n";
  }
  for (size_t i = 0; i < plan.phases.size(); ++i) {
    result += "  subgraph cluster_" + std::to_string(i) + " {\n    label=\"" + phase_text(plan, i) + "\";\n";
    for (uint32_t j = plan.phases[i].first_step; j < plan.phases[i].last_step; ++j) result += "    s" + std::to_string(j) + ";\n";
    result += "  }\n";
  }
  for (uint32_t i = 0; i < plan.steps.size(); ++i)
    for (uint32_t j = plan.edge_begin[i]; j < plan.edge_begin[i + 1]; ++j)
      result += "  s" + std::to_string(i) + " -> s" + std::to_string(plan.edges[j]) + ";\n";
  return result + "}\n";
}

}  // namespace hawser
