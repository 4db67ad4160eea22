// What both sides of a segment know of its layout.
#pragma once
#include <cstddef>
#include <cstdint>

namespace hawser {

inline constexpr uint64_t kSegmentMagic = 0x48415753'45474d31;  // "HAWSEGM1"
inline constexpr uint64_t kSegmentVersion = 1;
inline constexpr size_t kPageBytes = 4096;
inline constexpr size_t kFirstCarve = kPageBytes;  // the header has the first page to itself

constexpr size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace hawser
