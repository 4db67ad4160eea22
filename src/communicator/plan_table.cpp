// Choosing and lowering a plan on a miss.
#include "src/communicator/plan_table.h"

#include <algorithm>

#include "src/base/hash.h"

namespace hawser {
namespace {

constexpr size_t kEntriesMax = 16384, kProgramsMax = 4096;

Blocks one_block(uint64_t count) { return {nullptr, count, count, 0, count}; }
Blocks many_blocks(uint64_t count, int ranks) { return {nullptr, count * static_cast<uint64_t>(ranks), count, 0, count}; }

// What a phase over all ranks works on when it is the whole operation.
PhaseCall whole_call(const PlanKey& key, int ranks, uint32_t signature) {
  PhaseCall call;
  call.collective = key.collective();
  call.root = key.root();
  call.type = key.type();
  call.op = key.op() == ReduceOp::avg ? ReduceOp::sum : key.op();
  call.divisor = key.op() == ReduceOp::avg && reduces(key.collective()) ? static_cast<uint32_t>(ranks) : 1;
  call.signature = signature;
  call.input = has_input_parts(key.collective()) ? many_blocks(key.count, ranks) : one_block(key.count);
  call.output = has_output_parts(key.collective()) ? many_blocks(key.count, ranks) : one_block(key.count);
  return call;
}

// The same call for the executor.
Binding binding_of(const PhaseCall& call, const Program& program) {
  Binding binding;
  binding.type = call.type;
  binding.op = call.op;
  binding.divisor = call.divisor;
  for (const auto& [buffer, blocks] : {std::pair(Buffer::input, call.input), std::pair(Buffer::output, call.output)}) {
    Layout& layout = binding.buffers[static_cast<size_t>(buffer)];
    layout.count = blocks.total;
    layout.chunks = program.chunks(buffer);
  }
  return binding;
}

std::string scheme_text(const Scheme& scheme) {
  return std::string(name(scheme.kind)) + "/" + std::to_string(scheme.chunk_bytes) + (scheme.non_temporal ? "n" : "") +
         (scheme.two_shot ? "2" : "");
}

}  // namespace

PlanTable::PlanTable(const Config& config, const Topology& topology, Rank me, Island* island, const std::vector<Rank>& island_ranks)
    : config_(config), topology_(topology), me_(me), island_(island), island_ranks_(island_ranks) {
  none_.key.what = UINT64_MAX;
  for (std::atomic<const PlanEntry*>& slot : slots_) slot.store(&none_, std::memory_order_relaxed);
}

Request PlanTable::request(const PlanKey& key) const {
  Request request;
  request.collective = key.collective();
  request.count = key.count;
  request.type = key.type();
  request.op = key.op();
  request.root = std::max(key.root(), 0);
  request.deterministic = config_.deterministic;
  request.planner = config_.planner;
  request.scheme = config_.scheme;
  request.slice_bytes = config_.slice;
  request.window = static_cast<uint32_t>(config_.window);
  return request;
}

Result<std::shared_ptr<const PlanEntry>> PlanTable::get(const PlanKey& key) {
  const std::lock_guard lock(mutex_);
  const uint64_t hashed = combine(key.count, key.slot());
  const auto [begin, end] = entries_.equal_range(hashed);
  for (auto at = begin; at != end; ++at)
    if (at->second->key == key) {
      slots_[key.slot()].store(at->second.get(), std::memory_order_release);
      return at->second;
    }
  std::shared_ptr<const PlanEntry> entry = HAWSER_TRY(make(key));
  if (entries_.size() < kEntriesMax) {
    entries_.emplace(hashed, entry);
    slots_[key.slot()].store(entry.get(), std::memory_order_release);
  }
  return entry;
}

Result<std::shared_ptr<PlanEntry>> PlanTable::make(const PlanKey& key) {
  const Request asked = request(key);
  auto entry = std::make_shared<PlanEntry>();
  entry->key = key;
  entry->description = {key.collective(), key.type(), key.op(), key.root(), key.count};
  entry->packed = Doing::pack(entry->description);
  entry->signature = entry->description.signature();
  const BufferChoice chosen = HAWSER_TRY(choose_with_buffers(asked));
  entry->choice = chosen.choice;
  entry->program = HAWSER_TRY(program(asked, entry->choice, chosen.otherwise, key.in_place() ? Aliasing::in_place : Aliasing::none));
  entry->whole = entry->program->only_routine();
  entry->asks_for_buffers =
      entry->whole != nullptr && entry->choice.schemes.size() == 1 && entry->choice.schemes[0].kind == SchemeKind::push;
  entry->call = whole_call(key, topology_.ranks(), entry->signature);
  entry->call.serial = ++serials_;
  entry->binding = binding_of(entry->call, *entry->program);
  const bool gives = !only_root_gives(key.collective()) || key.root() == me_, gets = !only_root_gets(key.collective()) || key.root() == me_;
  entry->input_bytes = gives ? entry->call.input.total * size_of(key.type()) : 0;
  entry->output_bytes = gets ? entry->call.output.total * size_of(key.type()) : 0;
  return entry;
}

// Whether everybody's buffers are the library's is asked inside the routine, which costs a message each way in the island. That is worth it
// where the operation takes many times as long anyway; with other buffers the routine goes on by the scheme that suits those.
Result<PlanTable::BufferChoice> PlanTable::choose_with_buffers(Request request) const {
  const int64_t worth_meetings = rooted(request.collective) ? 10 : 4;  // a root that asks loses the lead it may have
  Choice plain = HAWSER_TRY(choose(topology_, request));
  if (island_ == nullptr || topology_.islands() != 1 || plain.schemes.size() != 1) return BufferChoice{std::move(plain)};
  Request barrier;
  barrier.collective = Collective::barrier;
  const int64_t meeting =
      scheme_cost(topology_.island_facts(0), static_cast<uint32_t>(topology_.ranks()), barrier, Scheme{SchemeKind::cells});
  if (plain.picoseconds < worth_meetings * meeting) return BufferChoice{std::move(plain)};
  request.library_buffers = true;
  return BufferChoice{HAWSER_TRY(choose(topology_, request)), plain.schemes[0]};
}

Result<std::shared_ptr<const Program>> PlanTable::program(const Request& request, const Choice& choice, const Scheme& otherwise,
                                                          Aliasing aliasing) {
  std::string name(choice.planner->name);
  name += "/" + std::to_string(static_cast<int>(request.collective)) + "/" + std::to_string(request.root) +
          (aliasing == Aliasing::in_place ? "i" : "o") + "/" + std::to_string(choice.slice_bytes) + "/" + std::to_string(choice.window);
  for (const Scheme& scheme : choice.schemes) name += "/" + scheme_text(scheme);
  name += "/" + scheme_text(otherwise);
  if (const auto found = programs_.find(name); found != programs_.end()) return found->second;

  const Plan made = plan(*choice.planner, topology_, request, me_, aliasing);
  ProgramOptions options{choice.slice_bytes, choice.window, {}, false};
  for (size_t i = 0; i < made.phases.size(); ++i) {
    const bool inside = island_ != nullptr && i < choice.schemes.size() && made.groups[made.phases[i].group] == island_ranks_;
    if (!inside) {
      options.routines.emplace_back();
      continue;
    }
    std::shared_ptr<Routine>& routine = routines_[scheme_text(choice.schemes[i]) + "/" + scheme_text(otherwise)];
    if (!routine) routine = island_->routine(choice.schemes[i], otherwise);
    options.routines.push_back(routine);
  }
  // What is one routine is not sliced: that one does so itself, and a rank may run it with or without the executor.
  const bool one_phase = made.phases.size() == 1 && made.phases[0].first_step == 0 && made.phases[0].last_step == made.steps.size();
  if (one_phase && options.routines[0]) options.slice_bytes = 0;
  std::shared_ptr<const Program> lowered = Program::lower(made, me_, std::move(options));
  if (!lowered)
    return Status(Code::unsupported, std::string(choice.planner->name) +
                                         " has more messages between two ranks, or dependencies of one step, than a program can number");
  if (programs_.size() < kProgramsMax) programs_.emplace(std::move(name), lowered);
  return lowered;
}

}  // namespace hawser
