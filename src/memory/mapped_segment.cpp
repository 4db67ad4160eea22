// A peer's side of a segment: nothing in it is believed before it was copied out and checked.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "src/memory/layout.h"
#include "src/memory/segment.h"

namespace hawser {
namespace {

struct HeaderCopy {  // the plain words of SegmentHeader
  uint64_t magic, version, bytes, reserved;
  Identity owner;
};
static_assert(sizeof(HeaderCopy) == offsetof(SegmentHeader, owner) + sizeof(Identity));

Status refused(const std::string& why) { return Status(Code::refused, "a peer's shared memory is refused: " + why); }

// An unsealed file could be cut short under us, and every touch would be a SIGBUS.
Result<size_t> sealed_bytes(int fd) {
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_SEAL;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return refused("the descriptor is no memfd");
  if ((seals & kNeeded) != kNeeded) return refused("it is not sealed against shrinking");
  if (seals & F_SEAL_WRITE) return refused("it is sealed against writing");
  struct stat status {};
  if (::fstat(fd, &status) != 0) return Status::from_errno(errno, "asking for the size of a peer's shared memory");
  if (status.st_size < static_cast<off_t>(2 * kPageBytes) || status.st_size % static_cast<off_t>(kPageBytes) != 0)
    return refused("its size is " + std::to_string(status.st_size) + " bytes");
  return static_cast<size_t>(status.st_size);
}

Status check_header(int fd, size_t bytes, const Identity& owner) {
  HeaderCopy header{};
  if (::pread(fd, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) return refused("its header cannot be read");
  if (header.magic != kSegmentMagic) return refused("its header has another magic number");
  if (header.version != kSegmentVersion)
    return refused("its layout has version " + std::to_string(header.version) + ", ours " + std::to_string(kSegmentVersion));
  if (header.bytes != bytes)
    return refused("its header says " + std::to_string(header.bytes) + " bytes, the system says " + std::to_string(bytes));
  if (header.owner != owner) return refused("it belongs to " + to_string(header.owner) + ", not to " + to_string(owner));
  return {};
}

}  // namespace

Result<std::unique_ptr<MappedSegment>> MappedSegment::map(Fd fd, const Identity& owner) {
  const size_t bytes = HAWSER_TRY(sealed_bytes(fd.get()));
  HAWSER_TRY(check_header(fd.get(), bytes, owner));
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (base == MAP_FAILED) return Status::from_errno(errno, "mapping " + std::to_string(bytes) + " bytes of a peer's shared memory");
  std::unique_ptr<MappedSegment> segment(new MappedSegment);
  segment->base_ = static_cast<std::byte*>(base);
  segment->bytes_ = bytes;
  return segment;
}

MappedSegment::~MappedSegment() {
  if (base_) ::munmap(base_, bytes_);
}

Result<std::byte*> MappedSegment::at(uint64_t offset, size_t bytes) const {
  if (offset > bytes_ || bytes > bytes_ - offset)
    return refused(std::to_string(bytes) + " bytes at " + std::to_string(offset) + " lie outside its " + std::to_string(bytes_));
  return base_ + offset;
}

}  // namespace hawser
