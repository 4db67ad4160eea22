// How a call becomes work: the fast path in the caller's thread, or a submission.
#include "src/communicator/communicator.h"

#include <algorithm>

#include "src/base/log.h"

namespace hawser {

Communicator::Communicator(Parts parts)
    : context_(*parts.context),
      config_(std::move(parts.config)),
      roster_(std::move(parts.roster)),
      timeout_ns_(parts.timeout_ns),
      membership_(std::make_shared<Membership>(parts.key, std::move(parts.name), parts.rank, std::move(parts.peers))),
      island_ranks_(roster_.island_of(parts.rank)),
      island_(parts.island.empty()
                  ? nullptr
                  : std::make_unique<Island>(
                        static_cast<uint32_t>(std::find(island_ranks_.begin(), island_ranks_.end(), parts.rank) - island_ranks_.begin()),
                        std::move(parts.island), roster_.facts[static_cast<size_t>(roster_.islands[static_cast<size_t>(parts.rank)])])),
      plans_(config_, roster_.topology, parts.rank, island_.get(), island_ranks_) {
  context_.enlist(membership_);
}

// The area in the segment stays until the context ends: a slower member may still read from it what this rank has published.
Communicator::~Communicator() {
  (void)membership_->fail({Code::aborted, rank(), "the communicator was destroyed"});
  context_.dismiss(*membership_);
}

void Communicator::abort() {
  context_.fail(*membership_, {Code::aborted, rank(), "rank " + std::to_string(rank()) + " aborted " + name()});
}

PlanKey Communicator::key_of(const Call& call) const {
  return {call.count, call.collective, call.type, call.op, call.in_place(rank()), call.root};
}

bool Communicator::in_segment(const PlanEntry& entry, const void* input, const void* output) const {
  const Segment* const segment = context_.segment();
  return segment != nullptr && (entry.input_bytes == 0 || segment->contains(input, entry.input_bytes)) &&
         (entry.output_bytes == 0 || segment->contains(output, entry.output_bytes));
}

Status Communicator::refused() const {
  const Failure failure = membership_->failure();
  return Status(failure.code, failure.story);
}

Status Communicator::run(const Call& call) {
  const PlanKey key = key_of(call);
  const PlanEntry* entry = plans_.find(key);
  std::shared_ptr<const PlanEntry> kept;
  if (entry == nullptr) {
    kept = HAWSER_TRY(plans_.get(key));
    entry = kept.get();
  }
  if (entry->whole != nullptr && enter()) {
    const Code code = run_whole(*entry, call.input, call.output, call.timeout_ns);
    return code == Code::ok ? Status() : refused();
  }
  return run_planned(*entry, call.input, call.output, call.timeout_ns);
}

Status Communicator::run_planned(const PlanEntry& entry, const void* input, void* output, uint64_t timeout_ns) {
  Submission submission;
  fill(submission, entry, input, output, timeout_ns);
  Submission* const one = &submission;
  context_.run({&one, 1});
  return outcome(submission);
}

struct Communicator::Waiting {
  Patience patience;
  Lateness lateness;
  uint64_t timeout_ns = 0;
};

// It could not be done at once.
Code Communicator::see_through(const PlanEntry& entry, uint64_t timeout_ns) {
  Waiting waiting;
  waiting.timeout_ns = timeout_ns != 0 ? timeout_ns : timeout_ns_;
  Rank blamed = -1;
  Code code = Code::ok;
  Pause pause = entry.whole->progress();
  while (code == Code::ok && pause.code == Code::in_progress) {
    code = wait_for(pause, entry, waiting, blamed);
    if (code == Code::ok) pause = entry.whole->progress();
  }
  context_.alone_over();
  if (code == Code::ok && pause.code != Code::ok) {
    code = pause.code;
    blamed = pause.peer >= 0 ? island_ranks_[static_cast<size_t>(pause.peer)] : -1;
  }
  if (code != Code::ok) context_.fail(*membership_, context_.describe(*membership_, code, blamed, entry.description));
  return code;
}

// One stage of waiting for a word of a member. Not ok: the operation is over, `blamed` says by whom.
Code Communicator::wait_for(const Pause& pause, const PlanEntry& entry, Waiting& waiting, Rank& blamed) {
  Waiter& waiter = context_.waiter();
  const bool others = context_.serve_others(*membership_);
  waiter.wait(pause.wait, others ? context_.open_transports() : std::span<Transport* const>(), waiting.patience);
  island_->waits();
  if (pause.wait.word != nullptr && pause.wait.reached()) {
    waiting.patience.reset();
    return Code::ok;
  }
  if (const Code state = membership_->state(); state != Code::ok) return state;
  if (!waiter.slept()) return Code::ok;
  const Pause looked = entry.whole->look_for_mismatch();
  if (looked.code != Code::in_progress && looked.code != Code::ok) {
    blamed = looked.peer >= 0 ? island_ranks_[static_cast<size_t>(looked.peer)] : -1;
    return looked.code;
  }
  const Rank awaited = pause.peer >= 0 ? island_ranks_[static_cast<size_t>(pause.peer)] : -1;
  if (awaited >= 0 && context_.is_gone(membership_->peers()[static_cast<size_t>(awaited)]) &&
      !(pause.wait.word != nullptr && pause.wait.reached())) {
    blamed = awaited;
    return Code::peer;
  }
  std::vector<Rank> ranks;
  if (awaited >= 0) ranks.push_back(awaited);
  return context_.late(*membership_, entry.description, waiting.lateness, waiting.timeout_ns, ranks);
}

void Communicator::fill(Submission& submission, const PlanEntry& entry, const void* input, void* output, uint64_t timeout_ns) const {
  submission.membership = membership_.get();
  submission.description = entry.description;
  submission.timeout_ns = timeout_ns != 0 ? timeout_ns : timeout_ns_;
  Operation& operation = submission.operation;
  operation.program = entry.program.get();
  operation.signature = entry.signature;
  operation.binding = entry.binding;
  operation.binding.library_buffers = in_segment(entry, input, output);
  operation.binding.buffers[static_cast<int>(Buffer::input)].base = static_cast<std::byte*>(const_cast<void*>(input));
  operation.binding.buffers[static_cast<int>(Buffer::output)].base = static_cast<std::byte*>(output);
}

Result<std::unique_ptr<Submission>> Communicator::prepare(const Call& call) {
  const std::shared_ptr<const PlanEntry> entry = HAWSER_TRY(plans_.get(key_of(call)));
  auto submission = std::make_unique<Submission>();
  fill(*submission, *entry, call.input, call.output, call.timeout_ns);
  submission->program = entry->program;
  return submission;
}

Status Communicator::outcome(const Submission& submission) const {
  const Code code = submission.operation.code.load(std::memory_order_acquire);
  if (code == Code::ok) return {};
  if (code == Code::truncated)
    return Status(code, "a message from " + context_.label(*membership_, submission.operation.blamed) + " is longer than its receive");
  return refused();
}

}  // namespace hawser
