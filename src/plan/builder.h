// Planners write program order; this infers the dependencies from the last writer and the readers of each chunk.
//
// Which buffers alias is given first: a call in place has all-reduce in[i]=out[i], all-gather in[0..k)=out[me*k..), reduce-scatter out[0..k)=in[me*k..).
// Aliasing may add dependencies, never change the messages. Sends (and receives) to one peer keep their program order: the k-th meets the k-th.
// A phase is opened and closed around its steps. Built for speed: flat arrays, below 100 ns a step.
#pragma once
#include <cstdint>
#include <vector>

#include "src/plan/plan.h"

namespace hawser {

enum class Aliasing : uint8_t { none, in_place };

class PlanBuilder {
 public:
  PlanBuilder(Collective, Rank me, int ranks, uint32_t input_chunks, uint32_t output_chunks, Aliasing = Aliasing::none);
  uint32_t scratch(uint32_t count);                  // adds scratch chunks; the number of the first
  uint32_t group(std::vector<Rank> members);         // the same members give the same index
  void send(Rank to, Chunks source, uint8_t channel = 0);
  void recv(Rank from, Chunks target, uint8_t channel = 0);
  void copy(Chunks source, Chunks target);
  void reduce(Chunks source, Chunks target);         // target = target op source
  void begin_phase(Collective, uint32_t group, int32_t root, Chunks input, Chunks output);
  void end_phase();
  Plan build(std::string planner) &&;                // the builder is spent

 private:
  struct Alias { Buffer buffer; uint32_t first, count, into; };
  uint32_t slot(Buffer, uint32_t chunk) const;
  void add(const Step&);
  Plan plan_;
  Collective collective_;
  Rank me_;
  int ranks_;
  Aliasing aliasing_;
};

}  // namespace hawser
