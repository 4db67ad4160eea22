// What a collective promises: which contributions each chunk of each member's output must hold, given how many chunks each has.
#pragma once
#include <cstdint>
#include <vector>

#include "src/base/status.h"
#include "src/base/types.h"

namespace hawser {

struct Contract {
  Collective collective = Collective::barrier;
  int32_t root = -1;
  std::vector<uint32_t> inputs, outputs;  // chunks, by member; what only the root has counts at the root alone

  uint32_t members() const { return static_cast<uint32_t>(inputs.size()); }
  bool reads_input(uint32_t member) const;
  bool writes_output(uint32_t member) const;
  bool may_count_twice() const { return collective == Collective::barrier; }
  bool folds() const;     // its outputs are reductions
  Status agrees() const;  // the counts fit one another

  static constexpr int32_t kEveryone = -1;
  struct Promise {
    uint32_t chunk;
    int32_t member;  // whose; kEveryone: the sum of all
  };
  Promise promise(uint32_t member, uint32_t output_chunk) const;

 private:
  bool fits(uint32_t member, uint32_t vector, uint32_t all_given, uint32_t all_taken) const;
};

}  // namespace hawser
