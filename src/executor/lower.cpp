// How a plan becomes a program: phases collapse into routines, transfers get their ordinals and lengths, receives meet the reduce that
// reads them, and step dependencies become dependencies of instructions.
#include "src/executor/lower.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/executor/fusion.h"
#include "src/executor/walk.h"

namespace hawser {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
// So many sends to one peer may be under way in a slice: the k-th waits for the (k - bound)-th. Static, so it costs nothing to keep, and it
// cannot deadlock: the receives are not bounded, and the oldest send is always among those issued.
constexpr uint32_t kSendsUnderWay = 64;

class Lowering {
 public:
  Lowering(const Plan& plan, Rank me, ProgramOptions options)
      : plan_(plan), me_(me), options_(std::move(options)), split_(options_.slice_bytes > 0 || options_.user_messages || options_.listed) {}

  std::unique_ptr<Program::Body> run() {
    choose_phases();
    partners_ = fused_partners(plan_, replaced_);
    mark_joins();
    for (uint32_t step = 0; step < steps(); ++step) emit(step);
    while (next_phase_ < chosen_.size()) emit_phase();
    link_partners();
    link_steps();
    link_empty_phases();
    bound_sends();
    if (!fits_ || !lay_edges()) return nullptr;
    describe();
    return std::move(body_);
  }

 private:
  struct Emitted {  // the instructions of a step
    uint32_t first = 0, count = 0, join = kNone;
  };

  uint32_t steps() const { return static_cast<uint32_t>(plan_.steps.size()); }
  bool transfers(const Step& step) const { return step.kind == StepKind::send || step.kind == StepKind::recv; }

  // The outermost phases that have a routine.
  void choose_phases() {
    replaced_.assign(steps(), false);
    phase_of_.assign(steps(), kNone);
    for (uint32_t i = 0; i < plan_.phases.size(); ++i)
      if (i < options_.routines.size() && options_.routines[i] != nullptr) chosen_.push_back(i);
    std::stable_sort(chosen_.begin(), chosen_.end(), [&](uint32_t a, uint32_t b) {
      const Phase &x = plan_.phases[a], &y = plan_.phases[b];
      return x.first_step != y.first_step ? x.first_step < y.first_step : x.last_step > y.last_step;
    });
    std::vector<uint32_t> outermost;
    uint32_t end = 0;
    for (const uint32_t i : chosen_) {
      const Phase& phase = plan_.phases[i];
      if (phase.first_step < end) continue;
      for (uint32_t step = phase.first_step; step < phase.last_step; ++step) {
        replaced_[step] = true;
        phase_of_[step] = static_cast<uint32_t>(outermost.size());
      }
      end = std::max(end, phase.last_step);
      outermost.push_back(i);
    }
    chosen_ = std::move(outermost);
  }

  uint32_t pieces(uint32_t step) const {
    const Step& s = plan_.steps[step];
    if (replaced_[step] || !split_ || s.count <= 1) return 1;
    return transfers(s) || partners_[step] != kNotFused ? s.count : 1;
  }

  // Between a step of many pieces and a later one of many pieces a join keeps the dependencies n + m instead of n * m.
  void mark_joins() {
    joined_.assign(steps(), false);
    for (uint32_t from = 0; from < steps(); ++from) {
      if (pieces(from) == 1) continue;
      for (uint32_t e = plan_.edge_begin[from]; e < plan_.edge_begin[from + 1]; ++e)
        joined_[from] = joined_[from] || (pieces(plan_.edges[e]) > 1 && partners_[from] != plan_.edges[e]);
    }
  }

  uint32_t add(const Instruction& instruction, uint32_t step) {
    body_->instructions.push_back(instruction);
    body_->steps.push_back(step);
    return static_cast<uint32_t>(body_->instructions.size() - 1);
  }

  void emit(uint32_t step) {
    // A routine stands where its phase began; a phase in which this rank has no step stands between its neighbours.
    while (next_phase_ < chosen_.size() && plan_.phases[chosen_[next_phase_]].first_step <= step) emit_phase();
    emitted_.push_back({});
    Emitted& emitted = emitted_.back();
    if (replaced_[step]) {
      emitted = {body_->phases[phase_of_[step]].instruction, 1, kNone};
      count_messages(step, plan_.steps[step].count);
      return;
    }
    emitted.first = static_cast<uint32_t>(body_->instructions.size());
    emitted.count = pieces(step);
    for (uint32_t piece = 0; piece < emitted.count; ++piece) add(piece_of(step, piece, emitted.count), step);
    if (!joined_[step]) return;
    emitted.join = add(Instruction(), step);
  }

  void emit_phase() {
    const Phase& phase = plan_.phases[chosen_[next_phase_]];
    Instruction routine;
    routine.op = Opcode::routine;
    routine.source = next_phase_;
    const std::vector<Rank>& members = plan_.groups[phase.group];
    const auto mine = static_cast<uint32_t>(std::find(members.begin(), members.end(), me_) - members.begin());
    ReplacedPhase replaced{phase, options_.routines[chosen_[next_phase_]], members, mine, add(routine, phase.first_step)};
    body_->phases.push_back(std::move(replaced));
    ++next_phase_;
  }

  // Ordinals count every message of the pair, also those a routine replaces: they are equal on both ends whatever each replaced.
  uint16_t count_messages(uint32_t step, uint32_t messages) {
    const Step& s = plan_.steps[step];
    if (!transfers(s) || s.count == 0) return 0;
    uint32_t& counter = counters_[{s.peer, s.kind == StepKind::send}];
    const uint32_t ordinal = counter;
    counter += split_ ? messages : 1;
    fits_ = fits_ && (options_.user_messages || counter <= UINT16_MAX + 1u);
    return static_cast<uint16_t>(ordinal);
  }

  Instruction piece_of(uint32_t step, uint32_t piece, uint32_t pieces) {
    const Step& s = plan_.steps[step];
    Instruction i;
    if (s.count == 0) return i;
    i.op = opcode(step);
    i.source_buffer = s.source_buffer;
    i.target_buffer = s.target_buffer;
    i.source = s.source + piece * s.source_stride;
    i.target = s.target + piece * s.target_stride;
    i.count = pieces > 1 ? 1 : s.count;
    set_length(i, s);
    i.channel = s.channel;
    i.peer = transfers(s) ? static_cast<uint32_t>(s.peer) : s.source_stride | static_cast<uint32_t>(s.target_stride) << 16;
    if (transfers(s)) i.ordinal = options_.user_messages ? 0 : count_messages(step, 1);
    if (i.op == Opcode::recv_lend) {
      i.source = i.target;
      i.source_buffer = Buffer::scratch;
    }
    return i;
  }

  void set_length(Instruction& i, const Step& s) const {
    if (s.kind != StepKind::send && s.target_buffer != Buffer::scratch) return set_length(i, s.target_buffer, i.target);
    if (s.kind != StepKind::recv && s.source_buffer != Buffer::scratch) return set_length(i, s.source_buffer, i.source);
    const uint32_t first = s.kind == StepKind::send ? i.source : i.target;
    i.length_of = LengthOf::vector;
    i.length_first = like(first);
    const uint16_t stride = s.kind == StepKind::send ? s.source_stride : s.target_stride;
    for (uint32_t k = 1; k < i.count; ++k)
      if (like(first + k * stride) != i.length_first + k) i.length_of = LengthOf::whole;
    if (i.length_of == LengthOf::whole) i.length_first = 0;
  }
  static void set_length(Instruction& i, Buffer buffer, uint32_t first) {
    i.length_of = buffer == Buffer::input ? LengthOf::input : LengthOf::output;
    i.length_first = first;
  }
  uint32_t like(uint32_t scratch) const { return scratch < plan_.scratch_like.size() ? plan_.scratch_like[scratch] : scratch; }

