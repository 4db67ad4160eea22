// Mutual challenge-response on a fresh connection, before a byte of it is believed: HMAC-SHA256 over both nonces, both identities and the
// purpose.
//
// Never blocks: advance() until done() or an error, polling for wants() in between. Everything from the peer is bounds-checked; a stranger
// learns nothing, not even whether a key id exists, and has `deadline` to finish. docs/protocol.md has the bytes.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/random.h"
#include "src/base/status.h"
#include "src/base/types.h"

namespace hawser {

using SecretKey = std::array<std::byte, 32>;
SecretKey derive_key(std::span<const std::byte> id_secret, std::string_view user_secret, std::string_view label);  // HKDF-SHA256
uint64_t key_id(const SecretKey&);  // says which key without saying the key

enum class Purpose : uint8_t { rendezvous = 1, control = 2, lane = 3 };

struct Hello {
  Identity from, to;  // to: zero when the dialler does not know whom it will meet (rendezvous)
  Purpose purpose = Purpose::control;
  uint32_t detail = 0;  // rendezvous: the rank; lane: its number
};

class KeyRing {  // the keys this context answers to; any thread
 public:
  void add(const SecretKey&);  // counted: add twice, remove twice
  void remove(const SecretKey&);
  std::optional<SecretKey> find(uint64_t key_id) const;

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, std::pair<SecretKey, int>> keys_;
};

class Handshake {
 public:
  static std::unique_ptr<Handshake> dial(Fd connecting, const Hello& mine, const SecretKey&, Random&);
  static std::unique_ptr<Handshake> accept(Fd, const Identity& self, const KeyRing&, Random&);
  ~Handshake();
  Status advance();  // Code::refused: the peer does not know the key, or is no Hawser, or another protocol version
  bool done() const;
  short wants() const;  // POLLIN or POLLOUT
  int fd() const;
  const Hello& peer() const;  // after done(): what the other side said, proven
  uint64_t key() const;       // the key id both used
  Fd take();                  // the authenticated connection

 private:
  Handshake();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser
