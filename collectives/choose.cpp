// The choice: costs by outline at a few slice counts, the first in catalog order within a margin of the cheapest.
#include <algorithm>

#include "collectives/candidates.h"
#include "collectives/outlines.h"

namespace hawser {
namespace {

constexpr int64_t kMarginPercent = 5;
constexpr uint64_t kPage = 4096;
constexpr uint32_t kUsualWindow = 4;
constexpr uint32_t kSliceCounts[] = {1, 2, 4, 8, 16}, kChainSliceCounts[] = {1, 4, 16, 64, 256};

bool counted(Collective collective) { return collective != Collective::all_to_all_v && collective != Collective::point_to_point; }

std::string known_planners(Collective collective) {
  std::string names;
  for (const Planner& planner : planners())
    if (planner.collective == collective) names += (names.empty() ? "" : ", ") + std::string(planner.name);
  return names.empty() ? "none" : names;
}

// The setting, as far as it concerns this collective: where none of its planners begins so, all of them are as good.
Result<std::string_view> asked_for(const Request& request) {
  bool known = false;
  for (const Planner& planner : planners()) {
    if (!planner.name.starts_with(request.planner)) continue;
    if (planner.collective == request.collective) return std::string_view(request.planner);
    known = true;
  }
  if (known) return std::string_view();
  return Status(Code::invalid, "planner '" + request.planner + "': no planner begins so; of " + std::string(name(request.collective)) +
                                   " there are " + known_planners(request.collective));
}

Status check(const Topology& topology, const Request& request) {
  if (topology.ranks() < 1) return Status(Code::invalid, "choosing a plan: the topology has no rank");
  if (request.root < 0 || request.root >= topology.ranks())
    return Status(Code::invalid,
                  "choosing a plan: root " + std::to_string(request.root) + " of " + std::to_string(topology.ranks()) + " ranks");
  return {};
}

// Slices overlap what a chain passes on, or routines inside islands with messages between them. What is neither loses by them where it was
// measured (32 KiB all-reduce over loopback 13.7 us whole, 25.7 in slices), and routines alone have chunks of their own.
bool gains_by_slices(const Outline& outline) {
  const auto inside = [](const Stage& stage) { return !stage.islands.empty(); };
  const bool some = std::any_of(outline.stages.begin(), outline.stages.end(), inside),
             all = std::all_of(outline.stages.begin(), outline.stages.end(), inside);
  return !all && (some || outline.flows_on);
}

void consider(Candidate& candidate, uint64_t slice_bytes, uint32_t window) {
  const uint64_t chunk = candidate.outline.chunk_bytes;
  const uint64_t slices = slice_bytes == 0 || slice_bytes >= chunk ? 1 : (chunk + slice_bytes - 1) / slice_bytes;
  const uint32_t count = static_cast<uint32_t>(std::min<uint64_t>(slices, UINT32_MAX));
  const uint32_t under_way = std::clamp<uint32_t>(window, 1, count);
  const OutlineCost found = cost(candidate.outline, count, under_way);
  if (candidate.cost.picoseconds <= found.picoseconds) return;
  candidate.cost = found;
  candidate.slice_bytes = slices == 1 ? 0 : slice_bytes;
  candidate.slices = count;
  candidate.window = under_way;
}

void find_slices(Candidate& candidate, const Request& request) {
  candidate.cost.picoseconds = INT64_MAX;
  const uint32_t window = request.window == 0 ? kUsualWindow : request.window;
  const auto whole_pages = [](uint64_t bytes) { return std::max(kPage, (bytes + kPage - 1) / kPage * kPage); };
  if (request.slice_bytes != 0) return consider(candidate, whole_pages(std::min<uint64_t>(request.slice_bytes, uint64_t{1} << 62)), window);
  consider(candidate, 0, 1);
  if (!gains_by_slices(candidate.outline)) return;
  for (const uint32_t slices : candidate.outline.flows_on ? kChainSliceCounts : kSliceCounts) {
    if (slices == 1 || candidate.outline.chunk_bytes / slices < kPage / 2) continue;
    consider(candidate, whole_pages(candidate.outline.chunk_bytes / slices), window);
  }
}

}  // namespace

Result<std::vector<Candidate>> candidates(const Topology& topology, const Request& request) {
  HAWSER_TRY(check(topology, request));
  const std::string_view beginning = HAWSER_TRY(asked_for(request));
  std::vector<Candidate> found;
  for (const Planner& planner : planners()) {
    if (planner.collective != request.collective || !planner.name.starts_with(beginning)) continue;
    if ((request.deterministic && !planner.deterministic) || !planner.suits(topology, request)) continue;
    Candidate& candidate = found.emplace_back();
    candidate.planner = &planner;
    candidate.patterns = planner.write(topology, request);
    if (!counted(request.collective)) return found;
    candidate.outline = outline(candidate.patterns, topology, request, candidate.stage_of);
    find_slices(candidate, request);
  }
  const std::string collective(name(request.collective));
  if (found.empty())
    return Status(Code::unsupported, "no planner " + (beginning.empty() ? "" : "beginning '" + request.planner + "' ") + "suits " +
                                         collective + " on " + std::to_string(topology.ranks()) + " ranks" +
                                         (request.deterministic ? " with the deterministic setting" : "") + "; there are " +
                                         known_planners(request.collective));
  return found;
}

const Candidate& preferred(const std::vector<Candidate>& all) {
  int64_t least = INT64_MAX;
  for (const Candidate& candidate : all) least = std::min(least, candidate.cost.picoseconds);
  const __int128 limit = static_cast<__int128>(least) * (100 + kMarginPercent);
  return *std::find_if(all.begin(), all.end(),
                       [&](const Candidate& one) { return static_cast<__int128>(one.cost.picoseconds) * 100 <= limit; });
}

Choice choice_of(const Candidate& candidate) {
  Choice choice{candidate.planner, candidate.slice_bytes, candidate.window, {}, candidate.cost.picoseconds};
  for (size_t i = 0; i < candidate.patterns.list.size(); ++i) {
    if (!is_phase(candidate.patterns.list[i])) continue;
    const bool costed = i + 1 < candidate.stage_of.size() && candidate.stage_of[i] < candidate.stage_of[i + 1];
    const Stage* stage = costed ? &candidate.outline.stages[candidate.stage_of[i]] : nullptr;
    choice.schemes.push_back(stage && !stage->islands.empty() ? scheme_of(*stage, candidate.slices) : Scheme{});
  }
  return choice;
}

Result<Choice> choose(const Topology& topology, const Request& request) {
  const std::vector<Candidate> all = HAWSER_TRY(candidates(topology, request));
  return choice_of(preferred(all));
}

}  // namespace hawser
