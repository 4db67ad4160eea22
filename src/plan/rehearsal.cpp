// The stage: instances of plans (one a rank, operation and slice), what has been issued, what may complete, who touches which chunk.
#include "src/plan/rehearsal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "src/base/random.h"
#include "src/plan/frontier.h"
#include "src/plan/matching.h"
#include "src/plan/slots.h"
#include "src/plan/symbols.h"

namespace hawser {
namespace {

std::string text(const Step& step) {
  switch (step.kind) {
    case StepKind::send:
      return "send to rank " + std::to_string(step.peer);
    case StepKind::recv:
      return "recv from rank " + std::to_string(step.peer);
    case StepKind::copy:
      return "copy";
    case StepKind::reduce:
      return "reduce";
  }
  return "?";
}

bool is_transfer(const Step& step) { return step.kind == StepKind::send || step.kind == StepKind::recv; }
bool reads(const Step& step) { return step.kind != StepKind::recv; }
bool writes(const Step& step) { return step.kind != StepKind::send; }

struct Cell {  // one chunk of one instance
  Symbol symbol;
  uint32_t readers = 0;
  bool written = false;  // is being
};

enum class Progress : uint8_t { waiting, issued, completed };

struct Instance {
  uint32_t actor = 0, slice = 0;
  Frontier frontier;
  std::vector<Cell> cells;
  std::vector<Progress> steps;
  uint32_t next = 0;  // in program order
};

class Stage {
 public:
  Stage(const Contract& contract, std::span<const Actor> actors, const RehearsalOptions& options)
      : contract_(contract), actors_(actors), options_(options), contributions_(contract.members()), random_(options.seed) {}
  Status run();

 private:
  struct Event {  // may complete now; of a message, the receiving end
    uint32_t instance, step;
  };

  const Plan& plan(const Instance& instance) const { return *actors_[instance.actor].plan; }
  uint32_t number(uint32_t operation, uint32_t slice, uint32_t actor) const {
    return (operation * options_.slices + slice) * static_cast<uint32_t>(actors_.size()) + actor;
  }
  uint32_t beside(uint32_t instance, uint32_t actor) const { return instance - instances_[instance].actor + actor; }
  std::string who(const Instance& instance, uint32_t step) const;

  Status lengths_agree() const;
  uint32_t length_class(const Actor&, Buffer, uint32_t chunk) const;
  Status start(uint32_t instance);
  Status issue_ready(uint32_t instance);
  Status issue(uint32_t instance, uint32_t step);
  Status claim(Instance&, uint32_t step);
  void release(Instance&, const Step&);
  Status complete(Event);
  Status finish_step(uint32_t instance, uint32_t step);
  Status move(Instance& from, const Step& source, Instance& to, uint32_t step);
  Status finish(uint32_t instance);
  Status keeps_promise(const Instance&) const;
  Status stuck() const;

