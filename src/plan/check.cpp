// First each plan by itself, then all together, then each phase among its group.
#include "src/plan/check.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "src/plan/contract.h"
#include "src/plan/hazards.h"
#include "src/plan/rehearsal.h"

namespace hawser {
namespace {

Status wrong(size_t rank, const std::string& what) { return Status(Code::invalid, "rank " + std::to_string(rank) + ": " + what); }

bool inside(const Plan& plan, Buffer buffer, uint32_t first, uint32_t count, uint16_t stride) {
  const uint64_t chunks[] = {plan.input_chunks, plan.output_chunks, plan.scratch_chunks};
  return count == 0 || first + uint64_t{count - 1} * stride < chunks[static_cast<int>(buffer)];
}

Status check_step(const Plan& plan, size_t rank, size_t ranks, uint32_t i) {
  const Step& step = plan.steps[i];
  const bool reads = step.kind != StepKind::recv, writes = step.kind != StepKind::send, transfer = !reads || !writes;
  const std::string where = "step " + std::to_string(i);
  if (step.count == 0) return wrong(rank, where + " has no chunks");
  if (reads && !inside(plan, step.source_buffer, step.source, step.count, step.source_stride))
    return wrong(rank, where + " reads beyond its buffer");
  if (writes && !inside(plan, step.target_buffer, step.target, step.count, step.target_stride))
    return wrong(rank, where + " writes beyond its buffer");
  if (transfer && step.count > 1 && (reads ? step.source_stride : step.target_stride) != 1)
    return wrong(rank, where + " transfers with a stride");
  if (transfer && (step.peer < 0 || static_cast<size_t>(step.peer) >= ranks || static_cast<size_t>(step.peer) == rank))
    return wrong(rank, where + " has peer " + std::to_string(step.peer));
  return {};
}

Status check_edges(const Plan& plan, size_t rank) {
  const size_t steps = plan.steps.size();
  if (plan.waits.size() != steps || plan.edge_begin.size() != steps + 1 || plan.edge_begin.front() != 0 ||
      plan.edge_begin.back() != plan.edges.size() || !std::is_sorted(plan.edge_begin.begin(), plan.edge_begin.end()))
    return wrong(rank, "the arrays of dependencies do not fit the steps");
  std::vector<uint32_t> waits(steps, 0);
  for (uint32_t i = 0; i < steps; ++i)
    for (uint32_t j = plan.edge_begin[i]; j < plan.edge_begin[i + 1]; ++j) {
      if (plan.edges[j] <= i || plan.edges[j] >= steps) return wrong(rank, "step " + std::to_string(i) + " releases no later step");
      ++waits[plan.edges[j]];
    }
  for (uint32_t i = 0; i < steps; ++i)
    if (waits[i] != plan.waits[i]) return wrong(rank, "step " + std::to_string(i) + " waits for a wrong number of steps");
  return {};
}

Status check_phase(const Plan& plan, size_t rank, size_t ranks, size_t i) {
  const Phase& phase = plan.phases[i];
  const std::string where = "phase " + std::to_string(i);
  const uint32_t begin = i == 0 ? 0 : plan.phases[i - 1].last_step;
  if (phase.first_step < begin || phase.last_step < phase.first_step || phase.last_step > plan.steps.size())
    return wrong(rank, where + " covers steps out of order");
  if (phase.group >= plan.groups.size()) return wrong(rank, where + " has no group");
  const auto& members = plan.groups[phase.group];
  if (members.empty()) return phase.first_step == phase.last_step ? Status() : wrong(rank, where + " has steps but no group");
  if (std::find(members.begin(), members.end(), static_cast<Rank>(rank)) == members.end())
    return wrong(rank, where + " is of a group it does not belong to");
  for (const Rank member : members)
    if (member < 0 || static_cast<size_t>(member) >= ranks) return wrong(rank, where + " has a member that is no rank");
  if (!inside(plan, phase.input.buffer, phase.input.first, phase.input.count, phase.input.stride) ||
      !inside(plan, phase.output.buffer, phase.output.first, phase.output.count, phase.output.stride))
    return wrong(rank, where + " lies beyond its buffers");
  return {};
}

Status check_alone(const Plan& plan, size_t rank, size_t ranks) {
  if (plan.scratch_like.size() != plan.scratch_chunks) return wrong(rank, "scratch_like does not fit the scratch chunks");
  const uint32_t longer = std::max({plan.input_chunks, plan.output_chunks, 1u});
  for (const uint32_t like : plan.scratch_like)
    if (like >= longer) return wrong(rank, "a scratch chunk is like none of the vector");
  for (uint32_t i = 0; i < plan.steps.size(); ++i) HAWSER_TRY(check_step(plan, rank, ranks, i));
  HAWSER_TRY(check_edges(plan, rank));
  for (size_t i = 0; i < plan.phases.size(); ++i) HAWSER_TRY(check_phase(plan, rank, ranks, i));
  return {};
}

Status check_whole(std::span<const Plan> plans, const Request& request, const CheckOptions& options,
                   const std::vector<Aliasing>& aliasing) {
  Contract contract{request.collective, request.root};
  std::vector<Actor> actors;
  for (size_t rank = 0; rank < plans.size(); ++rank) {
    const Plan& plan = plans[rank];
    Chunks input{Buffer::input, 0, plan.input_chunks, 1}, output{Buffer::output, 0, plan.output_chunks, 1};
    if (request.collective == Collective::barrier) {  // its tokens
      if (plan.scratch_chunks < 2) return wrong(rank, "a barrier needs two tokens in scratch");
      input = {Buffer::scratch, 0, 1, 1};
      output = {Buffer::scratch, 1, 1, 1};
    }
    contract.inputs.push_back(input.count);
    contract.outputs.push_back(output.count);
    actors.push_back({static_cast<Rank>(rank), &plan, input, output, aliasing[rank]});
  }
  return rehearse(contract, actors,
                  {request.collective, options.slices, options.window, options.operations, options.program_order, options.rank_order, true,
                   options.seed});
}

// The steps of one phase as a plan by itself: dependencies on other phases are left out.
Plan part(const Plan& plan, const Phase& phase) {
  Plan result{.steps = {plan.steps.begin() + phase.first_step, plan.steps.begin() + phase.last_step},
              .input_chunks = plan.input_chunks,
              .output_chunks = plan.output_chunks,
              .scratch_chunks = plan.scratch_chunks,
              .scratch_like = plan.scratch_like};
  result.waits.resize(result.steps.size(), 0);
  result.edge_begin.push_back(0);
  for (uint32_t i = phase.first_step; i < phase.last_step; ++i) {
    for (uint32_t j = plan.edge_begin[i]; j < plan.edge_begin[i + 1]; ++j) {
      if (plan.edges[j] >= phase.last_step) continue;
      result.edges.push_back(plan.edges[j] - phase.first_step);
      ++result.waits[result.edges.back()];
    }
    result.edge_begin.push_back(static_cast<uint32_t>(result.edges.size()));
  }
  return result;
}

// One collective among one group: every member's phase, in the order of the group.
Status check_members(std::span<const Plan> plans, const std::vector<Rank>& members, const std::vector<const Phase*>& phases,
                     const Request& request, const std::vector<Aliasing>& aliasing, uint64_t seed) {
  const Phase& first = *phases.front();
  Contract contract{first.collective, first.root};
  std::vector<Plan> parts;
  for (size_t i = 0; i < members.size(); ++i) {
    if (phases[i]->collective != first.collective || phases[i]->root != first.root)
      return wrong(static_cast<size_t>(members[i]), "does another collective than rank " + std::to_string(members.front()));
    parts.push_back(part(plans[static_cast<size_t>(members[i])], *phases[i]));
    contract.inputs.push_back(phases[i]->input.count);
    contract.outputs.push_back(phases[i]->output.count);
  }
  std::vector<Actor> actors;
  for (size_t i = 0; i < members.size(); ++i)
    actors.push_back({members[i], &parts[i], phases[i]->input, phases[i]->output, aliasing[static_cast<size_t>(members[i])]});
  return rehearse(contract, actors, {.collective = request.collective, .keeps_input = false, .seed = seed});
}

// The n-th phase of a group on one member is the n-th on all.
Status check_phases(std::span<const Plan> plans, const Request& request, const CheckOptions& options,
                    const std::vector<Aliasing>& aliasing) {
  std::map<std::vector<Rank>, std::vector<std::vector<const Phase*>>> found;  // by group: by member: its phases
  for (size_t rank = 0; rank < plans.size(); ++rank)
    for (const Phase& phase : plans[rank].phases) {
      const auto& members = plans[rank].groups[phase.group];
      if (members.empty()) continue;
      auto& mine = found[members];
      mine.resize(members.size());
      mine[static_cast<size_t>(std::find(members.begin(), members.end(), static_cast<Rank>(rank)) - members.begin())].push_back(&phase);
    }
  for (const auto& [members, phases] : found) {
    for (size_t member = 0; member < members.size(); ++member)
      if (phases[member].size() != phases.front().size())
        return wrong(static_cast<size_t>(members[member]), "has another number of phases in its group than its fellows");
    for (size_t i = 0; i < phases.front().size(); ++i) {
      std::vector<const Phase*> together;
      for (const auto& of_member : phases) together.push_back(of_member[i]);
      Status status = check_members(plans, members, together, request, aliasing, options.seed);
      if (!status.ok())
        return std::move(status).during("phase " + std::to_string(i) + " (" + std::string(name(together.front()->collective)) +
                                        ") of the group of rank " + std::to_string(members.front()));
    }
  }
  return {};
}

}  // namespace

Status check(std::span<const Plan> plans, const Request& request, const CheckOptions& options) {
  const std::vector<Aliasing> aliasing = options.aliasing.empty() ? std::vector<Aliasing>(plans.size(), Aliasing::none) : options.aliasing;
  if (plans.empty() || aliasing.size() != plans.size()) return Status(Code::invalid, "one plan and one aliasing for every rank");
  if (options.slices == 0 || options.window == 0 || options.operations == 0) return Status(Code::invalid, "nothing to check: zero slices");
  for (size_t rank = 0; rank < plans.size(); ++rank) HAWSER_TRY(check_alone(plans[rank], rank, plans.size()));
  for (size_t rank = 0; rank < plans.size(); ++rank) {
    const auto me = static_cast<Rank>(rank);
    const Plan& plan = plans[rank];
    HAWSER_TRY(check_hazards(plan, Slots(request.collective, me, plan.input_chunks, plan.output_chunks, aliasing[rank]), me));
  }
  HAWSER_TRY(check_whole(plans, request, options, aliasing));
  return options.phases ? check_phases(plans, request, options, aliasing) : Status();
}

}  // namespace hawser
