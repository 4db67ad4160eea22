// A plan lowered once for one rank: small steps in program order, receives fused with the reduce that follows, ordinals and peers resolved.
#pragma once
#include <memory>
#include <vector>

#include "src/executor/routine.h"
#include "src/plan/plan.h"

namespace hawser {

struct ProgramOptions {
  uint64_t slice_bytes = 0;  // 0: one slice
  uint32_t window = 1;
  std::vector<std::shared_ptr<Routine>> routines;  // by phase of the plan; null: the phase runs step by step
  bool user_messages = false;                      // point to point: ordinals are 0, kinds are user, layouts are listed
  bool listed = false;                             // layouts may be listed: every transfer is split into its chunks
};

class Program {
 public:
  // Null when the plan does not fit: more than 65,535 messages between two ranks, or dependencies of one step.
  static std::unique_ptr<const Program> lower(const Plan&, Rank me, ProgramOptions);
  ~Program();
  Routine* only_routine() const;  // when the whole plan is one replaced phase: the fast path; else null
  const Phase* only_phase() const;
  uint32_t chunks(Buffer) const;  // how many the plan divides it into: Layout::chunks
  size_t bytes() const;           // memory it takes, for eviction

  struct Body;  // executor's own
  const Body& body() const { return *body_; }

 private:
  Program() = default;
  std::unique_ptr<Body> body_;
};

}  // namespace hawser