  const Contract& contract_;
  std::span<const Actor> actors_;
  const RehearsalOptions& options_;
  Contributions contributions_;
  SeededRandom random_;
  std::vector<Slots> slots_;  // by actor
  std::vector<std::vector<Meeting>> meetings_;
  std::vector<Instance> instances_;
  std::vector<Event> events_;
  uint32_t unfinished_ = 0;
};

std::string Stage::who(const Instance& instance, uint32_t step) const {
  return "rank " + std::to_string(actors_[instance.actor].rank) + " step " + std::to_string(step) + " (" +
         text(plan(instance).steps[step]) + ")";
}

Status Stage::run() {
  std::vector<const Plan*> plans;
  std::vector<Rank> ranks;
  for (const Actor& actor : actors_) {
    plans.push_back(actor.plan);
    ranks.push_back(actor.rank);
    slots_.emplace_back(options_.collective, actor.rank, actor.plan->input_chunks, actor.plan->output_chunks, actor.aliasing);
  }
  meetings_ = match(plans, ranks);
  HAWSER_TRY(lengths_agree());
  instances_.resize(size_t{options_.operations} * options_.slices * actors_.size());
  unfinished_ = static_cast<uint32_t>(instances_.size());
  for (uint32_t operation = 0; operation < options_.operations; ++operation)
    for (uint32_t slice = 0; slice < options_.slices; ++slice)
      for (uint32_t actor = 0; actor < actors_.size(); ++actor) {
        Instance& instance = instances_[number(operation, slice, actor)];
        instance.actor = actor, instance.slice = slice;
      }
  for (uint32_t i = 0; i < instances_.size(); ++i)
    if (instances_[i].slice < options_.window) HAWSER_TRY(start(i));
  while (!events_.empty()) {
    std::swap(events_[random_.next() % events_.size()], events_.back());
    const Event event = events_.back();
    events_.pop_back();
    HAWSER_TRY(complete(event));
  }
  return unfinished_ == 0 ? Status() : stuck();
}

// Vectors that are cut into chunks end in shorter ones: every transfer, copy and reduce must have equally long ends.
uint32_t Stage::length_class(const Actor& actor, Buffer buffer, uint32_t chunk) const {
  return buffer == Buffer::scratch ? actor.plan->scratch_like[chunk] : chunk;
}

Status Stage::lengths_agree() const {
  if (!keeps_vector(options_.collective)) return {};
  for (uint32_t i = 0; i < actors_.size(); ++i)
    for (uint32_t j = 0; j < actors_[i].plan->steps.size(); ++j) {
      const Step& step = actors_[i].plan->steps[j];
      const Meeting& meeting = meetings_[i][j];
      if (step.kind == StepKind::recv || (is_transfer(step) && meeting.peer == Meeting::kNobody)) continue;
      const Actor& receiver = is_transfer(step) ? actors_[meeting.peer] : actors_[i];
      const Step& other = is_transfer(step) ? receiver.plan->steps[meeting.step] : step;
      for (uint32_t k = 0; k < std::min(step.count, other.count); ++k)
        if (length_class(actors_[i], step.source_buffer, step.source + k * step.source_stride) !=
            length_class(receiver, other.target_buffer, other.target + k * other.target_stride))
          return Status(Code::invalid, "rank " + std::to_string(actors_[i].rank) + " step " + std::to_string(j) + " (" + text(step) +
                                           "): chunk " + std::to_string(k) +
                                           " of it is not as long as its target when the vector has a tail");
    }
  return {};
}

Status Stage::start(uint32_t number) {
  Instance& instance = instances_[number];
  const Actor& actor = actors_[instance.actor];
  const Slots& slots = slots_[instance.actor];
  instance.frontier.start(*actor.plan);
  instance.cells.assign(slots.caller_slots() + actor.plan->scratch_chunks, {});
  instance.steps.assign(actor.plan->steps.size(), Progress::waiting);
  if (contract_.reads_input(instance.actor))
    for (uint32_t i = 0; i < actor.input.count; ++i)
      instance.cells[slots.of(actor.input.buffer, actor.input.first + i * actor.input.stride)].symbol =
          contributions_.from(instance.actor, i);
  HAWSER_TRY(issue_ready(number));
  return instance.frontier.done() ? finish(number) : Status();
}

Status Stage::issue_ready(uint32_t number) {
  Instance& instance = instances_[number];
  if (options_.program_order) {
    for (; instance.next < instance.frontier.size() && instance.frontier.is_ready(instance.next); ++instance.next) {
      instance.frontier.take(instance.next);
      HAWSER_TRY(issue(number, instance.next));
    }
    return {};
  }
  for (uint32_t step = instance.frontier.ready(); step != Frontier::kNone; step = instance.frontier.ready()) {
    instance.frontier.take(step);
    HAWSER_TRY(issue(number, step));
  }
  return {};
}

Status Stage::issue(uint32_t number, uint32_t step) {
  Instance& instance = instances_[number];
  HAWSER_TRY(claim(instance, step));
  instance.steps[step] = Progress::issued;
  const Step& what = plan(instance).steps[step];
  if (!is_transfer(what)) {
    events_.push_back({number, step});
    return {};
  }
  const Meeting& meeting = meetings_[instance.actor][step];
  if (meeting.peer == Meeting::kNobody) return {};
  const uint32_t peer = beside(number, meeting.peer);
  if (instances_[peer].steps.empty() || instances_[peer].steps[meeting.step] != Progress::issued) return {};
  events_.push_back(what.kind == StepKind::recv ? Event{number, step} : Event{peer, meeting.step});
  return {};
}

Status Stage::claim(Instance& instance, uint32_t step) {
  const Step& what = plan(instance).steps[step];
  const Slots& slots = slots_[instance.actor];
  const bool whole = options_.keeps_input;
  for (uint32_t i = 0; i < what.count && reads(what); ++i) {
    Cell& cell = instance.cells[slots.of(what.source_buffer, what.source + i * what.source_stride)];
    if (cell.written) return Status(Code::invalid, who(instance, step) + " reads a chunk while another step writes it");
    ++cell.readers;
  }
  for (uint32_t i = 0; i < what.count && writes(what); ++i) {
    const uint32_t slot = slots.of(what.target_buffer, what.target + i * what.target_stride);
    Cell& cell = instance.cells[slot];
    if (cell.written || cell.readers > 0)
      return Status(Code::invalid, who(instance, step) + " writes a chunk while another step reads or writes it");
    if (whole && slots.is_input(slot) && !slots.is_output(slot))
      return Status(Code::invalid, who(instance, step) + " destroys input chunk " + std::to_string(slot - slots.begin[0]));
    if (whole && slots.is_output(slot) && !contract_.writes_output(instance.actor))
      return Status(Code::invalid, who(instance, step) + " writes the output, which only the root has");
    cell.written = true;
  }
  return {};
}

void Stage::release(Instance& instance, const Step& what) {
  const Slots& slots = slots_[instance.actor];
  for (uint32_t i = 0; i < what.count; ++i) {
    if (reads(what)) --instance.cells[slots.of(what.source_buffer, what.source + i * what.source_stride)].readers;
    if (writes(what)) instance.cells[slots.of(what.target_buffer, what.target + i * what.target_stride)].written = false;
  }
}

Status Stage::complete(Event event) {
  Instance& instance = instances_[event.instance];
  const Step& what = plan(instance).steps[event.step];
  if (!is_transfer(what)) {
    HAWSER_TRY(move(instance, what, instance, event.step));
    return finish_step(event.instance, event.step);
  }
  const Meeting& meeting = meetings_[instance.actor][event.step];
  const uint32_t sender = beside(event.instance, meeting.peer);
  HAWSER_TRY(move(instances_[sender], plan(instances_[sender]).steps[meeting.step], instance, event.step));
  HAWSER_TRY(finish_step(sender, meeting.step));
  return finish_step(event.instance, event.step);
}

Status Stage::finish_step(uint32_t number, uint32_t step) {
  Instance& instance = instances_[number];
  release(instance, plan(instance).steps[step]);
  instance.steps[step] = Progress::completed;
  instance.frontier.complete(step);
  if (instance.frontier.done()) return finish(number);
  return issue_ready(number);
}

Status Stage::move(Instance& from, const Step& source, Instance& to, uint32_t step) {
  const Step& target = plan(to).steps[step];
  if (source.count != target.count)
    return Status(Code::invalid,
                  who(to, step) + " takes " + std::to_string(target.count) + " chunks, but " + std::to_string(source.count) + " are sent");
  for (uint32_t i = 0; i < target.count; ++i) {
    const Symbol came = from.cells[slots_[from.actor].of(source.source_buffer, source.source + i * source.source_stride)].symbol;
    Symbol& there = to.cells[slots_[to.actor].of(target.target_buffer, target.target + i * target.target_stride)].symbol;
    if (came.chunk == Symbol::kNothing) return Status(Code::invalid, who(to, step) + " gets a chunk that nobody wrote");
    if (target.kind != StepKind::reduce) {
      there = came;
      continue;
    }
    if (there.chunk == Symbol::kNothing) return Status(Code::invalid, who(to, step) + " adds to a chunk that nobody wrote");
    if (there.chunk != came.chunk)
      return Status(Code::invalid,
                    who(to, step) + " adds chunk " + std::to_string(came.chunk) + " to chunk " + std::to_string(there.chunk));
    there = contributions_.folded(there, came);
    if (there.twice && !contract_.may_count_twice())
      return Status(Code::invalid, who(to, step) + " counts a contribution twice in chunk " + std::to_string(there.chunk));
  }
  return {};
}

Status Stage::finish(uint32_t number) {
  HAWSER_TRY(keeps_promise(instances_[number]));
  --unfinished_;
  const uint32_t next = number + options_.window * static_cast<uint32_t>(actors_.size());
  instances_[number].cells = {};
  return instances_[number].slice + options_.window < options_.slices ? start(next) : Status();
}

Status Stage::keeps_promise(const Instance& instance) const {
  if (!contract_.writes_output(instance.actor)) return {};
  const Actor& actor = actors_[instance.actor];
  for (uint32_t i = 0; i < actor.output.count; ++i) {
    const uint32_t slot = slots_[instance.actor].of(actor.output.buffer, actor.output.first + i * actor.output.stride);
    const Symbol& symbol = instance.cells[slot].symbol;
    const Contract::Promise promise = contract_.promise(instance.actor, i);
    const std::string where =
        "rank " + std::to_string(actor.rank) + ": output chunk " + std::to_string(i) + " of " + std::string(name(contract_.collective));
    if (symbol.chunk == Symbol::kNothing) return Status(Code::invalid, where + " was never written");
    if (symbol.chunk != promise.chunk)
      return Status(Code::invalid,
                    where + " holds chunk " + std::to_string(symbol.chunk) + " in place of chunk " + std::to_string(promise.chunk));
    const bool right = promise.member == Contract::kEveryone
                           ? contributions_.is_everyone(symbol.members)
                           : contributions_.is_only(symbol.members, static_cast<uint32_t>(promise.member));
    if (!right)
      return Status(Code::invalid, where + " has " + std::to_string(contributions_.size(symbol.members)) + " contributions, not those of " +
                                       (promise.member == Contract::kEveryone ? "all " + std::to_string(contract_.members())
                                                                              : "member " + std::to_string(promise.member)));
    if (options_.rank_order && contract_.folds() && symbol.fold != contributions_.rank_order())
      return Status(Code::invalid, where + " was not folded in rank order");
  }
  return {};
}

// Names a message that has no other end if there is one: that is the cause, the others only wait for it.
Status Stage::stuck() const {
  std::string first;
  for (uint32_t i = 0; i < instances_.size(); ++i) {
    const Instance& instance = instances_[i];
    for (uint32_t step = 0; step < instance.steps.size(); ++step) {
      const Step& what = plan(instance).steps[step];
      if (instance.steps[step] != Progress::issued || !is_transfer(what)) continue;
      const Meeting& meeting = meetings_[instance.actor][step];
      if (meeting.peer != Meeting::kNobody && !first.empty()) continue;
      const std::string message = what.kind == StepKind::recv
                                      ? "waiting for message " + std::to_string(meeting.ordinal) + " of rank " + std::to_string(what.peer)
                                      : "rank " + std::to_string(what.peer) + " does not take message " + std::to_string(meeting.ordinal);
      first = "rank " + std::to_string(actors_[instance.actor].rank) + " stuck after " + std::to_string(instance.frontier.completed()) +
              " of " + std::to_string(instance.frontier.size()) + " steps, " + message;
      if (meeting.peer == Meeting::kNobody) return Status(Code::invalid, first);
    }
  }
  return Status(Code::invalid, first.empty() ? "stuck: the dependencies form a circle" : first);
}

}  // namespace

Status rehearse(const Contract& contract, std::span<const Actor> actors, const RehearsalOptions& options) {
  HAWSER_TRY(contract.agrees());
  return Stage(contract, actors, options).run();
}

}  // namespace hawser
