// A program's face: what the communicator asks of it.
#include "src/executor/program.h"

#include "src/executor/lower.h"

namespace hawser {

std::unique_ptr<const Program> Program::lower(const Plan& plan, Rank me, ProgramOptions options) {
  std::unique_ptr<Body> body = lower_plan(plan, me, std::move(options));
  if (body == nullptr) return nullptr;
  std::unique_ptr<Program> program(new Program);
  program->body_ = std::move(body);
  return program;
}

Program::~Program() = default;

Routine* Program::only_routine() const {
  const bool only = body_->one_phase && body_->size() == 1 && body_->instructions[0].op == Opcode::routine;
  return only ? body_->phases[0].routine.get() : nullptr;
}

const Phase* Program::only_phase() const { return only_routine() != nullptr ? &body_->phases[0].phase : nullptr; }

uint32_t Program::chunks(Buffer buffer) const {
  return buffer == Buffer::input ? body_->input_chunks : buffer == Buffer::output ? body_->output_chunks : body_->scratch_chunks;
}

size_t Program::bytes() const {
  const Body& body = *body_;
  size_t bytes = sizeof(Program) + sizeof(Body) + body.instructions.capacity() * sizeof(Instruction);
  bytes += body.waits.capacity() * sizeof(uint16_t) + (body.steps.capacity() + body.edges.capacity()) * sizeof(uint32_t);
  bytes += (body.peers.capacity() + body.messages.capacity() + body.receives.capacity()) * sizeof(uint32_t);
  bytes += body.scratch_like.capacity() * sizeof(uint32_t) + body.phases.capacity() * sizeof(ReplacedPhase) +
           body.written.capacity() * sizeof(ChunkRange);
  for (const ReplacedPhase& phase : body.phases) bytes += phase.members.capacity() * sizeof(Rank);
  return bytes;
}

}  // namespace hawser
