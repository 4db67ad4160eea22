// The specification of collectives inside an island, by element.
#include "tests/lowering/phase_case.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "src/base/hash.h"

namespace hawser {
namespace {

constexpr std::byte kUntouched{0xee};

template <class T>
void put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// Small whole numbers, so that every type holds sums of them exactly.
void store(DataType type, std::byte* at, int64_t value) {
  switch (type) {
    case DataType::i8:
    case DataType::u8:
      return put(at, static_cast<uint8_t>(value));
    case DataType::i32:
    case DataType::u32:
      return put(at, static_cast<uint32_t>(value));
    case DataType::i64:
    case DataType::u64:
      return put(at, static_cast<uint64_t>(value));
    case DataType::f16:
      return put(at, static_cast<_Float16>(value));
    case DataType::bf16:
      return put(at, static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16));
    case DataType::f32:
      return put(at, static_cast<float>(value));
    case DataType::f64:
      return put(at, static_cast<double>(value));
    case DataType::f8e4m3:
    case DataType::f8e5m2:
      return;
  }
}

}  // namespace

std::string text_of(const PhaseCase& what) {
  constexpr const char* kinds[] = {"cells", "flag", "bounce", "push", "cma"};
  constexpr const char* buffers[] = {"ordinary", "library", "mixed"};
  return std::string(name(what.collective)) + " by " + kinds[static_cast<int>(what.scheme.kind)] + " chunk_bytes " +
         std::to_string(what.scheme.chunk_bytes) + (what.scheme.two_shot ? " two-shot" : "") + (what.scheme.non_temporal ? " nt" : "") +
         ", " + std::string(name(what.type)) + " " + std::string(name(what.op)) + " / " + std::to_string(what.divisor) + ", chunk " +
         std::to_string(what.chunk) + " less " + std::to_string(what.missing) + ", slice " + std::to_string(what.offset) + "+" +
         std::to_string(what.limit) + ", root " + std::to_string(what.root) + (what.in_place ? ", in place, " : ", ") +
         buffers[static_cast<int>(what.buffers)] + ", seed " + std::to_string(what.seed);
}

PhaseSide::PhaseSide(const PhaseCase& what, uint32_t me, uint32_t members, std::byte* library_input, std::byte* library_output)
    : what_(what), me_(me), members_(members), element_bytes_(size_of(what.type)) {
  call_.collective = what.collective;
  call_.root = static_cast<int32_t>(what.root);
  call_.type = what.type;
  call_.op = what.op;
  call_.divisor = what.divisor;
  call_.signature = static_cast<uint32_t>(hash(text_of(what)));
  const Collective c = what.collective;
  many_inputs_ = c == Collective::reduce_scatter || c == Collective::scatter || c == Collective::all_to_all;
  many_outputs_ = c == Collective::all_gather || c == Collective::gather || c == Collective::all_to_all;
  const bool root = me == what.root;
  has_input_ = !(c == Collective::barrier || ((c == Collective::broadcast || c == Collective::scatter) && !root));
  has_output_ = !(c == Collective::barrier || ((c == Collective::reduce || c == Collective::gather) && !root));
  set_geometry();
  place_buffers(library_input, library_output);
  expect();
  if (!has_input_) call_.input = {};  // a member knows nothing of a side it does not have
  if (!has_output_) call_.output = {};
}

size_t PhaseSide::elements(bool many) const {
  if (many) return members_ * what_.chunk - what_.missing;
  const bool mine_is_short = (many_inputs_ != many_outputs_) && me_ + 1 == members_;
  return what_.chunk - (mine_is_short ? what_.missing : 0);
}

void PhaseSide::set_geometry() {
  call_.input = {nullptr, elements(many_inputs_), what_.chunk, what_.offset, what_.limit};
  call_.output = {nullptr, elements(many_outputs_), what_.chunk, what_.offset, what_.limit};
}

int64_t PhaseSide::value_of(uint32_t member, size_t element) const {
  return static_cast<int64_t>(combine(combine(what_.seed, member), element) % 6) * what_.divisor;
}

