// A stranger says anything to either side of the handshake: it is refused or kept waiting, and never let in.
#include <sys/socket.h>

#include "src/net/handshake.h"
#include "src/net/socket.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {
namespace {

SecretKey key_of_test() {
  const std::byte secret[16] = {};
  return derive_key(secret, "", "fuzz");
}

// What an honest dialler says first.
std::string first_words() {
  auto [ours, theirs] = socket_pair();
  SeededRandom random(1);
  const auto dialler = Handshake::dial(std::move(ours), {{1, 2}, {3, 4}, Purpose::control, 0}, key_of_test(), random);
  (void)dialler->advance().ok();
  std::string all(4096, '\0');
  const ssize_t got = recv(theirs.get(), all.data(), all.size(), 0);
  all.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return all;
}

// What an honest listener answers to that.
std::string first_answer() {
  auto [ours, theirs] = socket_pair();
  const std::string words = first_words();
  (void)!send(theirs.get(), words.data(), words.size(), MSG_NOSIGNAL);
  KeyRing keys;
  keys.add(key_of_test());
  SeededRandom random(2);
  const auto listener = Handshake::accept(std::move(ours), {3, 4}, keys, random);
  for (int i = 0; i < 4; ++i)
    if (!listener->advance().ok()) break;
  std::string all(4096, '\0');
  const ssize_t got = recv(theirs.get(), all.data(), all.size(), 0);
  all.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return all;
}

void drive(Handshake& handshake) {
  for (int i = 0; i < 8; ++i) {
    if (!handshake.advance().ok()) return;
    require(!handshake.done(), "who does not know the secret is not let in");
  }
}

}  // namespace

std::vector<std::string> seeds() { return {first_words(), first_answer(), first_words() + first_answer(), "GET / HTTP/1.1\r\n\r\n"}; }

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  const size_t sent_bytes = size < 8192 ? size : 8192;
  KeyRing keys;
  keys.add(fuzz::key_of_test());
  SeededRandom random(7);  // not the number of the seeds: their proofs are for other nonces
  for (const bool dials : {false, true}) {
    auto [ours, theirs] = socket_pair();
    if (sent_bytes) (void)!send(theirs.get(), data, sent_bytes, MSG_NOSIGNAL);
    const auto handshake = dials ? Handshake::dial(std::move(ours), {{1, 2}, {3, 4}, Purpose::control, 0}, fuzz::key_of_test(), random)
                                 : Handshake::accept(std::move(ours), {3, 4}, keys, random);
    fuzz::drive(*handshake);
  }
  return 0;
}
