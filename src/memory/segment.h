// Memory that a context shares with the other ranks of its host: one sealed memfd per context, carved by its owner, mapped whole by its
// peers.
//
// Large and sparse: pages are allocated when carved (so that a full /dev/shm is an error here, never a SIGBUS later). Nothing has a name in
// the file system, so nothing is left behind by a crash.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "src/base/fd.h"
#include "src/base/status.h"
#include "src/base/types.h"
#include "transports/cells.h"

namespace hawser {

struct SegmentHeader {  // at offset 0; written once by the owner, except the bell
  uint64_t magic = 0, version = 0, bytes = 0, reserved = 0;
  Identity owner;
  Bell bell;
};

class Segment {  // the owner's side; carve and free from any thread
 public:
  static Result<std::unique_ptr<Segment>> create(const Identity& owner, size_t bytes);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  Result<std::byte*> carve(size_t bytes,
                           size_t alignment = 4096);  // zeroed, pages present; Code::memory says how much was left and what to set
  void free(std::byte*);                              // gives the pages back to the system; null is fine
  bool contains(const void* begin, size_t bytes) const;
  size_t offset(const void* address) const { return static_cast<size_t>(static_cast<const std::byte*>(address) - base_); }
  std::byte* base() const { return base_; }
  size_t bytes() const { return bytes_; }
  Bell& bell() const { return reinterpret_cast<SegmentHeader*>(base_)->bell; }
  int fd() const { return fd_.get(); }

 private:
  Segment() = default;
  Fd fd_;
  std::byte* base_ = nullptr;
  size_t bytes_ = 0;
  std::mutex mutex_;
  std::map<size_t, size_t> free_, used_;  // offset -> bytes
};

class MappedSegment {  // a peer's side
 public:
  // Checks that fd is a memfd sealed against shrinking and that the header names the owner; maps it whole.
  static Result<std::unique_ptr<MappedSegment>> map(Fd, const Identity& owner);
  ~MappedSegment();
  MappedSegment(const MappedSegment&) = delete;
  MappedSegment& operator=(const MappedSegment&) = delete;
  std::byte* base() const { return base_; }
  size_t bytes() const { return bytes_; }
  Result<std::byte*> at(uint64_t offset, size_t bytes) const;  // checked
  Bell& bell() const { return reinterpret_cast<SegmentHeader*>(base_)->bell; }

 private:
  MappedSegment() = default;
  std::byte* base_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace hawser
