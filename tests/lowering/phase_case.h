// One call of a collective as every member of an island makes it, and what must come out: said element by element, with no scheme in mind.
#pragma once
#include <string>
#include <vector>

#include "src/executor/routine.h"
#include "src/plan/scheme.h"

namespace hawser {

struct PhaseCase {
  Collective collective = Collective::all_reduce;
  Scheme scheme;
  DataType type = DataType::i32;
  ReduceOp op = ReduceOp::sum;
  uint32_t divisor = 1;
  size_t chunk = 0;    // elements of a block; of the vector where there is one block
  size_t missing = 0;  // elements that the last block lacks, where the collective allows it
  size_t offset = 0;   // the slice: [offset, offset + limit) of every block
  size_t limit = SIZE_MAX / 64;
  uint32_t root = 0;
  bool in_place = false;
  enum class Buffers : uint8_t { ordinary, library, mixed } buffers = Buffers::ordinary;
  uint64_t seed = 0;
};
std::string text_of(const PhaseCase&);

// One member's side of a case: fills its buffers, makes the call, then compares every byte of them, those that must not change as well.
class PhaseSide {
 public:
  PhaseSide(const PhaseCase&, uint32_t me, uint32_t members, std::byte* library_input, std::byte* library_output);
  const PhaseCall& call() const { return call_; }
  std::string differences() const;  // empty: all is as it must be
  std::vector<std::byte> result() const { return {output_, output_ + output_bytes_}; }

 private:
  using Bytes = std::vector<std::byte>;
  int64_t value_of(uint32_t member, size_t element) const;
  int64_t folded(size_t element) const;
  size_t elements(bool many) const;
  void set_geometry();
  void place_buffers(std::byte* library_input, std::byte* library_output);
  void expect();
  void expect_block(size_t into, size_t length, uint32_t from_member, size_t from);
  void expect_folded(size_t into, size_t length, size_t from);
  PhaseCase what_;
  uint32_t me_, members_;
  PhaseCall call_;
  size_t element_bytes_;
  bool many_inputs_, many_outputs_, has_input_, has_output_;
  Bytes ordinary_input_, ordinary_output_, before_, expected_;
  std::byte *input_ = nullptr, *output_ = nullptr;
  size_t input_bytes_ = 0, output_bytes_ = 0;
};

}  // namespace hawser