  Opcode opcode(uint32_t step) const {
    const bool fused = partners_[step] != kNotFused;
    switch (plan_.steps[step].kind) {
      case StepKind::send:
        return Opcode::send;
      case StepKind::recv:
        return fused ? Opcode::recv_lend : Opcode::recv;
      case StepKind::reduce:
        return fused ? Opcode::reduce_arrived : Opcode::reduce;
      case StepKind::copy:
        break;
    }
    return Opcode::copy;
  }

  void link(uint32_t from, uint32_t to) {
    if (from != to) edges_.push_back({from, to});
  }

  // Piece by piece. The range lengths of both are the receive's.
  void link_partners() {
    for (uint32_t step = 0; step < steps(); ++step) {
      if (partners_[step] == kNotFused || plan_.steps[step].kind != StepKind::recv) continue;
      const Emitted recv = emitted_[step], reduce = emitted_[partners_[step]];
      for (uint32_t piece = 0; piece < recv.count; ++piece) {
        Instruction& from = body_->instructions[recv.first + piece];
        from.target = reduce.first + piece;
        Instruction& into = body_->instructions[reduce.first + piece];
        into.source = recv.first + piece;
        into.length_of = from.length_of;
        into.length_first = from.length_first;
        link(recv.first + piece, reduce.first + piece);
      }
    }
  }

  void link_steps() {
    for (uint32_t from = 0; from < steps(); ++from)
      for (uint32_t e = plan_.edge_begin[from]; e < plan_.edge_begin[from + 1]; ++e) link_pair(from, plan_.edges[e]);
    for (const Emitted& emitted : emitted_)
      if (emitted.join != kNone)
        for (uint32_t piece = 0; piece < emitted.count; ++piece) link(emitted.first + piece, emitted.join);
  }

  void link_pair(uint32_t from, uint32_t to) {
    if (replaced_[from] && replaced_[to] && phase_of_[from] == phase_of_[to]) return;
    if (partners_[from] == to && plan_.steps[from].kind == StepKind::recv) return;
    const Emitted &a = emitted_[from], &b = emitted_[to];
    for (uint32_t target = 0; target < b.count; ++target) {
      if (a.join != kNone) {
        link(a.join, b.first + target);
        continue;
      }
      for (uint32_t source = 0; source < a.count; ++source) link(a.first + source, b.first + target);
    }
  }

  // A member without a step of its own still takes part in the routine, which may read and write its chunks: between everything before and
  // after.
  void link_empty_phases() {
    for (const ReplacedPhase& replaced : body_->phases) {
      if (replaced.phase.first_step != replaced.phase.last_step) continue;
      for (uint32_t i = 0; i < body_->instructions.size(); ++i)
        if (i < replaced.instruction) link(i, replaced.instruction);
        else link(replaced.instruction, i);
    }
  }

  void bound_sends() {
    std::map<uint32_t, std::vector<uint32_t>> sends;  // by peer
    for (uint32_t i = 0; i < body_->instructions.size(); ++i) {
      const Instruction& instruction = body_->instructions[i];
      if (instruction.op != Opcode::send) continue;
      std::vector<uint32_t>& earlier = sends[instruction.peer];
      if (earlier.size() >= kSendsUnderWay) link(earlier[earlier.size() - kSendsUnderWay], i);
      earlier.push_back(i);
    }
  }

  bool lay_edges() {
    std::sort(edges_.begin(), edges_.end());
    edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
    std::vector<uint32_t> waits(body_->instructions.size(), 0);
    Instruction end;
    end.op = Opcode::end;
    body_->instructions.push_back(end);
    for (const auto& [from, to] : edges_) {
      ++waits[to];
      ++body_->instructions[from + 1].edge_begin;
      body_->edges.push_back(to);
    }
    for (size_t i = 0; i < waits.size(); ++i) body_->instructions[i + 1].edge_begin += body_->instructions[i].edge_begin;
    for (size_t i = 0; i < waits.size(); ++i) {
      Instruction& instruction = body_->instructions[i];
      const bool alone = body_->instructions[i + 1].edge_begin - instruction.edge_begin == 1;
      instruction.only_reduce = instruction.op == Opcode::recv_lend && alone;
      instruction.reduces_at_once = instruction.op == Opcode::recv_lend;
    }
    for (const auto& [from, to] : edges_) {
      const Instruction& instruction = body_->instructions[to];
      if (instruction.op == Opcode::reduce_arrived && from > instruction.source)
        body_->instructions[instruction.source].reduces_at_once = 0;
    }
    if (std::any_of(waits.begin(), waits.end(), [](uint32_t wait) { return wait >= Walk::kHeld; })) return false;
    body_->waits.assign(waits.begin(), waits.end());
    return true;
  }

