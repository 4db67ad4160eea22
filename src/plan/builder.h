// Planners write program order; this infers the dependencies from the last writer and the readers of each chunk.
//
// Which buffers alias is given first: a call in place has all-reduce, reduce, broadcast, all-to-all in[i]=out[i], all-gather and gather
// in[0..k)=out[me*k..), reduce-scatter and scatter out[0..k)=in[me*k..). Aliasing may add dependencies, never change the messages.
// Sends (and receives) to one peer keep their program order: the k-th meets the k-th.
// A phase is opened and closed around its steps. Built for speed: flat arrays, below 100 ns a step.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/plan/plan.h"
#include "src/plan/slots.h"

namespace hawser {

class PlanBuilder {
 public:
  PlanBuilder(Collective, Rank me, int ranks, uint32_t input_chunks, uint32_t output_chunks, Aliasing = Aliasing::none);
  uint32_t scratch(uint32_t count);           // adds scratch chunks as long as chunks 0, 1 ... of the vector; the number of the first
  Chunks scratch_like(Chunks);                // adds scratch chunks as long as these, one for each
  uint32_t group(std::vector<Rank> members);  // the same members give the same index
  void send(Rank to, Chunks source, uint8_t channel = 0);
  void recv(Rank from, Chunks target, uint8_t channel = 0);
  void copy(Chunks source, Chunks target);    // nothing where both are the same storage
  void reduce(Chunks source, Chunks target);  // target = target op source
  void begin_phase(Collective, uint32_t group, int32_t root, Chunks input, Chunks output);
  void end_phase();
  bool same(Chunks, Chunks) const;     // both are the same storage, chunk by chunk
  Plan build(std::string planner) &&;  // the builder is spent

 private:
  struct Reader {
    uint32_t step, next;
  };
  struct Slot {                // one chunk of storage
    uint32_t writer, readers;  // the step that wrote it last; the head of the list of those that read it since
  };
  struct Edge {
    uint32_t from, to;
  };
  uint32_t slot(Buffer buffer, uint32_t chunk) const { return where_.of(buffer, chunk); }
  void add(const Step&);
  void read(Buffer, uint32_t first, uint32_t count, uint16_t stride);
  void write(Buffer, uint32_t first, uint32_t count, uint16_t stride);
  void depend(uint32_t from);

  Plan plan_;
  Slots where_;
  std::vector<Slot> slots_;
  std::vector<Reader> readers_;
  std::vector<Edge> edges_;
  std::vector<uint32_t> last_released_;  // by step: the last step it was made to release, so that no edge comes twice
  bool in_phase_ = false;
};

}  // namespace hawser
