// Moves messages on edges between islands (and user messages inside them): one kind of fabric. Collectives inside an island run on cells.h
// instead.
//
// Contract (tests/transports/contract_test.cpp runs it against every row of the catalog):
//   * driven by one thread at a time, the holder of the engine's seat; nothing here blocks;
//   * a message fills the receive posted with the same peer and envelope key (communicator, operation, slice, ordinal, kind), whichever
//   comes
//     first; it may be shorter, never longer (a longer one completes the receive with Code::truncated, and the send with Code::ok);
//   * bytes posted stay valid and untouched until their completion is returned by poll(), or close(peer) returned;
//   * messages up to eager_bytes may arrive before their receive (bounded by credits); larger ones move after the receiver's grant;
//   * a completion of a receive tells bytes that came and the sender's signature; comparing it is the caller's affair;
//   * after an error with a peer every later transfer with it completes with that error, once what had arrived was delivered. Nothing
//   hangs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "src/base/fd.h"
#include "src/base/status.h"
#include "src/base/types.h"
#include "transports/cells.h"

namespace hawser {

enum class MessageKind : uint8_t { collective, user };

struct Envelope {  // before every message on a wire; matching is exact on all but bytes, signature and channel
  uint64_t communicator = 0;
  uint64_t bytes = 0;
  uint32_t operation =
      0;  // collectives: number in the communicator; user messages: number of the pair in this direction. Wraps; compared cyclically
  uint32_t slice = 0;
  uint32_t signature = 0;  // what the sender believes this operation is
  uint16_t ordinal = 0;    // k-th message of this pair in this operation and slice; user messages: 0
  uint8_t channel = 0;
  MessageKind kind = MessageKind::collective;
};
static_assert(sizeof(Envelope) == 32);

using Token = uint64_t;

// bytes of a receive is its capacity; envelope.bytes of a send is bytes.size(). A receive may ask to be lent the bytes where they lie
// (bytes.data() null, envelope.bytes the capacity): then Completion::lent points at them until release(token).
struct Transfer {
  PeerIndex peer = 0;
  Envelope envelope;
  std::span<std::byte> bytes;
  Token token = 0;
};

struct Completion {
  Token token = 0;
  Code code = Code::ok;
  uint32_t signature = 0;  // receives: the sender's
  uint64_t bytes = 0;      // receives: what came
  const std::byte* lent = nullptr;
};

struct Abilities {
  Fabric fabric = Fabric::memory;
  size_t eager_bytes = 0;
  bool lends = false;  // takes receives without a buffer
};

// What one more lane of an edge is made of: an authenticated socket, or two stretches of shared memory (lane_bytes() long, zero at first).
struct Lane {
  Fd socket;
  std::byte* mine = nullptr;          // this side writes it
  const std::byte* theirs = nullptr;  // the peer writes it
  PeerBell bell;                      // wakes the peer after something was written for it (shared memory only)
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Abilities abilities() const = 0;
  virtual Status adopt(PeerIndex, Lane) = 0;  // one more lane; transports never dial or listen
  virtual void close(PeerIndex) = 0;          // afterwards no memory of ours is touched; transfers under way complete with Code::aborted
  virtual void send(const Transfer&) = 0;     // never refuses; the executor bounds how many
  virtual void recv(const Transfer&) = 0;
  // The same, for a caller who goes on at once where he can. True: it is over already, and poll() tells nothing of it. A send only if it
  // ended well; a receive however it ended, as the completion says.
  virtual bool send_now(const Transfer& transfer) {
    send(transfer);
    return false;
  }
  virtual bool recv_now(const Transfer& transfer, Completion&) {
    recv(transfer);
    return false;
  }
  virtual size_t poll(std::span<Completion>) = 0;  // moves what can be moved; how many completions were written
  virtual void release(Token) = 0;                 // of lent bytes
  // Ends a communicator on every edge and leaves the edges alive: posted transfers of it complete with Code::aborted and their memory is
  // not touched after this returns (the rest of a frame half sent is copied); what came early for it, and what still comes, is dropped (a
  // tombstone).
  virtual void forget(uint64_t communicator) = 0;
  // The engine learned by another way that the peer is gone: what had arrived is taken in, then everything else with it completes as after
  // an error of the edge itself. The status is not ok.
  virtual void peer_gone(PeerIndex, Status) = 0;
  virtual Status error(PeerIndex) const = 0;  // why the edge failed; ok while it lives
  virtual bool arm() = 0;                     // before sleep; false: something is ready, do not sleep
  virtual int wake_fd() const { return -1; }  // readable after arm() when there is something to do; -1: the context's bell rings
};

}  // namespace hawser
