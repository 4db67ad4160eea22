// Frames from a peer that sends anything: whole frames of at most the agreed size, then an error or silence.
#include <sys/socket.h>

#include "src/net/frames.h"
#include "src/net/socket.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {
namespace {

constexpr size_t kFrameBytesMax = 1024;

// What a well-behaved peer puts on the wire.
std::string wire(std::initializer_list<std::string> frames) {
  auto [ours, theirs] = socket_pair();
  FrameSocket sender(std::move(ours), kFrameBytesMax);
  uint8_t type = 1;
  for (const std::string& bytes : frames) sender.send({type++, bytes, {}});
  require(sender.flush().ok() && !sender.unsent(), "a few frames fit a fresh socket");
  std::string all(8192, '\0');
  const ssize_t got = recv(theirs.get(), all.data(), all.size(), 0);
  all.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return all;
}

}  // namespace

std::vector<std::string> seeds() { return {wire({"hello"}), wire({"", std::string(1024, 'x'), "end"}), wire({std::string(100, '\0')})}; }

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  auto [ours, theirs] = socket_pair();
  const size_t sent_bytes = size < 32768 ? size : 32768;
  if (sent_bytes) (void)!send(theirs.get(), data, sent_bytes, MSG_NOSIGNAL);
  theirs.reset();
  FrameSocket receiver(std::move(ours), fuzz::kFrameBytesMax);
  // The peer has gone: after at most one frame a byte there is an error, never "would block" for ever.
  for (size_t frames = 0; frames <= sent_bytes + 1; ++frames) {
    Result<std::optional<Frame>> frame = receiver.receive();
    if (!frame.ok()) return 0;
    fuzz::require(frame.value().has_value(), "the end of a connection is told");
    fuzz::require(frame.value()->bytes.size() <= fuzz::kFrameBytesMax, "no frame is longer than agreed");
  }
  fuzz::require(false, "more frames than bytes");
  return 0;
}
