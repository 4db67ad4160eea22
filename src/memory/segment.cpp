// The owner's side of a segment: a sealed memfd, first fit over its address space, pages that come and go with what is carved.
#include "src/memory/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "src/memory/layout.h"

namespace hawser {
namespace {

// More than any machine has; keeps sums of two of them far from overflow.
constexpr size_t kMostBytes = size_t{1} << 46;

size_t half_of_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<size_t>(pages) / 2 * kPageBytes : size_t{1} << 30;
}

Status system_error(int error, const std::string& doing) { return Status::from_errno(error, doing); }

Result<Fd> sealed_memfd(size_t bytes) {
  Fd fd(::memfd_create("hawser", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error(errno, "creating shared memory (memfd_create)");
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0)
    return system_error(errno, "giving shared memory " + std::to_string(bytes) + " bytes of address space (setting: segment)");
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return system_error(errno, "sealing shared memory");
  return fd;
}

// Pages for [offset, offset+bytes): 0, or the errno of why not. ENOSPC and ENOMEM arrive here and not as a SIGBUS later.
int allocate_pages(int fd, size_t offset, size_t bytes) {
  int failed = 0;
  do failed = ::fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  while (failed == EINTR);
  return failed;
}

void give_back_pages(int fd, std::byte* base, size_t offset, size_t bytes) {
  int failed = 0;
  do
    failed =
        ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  while (failed == EINTR);
  if (failed != 0) std::memset(base + offset, 0, bytes);  // the promise that carved memory is zero must hold anyway
}

// Page tables as well, so that no call on the data path pays for first touch (2 us a page).
void touch_pages(std::byte* begin, size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  if (::madvise(begin, bytes, MADV_POPULATE_WRITE) == 0) return;
#endif
  for (size_t at = 0; at < bytes; at += kPageBytes) *reinterpret_cast<volatile std::byte*>(begin + at) = std::byte{0};
}

}  // namespace

Result<std::unique_ptr<Segment>> Segment::create(const Identity& owner, size_t bytes) {
  if (bytes == 0) bytes = half_of_memory();
  if (bytes > kMostBytes) return Status(Code::invalid, "a segment of " + std::to_string(bytes) + " bytes is more than any machine has");
  bytes = round_up(std::max(bytes, 2 * kPageBytes), kPageBytes);
  std::unique_ptr<Segment> segment(new Segment);
  segment->fd_ = HAWSER_TRY(sealed_memfd(bytes));
  if (const int error = allocate_pages(segment->fd_.get(), 0, kPageBytes))
    return system_error(error, "allocating the header of shared memory");
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, segment->fd_.get(), 0);
  if (base == MAP_FAILED) return system_error(errno, "mapping " + std::to_string(bytes) + " bytes of shared memory (setting: segment)");
  segment->base_ = static_cast<std::byte*>(base);
  segment->bytes_ = bytes;
  segment->free_[kFirstCarve] = bytes - kFirstCarve;
  auto* header = new (base) SegmentHeader;
  header->version = kSegmentVersion;
  header->bytes = bytes;
  header->owner = owner;
  header->magic = kSegmentMagic;
  return segment;
}

Segment::~Segment() {
  if (base_) ::munmap(base_, bytes_);
}

namespace {

// First fit: where `bytes` aligned so would begin, or nothing.
std::optional<std::pair<size_t, size_t>> find_gap(const std::map<size_t, size_t>& gaps, size_t bytes, size_t alignment) {
  for (const auto& [offset, length] : gaps) {
    const size_t begin = round_up(offset, alignment);
    if (begin - offset <= length && length - (begin - offset) >= bytes) return std::pair(offset, begin);
  }
  return std::nullopt;
}

size_t sum_of(const std::map<size_t, size_t>& ranges) {
  size_t sum = 0;
  for (const auto& [offset, bytes] : ranges) sum += bytes;
  return sum;
}

void add_gap(std::map<size_t, size_t>& gaps, size_t offset, size_t bytes) {
  const auto next = gaps.lower_bound(offset);
  if (next != gaps.end() && offset + bytes == next->first) {
    bytes += next->second;
    gaps.erase(next);
  }
  const auto after = gaps.lower_bound(offset);
  if (after != gaps.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      before->second += bytes;
      return;
    }
  }
  gaps[offset] = bytes;
}

void take_gap(std::map<size_t, size_t>& gaps, size_t gap, size_t begin, size_t bytes) {
  const size_t end = gap + gaps.at(gap);
  gaps.erase(gap);
  if (begin > gap) gaps[gap] = begin - gap;
  if (begin + bytes < end) gaps[begin + bytes] = end - begin - bytes;
}

}  // namespace

Result<std::byte*> Segment::carve(size_t bytes, size_t alignment) {
  assert(alignment && (alignment & (alignment - 1)) == 0);
  alignment = std::max(alignment, kPageBytes);
  const std::lock_guard hold(mutex_);
  const size_t left = sum_of(free_);
  const size_t rounded = bytes <= bytes_ ? round_up(std::max<size_t>(bytes, 1), kPageBytes) : bytes;
  const auto found = bytes <= bytes_ && alignment <= bytes_ ? find_gap(free_, rounded, alignment) : std::nullopt;
  if (!found)
    return Status(Code::memory, "no room for " + std::to_string(bytes) + " bytes in shared memory: " + std::to_string(left) + " of " +
                                    std::to_string(bytes_) + " bytes are left; raise the setting segment");
  const auto [gap, begin] = *found;
  if (const int error = allocate_pages(fd_.get(), begin, rounded)) {
    give_back_pages(fd_.get(), base_, begin, rounded);
    return Status(Code::memory, "the system has no memory for " + std::to_string(bytes) + " shared bytes (" + std::strerror(error) + "); " +
                                    std::to_string(sum_of(used_)) +
                                    " are in use here; lower the job's use or raise the limit of its cgroup");
  }
  take_gap(free_, gap, begin, rounded);
  used_[begin] = rounded;
  touch_pages(base_ + begin, rounded);
  return base_ + begin;
}

void Segment::free(std::byte* address) {
  if (!address) return;
  const std::lock_guard hold(mutex_);
  const auto carved = used_.find(offset(address));
  assert(carved != used_.end() && "free of what was not carved");
  if (carved == used_.end()) return;
  const auto [begin, bytes] = *carved;
  used_.erase(carved);
  give_back_pages(fd_.get(), base_, begin, bytes);
  add_gap(free_, begin, bytes);
}

bool Segment::contains(const void* begin, size_t bytes) const {
  const auto at = reinterpret_cast<uintptr_t>(begin), base = reinterpret_cast<uintptr_t>(base_);
  return at >= base && at - base <= bytes_ && bytes <= bytes_ - (at - base);
}

}  // namespace hawser
