// The shm transport and a peer that scribbles over its side of the lane.
#include <cstring>

#include "tests/fuzz/edge.h"

namespace hawser::fuzz {
namespace {

size_t lane_bytes() {
  for (const TransportRow& row : transports())
    if (row.name == "shm") return row.shared_lane_bytes;
  return 0;
}

// Page-aligned zeros, as a segment gives them.
struct Side {
  Side() : bytes(static_cast<std::byte*>(std::aligned_alloc(4096, lane_bytes()))) { std::memset(bytes.get(), 0, lane_bytes()); }
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> bytes;
};

// What an honest side looks like after it said its messages: the counters, the cells, and the beginning of the ring.
std::string honest() {
  const Side mine, theirs;
  Edge edge("shm", Lane{.socket = {}, .mine = mine.bytes.get(), .theirs = theirs.bytes.get(), .bell = {}});
  edge.post_sends();
  for (int i = 0; i < 3; ++i) edge.poll();
  return {reinterpret_cast<const char*>(mine.bytes.get()), std::min<size_t>(lane_bytes(), 20000)};
}

}  // namespace

std::vector<std::string> seeds() { return {honest(), honest().substr(0, 512), std::string(4096, '\xff')}; }

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  const fuzz::Side mine, theirs;
  fuzz::Edge edge("shm", Lane{.socket = {}, .mine = mine.bytes.get(), .theirs = theirs.bytes.get(), .bell = {}});
  edge.post_receives();
  edge.post_sends();
  edge.poll();
  // First one half of it, then all: counters that move, and stamps that come late.
  const size_t bytes = std::min(size, fuzz::lane_bytes());
  if (bytes) std::memcpy(theirs.bytes.get(), data, bytes / 2);
  for (int i = 0; i < 2; ++i) edge.poll();
  if (bytes) std::memcpy(theirs.bytes.get(), data, bytes);
  for (int i = 0; i < 4; ++i) edge.poll();
  edge.check_fences();
  return 0;
}