int64_t PhaseSide::folded(size_t element) const {
  int64_t sum = value_of(0, element);
  for (uint32_t member = 1; member < members_; ++member) {
    const int64_t value = value_of(member, element);
    sum = what_.op == ReduceOp::max ? std::max(sum, value) : what_.op == ReduceOp::min ? std::min(sum, value) : sum + value;
  }
  return sum / what_.divisor;
}

void PhaseSide::place_buffers(std::byte* library_input, std::byte* library_output) {
  const bool library =
      what_.buffers == PhaseCase::Buffers::library || (what_.buffers == PhaseCase::Buffers::mixed && me_ % 2 == what_.seed % 2);
  call_.library_buffers = library;
  input_bytes_ = elements(many_inputs_) * element_bytes_;
  output_bytes_ = elements(many_outputs_) * element_bytes_;
  if (!library) {
    ordinary_input_.resize(input_bytes_ + 1);
    ordinary_output_.resize(output_bytes_ + 1);
  }
  input_ = library ? library_input : ordinary_input_.data();
  output_ = library ? library_output : ordinary_output_.data();
  const size_t my_block = me_ * what_.chunk * element_bytes_;
  if (what_.in_place && has_input_ && has_output_) {  // by the rules of hawser.h
    if (many_inputs_ && !many_outputs_) output_ = input_ + my_block;
    else if (many_outputs_ && !many_inputs_) input_ = output_ + my_block;
    else output_ = input_;
  }
  if (has_output_) std::fill(output_, output_ + output_bytes_, kUntouched);
  if (has_input_)
    for (size_t i = 0; i < input_bytes_ / element_bytes_; ++i) store(what_.type, input_ + i * element_bytes_, value_of(me_, i));
  before_.assign(input_, input_ + (has_input_ ? input_bytes_ : 0));
  expected_.assign(output_, output_ + (has_output_ ? output_bytes_ : 0));
  if (has_input_) call_.input.base = input_;
  if (has_output_) call_.output.base = output_;
}

void PhaseSide::expect_block(size_t into, size_t length, uint32_t from_member, size_t from) {
  for (size_t i = 0; i < length; ++i) store(what_.type, expected_.data() + (into + i) * element_bytes_, value_of(from_member, from + i));
}

void PhaseSide::expect_folded(size_t into, size_t length, size_t from) {
  for (size_t i = 0; i < length; ++i) store(what_.type, expected_.data() + (into + i) * element_bytes_, folded(from + i));
}

void PhaseSide::expect() {
  if (!has_output_) return;
  const size_t chunk = what_.chunk, offset = what_.offset;
  const Blocks& many = many_outputs_ ? call_.output : call_.input;
  const size_t mine = many.length(me_), first = call_.output.length(0);
  switch (what_.collective) {
    case Collective::all_reduce:
    case Collective::reduce:
      return expect_folded(offset, first, offset);
    case Collective::broadcast:
      return expect_block(offset, first, what_.root, offset);
    case Collective::reduce_scatter:
      return expect_folded(offset, mine, me_ * chunk + offset);
    case Collective::scatter:
      return expect_block(offset, mine, what_.root, me_ * chunk + offset);
    case Collective::all_gather:
    case Collective::gather:
      for (uint32_t peer = 0; peer < members_; ++peer) expect_block(peer * chunk + offset, many.length(peer), peer, offset);
      return;
    case Collective::all_to_all:
      for (uint32_t peer = 0; peer < members_; ++peer) expect_block(peer * chunk + offset, many.length(peer), peer, me_ * chunk + offset);
      return;
    default:
      return;
  }
}

std::string PhaseSide::differences() const {
  for (size_t i = 0; i < expected_.size(); ++i)
    if (output_[i] != expected_[i])
      return text_of(what_) + ": byte " + std::to_string(i) + " of " + std::to_string(expected_.size()) + " of member " +
             std::to_string(me_) + "'s output is " + std::to_string(static_cast<int>(output_[i])) + ", not " +
             std::to_string(static_cast<int>(expected_[i]));
  const bool aliased = what_.in_place && has_input_ && has_output_;
  if (!aliased && !std::equal(before_.begin(), before_.end(), input_)) return text_of(what_) + ": the input was changed";
  return {};
}

}  // namespace hawser
