// Which receives serve one reduce only, found in one walk over the plan: each write of a scratch chunk starts a new content.
#include "src/executor/fusion.h"

namespace hawser {
namespace {

struct Content {  // of one scratch chunk, since its last write
  uint32_t received_by = kNotFused, reader = kNotFused, readers = 0;
};

bool same_range(const Step& recv, const Step& reduce) {
  return reduce.kind == StepKind::reduce && reduce.source_buffer == Buffer::scratch && reduce.source == recv.target &&
         reduce.count == recv.count && (reduce.source_stride == 1 || reduce.count == 1) &&
         !(reduce.target_buffer == Buffer::scratch && reduce.target < recv.target + recv.count &&
           recv.target < reduce.target + reduce.count);
}

class FusionWalk {
 public:
  FusionWalk(const Plan& plan, const std::vector<bool>& replaced)
      : plan_(plan),
        replaced_(replaced),
        chunks_(plan.scratch_chunks),
        partner_(plan.steps.size(), kNotFused),
        good_(plan.steps.size(), 0) {}

  std::vector<uint32_t> run() {
    for (uint32_t i = 0; i < plan_.steps.size(); ++i) visit(i);
    for (Content& content : chunks_) close(content);
    std::vector<uint32_t> result(plan_.steps.size(), kNotFused);
    for (uint32_t i = 0; i < plan_.steps.size(); ++i) {
      if (plan_.steps[i].kind != StepKind::recv || good_[i] != plan_.steps[i].count || good_[i] == 0) continue;
      result[i] = partner_[i];
      result[partner_[i]] = i;
    }
    return result;
  }

 private:
  void visit(uint32_t i) {
    const Step& step = plan_.steps[i];
    for (uint32_t k = 0; k < step.count; ++k) {
      const uint32_t source = step.source + k * step.source_stride, target = step.target + k * step.target_stride;
      if (step.kind != StepKind::recv && step.source_buffer == Buffer::scratch) read(chunks_[source], i);
      if (step.kind == StepKind::send || step.target_buffer != Buffer::scratch) continue;
      if (step.kind == StepKind::reduce) read(chunks_[target], kNotFused);
      close(chunks_[target]);
      chunks_[target] = {step.kind == StepKind::recv && !replaced_[i] ? i : kNotFused, kNotFused, 0};
    }
  }
  static void read(Content& content, uint32_t reader) {
    ++content.readers;
    content.reader = reader;
  }
  void close(const Content& content) {  // overwritten, or the end of the plan
    const uint32_t recv = content.received_by, reader = content.reader;
    if (recv == kNotFused || content.readers != 1 || reader == kNotFused || replaced_[reader]) return;
    if (!same_range(plan_.steps[recv], plan_.steps[reader])) return;
    partner_[recv] = reader;
    ++good_[recv];
  }

  const Plan& plan_;
  const std::vector<bool>& replaced_;
  std::vector<Content> chunks_;
  std::vector<uint32_t> partner_, good_;
};

}  // namespace

std::vector<uint32_t> fused_partners(const Plan& plan, const std::vector<bool>& replaced_step) {
  return FusionWalk(plan, replaced_step).run();
}

}  // namespace hawser
