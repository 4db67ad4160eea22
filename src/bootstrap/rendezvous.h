// Where ranks meet: a root, known by the unique id, to which every rank connects and through which rounds of blobs are gathered.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/agreement/exchange.h"
#include "src/base/clock.h"
#include "src/base/config.h"
#include "src/base/random.h"
#include "src/net/address.h"
#include "src/net/handshake.h"

namespace hawser {

inline constexpr size_t unique_id_bytes = 128;

// What hawser_id carries: up to a few addresses (one of them an abstract unix name, for ranks of the same boot id) and a secret of 16
// bytes.
struct UniqueId {
  std::array<std::byte, 16> secret{};
  std::array<std::byte, 16> boot{};  // of the root's machine
  std::vector<Address> addresses;    // best first
  // Not encoded. The addresses are derived, not drawn (torchrun, a given root): strangers may listen on some, or the root of an earlier
  // communicator of the same job; so being turned away is no reason to stop trying before the deadline.
  bool addresses_shared = false;
  void encode(std::span<std::byte, unique_id_bytes>) const;
  static Result<UniqueId> decode(
      std::span<const std::byte, unique_id_bytes>);  // Code::invalid: truncated, overwritten, or of another version
};

// The root: a thread that lets `ranks` ranks in (the first tells how many), serves rounds until all left, and ends by itself. Two ranks of
// one number, differing rank counts, a rank missing at the deadline: every rank that waits is told who and why. Strangers get 2 s, 64 at
// once, and never count.
class Root {
 public:
  // listen_on empty: on all interfaces of the setting, ports drawn, and on a unix name.
  static Result<std::unique_ptr<Root>> start(const Config&, const std::array<std::byte, 16>& secret, const std::vector<Address>& listen_on,
                                             const Clock&);
  ~Root();  // waits for its thread: at most until create_timeout
  const UniqueId& id() const;
  bool finished() const;  // all ranks left, or it gave up
  void stop();            // ends it now
  // A file with exactly this content is removed once all ranks have arrived, or at the end. Before the content is where ranks find it.
  void remove_when_met(std::string path, std::string content);

 private:
  Root();
  struct State;
  std::unique_ptr<State> state_;
};

// Joins; blocks until connected to the root, at most until deadline_ns of the clock, or until *cancel is true (Code::aborted). Rounds
// likewise.
struct JoinOptions {
  int ranks = 1, rank = 0;
  Identity self;
  uint64_t deadline_ns = 0;
  const std::atomic<bool>* cancel = nullptr;
};
Result<std::unique_ptr<Exchange>> join(const UniqueId&, const Config&, const JoinOptions&, const Clock&, Random&);

}  // namespace hawser
