// Where chunks lie and how long they are, in bytes, in one slice of a call. Values only.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "src/executor/executor.h"

namespace hawser {

struct View {  // one buffer of an operation, in one slice
  std::byte* base = nullptr;
  uint64_t chunk = 0, total = 0;         // bytes; uniform
  uint64_t offset = 0;                   // of the slice in every chunk
  std::byte* const* pointers = nullptr;  // listed, when not null
  const uint64_t* lengths = nullptr;
  uint64_t listed = 0;  // how many
};

// Both without a look at lists, for calls known to have none.
inline std::byte* uniform_address(const View& view, uint32_t chunk) { return view.base + (chunk * view.chunk + view.offset); }
inline uint64_t uniform_length(const View& view, uint64_t limit, uint32_t first, uint32_t count) {
  const uint64_t begin = first * view.chunk + view.offset;
  const uint64_t end = std::min(begin + (count - 1) * view.chunk + limit, view.total);
  return end > begin ? end - begin : 0;
}

inline std::byte* address(const View& view, uint32_t chunk) {
  if (view.pointers != nullptr) [[unlikely]]
    return chunk < view.listed ? view.pointers[chunk] : nullptr;
  return uniform_address(view, chunk);
}

// Bytes of `count` chunks from `first`, as one message; count other than 1 only when there is one slice. limit: what a whole chunk has in
// this slice.
inline uint64_t length(const View& view, uint64_t limit, uint32_t first, uint32_t count) {
  if (view.pointers != nullptr) [[unlikely]]
    return first < view.listed ? view.lengths[first] : 0;
  return uniform_length(view, limit, first, count);
}

}  // namespace hawser
