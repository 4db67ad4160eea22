// How long chunks and their slices are in one call, in bytes: the uniform layout, as arithmetic.
#pragma once
#include <algorithm>
#include <cstdint>

#include "src/plan/plan.h"
#include "src/plan/request.h"

namespace hawser {

class Lengths {
 public:
  Lengths(const Plan& plan, const Request& request, uint64_t slice_bytes) : plan_(plan) {
    const bool vector = keeps_vector(request.collective);
    const uint64_t element = size_of(request.type), chunks = std::max(plan.input_chunks, 1u);
    total_ = vector ? request.count * element : UINT64_MAX;
    chunk_ = request.collective == Collective::barrier ? 1
             : vector                                  ? (request.count + chunks - 1) / chunks * element
                                                       : request.count * element;
    slice_ = slice_bytes == 0 ? std::max<uint64_t>(chunk_, 1) : slice_bytes;
  }

  uint64_t slices() const { return std::max<uint64_t>((chunk_ + slice_ - 1) / slice_, 1); }

  uint64_t of(Buffer buffer, uint32_t chunk, uint64_t slice) const {
    const uint64_t place = buffer == Buffer::scratch ? plan_.scratch_like[chunk] : chunk;
    const uint64_t begin = total_ == UINT64_MAX ? 0 : std::min(place * chunk_, total_);
    const uint64_t length = total_ == UINT64_MAX ? chunk_ : std::min(chunk_, total_ - begin);
    return std::min(length, (slice + 1) * slice_) - std::min(length, slice * slice_);
  }
  uint64_t of(Buffer buffer, uint32_t first, uint32_t count, uint32_t stride, uint64_t slice) const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) sum += of(buffer, first + i * stride, slice);
    return sum;
  }
  uint64_t of(const Chunks& chunks, uint64_t slice) const { return of(chunks.buffer, chunks.first, chunks.count, chunks.stride, slice); }
  uint64_t of(const Step& step, uint64_t slice) const {
    if (step.kind == StepKind::recv) return of(step.target_buffer, step.target, step.count, step.target_stride, slice);
    return of(step.source_buffer, step.source, step.count, step.source_stride, slice);
  }

 private:
  const Plan& plan_;
  uint64_t total_, chunk_, slice_;
};

}  // namespace hawser