  void describe() {
    Program::Body& body = *body_;
    body.one_phase = plan_.phases.size() == 1;
    body.input_chunks = plan_.input_chunks;
    body.output_chunks = plan_.output_chunks;
    body.scratch_chunks = plan_.scratch_chunks;
    for (uint32_t i = 0; i < plan_.scratch_chunks; ++i) body.scratch_like.push_back(like(i));
    body.slice_bytes = options_.slice_bytes;
    body.window = std::max(1u, options_.window);
    body.user_messages = options_.user_messages;
    for (const Instruction& i : body.instructions) {
      const bool transfer = i.op == Opcode::send || i.op == Opcode::recv || i.op == Opcode::recv_lend;
      if (transfer) body.peers.push_back(static_cast<Rank>(i.peer));
      body.long_transfers = body.long_transfers || (transfer && i.count > 1);
      body.lends = body.lends || i.op == Opcode::recv_lend;
      body.reduces = body.reduces || i.op == Opcode::reduce || i.op == Opcode::reduce_arrived;
    }
    std::sort(body.peers.begin(), body.peers.end());
    body.peers.erase(std::unique(body.peers.begin(), body.peers.end()), body.peers.end());
    if (!body.peers.empty()) body.highest_peer = body.peers.back();
    for (const Step& step : plan_.steps) {
      body.messages.push_back(body.message_count);
      body.receives.push_back(body.receive_count);
      body.message_count += transfers(step);
      body.receive_count += step.kind == StepKind::recv;
    }
    find_written();
  }

  void find_written() {
    std::vector<bool> written(plan_.output_chunks, false);
    const auto mark = [&](uint32_t first, uint32_t count, uint32_t stride) {
      for (uint32_t k = 0; k < count; ++k)
        if (first + k * stride < written.size()) written[first + k * stride] = true;
    };
    for (const Step& step : plan_.steps)
      if (step.kind != StepKind::send && step.target_buffer == Buffer::output) mark(step.target, step.count, step.target_stride);
    for (const ReplacedPhase& replaced : body_->phases)
      if (replaced.phase.output.buffer == Buffer::output)
        mark(replaced.phase.output.first, replaced.phase.output.count, replaced.phase.output.stride);
    if (plan_.steps.empty() && body_->phases.empty()) written.assign(written.size(), true);  // one rank in place: the input is the result
    for (uint32_t i = 0; i < written.size(); ++i) {
      if (!written[i]) continue;
      if (i == 0 || !written[i - 1]) body_->written.push_back({i, 0});
      ++body_->written.back().count;
    }
  }

  const Plan& plan_;
  const Rank me_;
  ProgramOptions options_;
  const bool split_;  // each chunk its own message: slices of neighbouring chunks do not touch
  bool fits_ = true;
  std::unique_ptr<Program::Body> body_ = std::make_unique<Program::Body>();
  std::vector<bool> replaced_, joined_;  // by step
  std::vector<uint32_t> phase_of_;       // by step, into chosen_
  std::vector<uint32_t> chosen_;         // phases of the plan, in program order
  std::vector<uint32_t> partners_;       // by step
  std::vector<Emitted> emitted_;         // by step
  std::map<std::pair<Rank, bool>, uint32_t> counters_;
  std::vector<std::pair<uint32_t, uint32_t>> edges_;
  uint32_t next_phase_ = 0;
};

}  // namespace

std::unique_ptr<Program::Body> lower_plan(const Plan& plan, Rank me, ProgramOptions options) {
  return Lowering(plan, me, std::move(options)).run();
}

}  // namespace hawser
