// The choice as text for people: what was asked, what was chosen and why, how far from the bound, which link is to blame, what came second.
#include <algorithm>
#include <cstdio>

#include "collectives/candidates.h"
#include "collectives/outlines.h"
#include "src/base/config.h"
#include "src/plan/bound.h"

namespace hawser {
namespace {

std::string time_text(int64_t picoseconds) {
  char text[64];
  const double microseconds = static_cast<double>(picoseconds) / 1e6;
  if (microseconds < 1000) std::snprintf(text, sizeof text, "%.2f us", microseconds);
  else if (microseconds < 1e6) std::snprintf(text, sizeof text, "%.2f ms", microseconds / 1e3);
  else std::snprintf(text, sizeof text, "%.2f s", microseconds / 1e6);
  return text;
}

std::string percent_text(int64_t part, int64_t whole) {
  if (whole <= 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string amount(int64_t number, const std::string& thing) { return std::to_string(number) + " " + thing + (number == 1 ? "" : "s"); }

std::string request_text(const Topology& topology, const Request& request) {
  std::string text(name(request.collective));
  text += ", " + std::to_string(request.count) + " " + std::string(name(request.type)) + " (" + bytes_text(request.bytes()) + ")";
  if (reduces(request.collective)) text += ", " + std::string(name(request.op));
  if (rooted(request.collective)) text += ", root " + std::to_string(request.root);
  if (request.library_buffers) text += ", buffers of the library";
  if (request.deterministic) text += ", deterministic";
  return text + "; " + amount(topology.ranks(), "rank") + " in " + amount(topology.islands(), "island") + " on " +
         amount(topology.hosts(), "host") + "\n";
}

std::string scheme_text(const Scheme& scheme) {
  std::string text(name(scheme.kind));
  if (scheme.kind == SchemeKind::bounce) text += " of " + bytes_text(scheme.chunk_bytes);
  if (scheme.two_shot) text += ", two shots";
  if (scheme.non_temporal) text += ", stores past the caches";
  return text;
}

std::string slices_text(const Candidate& candidate) {
  if (candidate.slices == 1) return "whole";
  return amount(candidate.slices, "slice") + " of " + bytes_text(candidate.slice_bytes) + ", " + std::to_string(candidate.window) +
         " at once";
}

std::string stage_text(const Candidate& candidate, size_t pattern) {
  const uint32_t first = candidate.stage_of[pattern], last = candidate.stage_of[pattern + 1];
  if (first == last) return "nothing to move";
  const Stage& stage = candidate.outline.stages[first];
  if (!stage.islands.empty()) return "shared memory: " + scheme_text(scheme_of(stage, candidate.slices));
  return "messages, " + amount(last - first, "stage");
}

std::string phases_text(const Candidate& candidate) {
  std::string text;
  for (size_t i = 0; i < candidate.patterns.list.size(); ++i) {
    const Pattern& pattern = candidate.patterns.list[i];
    text += "  " + std::to_string(i + 1) + ". ";
    if (!is_phase(pattern)) {
      text += "pack\n";
      continue;
    }
    text += std::string(name(pattern.collective)) + " by " + std::string(name(pattern.kind)) + " over " + std::string(name(pattern.group));
    text += candidate.stage_of.size() == candidate.patterns.list.size() + 1 ? ": " + stage_text(candidate, i) + "\n" : "\n";
  }
  return text;
}

std::string bound_text(const Topology& topology, const Request& request, const Candidate& chosen) {
  const Bound bound = lower_bound(topology, request);
  if (bound.picoseconds == 0) return "bound      none is known\n";
  return "bound      " + time_text(bound.picoseconds) + " (" + bound.why + "); predicted is " +
         percent_text(bound.picoseconds, chosen.cost.picoseconds) + " of bound\n";
}

std::string limit_text(const Topology& topology, const Candidate& chosen) {
  if (chosen.cost.limit_ps == 0) return "";
  const Resources resources(topology);
  return "limited by " + describe(topology, resources.at(chosen.cost.limit)) + ", busy " +
         percent_text(chosen.cost.limit_ps, chosen.cost.picoseconds) + " of the time\n";
}

std::string table_text(const std::vector<Candidate>& all, const Candidate& chosen) {
  std::vector<const Candidate*> order;
  for (const Candidate& candidate : all) order.push_back(&candidate);
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate* a, const Candidate* b) { return a->cost.picoseconds < b->cost.picoseconds; });
  std::string text = "planners\n";
  for (const Candidate* candidate : order) {
    char line[160];
    std::snprintf(line, sizeof line, "  %c %-20.*s %12s  %s\n", candidate == &chosen ? '*' : ' ',
                  static_cast<int>(candidate->planner->name.size()), candidate->planner->name.data(),
                  time_text(candidate->cost.picoseconds).c_str(), slices_text(*candidate).c_str());
    text += line;
  }
  return text;
}

}  // namespace

std::string explain(const Topology& topology, const Request& request) {
  const Result<std::vector<Candidate>> all = candidates(topology, request);
  if (!all.ok()) return all.error().text() + "\n";
  const Candidate& chosen = preferred(all.value());
  std::string text = request_text(topology, request);
  text += "planner    " + std::string(chosen.planner->name) + ", " + slices_text(chosen) + "\n" + phases_text(chosen);
  if (chosen.outline.stages.empty()) return text + "cost       not compared: there is one way only, or nothing to move\n";
  text += "predicted  " + time_text(chosen.cost.picoseconds) + "\n" + bound_text(topology, request, chosen) + limit_text(topology, chosen);
  return text + table_text(all.value(), chosen);
}

}  // namespace hawser
