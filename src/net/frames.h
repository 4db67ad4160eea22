// Small framed messages over an authenticated stream socket, both ways, without blocking; on unix sockets with descriptors.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/fd.h"
#include "src/base/status.h"

namespace hawser {

struct Frame {
  uint8_t type = 0;
  std::string bytes;
  std::vector<Fd> descriptors;  // at most 4; unix only
};

class FrameSocket {
 public:
  FrameSocket(Fd, size_t frame_bytes_max);  // a longer frame from the peer is an error before anything is allocated
  ~FrameSocket();
  FrameSocket(FrameSocket&&) noexcept;
  FrameSocket& operator=(FrameSocket&&) noexcept;
  void send(Frame);     // queued; goes out with flush()
  Status flush();       // writes what the socket takes
  bool unsent() const;  // poll for POLLOUT
  Result<std::optional<Frame>>
  receive();  // nothing: would block. Code::peer: the peer ended the connection (after all its frames were returned)
  int fd() const;
  int error() const;  // of the system, why the connection broke; 0: it did not, or the peer ended it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser
